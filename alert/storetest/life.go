package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
)

func testExceptions(t *testing.T, h Harness) {
	b := newBench(t, h, toPager())
	excepted := func(id string) alert.Finding {
		f := event(id)
		f.Rule.Exceptions = []alert.Exception{{
			Match: []alert.Label{{Name: "actor", Value: "*role/Admin"}, {Name: "eventName", Value: "Delete*"}},
			Owner: "alice", Reason: "migration", Expires: Noon().Add(time.Hour),
		}}
		return f
	}
	if c := b.commit(excepted("1")); c.Excepted != 1 || c.New != 0 {
		t.Errorf("in force: got %+v", c)
	}
	b.pass(time.Hour)
	if c := b.commit(excepted("2")); c.Excepted != 0 || c.New != 1 {
		t.Errorf("expired, although the event is older: got %+v", c)
	}
}

func testSilences(t *testing.T, h Harness) {
	b := newBench(t, h, toPager())
	id := b.commit(event("1")).Alerts[0] // its message waits
	if _, err := b.s.Silence(b.ctx, alert.Silence{Match: []alert.Label{{Name: "rule", Value: "*"}}, From: b.now, To: b.now.Add(time.Hour)}); err == nil {
		t.Error("a silence without owner and reason was taken")
	}
	silence, err := b.s.Silence(b.ctx, alert.Silence{
		Match: []alert.Label{{Name: "rule", Value: "trail-*"}, {Name: "account", Value: "111122223333"}},
		Owner: "alice", Reason: "maintenance", From: b.now, To: b.now.Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	b.nothing() // what waited is held back, too
	if c := b.commit(event("2"), event("3")); c.Silenced != 2 || c.Queued != 0 {
		t.Errorf("got %+v, want two silenced", c)
	}
	if a := b.alert(id); a.Count != 3 || a.Silence != silence {
		t.Errorf("got count %d, silence %q", a.Count, a.Silence)
	}
	b.pass(10 * time.Minute)
	if err := b.s.EndSilence(b.ctx, silence, b.now); err != nil {
		t.Fatal(err)
	}
	if err := b.s.EndSilence(b.ctx, "none", b.now); !errors.Is(err, alert.ErrNotFound) {
		t.Errorf("ending no silence: got %v", err)
	}
	b.nothing()
	b.commit(event("4"))
	if d := b.deliver(alert.Opened); d.Count != 4 {
		t.Errorf("got count %d, want all 4", d.Count)
	}
	// A silence to come holds nothing back yet, and one that is over before a
	// repeat is due does not keep it.
	if _, err := b.s.Silence(b.ctx, alert.Silence{
		ID: "later", Match: []alert.Label{{Name: "severity", Value: ">=low"}},
		Owner: "bob", Reason: "move", From: b.now.Add(5 * time.Minute), To: b.now.Add(30 * time.Minute),
	}); err != nil {
		t.Fatal(err)
	}
	b.commit(event("5"))
	b.pass(time.Hour)
	b.deliver(alert.Repeated)
	if all, err := b.s.Silences(b.ctx); err != nil || len(all) != 2 || all[0].Owner == all[1].Owner {
		t.Errorf("silences: got %+v, %v", all, err)
	}
}

// testReopenedAfterASilence: an alert that is opened again tells what was found while
// a silence held it back, once that is over.
func testReopenedAfterASilence(t *testing.T, h Harness) {
	p := toPager()
	p.Sinks["pager"] = alert.SinkPolicy{} // one that is told of nothing but findings
	b := newBench(t, h, p)
	id := b.commit(event("1")).Alerts[0]
	b.deliver(alert.Opened)
	if _, err := b.s.Silence(b.ctx, alert.Silence{
		Match: []alert.Label{{Name: "rule", Value: "*"}}, Owner: "alice", Reason: "maintenance", From: b.now, To: b.now.Add(time.Hour),
	}); err != nil {
		t.Fatal(err)
	}
	b.commit(event("2"))
	b.pass(2 * time.Hour)
	b.nothing()
	b.act(id, alert.DidAcknowledge)
	if a := b.act(id, alert.DidReopen); a.Silence != "" {
		t.Errorf("silence %s has ended and is named", a.Silence)
	}
	if d := b.deliver(alert.Repeated); d.Count != 2 {
		t.Errorf("got count %d, want 2", d.Count)
	}
}

func testActions(t *testing.T, h Harness) {
	b := newBench(t, h, toPager())
	id := b.commit(event("1")).Alerts[0]
	b.deliver(alert.Opened)
	b.commit(event("2")) // a repeat waits

	if a := b.act(id, alert.DidAcknowledge); a.Status != alert.Acknowledged || a.Owner != "alice" {
		t.Errorf("acknowledged: got %s by %q", a.Status, a.Owner)
	}
	b.deliver(alert.Acked)
	b.commit(event("3"))
	b.pass(24 * time.Hour)
	b.nothing() // no repeats

	if a := b.act(id[:12], alert.DidResolve); a.Status != alert.Resolved {
		t.Errorf("resolved: got %s", a.Status)
	}
	b.deliver(alert.Closed)
	if _, err := b.s.Act(b.ctx, id, alert.Action{Did: alert.DidAcknowledge, By: "bob", Now: b.now}); !errors.Is(err, alert.ErrAction) {
		t.Errorf("acknowledging what is resolved: got %v", err)
	}

	b.commit(event("4"))
	if d := b.deliver(alert.Reopened); d.Count != 4 {
		t.Errorf("reopened: got count %d, want 4", d.Count)
	}
	a := b.alert(id)
	if a.Status != alert.Open || len(a.Notes) != 3 || a.Notes[2].Did != alert.DidReopen {
		t.Errorf("got %s with notes %+v", a.Status, a.Notes)
	}
	if _, err := b.s.Act(b.ctx, "0123456789abcdef", alert.Action{Did: alert.DidNote, Now: b.now}); !errors.Is(err, alert.ErrNotFound) {
		t.Errorf("acting on nothing: got %v", err)
	}
}

// testFlapping: an alert that is resolved and found again and again is told to
// be open once in an interval, and a sink that did not hear so is not told that
// it is resolved.
func testFlapping(t *testing.T, h Harness) {
	b := newBench(t, h, toPager())
	id := b.commit(event("1")).Alerts[0]
	b.deliver(alert.Opened)
	b.act(id, alert.DidResolve)
	b.deliver(alert.Closed)
	b.commit(event("2"))
	b.deliver(alert.Reopened)
	b.act(id, alert.DidResolve)
	b.deliver(alert.Closed)
	for _, n := range []string{"3", "4", "5"} {
		b.pass(time.Minute)
		b.commit(event(n))
		b.nothing()
		b.act(id, alert.DidResolve)
		b.nothing()
	}
	b.commit(event("6"))
	b.pass(57*time.Minute - time.Second)
	b.nothing()
	b.pass(4 * time.Hour)
	if d := b.deliver(alert.Reopened); d.Count != 6 {
		t.Errorf("got count %d, want 6", d.Count)
	}
	b.nothing()
}
