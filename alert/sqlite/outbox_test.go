package sqlite_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/sqlite"
	"github.com/trailwarden/trailwarden/alert/storetest"
	"github.com/trailwarden/trailwarden/severity"
)

// A sink that takes many messages at once gets fewer where their alerts hold large
// records, which all are in memory until they are told; the others follow.
func TestClaimsAreBoundedByBytes(t *testing.T) {
	const alerts, size = 40, 1 << 20 // bytes of each record
	quota := func() *alert.Policy {
		p := paging()
		p.Sinks = map[string]alert.SinkPolicy{"pager": {Quota: -1}}
		return p
	}
	s := open(t, t.TempDir()+"/alerts.db", sqlite.Options{Policy: quota})
	defer s.Close()
	rule := storetest.Rule("r", severity.High)
	var b alert.Batch
	for i := range alerts {
		f := storetest.Finding(rule, storetest.Event{ID: fmt.Sprint("e", i), Role: fmt.Sprint("role", i)})
		pad := fmt.Appendf(nil, `,"requestParameters":{"x":"%s"}}`, bytes.Repeat([]byte("x"), size-2000))
		f.Record = append(bytes.TrimSuffix(f.Record, []byte("}")), pad...)
		b.Findings = append(b.Findings, f)
	}
	b.Now = storetest.Noon()
	if _, err := s.Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for len(told) < alerts {
		ds, err := s.Claim(t.Context(), "pager", 250, storetest.Noon(), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		held := 0
		for _, d := range ds {
			if told[d.Alert] {
				t.Fatalf("%s is claimed twice", d.Alert)
			}
			told[d.Alert] = true
			for _, sample := range d.Of.Samples {
				held += len(sample.Record)
			}
		}
		if held == 0 || held > 17<<20 {
			t.Fatalf("one claim holds %d bytes of records in %d messages, and %d are told", held, len(ds), len(told))
		}
	}
}

// A notice that has to be tried again goes, when it is due, before what waits for a
// slow receiver; until then others go, and each goes once.
func TestANoticeThatIsTriedAgainGoesFirst(t *testing.T) {
	s := open(t, t.TempDir()+"/alerts.db", sqlite.Options{Policy: paging})
	defer s.Close()
	now := storetest.Noon()
	if _, err := s.Commit(t.Context(), alert.Batch{Findings: storetest.Many(storetest.Rule("r", severity.High), 20, 20), Now: now}); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), alert.Notice{Key: "k", Headline: "A source does not deliver"}.Delivery("pager", now)); err != nil {
		t.Fatal(err)
	}
	claim := func(n int) []alert.Delivery {
		t.Helper()
		ds, err := s.Claim(t.Context(), "pager", n, now, time.Minute)
		if err != nil || len(ds) == 0 {
			t.Fatalf("got %d, %v", len(ds), err)
		}
		return ds
	}
	seen := map[string]bool{}
	for range 2 { // the notice is tried in vain, then a message goes out
		d := claim(1)[0]
		if d.Kind != alert.Health {
			t.Fatalf("got %s, want the notice", d.Kind)
		}
		if err := s.Settle(t.Context(), d, alert.Outcome{Class: alert.Retry, NotUntil: now.Add(10 * time.Second)}, now); err != nil {
			t.Fatal(err)
		}
		if d = claim(1)[0]; d.Kind != alert.Opened || seen[d.ID] {
			t.Fatalf("while the notice waits: got %s %s", d.Kind, d.ID)
		}
		seen[d.ID] = true
		now = now.Add(10 * time.Second)
	}
	ds := claim(5)
	if len(ds) != 5 || ds[0].Kind != alert.Health {
		t.Errorf("got %d, the first %s, want the notice and four others", len(ds), ds[0].Kind)
	}
	for _, d := range append(ds, claim(50)...) {
		if seen[d.ID] {
			t.Errorf("%s goes out twice", d.ID)
		}
		seen[d.ID] = true
	}
	if len(seen) != 21 {
		t.Errorf("%d messages went out, want 21", len(seen))
	}
}

// Times are counted anew in steps, between which others write, and all of them are.
func TestManyTimesAreCountedAnewInSteps(t *testing.T) {
	const alerts = 1200
	steps := 0
	s := open(t, t.TempDir()+"/alerts.db", sqlite.Options{Policy: func() *alert.Policy {
		steps++ // it is asked for each transaction
		p := paging()
		p.Sinks = map[string]alert.SinkPolicy{"pager": {Quota: -1}}
		return p
	}})
	defer s.Close()
	ahead := storetest.Noon().Add(24 * time.Hour)
	if _, err := s.Commit(t.Context(), alert.Batch{Findings: storetest.Many(storetest.Rule("r", severity.High), alerts, alerts), Now: ahead}); err != nil {
		t.Fatal(err)
	}
	steps = 0
	if n, err := s.Reschedule(t.Context(), storetest.Noon()); err != nil || n != alerts || steps < 3 {
		t.Errorf("got %d in %d steps, %v, want all %d in some", n, steps, err, alerts)
	}
	if ds, err := s.Claim(t.Context(), "pager", 2*alerts, storetest.Noon(), time.Minute); err != nil || len(ds) != alerts {
		t.Errorf("%d go out, %v", len(ds), err)
	}
}
