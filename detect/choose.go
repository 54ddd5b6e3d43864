package detect

import (
	"encoding/binary"
	"slices"
)

// maxSteps bounds the search for one consistent choice, in leaves looked at.
// Leaves in different elements of one array never meet, and states that failed
// are remembered, so the search stays near the number of leaves on records that
// AWS services write; only arrays side by side whose elements each term could
// take from many of, made on purpose, reach the bound. A search that does is
// taken to succeed: each term is satisfied on its own, and a record made to
// exhaust the engine had better be seen.
const maxSteps = 1 << 20

// remember is the number of steps after which failed states are remembered.
const remember = 512

// choice is the state of one search.
type choice struct {
	m      *Matcher
	terms  []term
	ranges []span
	pins   []pin
	last   map[*byte]int // last term with a leaf in the array
	ids    map[*byte]uint32
	failed map[string]struct{}
	spans  []spans // by term, made when needed
	key    []byte
	steps  int
}

// pin says that leaves in array must sit in element elem.
type pin struct {
	array *byte
	elem  int32
}

func (m *Matcher) consistent(terms []term) bool {
	c := &m.choice
	c.begin(m, terms)
	nested := false
	for i := range terms {
		from, to := m.selected(terms[i].sel)
		c.ranges = append(c.ranges, span{from, to})
		for j := from; j < to; j++ {
			nested = nested || m.found[j].at != noMembership
		}
	}
	if !nested {
		return c.apart()
	}
	return c.search(0)
}

func (c *choice) begin(m *Matcher, terms []term) {
	c.m, c.terms, c.steps = m, terms, 0
	c.ranges, c.pins = c.ranges[:0], c.pins[:0]
	c.last, c.ids, c.failed, c.spans = nil, nil, nil, nil
}

// apart judges terms none of whose leaves sits in an array element.
func (c *choice) apart() bool {
	for i := range c.terms {
		t, r := &c.terms[i], c.ranges[i]
		is := t.absent && r.from == r.to
		for j := r.from; j < r.to && !is && t.check != nil; j++ {
			is = c.m.holds(t.check, &c.m.found[j])
		}
		if !is {
			return false
		}
	}
	return true
}

func (c *choice) search(i int) bool {
	if i == len(c.terms) {
		return true
	}
	if c.steps > remember && c.known(i) {
		return false
	}
	if c.try(i) || c.steps > maxSteps {
		return true
	}
	if c.steps > remember {
		c.known(i) // writes the key anew: deeper searches used the space
		c.failed[string(c.key)] = struct{}{}
	}
	return false
}

func (c *choice) try(i int) bool {
	t := &c.terms[i]
	there := false
	from, to := c.candidates(i)
	for j := from; j < to; j++ {
		c.steps++
		if c.steps > maxSteps {
			return true
		}
		f := &c.m.found[j]
		if !c.agrees(f.at) {
			continue
		}
		there = true
		if t.check == nil || !c.m.holds(t.check, f) {
			continue
		}
		was := len(c.pins)
		c.pin(f.at)
		if c.search(i + 1) {
			return true
		}
		c.pins = c.pins[:was]
	}
	return t.absent && !there && c.search(i+1)
}

func (c *choice) agrees(at int32) bool {
	for ; at != noMembership; at = c.m.memberships[at].parent {
		x := &c.m.memberships[at]
		for _, p := range c.pins {
			if p.array == x.array && p.elem != x.elem {
				return false
			}
		}
	}
	return true
}

func (c *choice) pin(at int32) {
	for ; at != noMembership; at = c.m.memberships[at].parent {
		x := &c.m.memberships[at]
		if p := (pin{x.array, x.elem}); !slices.Contains(c.pins, p) {
			c.pins = append(c.pins, p)
		}
	}
}

// known writes the key of the state before term i, and tells whether that
// state failed before. Pins of arrays that no later term has leaves in do not
// belong to the state.
func (c *choice) known(i int) bool {
	if c.failed == nil {
		c.learn()
	}
	live := make([]uint64, 0, 8)
	for _, p := range c.pins {
		if c.last[p.array] >= i {
			live = append(live, uint64(c.ids[p.array])<<32|uint64(uint32(p.elem)))
		}
	}
	slices.Sort(live)
	c.key = binary.AppendUvarint(c.key[:0], uint64(i))
	for _, x := range live {
		c.key = binary.BigEndian.AppendUint64(c.key, x)
	}
	_, ok := c.failed[string(c.key)]
	return ok
}

func (c *choice) learn() {
	c.failed, c.last, c.ids = map[string]struct{}{}, map[*byte]int{}, map[*byte]uint32{}
	for i, r := range c.ranges {
		for j := r.from; j < r.to; j++ {
			for at := c.m.found[j].at; at != noMembership; at = c.m.memberships[at].parent {
				a := c.m.memberships[at].array
				if _, ok := c.ids[a]; !ok {
					c.ids[a] = uint32(len(c.ids))
				}
				c.last[a] = i
			}
		}
	}
}
