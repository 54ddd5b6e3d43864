package storetest

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/severity"
)

// Harness opens the stores under test.
type Harness struct {
	// Open makes a new, empty store.
	Open func(t *testing.T, policy func() *alert.Policy) alert.Store
	// Again opens the same data once more, as another process does, while s is
	// open.
	Again func(t *testing.T, s alert.Store, policy func() *alert.Policy) alert.Store
	// Races is how many times two workers race; 0 means 20.
	Races int
	// Small keeps batches and counts low, for stores where each costs much.
	Small bool
}

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	for _, c := range []struct {
		promise string
		test    func(*testing.T, Harness)
	}{
		{"the first message is made at once and repeats are merged", testMerge},
		{"a changed interval counts at once", testInterval},
		{"an alert does not depend on the order of its findings", testOrder},
		{"a batch may be committed again", testReplay},
		{"a batch changes all or nothing", testPositions},
		{"what rules remember is written whole, by one writer at a time", testState},
		{"exceptions end findings until they expire", testExceptions},
		{"silences hold messages back and count all the same", testSilences},
		{"an alert that is opened again tells what a silence held back", testReopenedAfterASilence},
		{"what people do with an alert", testActions},
		{"an alert that flaps is told of once in an interval", testFlapping},
		{"a lease is one holder's", testLeases},
		{"the messages of an alert go out in order", testSequence},
		{"outcomes", testOutcomes},
		{"dead letters rest until somebody decides", testDeadLetters},
		{"what cannot be judged is kept once", testLetters},
		{"a notice is put once", testPut},
		{"a notice goes before what waits", testNoticeFirst},
		{"messages of any size are handed out", testLargeMessages},
		{"an alert goes to many sinks", testManySinks},
		{"a storm is told in totals and nothing is lost", testStorm},
		{"a storm does not hide another rule's alert", testStormIsolation},
		{"the quota holds when the clock is set back", testQuotaAfterClock},
		{"what a clock that was ahead has put off goes out when it is set back", testPutOffByTheClock},
		{"a storm of a clock that was ahead ends", testStormAfterClock},
		{"a lease that may be somebody's holds when times are counted anew", testLeaseAfterReschedule},
		{"alerts are listed page by page", testPages},
		{"what has outlived its keeping is forgotten", testPurge},
		{"a clock that is far ahead has little forgotten", testPurgeAhead},
		{"two workers racing make one alert and one message", testRaces},
		{"a position is swapped by one of those who race", testSwap},
		{"one of those who race has its turn, once in an interval", testTurn},
	} {
		t.Run(c.promise, func(t *testing.T) { c.test(t, h) })
	}
}

// bench is a store under test with its policy and clock.
type bench struct {
	t      *testing.T
	ctx    context.Context
	s      alert.Store
	policy atomic.Pointer[alert.Policy]
	now    time.Time
}

func newBench(t *testing.T, h Harness, p *alert.Policy) *bench {
	b := &bench{t: t, ctx: t.Context(), now: Noon()}
	b.policy.Store(p)
	b.s = h.Open(t, b.policy.Load)
	t.Cleanup(func() {
		if err := b.s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return b
}

// toPager is a policy that sends everything to one sink.
func toPager() *alert.Policy {
	return &alert.Policy{
		Routes: []alert.Route{{Sinks: []string{"pager"}}},
		Sinks:  map[string]alert.SinkPolicy{"pager": {Lifecycle: true}},
	}
}

func (b *bench) commit(fs ...alert.Finding) alert.Committed {
	b.t.Helper()
	c, err := b.s.Commit(b.ctx, alert.Batch{Findings: fs, Now: b.now})
	if err != nil {
		b.t.Fatalf("commit: %v", err)
	}
	return c
}

func (b *bench) claim(n int) []alert.Delivery {
	b.t.Helper()
	ds, err := b.s.Claim(b.ctx, "pager", n, b.now, time.Minute)
	if err != nil {
		b.t.Fatalf("claim: %v", err)
	}
	return ds
}

func (b *bench) settle(d alert.Delivery, o alert.Outcome) {
	b.t.Helper()
	if d.Alert != "" {
		d.Count = b.alert(d.Alert).Count
	}
	if err := b.s.Settle(b.ctx, d, o, b.now); err != nil {
		b.t.Fatalf("settle: %v", err)
	}
}

// deliver claims the one delivery that is due and settles it as sent.
func (b *bench) deliver(kind alert.Kind) alert.Delivery {
	b.t.Helper()
	ds := b.claim(10)
	if len(ds) != 1 || ds[0].Kind != kind {
		b.t.Fatalf("at %s: got %s, want one %s", b.now.Format(time.TimeOnly), kinds(ds), kind)
	}
	b.settle(ds[0], alert.Outcome{Class: alert.OK})
	return ds[0]
}

func (b *bench) nothing() {
	b.t.Helper()
	if ds := b.claim(10); len(ds) != 0 {
		b.t.Fatalf("at %s: got %s, want nothing", b.now.Format(time.TimeOnly), kinds(ds))
	}
}

func (b *bench) alert(id string) *alert.Alert {
	b.t.Helper()
	a, err := b.s.Alert(b.ctx, id)
	if err != nil {
		b.t.Fatalf("alert: %v", err)
	}
	return a
}

// all reads every alert.
func (b *bench) all() []*alert.Alert {
	b.t.Helper()
	var all []*alert.Alert
	for after := ""; ; {
		page, next, err := b.s.Alerts(b.ctx, alert.Query{After: after})
		if err != nil {
			b.t.Fatalf("alerts: %v", err)
		}
		all = append(all, page...)
		if after = next; next == "" {
			break
		}
	}
	slices.SortFunc(all, func(x, y *alert.Alert) int {
		if x.ID < y.ID {
			return -1
		}
		return 1
	})
	return all
}

func (b *bench) act(id, did string) *alert.Alert {
	b.t.Helper()
	a, err := b.s.Act(b.ctx, id, alert.Action{Did: did, By: "alice", Now: b.now})
	if err != nil {
		b.t.Fatalf("%s: %v", did, err)
	}
	return a
}

func (b *bench) pass(d time.Duration) { b.now = b.now.Add(d) }

func kinds(ds []alert.Delivery) []alert.Kind {
	ks := []alert.Kind{}
	for _, d := range ds {
		ks = append(ks, d.Kind)
	}
	return ks
}

func event(n string) alert.Finding {
	return Finding(Rule("trail-deleted", severity.High), Event{ID: n, Session: n})
}
