package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/severity"
)

// ahead is what happens while the clock is a day ahead, and what then goes out, and
// when, once it is right again.
type ahead struct {
	name string
	do   func(*bench)
	wait time.Duration
	want alert.Kind
}

func whileAhead() []ahead {
	found := func(b *bench) { b.commit(event("1")) }
	return []ahead{
		{"an alert is opened", found, 0, alert.Opened},
		{"a message is tried in vain", func(b *bench) {
			found(b)
			b.settle(b.claim(1)[0], alert.Outcome{Class: alert.Retry, NotUntil: b.now.Add(time.Minute)})
		}, time.Minute, alert.Opened},
		{"a message that was tried before is tried in vain", func(b *bench) {
			b.pass(-24 * time.Hour)
			found(b)
			b.settle(b.claim(1)[0], alert.Outcome{Class: alert.Retry})
			b.pass(24 * time.Hour)
			b.settle(b.claim(1)[0], alert.Outcome{Class: alert.Retry})
		}, 0, alert.Opened},
		{"a holder dies", func(b *bench) {
			found(b)
			b.claim(1)
		}, 0, alert.Opened},
		{"more is found", func(b *bench) {
			found(b)
			b.deliver(alert.Opened)
			b.commit(event("2"))
		}, time.Hour, alert.Repeated},
		{"an alert is told, and more is found afterwards", func(b *bench) {
			found(b)
			b.deliver(alert.Opened)
			b.pass(-24 * time.Hour)
			b.commit(event("2"))
			b.pass(24 * time.Hour)
		}, time.Hour, alert.Repeated},
		{"a notice is tried in vain", func(b *bench) {
			if err := b.s.Put(b.ctx, alert.Notice{Key: "k", Headline: "Something is amiss"}.Delivery("pager", b.now)); err != nil {
				b.t.Fatal(err)
			}
			b.settle(b.claim(1)[0], alert.Outcome{Class: alert.Retry, NotUntil: b.now.Add(time.Minute)})
		}, time.Minute, alert.Health},
		{"a message dies, and more is found afterwards", func(b *bench) {
			found(b)
			b.settle(b.claim(1)[0], alert.Outcome{Class: alert.Reject, Reason: "400"})
			b.pass(-24 * time.Hour)
			b.commit(event("2"))
			b.pass(24 * time.Hour)
		}, time.Hour, alert.Opened},
		{"an alert is opened again twice", func(b *bench) {
			id := b.commit(event("1")).Alerts[0]
			b.deliver(alert.Opened)
			for n := range 2 {
				b.act(id, alert.DidResolve)
				b.deliver(alert.Closed)
				if n == 1 {
					b.pass(-24 * time.Hour)
				}
				b.commit(event(fmt.Sprint("again ", n)))
				if n == 0 {
					b.deliver(alert.Reopened)
				}
			}
			b.pass(24 * time.Hour)
		}, time.Hour, alert.Reopened},
	}
}

// testPutOffByTheClock: a clock that was a day ahead keeps nothing back for that day,
// and nothing goes out before it would have by a clock that was right.
func testPutOffByTheClock(t *testing.T, h Harness) {
	for _, c := range whileAhead() {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, h, toPager())
			b.pass(24 * time.Hour)
			c.do(b)
			b.now = Noon()
			if _, err := b.s.Reschedule(b.ctx, b.now); err != nil {
				t.Fatal(err)
			}
			if n, err := b.s.Reschedule(b.ctx, b.now); err != nil || n != 0 {
				t.Errorf("a second time: %d have another time, %v", n, err)
			}
			if c.wait > 0 {
				b.pass(c.wait - time.Second)
				b.nothing()
				b.pass(time.Second)
			}
			b.deliver(c.want)
		})
	}
}

// testLeaseAfterReschedule: a lease that may be somebody's is not ended.
func testLeaseAfterReschedule(t *testing.T, h Harness) {
	b := newBench(t, h, toPager())
	b.commit(event("1"))
	held := b.claim(1)
	for _, ahead := range []time.Duration{0, time.Minute, 10 * time.Minute} {
		b.now = Noon().Add(-ahead)
		if n, err := b.s.Reschedule(b.ctx, b.now); err != nil || n != 0 {
			t.Errorf("%s ahead: %d have another time, %v", ahead, n, err)
		}
		b.nothing()
	}
	b.now = Noon()
	b.settle(held[0], alert.Outcome{Class: alert.OK})
}

// testStormAfterClock: totals that a clock which was ahead has told do not make the
// storm last until then.
func testStormAfterClock(t *testing.T, h Harness) {
	b := newBench(t, h, toPager())
	b.pass(24 * time.Hour)
	b.commit(Many(Rule("noisy", severity.Low), 40, 40)...)
	for range 2 {
		for _, d := range b.claim(40) {
			b.settle(d, alert.Outcome{Class: alert.OK})
		}
		b.pass(time.Minute)
	}
	b.now = Noon()
	b.commit(event("1"))
	b.deliver(alert.Opened)
	b.pass(time.Hour)
	b.commit(Many(Rule("other", severity.Low), 20, 20)...)
	if n := len(b.claim(40)); n != 20 {
		t.Errorf("an hour later %d of 20 messages go out one by one", n)
	}
}
