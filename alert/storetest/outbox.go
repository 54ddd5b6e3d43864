package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/severity"
)

func testLeases(t *testing.T, h Harness) {
	b := newBench(t, h, toPager())
	b.commit(event("1"))
	slow := b.claim(1)
	if len(slow) != 1 || slow[0].MayRepeat {
		t.Fatalf("got %+v", slow)
	}
	b.pass(59 * time.Second)
	b.nothing()
	b.pass(time.Second)
	fast := b.claim(1)
	if len(fast) != 1 || !fast[0].MayRepeat {
		t.Fatalf("after the lease: got %+v, want one that may repeat", fast)
	}
	if err := b.s.Settle(b.ctx, slow[0], alert.Outcome{Class: alert.OK}, b.now); !errors.Is(err, alert.ErrLost) {
		t.Errorf("the slow holder: got %v, want ErrLost", err)
	}
	b.settle(fast[0], alert.Outcome{Class: alert.OK})
	if err := b.s.Settle(b.ctx, fast[0], alert.Outcome{Class: alert.OK}, b.now); !errors.Is(err, alert.ErrLost) {
		t.Errorf("settled twice: got %v, want ErrLost", err)
	}
	b.pass(time.Hour)
	b.nothing()
}

func testSequence(t *testing.T, h Harness) {
	b := newBench(t, h, toPager())
	id := b.commit(event("1")).Alerts[0]
	b.act(id, alert.DidAcknowledge)
	b.act(id, alert.DidResolve)
	for n, want := range []alert.Kind{alert.Opened, alert.Acked, alert.Closed} {
		ds := b.claim(10)
		if len(ds) != 1 || ds[0].Kind != want || ds[0].Sequence != int64(n+1) {
			t.Fatalf("got %v, want %s alone", kinds(ds), want)
		}
		b.settle(ds[0], alert.Outcome{Class: alert.Retry, NotUntil: b.now.Add(time.Minute)})
		b.nothing() // the later ones wait for it
		b.pass(time.Minute)
		d := b.deliver(want)
		if d.Attempts != 1 || d.MayRepeat {
			t.Errorf("%s: got %d attempts, may repeat %v", want, d.Attempts, d.MayRepeat)
		}
	}
}

func testOutcomes(t *testing.T, h Harness) {
	b := newBench(t, h, toPager())
	id := b.commit(event("1")).Alerts[0]

	d := b.claim(1)[0]
	b.settle(d, alert.Outcome{Class: alert.Auth, Reason: "401"})
	d = b.claim(1)[0] // due at once, and no attempt
	if d.Attempts != 0 || d.LastError != "401" || d.MayRepeat {
		t.Errorf("after auth: got %+v", d)
	}
	b.settle(d, alert.Outcome{Class: alert.Retry, Unsure: true, Reason: "no answer"})
	b.nothing()
	b.pass(time.Second) // the schedule's first wait
	d = b.claim(1)[0]
	if d.Attempts != 1 || !d.MayRepeat || !d.FirstTry.Equal(Noon()) {
		t.Errorf("after retry: got %+v", d)
	}
	b.settle(d, alert.Outcome{Class: alert.OK, Receipt: []byte("thread 7")})
	b.commit(event("2"))
	b.pass(time.Hour)
	d = b.claim(1)[0]
	if string(d.Receipt) != "thread 7" || d.Kind != alert.Repeated {
		t.Errorf("got receipt %q of %s", d.Receipt, d.Kind)
	}
	b.settle(d, alert.Outcome{Class: alert.OK})
	if got := b.alert(id).Told[0]; string(got.Receipt) != "thread 7" || got.Count != 2 {
		t.Errorf("got %+v", got)
	}
	if n, err := b.s.Backlog(b.ctx); err != nil || n["pager"] != 0 {
		t.Errorf("backlog: got %v, %v", n, err)
	}
}

func testDeadLetters(t *testing.T, h Harness) {
	b := newBench(t, h, toPager())
	id := b.commit(event("1")).Alerts[0]
	d := b.claim(1)[0]
	b.settle(d, alert.Outcome{Class: alert.Reject, Reason: "400: too long"})
	b.nothing()
	dead, _, err := b.s.Dead(b.ctx, "pager", 10, "")
	if err != nil || len(dead) != 1 || dead[0].LastError != "400: too long" || !dead[0].Died.Equal(b.now) {
		t.Fatalf("got %+v, %v", dead, err)
	}
	if others, _, err := b.s.Dead(b.ctx, "chat", 10, ""); err != nil || len(others) != 0 {
		t.Errorf("another sink's: got %v, %v", others, err)
	}
	if n, err := b.s.Retry(b.ctx, []string{d.ID, "none"}, b.now); err != nil || n != 1 {
		t.Fatalf("retry: got %d, %v", n, err)
	}
	d = b.claim(1)[0]
	b.settle(d, alert.Outcome{Class: alert.Reject, Reason: "400 again"})
	b.commit(event("2")) // the first message died, so this is news, but not at once
	b.nothing()
	if n, err := b.s.Drop(b.ctx, []string{d.ID}, "alice", "the channel is gone", b.now); err != nil || n != 1 {
		t.Fatalf("drop: got %d, %v", n, err)
	}
	if dead, _, err := b.s.Dead(b.ctx, "", 10, ""); err != nil || len(dead) != 0 {
		t.Errorf("after drop: got %v, %v", dead, err)
	}
	b.pass(time.Hour)
	if d := b.deliver(alert.Opened); d.Count != 2 || d.Alert != id {
		t.Errorf("got %+v", d)
	}
}

func testPut(t *testing.T, h Harness) {
	b := newBench(t, h, toPager())
	n := alert.Notice{Key: "auth chat", Headline: "Sink chat is paused"}
	for range 3 {
		if err := b.s.Put(b.ctx, n.Delivery("pager", b.now)); err != nil {
			t.Fatal(err)
		}
		b.pass(time.Minute)
	}
	d := b.deliver(alert.Health)
	if len(d.Body) == 0 || d.Alert != "" {
		t.Errorf("got %+v", d)
	}
	if err := b.s.Put(b.ctx, n.Delivery("pager", b.now)); err != nil {
		t.Fatal(err)
	}
	b.nothing()
	b.pass(24 * time.Hour)
	if err := b.s.Put(b.ctx, n.Delivery("pager", b.now)); err != nil {
		t.Fatal(err)
	}
	b.deliver(alert.Health)
}

// testNoticeFirst: what the program has to say of itself does not wait behind the
// alerts that wait.
func testNoticeFirst(t *testing.T, h Harness) {
	b := newBench(t, h, toPager())
	for i := range 20 {
		d := alert.Delivery{ID: fmt.Sprint("report-", i), Sink: "pager", Kind: alert.Report, Created: b.now}
		if err := b.s.Put(b.ctx, d); err != nil {
			t.Fatal(err)
		}
	}
	b.pass(time.Hour)
	if err := b.s.Put(b.ctx, alert.Notice{Key: "source queue", Headline: "A source does not deliver"}.Delivery("pager", b.now)); err != nil {
		t.Fatal(err)
	}
	d := b.claim(1)[0]
	if d.Kind != alert.Health {
		t.Fatalf("got %+v, want the notice", d)
	}
	b.settle(d, alert.Outcome{Class: alert.Auth, Reason: "401"}) // the sink is paused, then goes on
	if d := b.claim(1)[0]; d.Kind != alert.Health {
		t.Fatalf("after a pause: got %+v, want the notice", d)
	}
	if ds := b.claim(21); len(ds) != 20 {
		t.Errorf("%d messages wait behind the notice, want 20", len(ds))
	}
}

// testLargeMessages: many large reports wait for a sink that takes them all at
// once, more than a store may write in one transaction.
func testLargeMessages(t *testing.T, h Harness) {
	b := newBench(t, h, toPager())
	noise := rand.NewChaCha8([32]byte{1})
	for i := range 16 {
		d := alert.Delivery{ID: fmt.Sprint("report-", i), Sink: "pager", Kind: alert.Report, Created: b.now, Body: make([]byte, 250<<10)}
		_, _ = noise.Read(d.Body) // never fails
		if err := b.s.Put(b.ctx, d); err != nil {
			t.Fatal(err)
		}
	}
	ds := b.claim(20)
	if len(ds) != 16 {
		t.Fatalf("got %d, want all 16", len(ds))
	}
	for _, d := range ds {
		if len(d.Body) != 250<<10 {
			t.Errorf("%s has %d bytes", d.ID, len(d.Body))
		}
		b.settle(d, alert.Outcome{Class: alert.OK})
	}
}

// testManySinks: an alert is told at each of 32 sinks, and in the storms of all
// of them.
func testManySinks(t *testing.T, h Harness) {
	p := toPager()
	for i := range 31 {
		name := fmt.Sprint("sink-", i)
		p.Routes[0].Sinks = append(p.Routes[0].Sinks, name)
		p.Sinks[name] = alert.SinkPolicy{Quota: 1}
	}
	p.Sinks["pager"] = alert.SinkPolicy{Quota: 1}
	b := newBench(t, h, p)
	if c := b.commit(event("1")); c.Queued != 32 {
		t.Errorf("the first: got %+v", c)
	}
	if c := b.commit(Finding(Rule("another", severity.High), Event{ID: "2"})); c.New != 1 || c.Queued != 32 {
		t.Errorf("beyond the quota: got %+v, want a storm at each sink", c)
	}
	if n, err := b.s.Backlog(b.ctx); err != nil || len(n) != 32 || n["pager"] != 2 || n["sink-30"] != 2 {
		t.Errorf("got %v, %v, want two for each", n, err)
	}
}
