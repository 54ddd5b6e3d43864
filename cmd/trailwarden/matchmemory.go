package main

import (
	"fmt"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect/memory"
	"github.com/trailwarden/trailwarden/internal/visible"
	"github.com/trailwarden/trailwarden/rule"
)

// remembering judges the rules of match that remember: what each event counts
// towards, and at the end what was found.
type remembering struct {
	specs  []*memory.Spec
	owners []*rule.Rule
	watch  *memory.Watch
	past   *memory.History
	counts []map[string]int // hits by Spec and group
	events int
	latest time.Time
}

// newRemembering is nil when no rule remembers.
func newRemembering(rules []*rule.Rule) *remembering {
	specs, owners := rule.Specs(rules)
	if len(specs) == 0 {
		return nil
	}
	r := &remembering{specs: specs, owners: owners, past: memory.NewHistory(specs, memory.HistoryOptions{})}
	r.watch = memory.NewWatch(specs, memory.CompileInputs(specs))
	for range specs {
		r.counts = append(r.counts, map[string]int{})
	}
	return r
}

// event tells whether the event counts towards a rule, and says towards which.
func (r *remembering) event(rec *cloudtrail.Record, say func(format string, args ...any)) (counts bool, err error) {
	r.events++
	if t, ok := rec.Time(); ok {
		r.past.Active(t)
		if t.After(r.latest) {
			r.latest = t
		}
	}
	timed := r.watch.Hits(rec, nil, func(h *memory.Hit) {
		counts = true
		r.counts[h.Spec][string(h.Group)]++
		say("event %d counts towards %s: %s", r.events, visible.Text(r.owners[h.Spec].ID),
			visible.Text(r.specs[h.Spec].Contribution(h.Input, r.counts[h.Spec][string(h.Group)], h.Group)))
		if e := r.past.Add(h); err == nil {
			err = e
		}
	})
	if !timed {
		say("event %d has no eventTime that can be read: rules that count records in time pass it over", r.events)
	}
	return counts, err
}

// close says what was found.
func (r *remembering) close(say func(format string, args ...any)) error {
	all, err := r.past.Judge(r.latest)
	if err != nil {
		return fmt.Errorf("what rules remember: %w", err)
	}
	for i := range all {
		d := &all[i]
		say("%s: %s, at %s", visible.Text(r.owners[d.Spec].ID), visible.Text(d.Summary), d.At.Format(time.RFC3339))
	}
	if len(all) == 0 {
		say("nothing came of that: no window was full")
	}
	return nil
}
