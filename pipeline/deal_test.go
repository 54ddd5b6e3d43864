package pipeline

import (
	"context"
	"io"
	"math/rand/v2"
	"testing"
)

// Whatever is given back, each entry is dealt once, the first ones first, and what
// is no plain file is dealt alone.
func TestDealerDealsEachEntryOnce(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 7))
		d := &dealer{entries: oddListing(r), workers: 1 + r.IntN(4), single: r.IntN(8) == 0}
		dealt := make([]bool, len(d.entries))
		for {
			s := d.deal(r.IntN(4) > 0)
			if s.first == s.end {
				break
			}
			checkStretch(t, d, dealt, s)
			kept := s.first + 1 + r.IntN(s.end-s.first)
			for i := s.first; i < kept; i++ {
				dealt[i] = true
			}
			d.giveBack(stretch{kept, s.end})
		}
		for i, is := range dealt {
			if !is {
				t.Fatalf("seed %d: entry %d of %d was never dealt", seed, i, len(dealt))
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func checkStretch(t *testing.T, d *dealer, dealt []bool, s stretch) {
	t.Helper()
	for i, is := range dealt[:s.end] {
		if is != (i < s.first) {
			t.Errorf("%v: entry %d was dealt: %v", s, i, is)
		}
	}
	n := s.end - s.first
	if n > longestStretch || n > 1 && d.single {
		t.Errorf("%v is too long", s)
	}
	for i := s.first; i < s.end; i++ {
		if n > 1 && !d.entries[i].plain() {
			t.Errorf("%v: entry %d is no plain file", s, i)
		}
	}
}

func oddListing(r *rand.Rand) []entry {
	odd := []entry{
		{path: Stdin}, {path: "pipe", waits: true}, {path: "missing", fault: "no such file"},
		{path: "object", fetch: func(context.Context) (io.ReadCloser, error) { return nil, io.EOF }},
	}
	list := make([]entry, r.IntN(300))
	for i := range list {
		list[i].path = "file.json"
		if n := r.IntN(40); n < len(odd) {
			list[i] = odd[n]
		}
	}
	return list
}
