package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/severity"
)

func testPages(t *testing.T, h Harness) {
	b := newBench(t, h, toPager())
	b.commit(Many(Rule("a", severity.Low), 25, 25)...)
	b.commit(Many(Rule("b", severity.High), 5, 5)...)
	seen, last := map[string]bool{}, time.Time{}
	for after, pages := "", 0; ; pages++ {
		page, next, err := b.s.Alerts(b.ctx, alert.Query{Limit: 7, After: after})
		if err != nil || len(page) > 7 || pages > 10 {
			t.Fatalf("page %d: %d alerts, %v", pages, len(page), err)
		}
		for _, a := range page {
			if seen[a.ID] || (!last.IsZero() && a.LastSeen.After(last)) {
				t.Errorf("alert %s is listed twice or out of order", a.ID)
			}
			seen[a.ID], last = true, a.LastSeen
		}
		if after = next; next == "" {
			break
		}
	}
	if len(seen) != 30 {
		t.Errorf("got %d alerts, want 30", len(seen))
	}
	for id := range seen {
		if a, err := b.s.Alert(b.ctx, id[:alert.ShortestID]); err != nil || a.ID != id {
			t.Errorf("by the beginning of its ID %s is %v, %v", id, a, err)
		}
		if _, err := b.s.Alert(b.ctx, id[:alert.ShortestID-1]); !errors.Is(err, alert.ErrNotFound) {
			t.Errorf("by too little of its ID: %v", err)
		}
	}
	for _, c := range []struct {
		name string
		q    alert.Query
		want int
	}{
		{"rule", alert.Query{Rule: "b"}, 5},
		{"status", alert.Query{Status: []alert.Status{alert.Open, alert.Resolved}}, 30},
		{"no such status", alert.Query{Status: []alert.Status{alert.Acknowledged}}, 0},
		{"text", alert.Query{Text: "ROLE-24"}, 1},
		{"from", alert.Query{From: Noon().Add(-time.Hour).Add(20 * time.Second)}, 5},
		{"to", alert.Query{To: Noon().Add(-time.Hour)}, 2},
	} {
		page, _, err := b.s.Alerts(b.ctx, c.q)
		if err != nil || len(page) != c.want {
			t.Errorf("%s: got %d, %v, want %d", c.name, len(page), err, c.want)
		}
	}
}

func testPurge(t *testing.T, h Harness) {
	b := newBench(t, h, toPager())
	first := Many(Rule("a", severity.Low), 20, 1)
	b.commit(first...)
	b.deliver(alert.Opened)
	b.pass(8 * 24 * time.Hour)
	if p, err := b.s.Purge(b.ctx, alert.Keeping{}, b.now); err != nil || p.Findings != 20 || p.Alerts != 0 {
		t.Fatalf("after 8 days: got %+v, %v", p, err)
	}
	// What is delivered again then belongs to the same alert, and the samples
	// stand in for their identities.
	if c := b.commit(first[:10]...); c.New != 0 || c.Known != 10 {
		t.Errorf("delivered again: got %+v", c)
	}
	b.pass(91 * 24 * time.Hour)
	if p, err := b.s.Purge(b.ctx, alert.Keeping{}, b.now); err != nil || p.Alerts != 1 {
		t.Fatalf("after 99 days: got %+v, %v", p, err)
	}
	if all := b.all(); len(all) != 0 {
		t.Errorf("got %d alerts, want none", len(all))
	}
	if _, err := b.s.Alert(b.ctx, first[0].Identity+first[0].Identity); !errors.Is(err, alert.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

// testPurgeAhead: a clock that is a year ahead for half a day, and is set back then,
// has nothing forgotten that is to be kept for a week; what is old goes all the same.
func testPurgeAhead(t *testing.T, h Harness) {
	b := newBench(t, h, toPager())
	purge := func() (p alert.Purged) {
		at, err := alert.PurgeAt(b.ctx, b.s, time.Hour, b.now)
		if err == nil {
			p, err = b.s.Purge(b.ctx, alert.Keeping{}, at)
		}
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	purge()
	b.commit(Many(Rule("a", severity.Low), 20, 1)...)
	b.deliver(alert.Opened)
	b.pass(365 * 24 * time.Hour)
	for range 12 {
		b.pass(time.Hour)
		if p := purge(); p.Findings != 0 || p.Alerts != 0 {
			t.Fatalf("while the clock is ahead: forgot %+v", p)
		}
	}
	b.now = Noon().Add(13 * time.Hour)
	purge()
	if c := b.commit(Many(Rule("a", severity.Low), 20, 1)...); c.Known != 20 {
		t.Errorf("delivered again: got %+v, want them all known", c)
	}
	b.pass(9 * 24 * time.Hour) // of rest
	gone := int64(0)
	for range 3 * 24 {
		b.pass(time.Hour)
		gone += purge().Findings
	}
	if gone != 20 {
		t.Errorf("in three days after nine of rest %d of 20 identities were forgotten", gone)
	}
}
