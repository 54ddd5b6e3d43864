package memory

import (
	"encoding/binary"
	"slices"
)

// Most groups are of somebody who did nothing out of the ordinary. What their
// hits need for a detection is looked for before they are read as a whole.

// mayHold is false when the hits of p cannot make s hold; buf is used again.
func (s *Spec) mayHold(p *pile, f form, buf *[]int64) bool {
	switch s.Kind {
	case Ordered:
		return s.allSteps(p, f)
	case Count, Distinct:
		n, ok := s.enough()
		return !ok || n < 2 || s.AtClose() || s.crowdedPile(p, f, n, buf)
	}
	return true
}

// allSteps tells whether each step of a sequence has a hit at all.
func (s *Spec) allSteps(p *pile, f form) bool {
	var has, want uint64
	for _, in := range s.Steps {
		want |= 1 << in
	}
	for q := p; q != nil && has&want != want; q = q.more {
		f.skim(q.buf, func(_ int64, inputs uint64) { has |= inputs })
	}
	return has&want == want
}

func (s *Spec) crowdedPile(p *pile, f form, n int, buf *[]int64) bool {
	times := (*buf)[:0]
	for q := p; q != nil; q = q.more {
		f.skim(q.buf, func(at int64, _ uint64) { times = append(times, at+q.base) })
	}
	*buf = times
	return s.crowded(times, n)
}

// crowded tells whether some window has n of the times, which it sorts.
func (s *Spec) crowded(times []int64, n int) bool {
	if !slices.IsSorted(times) {
		slices.Sort(times)
	}
	for i := n - 1; i < len(times); i++ {
		if times[i]-times[i-n+1] <= s.window() {
			return true
		}
	}
	return false
}

// skim reads of hits that appendHit wrote only the times, relative, and the
// inputs.
func (f form) skim(b []byte, see func(at int64, inputs uint64)) {
	for len(b) > 0 {
		at, n := binary.Varint(b)
		if n <= 0 || len(b) < n+8 {
			return
		}
		b = b[n+8:] // the key
		inputs := uint64(1)
		if f.inputs {
			inputs, n = binary.Uvarint(b)
			b = b[max(n, 0):]
		}
		if f.weights {
			_, n = binary.Varint(b)
			b = b[max(n, 0):]
		}
		if f.numbers {
			b = b[min(8, len(b)):]
		}
		if f.values {
			b = skipText(b)
		}
		b = skipText(b)
		see(at, inputs)
	}
}

func skipText(b []byte) []byte {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return nil
	}
	return b[n+int(size):]
}
