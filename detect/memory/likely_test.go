package memory_test

import (
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/detect/memory"
)

// TestLikely: of a threshold the hits from half of it to all of it in a short
// time, of values those with another one than before, of first-seen those with a
// value that is new once the time to learn is over, and of the rest none. Of few
// values the first hit is likely, and all after a second value.
func TestLikely(t *testing.T) {
	const minute = int64(60_000)
	l := memory.NewLikely([]*memory.Spec{
		{Kind: memory.Count, Window: 5 * time.Minute, Bounds: memory.AtLeast(6)},
		{Kind: memory.Distinct, Window: 5 * time.Minute, Bounds: memory.AtLeast(6)},
		{Kind: memory.FirstSeen, Window: time.Hour, Warmup: 10 * time.Minute},
		{Kind: memory.Sum, Window: time.Hour, Bounds: memory.AtLeast(6)},
		{Kind: memory.Count, Window: time.Hour, Bounds: memory.AtLeast(1)},
		{Kind: memory.Distinct, Window: 5 * time.Minute, Bounds: memory.AtLeast(3)},
	})
	for i, h := range []struct {
		spec         int
		group, value uint32
		at           int64
		want         bool
	}{
		{0, 1, 0, 0, false}, {0, 1, 0, 1, false}, {0, 2, 0, 1, false}, {0, 1, 0, 2, true}, {0, 1, 0, 5 * minute, true}, {0, 1, 0, 6 * minute, false},
		{0, 3, 0, 0, false}, {0, 3, 0, 1, false}, {0, 3, 0, 2, true}, {0, 3, 0, 3, true}, {0, 3, 0, 4, true}, {0, 3, 0, 5, true}, {0, 3, 0, 6, false},
		{1, 1, 7, 0, false}, {1, 1, 7, 1, false}, {1, 1, 7, 2, false}, {1, 1, 8, 3, false}, {1, 1, 9, 4, true}, {1, 1, 9, 5, false}, {1, 1, 7, 6, false}, {1, 1, 10, 7, true},
		{2, 1, 7, 0, false}, {2, 1, 8, 9 * minute, false}, {2, 1, 9, 10 * minute, true}, {2, 1, 9, 11 * minute, false}, {2, 2, 9, 11 * minute, true},
		{3, 1, 0, 0, false}, {3, 1, 0, 1, false},
		{4, 1, 0, 0, false}, {4, 1, 0, 1, false},
		{5, 1, 7, 0, true}, {5, 1, 7, 1, false}, {5, 1, 8, 2, true}, {5, 1, 7, 1, true}, {5, 2, 7, 2, true}, {5, 1, 8, 9 * minute, true}, {5, 1, 8, 10 * minute, false},
	} {
		if got := l.Hit(h.spec, h.group, h.value, h.at); got != h.want {
			t.Errorf("hit %d of spec %d: %t", i, h.spec, got)
		}
	}
	l.Renew()
	if l.Hit(0, 1, 0, 3) {
		t.Error("a hit counts after Renew")
	}
}
