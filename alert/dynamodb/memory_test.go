package dynamodb

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/storetest"
	"github.com/trailwarden/trailwarden/severity"
)

// The suite that every store passes, on the table in memory.
func TestMemory(t *testing.T) {
	storetest.Run(t, storetest.Harness{
		Races: 200,
		Open: func(_ *testing.T, policy func() *alert.Policy) alert.Store {
			return NewMemory(Options{Policy: policy})
		},
		Again: func(_ *testing.T, s alert.Store, policy func() *alert.Policy) alert.Store {
			return newStore(s.(*Store).t, Options{Policy: policy})
		},
	})
}

// toPager sends everything to one sink, as fast as it comes.
func toPager() *alert.Policy {
	return &alert.Policy{Routes: []alert.Route{{Sinks: []string{"pager"}}}, Sinks: map[string]alert.SinkPolicy{"pager": {Quota: -1}}}
}

// single makes the nth finding of an alert of its own.
func single(n int) alert.Finding {
	return storetest.Finding(storetest.Rule("r", severity.High), storetest.Event{ID: fmt.Sprint(n), Role: fmt.Sprint("role-", n)})
}

// What waits to be told outgrows the memory's bound: it is all told, whole, and
// findings go on to be counted. What was told is forgotten, the oldest first, each
// alert with all that is its own.
func TestMemoryBound(t *testing.T) {
	s, now := NewMemory(Options{MaxBytes: 200_000, Policy: toPager}), storetest.Noon()
	for n := range 300 {
		commitAll(t, s, single(n))
	}
	m := s.t.(*memory)
	if m.bytes < 300_000 {
		t.Fatalf("%d bytes: that is not much beyond the bound", m.bytes)
	}
	if m.walk <= m.bytes {
		t.Errorf("the next write looks for something to forget, which there is not")
	}
	commitAll(t, s, single(0)) // its identity may be forgotten, its sample is not
	for told := 0; told < 300; {
		ds, err := s.Claim(t.Context(), "pager", 50, now, time.Minute)
		if err != nil || len(ds) == 0 {
			t.Fatalf("%d told: %d claimed, %v", told, len(ds), err)
		}
		for _, d := range ds {
			told++
			a, err := s.Alert(t.Context(), d.Alert)
			if err != nil || a.Count != 1 || len(a.Samples) != 1 || len(a.Samples[0].Record) < 100 {
				t.Fatalf("alert %s: %+v, %v", d.Alert, a, err)
			}
			if err := s.Settle(t.Context(), d, alert.Outcome{Class: alert.OK}, now); err != nil {
				t.Fatal(err)
			}
		}
	}
	for n := range 100 {
		commitAll(t, s, single(1000+n))
	}
	page, _, err := s.Alerts(t.Context(), alert.Query{Limit: 1000})
	if err != nil || len(page) < 100 || len(page) > 300 {
		t.Errorf("in the end: %d alerts, %v, want those that wait and few others", len(page), err)
	}
	if m.bytes > 250_000 {
		t.Errorf("in the end: %d bytes", m.bytes)
	}
}

// A sample whose item is gone, as time to live or somebody's hand takes it, costs
// its record and nothing else.
func TestLostSample(t *testing.T) {
	s := NewMemory(Options{Policy: toPager})
	commitAll(t, s, single(0))
	m := s.t.(*memory)
	for _, part := range m.parts {
		for _, it := range part {
			if isSample(it.key) {
				m.remove(it.key)
			}
		}
	}
	page, _, err := s.Alerts(t.Context(), alert.Query{})
	if err != nil || len(page) != 1 || !strings.Contains(string(page[0].Samples[0].Record), "lost the record") {
		t.Fatalf("got %+v, %v", page, err)
	}
	more := single(1)
	more.Record = single(0).Record // of the same alert
	commitAll(t, s, more, single(0))
	a, err := s.Alert(t.Context(), page[0].ID)
	if err != nil || a.Count != 2 || !strings.Contains(string(a.Samples[0].Record)+string(a.Samples[1].Record), "DeleteTrail") {
		t.Errorf("then: %+v, %v", a, err)
	}
}

// Alerts that are to be kept for ever from now on keep their samples as long.
func TestKeptForEverFromNowOn(t *testing.T) {
	s := NewMemory(Options{Policy: toPager})
	commitAll(t, s, single(0))
	s.keep = keepingOf(alert.Keeping{Alerts: -1})
	more := single(1)
	more.Record = single(0).Record
	commitAll(t, s, more)
	for pk, part := range s.t.(*memory).parts {
		for sk, it := range part {
			if strings.HasPrefix(pk, "alert#") && it.ttl != 0 {
				t.Errorf("item %s, %s ends at %d", pk, sk, it.ttl)
			}
		}
	}
}
