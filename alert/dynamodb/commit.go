package dynamodb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/crash"
)

// Commit adds a batch: in one transaction if it fits, else in several that are
// complete in themselves, with positions last.
func (s *Store) Commit(ctx context.Context, b alert.Batch) (alert.Committed, error) {
	p := s.policy()
	in, excepted, known := alert.Gather(&b, p)
	crash.Point("findings gathered")
	c := commit{s: s, b: &b, sinks: p.SinkNames(), seen: map[string]bool{}, done: alert.Committed{Excepted: excepted, Known: known}}
	tail, err := s.tail(ctx, &b)
	if err == nil {
		err = s.unchanged(ctx, b.State) // before anything that follows from it is written
	}
	if err == nil {
		err = c.run(ctx, in, tail)
	}
	if err != nil {
		return alert.Committed{}, fmt.Errorf("findings: %w", err)
	}
	crash.Point("after commit")
	return c.done, nil
}

// commit is a batch on its way into the table.
type commit struct {
	s     *Store
	b     *alert.Batch
	sinks []string
	whole bool            // what goes with state is in one transaction or none
	saved bool            // the state is written, and so is no longer what was read
	seen  map[string]bool // alerts that done names
	done  alert.Committed
}

// run writes what was found without state, and then what follows from state, with
// it: in one transaction or by a journal.
func (c *commit) run(ctx context.Context, in []*alert.Incoming, t tail) error {
	groups := c.groups(in)
	judged := slices.IndexFunc(groups, func(g []*alert.Incoming) bool { return slices.ContainsFunc(g, remembers) })
	if judged < 0 || !t.conditional() {
		return c.bound(ctx, groups, t)
	}
	if err := c.write(ctx, groups[:judged], tail{}); err != nil {
		return err
	}
	groups = groups[judged:]
	if len(groups) == 1 {
		c.whole = true
		err := c.bound(ctx, groups, t)
		if c.whole = false; !errors.Is(err, errTooLarge) {
			return err
		}
	}
	return c.apart(ctx, groups, t)
}

// bound writes groups, the last of them with the state of the tail.
func (c *commit) bound(ctx context.Context, groups [][]*alert.Incoming, t tail) (err error) {
	var guard *op
	if !t.fits() && (len(groups) > 0 || !t.single()) {
		if guard, err = c.s.journal(ctx, &t, nil); err != nil {
			return err
		}
	}
	err = c.write(ctx, groups, t)
	switch {
	case guard == nil:
		return err
	case !c.saved && (errors.Is(err, alert.ErrConflict) || errors.Is(err, errTooLarge)): // it was in vain
		return errors.Join(err, c.s.t.put(ctx, removals(guard.journal())))
	case err != nil:
		return err
	}
	return c.s.finish(ctx, guard.key, true)
}

// apart writes the state of the tail first, with a journal that holds the groups, and
// then the groups: they are more than a transaction takes.
func (c *commit) apart(ctx context.Context, groups [][]*alert.Incoming, t tail) error {
	guard, err := c.s.journal(ctx, &t, foundIn(groups))
	if err != nil {
		return err
	}
	if guard == nil {
		return c.bound(ctx, groups, t)
	}
	if err := c.s.writeState(ctx, c.b, t.state); err != nil {
		if errors.Is(err, alert.ErrConflict) {
			err = errors.Join(err, c.s.t.put(ctx, removals(guard.journal())))
		}
		return err
	}
	t.state, c.b = nil, &alert.Batch{Now: c.b.Now}
	if err := c.write(ctx, groups, t); err != nil {
		return err
	}
	return c.s.finish(ctx, guard.key, true)
}

// write commits the groups and the tail, with the last of them or after them.
func (c *commit) write(ctx context.Context, groups [][]*alert.Incoming, t tail) error {
	for i, g := range groups {
		var with []op
		if i == len(groups)-1 {
			with, t = t.together()
		}
		if err := c.group(ctx, g, with); err != nil {
			return err
		}
		if len(with) > 0 {
			c.saved, c.b = true, &alert.Batch{Now: c.b.Now}
		}
	}
	return t.write(ctx, c.s, c.b)
}

// mostSinks is how many sinks an alert can go to, whatever is told of it: each
// takes three items of a transaction.
const mostSinks = (maxOps - 4) / 3

// room is how many items of a transaction findings may take: the states of the
// sinks and what comes with the last group take others.
func (c *commit) room() int { return maxOps - 2*len(c.sinks) - maxTail }

// groups cuts incoming findings into pieces that fit into a transaction each,
// by a guess: one item for an alert, one for a sample, one for each finding, and
// for each sink a pointer and a total. Those of rules that remember begin a piece,
// for they are written with the state that they follow from.
func (c *commit) groups(in []*alert.Incoming) (groups [][]*alert.Incoming) {
	room, used := max(c.room(), 20), 0
	remembered := false
	for _, i := range in {
		if !remembered && remembers(i) {
			remembered, used = true, room
		}
		for _, part := range parts(i, max(room-1-alert.MaxSamples-2*len(c.sinks), 5)) {
			cost := 1 + len(part.Facts) + min(len(part.Facts), alert.MaxSamples) + 2*len(c.sinks)
			if len(groups) == 0 || used+cost > room || holds(groups[len(groups)-1], part.ID) {
				groups, used = append(groups, nil), 0
			}
			groups[len(groups)-1] = append(groups[len(groups)-1], part)
			used += cost
		}
	}
	return groups
}

// remembers tells whether findings of a rule that remembers are among those of an
// alert.
func remembers(in *alert.Incoming) bool {
	return slices.ContainsFunc(in.Facts, func(f alert.Fact) bool { return f.Detection != nil })
}

func holds(group []*alert.Incoming, id string) bool {
	return slices.ContainsFunc(group, func(i *alert.Incoming) bool { return i.ID == id })
}

// parts cuts the findings of one alert into pieces of at most n, the earliest
// events first, because those are kept as samples.
func parts(in *alert.Incoming, n int) (out []*alert.Incoming) {
	if len(in.Facts) <= n {
		return []*alert.Incoming{in}
	}
	facts := slices.Clone(in.Facts)
	slices.SortStableFunc(facts, func(x, y alert.Fact) int {
		return cmp.Or(x.Time.Compare(y.Time), cmp.Compare(x.Identity, y.Identity))
	})
	for some := range slices.Chunk(facts, n) {
		part := *in
		part.Facts = some
		out = append(out, &part)
	}
	return out
}

// group commits some incoming findings in one transaction. When that is too
// large, or others keep changing the same alerts, it commits halves.
func (c *commit) group(ctx context.Context, g []*alert.Incoming, with []op) error {
	tries := mostAttempts
	single, whole := len(g) == 1 && len(g[0].Facts) <= 1, c.whole && len(with) > 0
	many := len(g) > 1 && (len(with) == 0 || !slices.ContainsFunc(g, remembers))
	if many {
		tries = mostAttemptsMany
	}
	var did alert.Committed
	err := c.s.attempt(ctx, c.b.Now, tries, func(t *tx) error {
		did = alert.Committed{}
		if t.extra = slices.Clone(with); len(with) > 0 {
			if err := c.s.unchanged(ctx, c.b.State); err != nil {
				return err
			}
		}
		return t.commit(g, c.sinks, &did)
	})
	if err == nil {
		c.add(did)
		return nil
	}
	if whole && errors.Is(err, errTooLarge) {
		return err
	}
	if single && errors.Is(err, errTooLarge) {
		return fmt.Errorf("alert %s: %w; of the %d sinks that there are it can go to %d", g[0].ID, err, len(c.sinks), mostSinks)
	}
	if single || !errors.Is(err, errTooLarge) && (!many || !errors.Is(err, errChanged)) {
		return err
	}
	first, second := halves(g)
	if err := c.group(ctx, first, nil); err != nil {
		return err
	}
	return c.group(ctx, second, with)
}

// halves cuts a group in two.
func halves(g []*alert.Incoming) (first, second []*alert.Incoming) {
	if len(g) > 1 {
		return g[:len(g)/2], g[len(g)/2:]
	}
	p := parts(g[0], (len(g[0].Facts)+1)/2)
	return p[:1], p[1:]
}

func (c *commit) add(d alert.Committed) {
	c.done.New += d.New
	c.done.Repeated += d.Repeated
	c.done.Known += d.Known
	c.done.Silenced += d.Silenced
	c.done.Queued += d.Queued
	for _, id := range d.Alerts {
		if !c.seen[id] {
			c.seen[id] = true
			c.done.Alerts = append(c.done.Alerts, id)
		}
	}
}

// commit decides on a group.
func (t *tx) commit(g []*alert.Incoming, sinks []string, did *alert.Committed) error {
	crash.Point("commit begun")
	fresh, err := t.recordFindings(g, did)
	if err != nil {
		return err
	}
	crash.Point("findings recorded")
	keys := make([]key, len(fresh))
	for i, in := range fresh {
		keys[i] = alertKey(in.ID)
	}
	if err := t.load(keys...); err != nil {
		return err
	}
	if err := t.read(sinks...); err != nil {
		return err
	}
	for _, in := range fresh {
		if err := t.apply(in, did); err != nil {
			return err
		}
	}
	crash.Point("alerts written")
	return nil
}

// recordFindings parts findings that are new from those whose identity is
// counted, and counts the new ones.
func (t *tx) recordFindings(g []*alert.Incoming, did *alert.Committed) ([]*alert.Incoming, error) {
	var keys []key
	for _, in := range g {
		for _, f := range in.Facts {
			keys = append(keys, findingKey(f.Key))
		}
	}
	found, err := t.s.t.get(t.ctx, keys)
	if err != nil {
		return nil, err
	}
	now := t.env.Now
	fresh := make([]*alert.Incoming, len(g))
	for i, in := range g {
		part := *in
		part.Facts, part.Again = nil, slices.Clone(in.Again)
		for _, f := range in.Facts {
			k := findingKey(f.Key)
			if _, ok := found[k]; ok {
				did.Known++
				part.Again = append(part.Again, f)
				continue
			}
			part.Facts = append(part.Facts, f)
			t.extra = append(t.extra, op{item: item{key: k, rev: 1, at: now.UnixMilli(), ttl: until(now, t.s.keep.findings)}, when: ifAbsent})
		}
		fresh[i] = &part
	}
	return fresh, nil
}

// apply adds new findings to their alert.
func (t *tx) apply(in *alert.Incoming, did *alert.Committed) error {
	h := t.holders[alertKey(in.ID)]
	if err := t.compared(h, in); err != nil {
		return err
	}
	version := int64(-1)
	if h.doc.Alert != nil {
		version = h.doc.Alert.Version
	}
	a, out, known := alert.Apply(h.doc.Alert, in, t.env)
	did.Known += known
	if a == nil || a.Version == version {
		return nil
	}
	if fresh := len(in.Facts) - known; fresh > 0 {
		did.Add(version < 0, fresh, a)
	}
	h.doc.Alert, h.dirty = a, true
	did.Queued += len(out)
	return t.add(out)
}
