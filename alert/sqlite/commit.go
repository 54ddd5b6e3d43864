package sqlite

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/crash"
)

// Commit adds a batch in one transaction.
func (s *Store) Commit(ctx context.Context, b alert.Batch) (alert.Committed, error) {
	p := s.policy()
	var c alert.Committed
	in, excepted, known := alert.Gather(&b, p)
	crash.Point("findings gathered")
	err := s.write(ctx, func(t *tx) error {
		c = alert.Committed{Excepted: excepted, Known: known}
		crash.Point("commit begun")
		if err := t.commitFindings(&b, in, p, &c); err != nil {
			return err
		}
		if err := t.putLetters(b.Letters, b.Now); err != nil {
			return err
		}
		if err := t.putAll("position", b.Positions); err != nil {
			return err
		}
		if err := t.putAll("state", b.State); err != nil {
			return err
		}
		crash.Point("positions written")
		crash.Point("before commit")
		return nil
	})
	if err != nil {
		return alert.Committed{}, fmt.Errorf("findings: %w", err)
	}
	crash.Point("after commit")
	return c, nil
}

func (t *tx) commitFindings(b *alert.Batch, in []*alert.Incoming, p *alert.Policy, c *alert.Committed) error {
	if len(in) == 0 {
		return nil
	}
	env, err := t.env(p, b.Now)
	if err != nil {
		return err
	}
	for _, i := range in {
		if err := t.recordFindings(i, b.Now, c); err != nil {
			return err
		}
	}
	crash.Point("findings recorded")
	var out []alert.Delivery
	for _, i := range in {
		ds, err := t.apply(i, env, c)
		if err != nil {
			return err
		}
		out = append(out, ds...)
	}
	crash.Point("alerts written")
	c.Queued = len(out)
	return t.finish(env, out)
}

// finish writes deliveries and what changed of the sinks.
func (t *tx) finish(env *alert.Env, out []alert.Delivery) error {
	if err := t.saveAll(out); err != nil {
		return err
	}
	crash.Point("outbox written")
	for i := range out {
		if d := &out[i]; !d.NotUntil.After(env.Now) {
			t.w.kept.await(d.Alert)
			t.w.fresh.add(d.Sink)
		}
	}
	return t.saveSinks(env)
}

func (t *tx) saveAll(out []alert.Delivery) error {
	for i := range out {
		if err := t.saveDelivery(row{Delivery: out[i]}); err != nil {
			return err
		}
	}
	return nil
}

// recordFindings remembers the identities of findings and leaves those that are
// new.
func (t *tx) recordFindings(in *alert.Incoming, now time.Time, c *alert.Committed) error {
	seen := millis(now)
	fresh := in.Facts[:0]
	for _, f := range in.Facts {
		n, err := t.changed("INSERT OR IGNORE INTO finding (key, seen, sum) VALUES (?, ?, ?)",
			f.Key[:], seen, sum("finding", f.Key[:], seen))
		if err != nil {
			return err
		}
		if n == 0 {
			c.Known++
			in.Again = append(in.Again, f)
			continue
		}
		fresh = append(fresh, f)
	}
	in.Facts = fresh
	return nil
}

// apply adds new findings to their alert.
func (t *tx) apply(in *alert.Incoming, env *alert.Env, c *alert.Committed) ([]alert.Delivery, error) {
	before, err := t.alert(in.ID)
	if err != nil {
		return nil, err
	}
	var kept []alert.Sample
	version := int64(-1)
	if before != nil {
		kept, version = slices.Clone(before.Samples), before.Version
	}
	a, out, known := alert.Apply(before, in, env)
	c.Known += known
	if a == nil || a.Version == version {
		return nil, nil
	}
	if fresh := len(in.Facts) - known; fresh > 0 {
		c.Add(version < 0, fresh, a)
	}
	return out, t.saveAlert(a, version < 0 || !sameSamples(kept, a.Samples))
}

// sameSamples tells whether an alert kept the same samples.
func sameSamples(a, b []alert.Sample) bool {
	return slices.EqualFunc(a, b, func(x, y alert.Sample) bool {
		return x.Identity == y.Identity && x.Evidence == y.Evidence && bytes.Equal(x.Record, y.Record)
	})
}

// wall is a time by the clock on the wall alone, as the file keeps times.
func wall(t time.Time) time.Time { return t.UTC().Round(0) }

// env reads what decisions depend on.
func (t *tx) env(p *alert.Policy, now time.Time) (*alert.Env, error) {
	env := &alert.Env{Policy: p, Now: wall(now), Sinks: map[string]*alert.SinkState{}}
	var err error
	if env.Silences, err = silences(t, millis(now)); err != nil {
		return nil, err
	}
	for _, name := range p.SinkNames() {
		if err := t.addSink(env, name); err != nil {
			return nil, err
		}
	}
	return env, nil
}
