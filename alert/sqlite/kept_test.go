package sqlite_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/sqlite"
	"github.com/trailwarden/trailwarden/alert/storetest"
	"github.com/trailwarden/trailwarden/severity"
)

// What a store keeps of alerts in memory changes nothing: two stores on one file
// that take turns at random come to what stores come to that were opened anew for
// each step and so remember nothing.
func TestKeptAlertsAreTheFiles(t *testing.T) {
	rng := random(t)
	kept, fresh := filepath.Join(t.TempDir(), "kept.db"), filepath.Join(t.TempDir(), "fresh.db")
	two := []*sqlite.Store{open(t, kept, sqlite.Options{Policy: paging}), open(t, kept, sqlite.Options{Policy: paging})}
	for i := range 50 {
		do := step(rng, i)
		do(t, two[rng.IntN(2)])
		anew := open(t, fresh, sqlite.Options{Policy: paging})
		do(t, anew)
		if got, want := told(t, two[rng.IntN(2)]), told(t, anew); got != want {
			t.Fatalf("after step %d: got\n%s\nwant\n%s", i, got, want)
		}
		if err := anew.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range two {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// step is a step that does the same to every store that has come as far.
func step(rng *rand.Rand, i int) func(*testing.T, *sqlite.Store) {
	now := storetest.Noon().Add(time.Duration(i) * time.Minute)
	what, class := rng.IntN(5), []alert.Class{alert.OK, alert.OK, alert.Retry, alert.Reject, alert.Auth}[rng.IntN(5)]
	findings := make([]alert.Finding, 1+rng.IntN(4))
	for f := range findings {
		n := rng.IntN(200) // some come again
		findings[f] = storetest.Finding(storetest.Rule("r", severity.High), storetest.Event{ID: fmt.Sprint("e", n), Role: fmt.Sprint("role", n%4), Session: fmt.Sprint(n)})
	}
	act := alert.Action{Did: []string{"acknowledged", "resolved", "reopened", "noted"}[rng.IntN(4)], By: "alice", Text: "so", Now: now}
	nth := rng.IntN(4)
	return func(t *testing.T, s *sqlite.Store) {
		t.Helper()
		switch what {
		case 0, 1:
			if _, err := s.Commit(t.Context(), alert.Batch{Findings: findings, Now: now}); err != nil {
				t.Fatal(err)
			}
		case 2, 3:
			settled(t, s, class, now)
		default:
			acted(t, s, nth, act)
		}
	}
}

func settled(t *testing.T, s *sqlite.Store, class alert.Class, now time.Time) {
	t.Helper()
	ds, err := s.Claim(t.Context(), "pager", 3, now, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range ds {
		d.Of.Told, d.Of.Count = nil, 0 // it is whoever's who claimed
		if err := s.Settle(t.Context(), d, alert.Outcome{Class: class, Receipt: []byte("thread")}, now); err != nil {
			t.Fatal(err)
		}
	}
}

func acted(t *testing.T, s *sqlite.Store, nth int, act alert.Action) {
	t.Helper()
	all, _, err := s.Alerts(t.Context(), alert.Query{})
	if err != nil || len(all) <= nth {
		return
	}
	a, err := s.Act(t.Context(), all[nth].ID, act)
	if err == nil { // some are not allowed
		a.Notes, a.Status = nil, "" // it is whoever's who acted
	}
}

// told is all alerts and the dead letters.
func told(t *testing.T, s *sqlite.Store) string {
	t.Helper()
	all, _, err := s.Alerts(t.Context(), alert.Query{})
	if err != nil {
		t.Fatal(err)
	}
	dead, _, err := s.Dead(t.Context(), "", 100, "")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent([]any{all, dead}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
