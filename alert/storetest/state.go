package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/severity"
)

// testState has two workers each write many pieces of state at once, with findings
// that follow from it and others that do not. One of them does, whole; of what the
// other one's state was, and what followed from it, there is nothing.
func testState(t *testing.T, h Harness) {
	b := newBench(t, h, toPager())
	other := h.Again(t, b.s, b.policy.Load)
	rounds := int64(20)
	if h.Small {
		rounds = 2
	}
	for round := int64(1); round <= rounds; round++ {
		errs := map[string]error{}
		var mu sync.Mutex
		var all sync.WaitGroup
		for name, s := range map[string]alert.Store{"one": b.s, "two": other} {
			all.Go(func() {
				_, err := s.Commit(b.ctx, b.remembered(name, round))
				mu.Lock()
				defer mu.Unlock()
				errs[name] = err
			})
		}
		all.Wait()
		winner := "one"
		if errs["one"] != nil {
			winner = "two"
		}
		if errs[winner] != nil || !errors.Is(errors.Join(errs["one"], errs["two"]), alert.ErrConflict) {
			t.Fatalf("round %d: got %v, want one that has ErrConflict", round, errs)
		}
		want := fmt.Sprint(winner, " ", round)
		if got := b.pieces(other); len(got) != 1 || got[want] != 130 {
			t.Fatalf("round %d: got pieces %v, want 130 of %q", round, got, want)
		}
		n := slices.DeleteFunc(b.all(), func(a *alert.Alert) bool { return a.Rule.ID != "window" })
		if int64(len(n)) != windows*round {
			t.Fatalf("round %d: %d findings of windows are told, want %d for each", round, len(n), windows)
		}
	}
}

// windows is how many findings a judgement brings: more than a bounded transaction
// has room for.
const windows = 20

// remembered is a judgement: 130 pieces of state and what was found in windows,
// beside findings of single records.
func (b *bench) remembered(by string, round int64) alert.Batch {
	said := fmt.Sprint(by, " ", round)
	batch := alert.Batch{Now: b.now, Findings: Many(Rule("record", severity.Low), 15, 15)}
	for i := range windows {
		f := Finding(Rule("window", severity.High), Event{ID: fmt.Sprint(said, " ", i)})
		f.Detection = &alert.Detection{ID: f.Identity, Group: []alert.Label{{Name: "of", Value: f.Evidence.EventID}}}
		batch.Findings = append(batch.Findings, f)
	}
	for i := range 130 {
		batch.State = append(batch.State, alert.Position{Name: fmt.Sprintf("m/%03d", i), Data: []byte(said), Version: round})
	}
	return batch
}

// pieces counts the pieces of state by what they say.
func (b *bench) pieces(s alert.Store) map[string]int {
	b.t.Helper()
	got := map[string]int{}
	err := s.State(b.ctx, "m/", func(p alert.Position) error {
		got[string(p.Data)]++
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return got
}
