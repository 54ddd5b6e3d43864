package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
)

// testSwap is for stores that are alert.Swappers.
func testSwap(t *testing.T, h Harness) {
	b := newBench(t, h, toPager())
	one, ok := b.s.(alert.Swapper)
	if !ok {
		t.Skip("this store is no alert.Swapper")
	}
	two := h.Again(t, b.s, b.policy.Load).(alert.Swapper)
	for race := range 20 {
		swapRace(t, b, fmt.Sprint("claim/", race), one, two)
	}
	for _, c := range []struct {
		name      string
		old, data []byte
		want      bool
	}{
		{"what is there is not nothing", nil, []byte(`{"at":2}`), false},
		{"what is there is not something else", []byte(`{"at":9}`), []byte(`{"at":2}`), false},
		{"what is there gives way", []byte(`{"at":1}`), []byte(`{"at":2}`), true},
		{"it can be forgotten", []byte(`{"at":2}`), nil, true},
		{"what is gone is nothing", []byte(`{"at":2}`), []byte(`{"at":3}`), false},
		{"and may come back", nil, []byte(`{"at":1}`), true},
	} {
		if got, err := one.Swap(b.ctx, "claim/0", c.old, c.data); err != nil || got != c.want {
			t.Errorf("%s: %t, %v, want %t", c.name, got, err, c.want)
		}
	}
	if _, err := b.s.Purge(b.ctx, alert.Keeping{}, time.UnixMilli(1).Add(8*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got, err := b.s.Load(b.ctx, "claim/0"); err != nil || got != nil {
		t.Errorf("after a purge: %q, %v, want nothing", got, err)
	}
}

// swapRace has many put the first data of a name at once.
func swapRace(t *testing.T, b *bench, name string, stores ...alert.Swapper) {
	t.Helper()
	var won atomic.Int32
	var all sync.WaitGroup
	for i := range 2 * len(stores) {
		all.Go(func() {
			done, err := stores[i%len(stores)].Swap(b.ctx, name, nil, []byte(`{"at":1}`))
			if err != nil {
				t.Error(err)
			}
			if done {
				won.Add(1)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 {
		t.Fatalf("%s: %d won, want one", name, won.Load())
	}
}

// testTurn: of many who ask at once one is told that it is its turn, and nobody
// before the interval is over; clocks that differ by less
// change nothing, and one that was wrong by more keeps nobody from it.
func testTurn(t *testing.T, h Harness) {
	b := newBench(t, h, toPager())
	if _, ok := b.s.(alert.Swapper); !ok {
		t.Skip("this store is no alert.Swapper")
	}
	other := h.Again(t, b.s, b.policy.Load)
	turns := func() int32 {
		var won atomic.Int32
		var all sync.WaitGroup
		for i := range 4 {
			all.Go(func() {
				mine, err := alert.Turn(b.ctx, []alert.Store{b.s, other}[i%2], "purge", time.Hour, b.now)
				if err != nil {
					t.Error(err)
				}
				if mine {
					won.Add(1)
				}
			})
		}
		all.Wait()
		return won.Load()
	}
	for _, c := range []struct {
		passes time.Duration
		want   int32
	}{{0, 1}, {0, 0}, {time.Hour - time.Millisecond, 0}, {time.Millisecond, 1}, {-24 * time.Hour, 1}, {time.Minute, 0}, {-30 * time.Minute, 0}} {
		if b.pass(c.passes); turns() != c.want {
			t.Errorf("after %v: not %d of those who asked", c.passes, c.want)
		}
	}
}
