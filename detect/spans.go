package detect

// spans files the leaves of one term by the element of the outermost array
// that they sit in, so that a search that has settled on an element looks at
// its leaves only.
type spans struct {
	made  bool
	mixed bool // several outermost arrays, leaves outside, or out of order
	array *byte
	at    map[int32][2]int32 // by element: the range of leaves
}

// fewLeaves is the number of leaves up to which a term's are scanned.
const fewLeaves = 16

// candidates is the range of leaves of term i that can agree with the pins.
func (c *choice) candidates(i int) (from, to int32) {
	r := c.ranges[i]
	if r.to-r.from <= fewLeaves {
		return r.from, r.to
	}
	if c.spans == nil {
		c.spans = make([]spans, len(c.terms))
	}
	s := &c.spans[i]
	if !s.made {
		s.file(c.m, r)
	}
	if s.mixed {
		return r.from, r.to
	}
	for _, p := range c.pins {
		if p.array == s.array {
			x := s.at[p.elem]
			return x[0], x[1]
		}
	}
	return r.from, r.to
}

func (s *spans) file(m *Matcher, r span) {
	s.made, s.at = true, map[int32][2]int32{}
	for j := r.from; j < r.to; j++ {
		p := m.outermost(m.found[j].at)
		if j == r.from {
			s.array = p.array
		}
		x, met := s.at[p.elem]
		if p.array == nil || p.array != s.array || met && x[1] != j {
			s.mixed = true
			return
		}
		if !met {
			x[0] = j
		}
		x[1] = j + 1
		s.at[p.elem] = x
	}
}

func (m *Matcher) outermost(at int32) pin {
	p := pin{}
	for ; at != noMembership; at = m.memberships[at].parent {
		p = pin{m.memberships[at].array, m.memberships[at].elem}
	}
	return p
}
