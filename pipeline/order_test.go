package pipeline

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// Whatever the workers' speed, batches arrive by file and within a file in the
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
					if o.put(f, b, p == n-1) != nil {
						return
					}
				}
			}
		})
	}
	wg.Wait()
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
