package memory_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/detect/memory"
)

// What a past taught is what an Engine would know that had judged it: the same is
// told of what comes later, nothing of the past, and learning twice, or after it
// was broken off, changes nothing.
func TestLearningIsHavingJudged(t *testing.T) {
	told := 0
	for seed := range tried(40) {
		r := rand.New(rand.NewPCG(seed, 33))
		specs := slices.DeleteFunc(randomSpecs(r), func(s *memory.Spec) bool { return !s.Baseline() })
		hits := randomHits(r, specs, 40+r.IntN(80))
		slices.SortFunc(hits, func(a, b memory.Hit) int { return a.At.Compare(b.At) })
		split := t0.Add(time.Duration(r.IntN(60)) * time.Minute)
		i, _ := slices.BinarySearchFunc(hits, split, func(h memory.Hit, at time.Time) int { return h.At.Compare(at.Add(1)) })
		before, later := hits[:i], hits[i:]
		want := slices.DeleteFunc(memory.Naive(specs, hits, nil, clock), func(d memory.Detection) bool { return !d.Trigger.At.After(split) })
		if told += len(want); len(want) == 0 {
			want = nil
		}

		o := memory.EngineOptions{State: new(memory.Volatile), Shared: r.IntN(2) == 0}
		learn(t, r, specs, o, before, split, 1+r.IntN(3))
		learn(t, r, specs, o, before, split, 0)
		if got := engine(t, r, specs, shuffled(r, later, memory.DefaultLateness), o, 3*r.IntN(2)); !equal(t, seed, "learned", want, got) {
			return
		}
	}
	if told == 0 {
		t.Error("no seed made a detection")
	}
}

// learn teaches hits in another order than that of time; the first tries fail to
// save something.
func learn(t *testing.T, r *rand.Rand, specs []*memory.Spec, o memory.EngineOptions, hits []memory.Hit, clock time.Time, fails int) {
	t.Helper()
	ctx := context.Background()
	for try := fails; try >= 0; try-- {
		ho := memory.HistoryOptions{}
		if r.IntN(2) == 0 {
			ho = memory.HistoryOptions{Bytes: 4000, Dir: t.TempDir()}
		}
		past := memory.NewHistory(specs, ho)
		for _, i := range r.Perm(len(hits)) {
			if err := past.Add(&hits[i]); err != nil {
				t.Fatal(err)
			}
		}
		_, err := memory.NewEngine(specs, o).Learn(ctx, past, clock, func(all []memory.Entry) error {
			if try > 0 {
				return fmt.Errorf("no room")
			}
			return o.State.Save(ctx, all)
		})
		if (err != nil) != (try > 0) {
			t.Fatal(err)
		}
	}
}
