package memory

import (
	"math/bits"
	"slices"
)

// sorter sorts sightings by time; its buffers are used again.
type sorter struct {
	order []uint64
	moved []sighting
}

func (x *sorter) sort(seen []sighting) {
	before := func(a, b sighting) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return 0
	}
	if slices.IsSortedFunc(seen, before) {
		return
	}
	if !x.sortByPlace(seen) {
		slices.SortFunc(seen, before)
	}
}

// sortByPlace sorts by numbers of one word, time above place, which takes half as
// long. It is false when they do not fit.
func (x *sorter) sortByPlace(seen []sighting) bool {
	first, last := seen[0].at, seen[0].at
	for i := range seen {
		first, last = min(first, seen[i].at), max(last, seen[i].at)
	}
	placeBits := bits.Len(uint(len(seen)))
	if bits.Len64(uint64(last-first))+placeBits > 64 {
		return false
	}
	x.order, x.moved = x.order[:0], append(x.moved[:0], seen...)
	for i := range seen {
		x.order = append(x.order, uint64(seen[i].at-first)<<placeBits|uint64(i))
	}
	slices.Sort(x.order)
	for i, o := range x.order {
		seen[i] = x.moved[o&(1<<placeBits-1)]
	}
	return true
}
