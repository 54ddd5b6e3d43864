package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/crash"
)

const (
	// mostHeld bounds the deliveries that one Claim takes off the outbox because
	// of a storm or a silence, so that it stays short.
	mostHeld = 500
	// claimStep is how many deliveries one transaction leases, at first: large
	// ones may be too many.
	claimStep = 20
	// claimRounds bounds how often one Claim looks again.
	claimRounds = 60
)

// Claim hands out what is due.
func (s *Store) Claim(ctx context.Context, sink string, n int, now time.Time, lease time.Duration) ([]alert.Delivery, error) {
	var ds []alert.Delivery
	held, step := 0, claimStep
	for round := 0; len(ds) < n && held < mostHeld && round < claimRounds; round++ {
		pointers, err := s.duePointers(ctx, sink, min(n-len(ds), step), now)
		if err != nil || len(pointers) == 0 {
			return ds, claimErr(sink, err)
		}
		var c claim
		err = s.attempt(ctx, now, mostAttempts, func(t *tx) (err error) {
			crash.Point("claim begun")
			c = claim{sink: sink, until: now.Add(lease)}
			return c.run(t, pointers)
		})
		if errors.Is(err, errTooLarge) && len(pointers) > 1 {
			step = len(pointers) / 2
			continue
		}
		if err != nil && len(ds) > 0 && errors.Is(err, errChanged) {
			return ds, nil // others are at it; what is leased is leased
		}
		if err != nil {
			return ds, claimErr(sink, err)
		}
		crash.Point("claimed")
		if ds, held = append(ds, c.got...), held+c.held; c.full {
			break
		}
		for _, p := range c.stale {
			if err := s.repair(ctx, p, now); err != nil {
				return ds, nil // a later Claim will
			}
		}
	}
	return ds, nil
}

func claimErr(sink string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("sink %s: %w", sink, err)
}

// duePointers are the pointers of deliveries that are due, the oldest first.
func (s *Store) duePointers(ctx context.Context, sink string, n int, now time.Time) (ks []key, err error) {
	err = s.t.query(ctx, query{pk: duePart(sink), from: "0", to: dueUntil(now), page: n}, func(it item) bool {
		ks = append(ks, it.key)
		return len(ks) < n
	})
	return ks, err
}

// claim is one transaction of a Claim.
type claim struct {
	sink  string
	until time.Time
	got   []alert.Delivery
	held  int   // taken off the outbox
	stale []key // pointers that lead elsewhere by now, or nowhere
	full  bool  // the sink may have no more for now
}

// run leases what pointers lead to.
func (c *claim) run(t *tx, pointers []key) error {
	if err := t.read(c.sink); err != nil {
		return err
	}
	room := alert.Room(t.env.Sinks[c.sink], len(pointers), t.env)
	if c.full = room == 0; c.full {
		return nil
	}
	pointers = pointers[:min(room, len(pointers))]
	var keys []key
	for _, p := range pointers {
		if k, ok := holderOf(p); ok {
			keys = append(keys, k)
		}
	}
	if err := t.load(keys...); err != nil {
		return err
	}
	for _, p := range pointers {
		k, _ := holderOf(p)
		if err := c.one(t, p, t.holders[k]); err != nil {
			return err
		}
	}
	crash.Point("claim written")
	return nil
}

// one leases a delivery, or takes it off the outbox for what follows.
func (c *claim) one(t *tx, pointer key, h *holder) error {
	if h == nil || h.before[c.sink].at != pointer {
		c.stale = append(c.stale, pointer)
		return nil
	}
	r := h.head(c.sink)
	r.MayRepeat = r.MayRepeat || r.Holder != "" // its holder never said how it ended
	d, ok, out := alert.Claim(h.doc.Alert, r.delivery(), t.env)
	h.dirty = true
	if !ok {
		c.held++
		h.remove(d.ID)
		return t.add(out)
	}
	d.Lease = randomID()
	c.got = append(c.got, d)
	d.Receipt = nil // the alert has it
	*r = row{Delivery: d, Holder: d.Lease, Until: millis(c.until)}
	return nil
}

// repair takes away a pointer to nothing: of an item that somebody deleted by
// hand. Of one that moved meanwhile nothing is left to take.
func (s *Store) repair(ctx context.Context, pointer key, now time.Time) error {
	return s.attempt(ctx, now, mostAttempts, func(t *tx) error {
		k, ok := holderOf(pointer)
		if !ok {
			t.extra = append(t.extra, op{item: item{key: pointer}, del: true})
			return nil
		}
		h, err := t.holder(k)
		if err != nil {
			return err
		}
		found, err := s.t.get(ctx, []key{pointer})
		if _, there := found[pointer]; err != nil || !there {
			return err
		}
		for _, p := range h.before {
			if p.at == pointer {
				return nil
			}
		}
		check := op{item: item{key: k}, check: true, when: ifRev, was: h.rev}
		if h.rev == 0 {
			check.when = ifAbsent
		}
		t.extra = append(t.extra, check, op{item: item{key: pointer}, del: true})
		return nil
	})
}

// Settle records how a delivery ended.
func (s *Store) Settle(ctx context.Context, d alert.Delivery, o alert.Outcome, now time.Time) error {
	err := s.attempt(ctx, now, mostAttempts, func(t *tx) error {
		crash.Point("settle begun")
		err := t.settle(d, o)
		crash.Point("settle written")
		return err
	})
	if err != nil {
		return fmt.Errorf("delivery %s: %w", d.ID, err)
	}
	crash.Point("settled")
	return nil
}

func (t *tx) settle(d alert.Delivery, o alert.Outcome) error {
	h, err := t.leased(d)
	if err != nil {
		return err
	}
	if err := t.read(d.Sink); err != nil {
		return err
	}
	kept := h.row(d.ID).delivery()
	kept.Count = d.Count
	s := alert.Settle(h.doc.Alert, kept, o, t.env)
	h.remove(d.ID)
	s.After.Lease = ""
	switch {
	case s.Dead:
		if err := t.bury(s.After); err != nil {
			return err
		}
	case !s.Done:
		h.add(row{Delivery: s.After})
	}
	return t.add(s.Out)
}

// leased is the holder of a delivery whose lease still holds.
func (t *tx) leased(d alert.Delivery) (*holder, error) {
	keys := []key{ownKey(d.ID)}
	if d.Alert != "" {
		keys = append(keys, alertKey(d.Alert))
	}
	if err := t.load(keys...); err != nil {
		return nil, err
	}
	for _, k := range keys {
		if r := t.holders[k].row(d.ID); r != nil && d.Lease != "" && r.Holder == d.Lease {
			return t.holders[k], nil
		}
	}
	return nil, alert.ErrLost
}

// Put adds a delivery that no alert caused, once for each ID.
func (s *Store) Put(ctx context.Context, d alert.Delivery) error {
	if d.NotUntil.IsZero() {
		d.NotUntil = d.Created
	}
	return s.attempt(ctx, d.Created, mostAttempts, func(t *tx) error {
		k := putKey(d.ID)
		found, err := s.t.get(ctx, []key{k})
		if err != nil {
			return err
		}
		o := op{item: item{key: k, rev: 1, at: millis(d.Created), ttl: until(d.Created, s.keep.put)}, when: ifAbsent}
		if it, ok := found[k]; ok {
			if it.at > d.Created.Add(-s.keep.put).UnixMilli() {
				return nil
			}
			o.rev, o.when, o.was = it.rev+1, ifRev, it.rev
		}
		t.extra = append(t.extra, o)
		return t.add([]alert.Delivery{d})
	})
}
