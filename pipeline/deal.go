package pipeline

import (
	"slices"
	"sync"
)

// A stretch is neighbours in the listing, from entry first to before end, that one
// worker reads one after the other and whose findings it hands on together. What
// handing on costs is more than a tenth of reading a file with a handful of
// records, and such files come by the thousand.
type stretch struct{ first, end int }

const (
	longestStretch = 16
	// smallFile is the size in bytes, as stored, below which a file is small.
	smallFile = 64 << 10
	// shares is how many stretches for each worker are left at the least when one
	// is dealt, so that all end at about the same time.
	shares = 4
)

// dealer deals the entries of a listing out to workers: to each the first ones that
// nobody has, or the order of hand-over could make all wait for entries that are
// still to be dealt.
type dealer struct {
	entries []entry
	workers int
	single  bool // each entry is a stretch of its own

	mu   sync.Mutex
	next int       // from here on nobody had any
	back []stretch // given back, the first ones last
}

// deal is the next stretch, and empty when there are none left. It has several
// entries when files are likely to be small.
func (d *dealer) deal(small bool) stretch {
	d.mu.Lock()
	defer d.mu.Unlock()
	if last := len(d.back) - 1; last >= 0 {
		s := d.back[last]
		d.back = d.back[:last]
		n := d.length(s, small)
		d.putBack(stretch{s.first + n, s.end})
		return stretch{s.first, s.first + n}
	}
	s := stretch{d.next, len(d.entries)}
	s.end = s.first + d.length(s, small)
	d.next = s.end
	return s
}

// length is how many of the first entries of s make up a stretch.
func (d *dealer) length(s stretch, small bool) int {
	most := min(1, s.end-s.first)
	if small && !d.single {
		most = min(s.end-s.first, longestStretch, max(1, (len(d.entries)-d.next)/(shares*d.workers)))
	}
	n := 0
	for n < most && d.entries[s.first+n].plain() {
		n++
	}
	return max(n, min(1, most))
}

// given tells whether something was given back that nobody has.
func (d *dealer) given() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.back) > 0
}

// giveBack returns what a worker does not read of its stretch.
func (d *dealer) giveBack(s stretch) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.putBack(s)
}

func (d *dealer) putBack(s stretch) {
	if s.first == s.end {
		return
	}
	d.back = append(d.back, s)
	slices.SortFunc(d.back, func(a, b stretch) int { return b.first - a.first })
}

// plain tells a file that lies here.
func (e *entry) plain() bool { return e.fault == "" && e.fetch == nil && !e.stream() }
