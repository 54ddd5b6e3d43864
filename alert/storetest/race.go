package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/severity"
)

// testRaces has two workers with a store handle each commit the same findings
// and claim what follows, at once.
func testRaces(t *testing.T, h Harness) {
	races := h.Races
	if races == 0 {
		races = 20
	}
	b := newBench(t, h, toPager())
	other := h.Again(t, b.s, b.policy.Load)
	rule := Rule("raced", severity.High)
	for race := range races {
		fs := []alert.Finding{
			Finding(rule, Event{ID: fmt.Sprint(race, "-a"), Role: fmt.Sprint("role-", race)}),
			Finding(rule, Event{ID: fmt.Sprint(race, "-b"), Role: fmt.Sprint("role-", race)}),
		}
		b.pass(time.Minute)
		committed, claimed := raceOnce(t, b, []alert.Store{b.s, other}, fs)
		if committed.New != 1 || committed.Repeated != 1 || committed.Known != 2 || committed.Queued != 1 {
			t.Fatalf("race %d: got %+v in both together, want one alert and one message", race, committed)
		}
		if len(claimed) != 1 || claimed[0].Kind != alert.Opened {
			t.Fatalf("race %d: claimed %v, want one opened", race, kinds(claimed))
		}
	}
}

func raceOnce(t *testing.T, b *bench, stores []alert.Store, fs []alert.Finding) (sum alert.Committed, claimed []alert.Delivery) {
	t.Helper()
	var mu sync.Mutex
	both(stores, func(s alert.Store) {
		c, err := s.Commit(b.ctx, alert.Batch{Findings: fs, Now: b.now})
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			t.Errorf("commit: %v", err)
		}
		sum.New += c.New
		sum.Repeated += c.Repeated
		sum.Known += c.Known
		sum.Queued += c.Queued
	})
	both(stores, func(s alert.Store) {
		ds, err := s.Claim(b.ctx, "pager", 5, b.now, time.Hour)
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			t.Errorf("claim: %v", err)
		}
		claimed = append(claimed, ds...)
	})
	for _, d := range claimed {
		if err := b.s.Settle(b.ctx, d, alert.Outcome{Class: alert.OK}, b.now); err != nil {
			t.Errorf("settle: %v", err)
		}
	}
	return sum, claimed
}

func both(stores []alert.Store, f func(alert.Store)) {
	var all sync.WaitGroup
	for _, s := range stores {
		all.Go(func() { f(s) })
	}
	all.Wait()
}
