package memory

import (
	"context"
	"slices"
)

// load reads what the State has of the touched groups.
func (e *Engine) load(ctx context.Context) error {
	var keys []string
	for g := range e.touched {
		if g.loaded {
			continue
		}
		g.loaded = true
		key := e.keyOf(g)
		e.byState[key] = g
		if e.own == nil || e.own.has(key) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return e.fetch(ctx, keys, false)
}

// fetch reads groups and joins them to what came since. Those that are summoned
// may be filed for later, and are then left alone.
func (e *Engine) fetch(ctx context.Context, keys []string, summoned bool) error {
	var found []*group
	err := e.entries(ctx, keys, func(x Entry) error {
		var rule string
		was := group{stored: held{version: x.Version}}
		c := codec{b: x.Data, reading: true}
		if c.group(&was, &rule); c.bad {
			return c.fault(x.Key)
		}
		if summoned && was.filed > e.time.summoned {
			return nil
		}
		spec := slices.IndexFunc(e.specs, func(s *Spec) bool { return s.Rule == rule && s.stateKey(was.key, was.late) == x.Key })
		if spec < 0 {
			e.postpone(x.Key, &was)
			return nil
		}
		found = append(found, e.join(spec, &was, x.Key))
		return nil
	})
	if err != nil {
		return err
	}
	return e.fetchParts(ctx, found)
}

// postpone files a group of a rule that is gone for another day: rules come
// back. After long enough it is left where it is.
func (e *Engine) postpone(key string, was *group) {
	const days = 30
	if was.clock > e.time.latest-days*day*60_000 {
		e.time.file(e.time.slotOf(e.time.latest+day*60_000, false), key)
	}
}

// join makes the group in memory the one that was stored, with the hits that
// came since.
func (e *Engine) join(spec int, was *group, key string) *group {
	g := e.group(spec, was.key, was.late)
	g.settled, g.clock, g.filed, g.stored = was.settled, was.clock, was.filed, was.stored
	g.arrived, g.loaded = max(g.arrived, was.arrived), true
	if g.idle = was.stored.machine; g.filed <= e.time.summoned {
		g.filed = -1
	}
	e.byState[key] = g
	e.touched[g] = true
	return g
}

// fetchParts reads the machines and segments of groups whose entries were read.
func (e *Engine) fetchParts(ctx context.Context, groups []*group) error {
	var machines, segments []string
	of := map[string]*group{}
	hits := map[*group][]hit{}
	for _, g := range groups {
		key := e.keyOf(g)
		if len(g.stored.apart.versions) > 0 {
			machines = append(machines, machineKey(key))
			of[machineKey(key)] = g
		}
		for _, x := range g.stored.segments {
			segments = append(segments, segmentKey(key, x.n))
			of[segmentKey(key, x.n)] = g
		}
	}
	err := e.blobs(ctx, machines, func(key string, data []byte, stored blob) error {
		of[key].idle, of[key].stored.apart = data, stored
		return nil
	})
	if err != nil {
		return err
	}
	err = e.entries(ctx, segments, func(x Entry) error {
		var some []hit
		c := codec{b: x.Data, reading: true}
		c.hits(&some)
		hits[of[x.Key]] = append(hits[of[x.Key]], some...)
		return c.fault(x.Key)
	})
	if err != nil {
		return err
	}
	for _, g := range groups {
		g.stored.weight = len(g.idle) / hitBytes
		all := append(hits[g], g.stored.tail...)
		g.reload(e.specs[g.spec], slices.DeleteFunc(all, func(h hit) bool { return h.at <= g.stored.at }))
	}
	return nil
}

func (e *Engine) keyOf(g *group) string {
	if g.id == "" {
		g.id = e.specs[g.spec].stateKey(g.key, g.late)
	}
	return g.id
}

// changes are the entries that differ from what the State has.
func (e *Engine) changes(ctx context.Context) (all []Entry, err error) {
	for _, specs := range e.levels {
		for _, g := range e.of(specs) {
			all = append(all, g.entries(e.specs[g.spec], e.keyOf(g))...)
		}
	}
	filings, err := e.filings(ctx)
	if err != nil {
		return nil, err
	}
	c := codec{}
	c.clockwork(&e.time)
	e.time.version++
	return append(append(all, filings...), Entry{clockKey, c.b, e.time.version}), nil
}
