package storetest

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
)

// testLetters: what could not be judged is kept once, listed page by page, and
// leaves when somebody says so or its time is over.
func testLetters(t *testing.T, h Harness) {
	b := newBench(t, h, toPager())
	letters := make([]alert.Letter, 25)
	for i := range letters {
		letters[i] = alert.Letter{
			ID: fmt.Sprintf("letter-%02d", i), Time: b.now, Source: "sqs", From: "s3://logs/a.json.gz", Record: i, Offset: -1,
			Reason: "not valid JSON", Excerpt: bytes.Repeat([]byte{byte(i), 0xff, '<'}, 20_000),
		}
	}
	putLetters(t, b, letters...)
	again := letters[3]
	again.Reason = "another reason"
	b.pass(time.Minute)
	putLetters(t, b, again)
	got := map[string]alert.Letter{}
	other := h.Again(t, b.s, b.policy.Load)
	for after, pages := "", 0; ; pages++ {
		page, next, err := other.Letters(b.ctx, 7, after)
		if err != nil || len(page) > 7 || pages > 10 {
			t.Fatalf("page %d: %d letters, %v", pages, len(page), err)
		}
		for _, l := range page {
			if _, ok := got[l.ID]; ok {
				t.Errorf("%s is listed twice", l.ID)
			}
			got[l.ID] = l
		}
		if after = next; next == "" {
			break
		}
	}
	if l := got["letter-03"]; len(got) != 25 || l.Reason != "not valid JSON" || l.Record != 3 || !bytes.Equal(l.Excerpt, letters[3].Excerpt) {
		t.Errorf("got %d letters, the third with reason %q and %d bytes", len(got), l.Reason, len(l.Excerpt))
	}
	if n, err := b.s.DropLetters(b.ctx, []string{"letter-03", "none"}, "alice", "looked at", b.now); err != nil || n != 1 {
		t.Errorf("drop: got %d, %v", n, err)
	}
	b.pass(31 * 24 * time.Hour)
	if p, err := b.s.Purge(b.ctx, alert.Keeping{}, b.now); err != nil || p.Dead != 24 {
		t.Errorf("purge: got %+v, %v, want 24 dead letters gone", p, err)
	}
	if page, _, err := b.s.Letters(b.ctx, 10, ""); err != nil || len(page) != 0 {
		t.Errorf("after the purge: got %d, %v", len(page), err)
	}
}

func putLetters(t *testing.T, b *bench, ls ...alert.Letter) {
	t.Helper()
	if _, err := b.s.Commit(b.ctx, alert.Batch{Now: b.now, Letters: ls}); err != nil {
		t.Fatal(err)
	}
}
