package pipeline

import "bytes"

// shown is what findings would show of hits of inputs that have few. Their
// records need not be read again when a rule's condition came true. An input
// with many hits is left out as soon as that is known: few of them will be
// shown.
type shown struct {
	of    []map[place][]byte // by number of the input; nil before the first and when left out
	sizes []int              // bytes of each
	size  int
}

// Bounds of what is shown.
const (
	shownHits  = 2048     // of one input
	shownBytes = 16 << 20 // of all; the input with most of it goes first
)

// show tells whether what a finding shows of a further hit is to be kept.
func (s *source) show() bool { return s.hits.Load() < shownHits && s.hits.Add(1) <= shownHits }

// leave makes show say no from now on.
func (s *source) leave() { s.hits.Store(shownHits) }

func (x *shown) add(inputs []source, n int, p place, event []byte) {
	if len(x.sizes) < len(x.of) {
		x.sizes = make([]int, len(x.of))
	}
	if x.sizes[n] < 0 {
		return // left out
	}
	if x.of[n] == nil {
		x.of[n] = map[place][]byte{}
	}
	x.of[n][p] = bytes.Clone(event)
	x.size += len(event)
	x.sizes[n] += len(event)
	if len(x.of[n]) == shownHits {
		x.drop(inputs, n)
	}
	if x.size <= shownBytes {
		return
	}
	most := 0
	for i, size := range x.sizes {
		if size > x.sizes[most] {
			most = i
		}
	}
	x.drop(inputs, most)
}

func (x *shown) drop(inputs []source, n int) {
	inputs[n].leave()
	x.size -= x.sizes[n]
	x.of[n], x.sizes[n] = nil, -1
}

func (x *shown) get(p place) []byte {
	for _, m := range x.of {
		if event := m[p]; event != nil {
			return event
		}
	}
	return nil
}
