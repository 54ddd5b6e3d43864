package sqlite_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/sqlite"
	"github.com/trailwarden/trailwarden/alert/storetest"
	"github.com/trailwarden/trailwarden/severity"
)

// A purge forgets what is old and nothing else, however much there is of both and
// however they lie between each other: alerts, dead letters, letters of the intake.
// Alerts with a message on its way stay.
func TestPurgeOfMany(t *testing.T) {
	const some = 1500
	policy := func() *alert.Policy {
		return &alert.Policy{
			Routes: []alert.Route{{Match: []alert.Label{{Name: "rule", Value: "told-*"}}, Sinks: []string{"pager"}}},
			Sinks:  map[string]alert.SinkPolicy{"pager": {Quota: -1}},
		}
	}
	s := open(t, filepath.Join(t.TempDir(), "alerts.db"), sqlite.Options{Policy: policy})
	defer s.Close()
	old, now := storetest.Noon(), storetest.Noon().Add(100*24*time.Hour)
	letters := 0
	add := func(at time.Time, rule string, n int) {
		t.Helper()
		b := alert.Batch{Findings: storetest.Many(storetest.Rule(rule, severity.Low), n, n), Now: at}
		for range n / 10 {
			letters++
			b.Letters = append(b.Letters, alert.Letter{ID: fmt.Sprintf("letter-%d", letters), Time: at, Reason: "broken"})
		}
		if c, err := s.Commit(t.Context(), b); err != nil || c.New != n {
			t.Fatalf("%+v, %v", c, err)
		}
	}
	add(old, "a", some)
	add(now, "b", some)
	add(old, "told-c", 500) // its messages die
	ds, err := s.Claim(t.Context(), "pager", 1000, old, time.Minute)
	if err != nil || len(ds) != 500 {
		t.Fatalf("%d messages, %v", len(ds), err)
	}
	for i, d := range ds {
		at := old
		if i%5 == 0 {
			at = now // these are young
		}
		if err := s.Settle(t.Context(), d, alert.Outcome{Class: alert.Reject, Reason: "no"}, at); err != nil {
			t.Fatal(err)
		}
	}
	add(old, "told-d", 20) // its messages wait
	add(old, "e", 2*some)

	p, err := s.Purge(t.Context(), alert.Keeping{}, now)
	// Of told-c the alerts with young dead letters stay as long as these do.
	if want := (alert.Purged{Findings: 3*some + 520, Alerts: 3*some + 400, Dead: 400 + 3*some/10 + 52}); err != nil || p != want {
		t.Fatalf("got %+v, %v, want %+v", p, err, want)
	}
	for rule, want := range map[string]int{"a": 0, "b": some, "told-c": 100, "told-d": 20, "e": 0} {
		page, _, err := s.Alerts(t.Context(), alert.Query{Rule: rule, Limit: 10 * some})
		if err != nil || len(page) != want {
			t.Errorf("rule %s: %d alerts are left, %v, want %d", rule, len(page), err, want)
		}
	}
	dead, _, err := s.Dead(t.Context(), "", 1000, "")
	if err != nil || len(dead) != 100 {
		t.Errorf("%d dead letters are left, %v, want 100", len(dead), err)
	}
	left, _, err := s.Letters(t.Context(), 1000, "")
	if err != nil || len(left) != some/10 {
		t.Errorf("%d letters are left, %v, want %d", len(left), err, some/10)
	}
	if p, err := s.Purge(t.Context(), alert.Keeping{}, now); err != nil || p != (alert.Purged{}) {
		t.Errorf("again: got %+v, %v, want nothing", p, err)
	}
	if p, err := s.Purge(t.Context(), alert.Keeping{Findings: -1, Alerts: -1, Dead: -1, Silences: -1}, now.Add(1e5*time.Hour)); err != nil || p != (alert.Purged{}) {
		t.Errorf("kept forever: got %+v, %v, want nothing", p, err)
	}
}
