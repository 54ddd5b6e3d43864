package storetest

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/severity"
)

// stormBody is what the suite reads of a storm's message.
type stormBody struct {
	Headline string        `json:"headline"`
	Totals   []alert.Total `json:"totals"`
}

func testStorm(t *testing.T, h Harness) {
	n := 500
	if h.Small {
		n = 60
	}
	b := newBench(t, h, toPager())
	noisy := Rule("noisy", severity.Low)
	b.commit(Many(noisy, n, n)...)
	sent, last := drainStorm(t, b)
	single := 0
	for _, a := range b.all() {
		if a.Told[0].Storm == "" {
			single++
		}
	}
	if single != 25 {
		t.Errorf("got %d alerts told one by one, want the quota of 30 without what is kept for grave ones", single)
	}
	if len(last.Totals) != 1 || last.Totals[0].Alerts != int64(n-25) || last.Totals[0].Findings != int64(n-25) {
		t.Errorf("got totals %+v, want %d alerts", last.Totals, n-25)
	}
	perMinute(t, sent, 30)

	// While it goes on, more of the same is added; afterwards it is news.
	b.commit(Finding(noisy, Event{ID: "more", Role: "role-0"}))
	b.pass(time.Hour)
	late := b.all()[0]
	drainStorm(t, b)
	b.pass(time.Hour)
	b.commit(sameGroup(noisy, late))
	if ds := b.claim(10); len(ds) > 1 {
		t.Errorf("after the storm: got %v", kinds(ds))
	}
}

// sameGroup is one more finding of an alert.
func sameGroup(r *alert.Rule, a *alert.Alert) alert.Finding {
	f := Finding(r, Event{ID: "late"})
	f.Record = a.Samples[0].Record
	f.Time = a.Samples[0].Time
	return f
}

// drainStorm delivers all that is due in the next quarter of an hour, and gives
// when each message went out and what the last storm message said.
func drainStorm(t *testing.T, b *bench) (sent []time.Time, last stormBody) {
	t.Helper()
	for end := b.now.Add(15 * time.Minute); b.now.Before(end); b.pass(time.Second) {
		for _, d := range b.claim(5) {
			if d.Kind == alert.Storm {
				if err := json.Unmarshal(d.Body, &last); err != nil {
					t.Fatal(err)
				}
				if err := b.s.Settle(b.ctx, d, alert.Outcome{Class: alert.OK}, b.now); err != nil {
					t.Fatal(err)
				}
			} else {
				b.settle(d, alert.Outcome{Class: alert.OK})
			}
			sent = append(sent, b.now)
		}
	}
	return sent, last
}

// perMinute checks that no minute holds more than most messages.
func perMinute(t *testing.T, sent []time.Time, most int) {
	t.Helper()
	for i, from := range sent {
		n := 0
		for _, at := range sent[i:] {
			if at.Sub(from) < time.Minute {
				n++
			}
		}
		if n > most {
			t.Errorf("%d messages in the minute from %s, want %d at most", n, from.Format(time.TimeOnly), most)
			return
		}
	}
}

// testQuotaAfterClock: what was told by a clock that was a day ahead does not keep
// the quota from holding for that day.
func testQuotaAfterClock(t *testing.T, h Harness) {
	b := newBench(t, h, toPager())
	b.pass(24 * time.Hour)
	b.commit(Finding(Rule("before", severity.Low), Event{ID: "before", Role: "before"}))
	b.deliver(alert.Opened)
	b.pass(-24 * time.Hour)
	b.commit(Many(Rule("noisy", severity.Low), 40, 40)...)
	single := 0
	for _, a := range b.all() {
		if a.Rule.ID == "noisy" && a.Told[0].Storm == "" {
			single++
		}
	}
	if single != 25 {
		t.Errorf("got %d alerts told one by one, want the quota of 30 without what is kept for grave ones", single)
	}
}

func testStormIsolation(t *testing.T, h Harness) {
	b := newBench(t, h, toPager())
	noisy, grave := Rule("noisy", severity.Low), Rule("grave", severity.Critical)
	n := 100
	if h.Small {
		n = 40
	}
	for minute := range 5 {
		fs := Many(noisy, n, n)
		for i := range fs {
			fs[i] = Finding(noisy, Event{ID: fmt.Sprintf("%d-%d", minute, i), Role: fmt.Sprintf("role-%d-%d", minute, i)})
		}
		b.commit(fs...)
		b.pass(30 * time.Second)
		c := b.commit(Finding(grave, Event{ID: fmt.Sprint("grave-", minute), Role: fmt.Sprint("grave-", minute)}))
		a := b.alert(c.Alerts[0])
		if a.Told[0].Pending == "" {
			t.Errorf("minute %d: the grave alert is hidden in the storm: %+v", minute, a.Told)
		}
		b.pass(31 * time.Second)
	}
}
