package pipeline

import (
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// Whatever the workers' speed, batches arrive by stretch and within a stretch in the
// order in which they were put, and what waits stays within the bound.
func TestOrderKeepsListingOrder(t *testing.T) {
	const files, workers, limit = 200, 7, 4096
	for seed := range uint64(20) {
		var got []int
		o := newOrder(limit, func(b *batch) error {
			got = append(got, b.hits[0].record)
			return nil
		})
		runWorkers(o, files, workers, seed)
		want := make([]int, 0, len(got))
		for f := range files {
			for p := range parts(seed, f) {
				want = append(want, f*100+p)
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d: order %v", seed, got)
		}
		if o.bytes != 0 || len(o.waiting) != 0 {
			t.Errorf("seed %d: %d bytes of %d files are left", seed, o.bytes, len(o.waiting))
		}
	}
}

func parts(seed uint64, file int) int {
	return 1 + rand.New(rand.NewPCG(seed, uint64(file))).IntN(5)
}

// entriesEach is how many entries of a listing make up a stretch.
const entriesEach = 3

func runWorkers(o *order, files, workers int, seed uint64) {
	var taken atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for {
				f := int(taken.Add(1)) - 1
				if f >= files {
					return
				}
				n := parts(seed, f)
				for p := range n {
					b := &batch{hits: []hit{{record: f*100 + p}}, lines: make([]byte, 700)}
					done := 0
					if p == n-1 {
						done = entriesEach
					}
					if o.put(f*entriesEach, b, done) != nil {
						return
					}
				}
			}
		})
	}
	wg.Wait()
}

// When entries will never come nobody waits for them, and what was found behind them
// is handed on in order.
func TestOrderHandsOnWhatIsLeft(t *testing.T) {
	var got []int
	o := newOrder(1, func(b *batch) error {
		got = append(got, b.hits[0].record)
		return nil
	})
	var wg sync.WaitGroup
	for _, i := range []int{7, 3, 5, 4} {
		wg.Go(func() {
			if err := o.put(i, &batch{hits: []hit{{record: i}}}, i%2); err != nil {
				t.Error(err)
			}
		})
	}
	o.end()
	wg.Wait()
	o.rest()
	if want := []int{3, 4, 5, 7}; !slices.Equal(got, want) {
		t.Errorf("got %v; want %v", got, want)
	}
}

// A batch that waits is held in about the memory that it needs, whatever the size of
// those before it: else each would grow to what the largest file once needed.
func TestOrderKeepsSmallBatchesSmall(t *testing.T) {
	o := newOrder(64<<20, func(*batch) error { return nil })
	for round := range 20 {
		first := o.next
		for i := 1; i < 40; i++ { // those behind the first wait for it
			size := 1000
			if i == 1+round%39 {
				size = 200_000
			}
			if err := o.put(first+i, &batch{lines: make([]byte, size)}, 1); err != nil {
				t.Fatal(err)
			}
		}
		if most := 39*2000 + 3*200_000; o.bytes > most {
			t.Fatalf("round %d: %d bytes wait; want at most %d", round, o.bytes, most)
		}
		if err := o.put(first, &batch{}, 1); err != nil {
			t.Fatal(err)
		}
		if o.bytes != 0 || o.kept[0] > smallSpare || o.kept[1] > maxSpare {
			t.Fatalf("round %d: %d bytes wait, %d are kept", round, o.bytes, o.kept)
		}
	}
}

// A worker does not wait while entries that were given back are to be read, however
// much waits: they may be what is next, and nobody else may be there to read them.
func TestOrderLetsReadWhatWasGivenBack(t *testing.T) {
	const limit = 1000
	var given atomic.Bool
	o := newOrder(limit, func(*batch) error { return nil })
	o.given = given.Load
	ahead := make(chan error)
	go func() { ahead <- o.put(16, &batch{lines: make([]byte, 2*limit)}, 16) }() // waits for what is before it
	for waits := false; !waits; runtime.Gosched() {
		o.mu.Lock()
		waits = o.bytes > limit
		o.mu.Unlock()
	}
	given.Store(true)
	if err := o.put(0, &batch{}, 3); err != nil { // of 16 entries: 13 were given back
		t.Fatal(err)
	}
	given.Store(false)
	if err := o.put(3, &batch{}, 13); err != nil {
		t.Fatal(err)
	}
	if err := <-ahead; err != nil || o.next != 32 || o.bytes != 0 {
		t.Errorf("error %v; next is %d, %d bytes wait; want 32 and none", err, o.next, o.bytes)
	}
}

// An error of the receiver ends every worker, also those that wait.
func TestOrderStopsOnError(t *testing.T) {
	full := errors.New("disk full")
	n := 0
	o := newOrder(1000, func(*batch) error {
		if n++; n == 30 {
			return full
		}
		return nil
	})
	runWorkers(o, 200, 5, 3)
	if !errors.Is(o.err, full) || n != 30 {
		t.Errorf("error %v after %d batches; want %v after 30", o.err, n, full)
	}
}
