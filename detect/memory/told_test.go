package memory_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect/memory"
)

// What is told cannot be taken back, so nothing is told that a record within the
// bound could still prove wrong: whatever the order of arrival, each detection
// that was handed out is in the end one of those of a judgement in order, or a
// part of one.
func TestNothingIsToldThatIsTakenBack(t *testing.T) {
	holdsTold(t, 25, 17, twoPaths, every)
}

func every(*memory.Spec, *memory.Detection) bool { return true }

// holdsTold holds what was handed out for random rules and hits, as they arrived,
// to a judgement in order; held chooses the detections that this is true of.
func holdsTold(t *testing.T, rounds, salt uint64, arrive func(*rand.Rand, []memory.Hit) []memory.Hit, held func(*memory.Spec, *memory.Detection) bool) {
	t.Helper()
	for seed := range tried(rounds) {
		r := rand.New(rand.NewPCG(seed, salt))
		specs := randomSpecs(r)
		hits := randomHits(r, specs, 20+r.IntN(60))
		want := memory.Naive(specs, hits, minutesOf(hits), clock)
		if !isTold(t, seed, specs, want, toldOf(t, r, specs, arrive(r, hits)), held) {
			return
		}
	}
}

// isTold tells whether all that was told and is held is one of those wanted.
func isTold(t *testing.T, seed uint64, specs []*memory.Spec, want, told []memory.Detection, held func(*memory.Spec, *memory.Detection) bool) bool {
	t.Helper()
	for _, d := range told {
		s := specs[d.Spec]
		if held(s, &d) && !slices.ContainsFunc(want, func(w memory.Detection) bool { return covers(s, &w, &d) }) {
			t.Errorf("seed %d: %s was told, at %s, and is not true: %+v", seed, d.Rule, d.At, d)
		}
	}
	return !t.Failed()
}

// twoPaths is an arrival in which each tenth record comes again by another path.
func twoPaths(r *rand.Rand, hits []memory.Hit) []memory.Hit {
	seen := map[cloudtrail.Key]map[int]bool{}
	hits = shuffled(r, hits, memory.DefaultLateness)
	for i := range hits {
		h := &hits[i]
		if seen[h.Key] == nil {
			seen[h.Key] = map[int]bool{}
		}
		if place := h.Spec*memory.MaxInputs + h.Input; seen[h.Key][place] {
			h.Ref = append([]byte("another path to "), h.Ref...)
		} else {
			seen[h.Key][place] = true
		}
	}
	return hits
}

// toldOf is everything that an Engine hands out along the way.
func toldOf(t *testing.T, r *rand.Rand, specs []*memory.Spec, hits []memory.Hit) (all []memory.Detection) {
	t.Helper()
	take := func(out memory.Outcome) {
		for _, d := range out.Detections {
			if !d.Withdrawn {
				all = append(all, d)
			}
		}
	}
	e := someEngine(r, specs, memory.EngineOptions{State: new(memory.Volatile), Shared: r.IntN(2) == 0})
	for len(hits) > 0 {
		n := min(len(hits), 1+r.IntN(20))
		var batch []*memory.Hit
		for i := range hits[:n] {
			batch = append(batch, &hits[i])
		}
		take(step(t, e, batch...))
		hits = hits[n:]
	}
	out, err := e.Finish(context.Background(), clock)
	if err != nil {
		t.Fatal(err)
	}
	take(out)
	return all
}

// covers tells whether told is w, or a part of it.
func covers(s *memory.Spec, w, told *memory.Detection) bool {
	if w.ID == told.ID {
		return true
	}
	other := w.Subject != told.Subject || !slices.Equal(w.Group, told.Group)
	if w.Spec != told.Spec || other && s.Kind != memory.Alarm { // whose records may be those of a further actor
		return false
	}
	switch s.Kind {
	case memory.FirstSeen: // the value came a little earlier
		return !w.At.After(told.At) && told.At.Sub(w.At) <= memory.DefaultLateness
	case memory.Rate:
		return !w.At.After(told.At) && !told.At.After(w.Last)
	}
	if told.Count == 0 { // an alarm by default values
		return !w.At.After(told.At)
	}
	return !told.First.After(w.Last) && !told.Last.Before(w.First)
}
