package memory

import (
	"context"
	"time"
)

// learnt is how many groups are saved at a time.
const learnt = 500

// Baseline tells whether the Spec compares what comes with the group's own past:
// then it is of little use before it knows one.
func (s *Spec) Baseline() bool {
	return (s.Kind == FirstSeen || s.Kind == Rate) && s.Inputs[0].Node != nil
}

// ofThePast marks, among the inputs of a hit, that Learn took it: a Spec with a
// Baseline has one input. What such a record makes true is not told.
const ofThePast = 1 << 62

func (s *Spec) ofPast(e *episode) bool {
	return s.Baseline() && e.trigger.inputs&ofThePast != 0
}

// Learn has an Engine know the past: what it would remember if it had judged the
// hits of a History of the same Specs, without what it would have told. Groups
// that the State has already stay as they are, and only Specs with a Baseline
// learn. An Engine that never judged a record begins at clock, the end of that
// past: what comes from then on is judged. One that did learns what came before
// its own time. keep saves entries, all or none; after a failure Learn may be
// called again, with another History of the same hits. The History is empty
// afterwards.
func (e *Engine) Learn(ctx context.Context, past *History, clock time.Time, keep func([]Entry) error) (groups int, err error) {
	defer func() {
		if e := past.Close(); err == nil {
			err = e
		}
		e.Forget()
	}()
	if err := e.Begin(ctx); err != nil {
		return 0, err
	}
	if e.time.version == 0 {
		e.time.latest = clock.UnixMilli()
		e.time.settled = e.time.latest - e.opts.Lateness.Milliseconds()
		e.time.summoned = e.time.latest / 60_000
	}
	err = past.baselines(func(spec int, key string, hits []hit) error {
		g := e.group(spec, key, false)
		g.arrived = e.time.latest
		for _, h := range hits {
			if h.inputs |= ofThePast; h.at <= e.time.latest {
				g.add(h)
			}
		}
		if e.touched[g] = true; len(e.touched) < learnt {
			return nil
		}
		n, err := e.learn(ctx, keep)
		groups += n
		return err
	})
	if err != nil {
		return groups, err
	}
	n, err := e.learn(ctx, keep)
	return groups + n, err
}

// learn judges the groups at hand and saves them.
func (e *Engine) learn(ctx context.Context, keep func([]Entry) error) (groups int, err error) {
	if err := e.load(ctx); err != nil {
		return 0, err
	}
	for g := range e.touched {
		if g.stored.version > 0 || len(g.fresh) == 0 {
			e.drop(g)
			delete(e.touched, g)
			continue
		}
		e.judgeGroup(g, e.time.settled)
	}
	changes, err := e.changes(ctx)
	if err == nil {
		err = keep(changes)
	}
	if err != nil {
		return 0, err
	}
	groups = len(e.touched)
	for g := range e.touched {
		e.drop(g)
	}
	clear(e.touched)
	return groups, nil
}

// baselines visits all groups of Specs with a Baseline; the hits, sorted, are
// valid during the call.
func (h *History) baselines(visit func(spec int, key string, hits []hit) error) error {
	var specs []int
	for i, s := range h.specs {
		if s.Baseline() {
			specs = append(specs, i)
		}
	}
	if h.spill == nil {
		for _, s := range specs {
			if err := h.logged(s, visit); err != nil {
				return err
			}
		}
		return nil
	}
	return h.eachPile(specs, func(s int, key string, p *pile) error {
		h.hits = p.read(h.specs[s], h.forms[s], h.hits[:0])
		return visit(s, key, h.hits)
	})
}

// logged visits the groups of a Spec that are in the log.
func (h *History) logged(s int, visit func(spec int, key string, hits []hit) error) (err error) {
	spec, of := h.specs[s], &h.log.specs[s]
	g := newGlance(spec, h.log.values.len(), &h.sorter)
	h.grouping.each(h.log, s, 1, func(key string, seen []sighting) {
		if err != nil {
			return
		}
		h.sorter.sort(seen)
		if spec.Kind == FirstSeen {
			seen = g.fewer(seen)
		}
		h.hits = h.log.read(spec, of, seen, h.hits[:0])
		err = visit(s, key, h.hits)
	})
	return err
}
