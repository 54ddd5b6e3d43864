package pipeline

import (
	"cmp"
	"slices"
)

// shown is what findings would show of hits of inputs that have few. Their
// records need not be read again when a rule's condition came true. An input
// with many hits is left out as soon as that is known: few of them will be
// shown, and only those that a memory.Likely picks out are kept. What several inputs want of one record is kept once.
type shown struct {
	of     []wanted    // the last is of all inputs that were left out
	events []keptEvent // ascending by place, as hits come in listing order
	texts  [][]byte    // chunks
	size   int         // bytes of events that some input wants
	room   int         // bytes of all that are in texts
}

// wanted is the events that one input wants, by their indexes.
type wanted struct {
	events []int32
	size   int  // bytes
	left   bool // out
}

// keptEvent is what findings show of one record; nobody wants it when wanted is 0.
type keptEvent struct {
	place       place
	chunk, from int32
	size        int32
	wanted      int32 // by so many inputs
}

// Bounds of what is shown.
const (
	shownHits  = 8192     // of one input
	shownBytes = 24 << 20 // of all; the input with most of it goes first
	shownChunk = 1 << 20
	shownLook  = 256 // after so many hits it is looked how many there will be
)

// show tells whether what a finding shows of a further hit is to be kept. done is
// how many of all files were begun: an input that will have far too many hits is
// left out before it has them.
func (s *source) show(done, all int) bool {
	if s.hits.Load() >= shownHits {
		return false
	}
	n := int(s.hits.Add(1))
	if n%shownLook == 0 && n*all > 2*shownHits*done {
		s.leave()
	}
	return n <= shownHits
}

// leave makes show say no from now on.
func (s *source) leave() { s.hits.Store(shownHits) }

// doubt makes show say yes of the first few hits alone: which of many will be
// shown a memory.Likely knows better.
func (s *source) doubt() { s.hits.Store(shownHits - shownLook) }

func (x *shown) add(inputs []source, n int, p place, event []byte) {
	if x.of == nil {
		x.of = make([]wanted, len(inputs)+1)
	}
	switch {
	case x.of[n].left:
		n = len(inputs)
	case inputs[n].hits.Load() >= shownHits:
		x.drop(inputs, n)
		return
	}
	w := &x.of[n]
	if w.left {
		return
	}
	last := len(x.events) - 1
	if last < 0 || x.events[last].place != p {
		x.keep(p, event)
		last++
	}
	e := &x.events[last]
	if e.wanted++; e.wanted == 1 {
		x.size += int(e.size)
	}
	w.events, w.size = append(w.events, int32(last)), w.size+int(e.size)
	for x.size > shownBytes {
		x.drop(inputs, x.largest())
	}
}

func (x *shown) keep(p place, event []byte) {
	i := len(x.texts) - 1
	if i < 0 || cap(x.texts[i])-len(x.texts[i]) < len(event) {
		x.texts = append(x.texts, make([]byte, 0, max(shownChunk, len(event))))
		i++
	}
	x.events = append(x.events, keptEvent{place: p, chunk: int32(i), from: int32(len(x.texts[i])), size: int32(len(event))})
	x.texts[i] = append(x.texts[i], event...)
	x.room += len(event)
}

func (x *shown) largest() (most int) {
	for i := range x.of {
		if x.of[i].size > x.of[most].size {
			most = i
		}
	}
	return most
}

// drop leaves an input out.
func (x *shown) drop(inputs []source, n int) {
	if n < len(inputs) {
		inputs[n].leave()
	}
	for _, i := range x.of[n].events {
		e := &x.events[i]
		if e.wanted--; e.wanted == 0 {
			x.size -= int(e.size)
		}
	}
	x.of[n] = wanted{left: true}
	if x.room > 2*x.size+shownChunk {
		x.tidy()
	}
}

// tidy drops the events that nobody wants any more.
func (x *shown) tidy() {
	old := *x
	x.events, x.texts, x.room = nil, nil, 0
	moved := make([]int32, len(old.events))
	for i := range old.events {
		if e := &old.events[i]; e.wanted > 0 {
			moved[i] = int32(len(x.events))
			x.keep(e.place, old.text(e))
			x.events[moved[i]].wanted = e.wanted
		}
	}
	for i := range x.of {
		for j, n := range x.of[i].events {
			x.of[i].events[j] = moved[n]
		}
	}
}

func (x *shown) text(e *keptEvent) []byte { return x.texts[e.chunk][e.from : e.from+e.size] }

// get is what findings show of the record, nil when it was not kept.
func (x *shown) get(p place) []byte {
	i, ok := slices.BinarySearchFunc(x.events, p, func(e keptEvent, p place) int {
		return cmp.Or(cmp.Compare(e.place.file, p.file), cmp.Compare(e.place.index, p.index))
	})
	if !ok || x.events[i].wanted == 0 {
		return nil
	}
	return x.text(&x.events[i])
}
