package memory

import (
	"encoding/binary"
	"math"
)

// codec writes values to b, or reads them from it: one description of a type
// serves both ways. What cannot be read sets bad and leaves zero values.
type codec struct {
	b       []byte
	src     string // what b is the rest of, if texts may share its memory
	reading bool
	bad     bool
}

func (c *codec) fail() {
	c.bad, c.b = true, nil
}

func (c *codec) int(p *int64) {
	if !c.reading {
		c.b = binary.AppendVarint(c.b, *p)
		return
	}
	v, n := binary.Varint(c.b)
	if n <= 0 {
		c.fail()
		return
	}
	*p, c.b = v, c.b[n:]
}

func (c *codec) uint(p *uint64) {
	if !c.reading {
		c.b = binary.AppendUvarint(c.b, *p)
		return
	}
	v, n := binary.Uvarint(c.b)
	if n <= 0 {
		c.fail()
		return
	}
	*p, c.b = v, c.b[n:]
}

func (c *codec) word(p *uint64) {
	switch {
	case !c.reading:
		c.b = binary.LittleEndian.AppendUint64(c.b, *p)
	case len(c.b) < 8:
		c.fail()
	default:
		*p, c.b = binary.LittleEndian.Uint64(c.b), c.b[8:]
	}
}

func (c *codec) float(p *float64) {
	w := math.Float64bits(*p)
	c.word(&w)
	*p = math.Float64frombits(w)
}

func (c *codec) text(p *string) {
	if !c.reading {
		c.b = appendText(c.b, *p)
		return
	}
	var n uint64
	if c.uint(&n); n > uint64(len(c.b)) {
		c.fail()
		return
	}
	if at := len(c.src) - len(c.b); c.src != "" {
		*p, c.b = c.src[at:at+int(n)], c.b[n:]
		return
	}
	*p, c.b = string(c.b[:n]), c.b[n:]
}

func (c *codec) bool(p *bool) {
	var v uint64
	if *p {
		v = 1
	}
	c.uint(&v)
	*p = v == 1
}

// list describes a list whose items are described by item.
func list[T any](c *codec, p *[]T, item func(*T)) {
	n := uint64(len(*p))
	c.uint(&n)
	if c.reading {
		if n > uint64(len(c.b)) { // each item takes a byte at least
			c.fail()
			return
		}
		*p = nil
		if n > 0 {
			*p = make([]T, n)
		}
	}
	for i := range *p {
		if item(&(*p)[i]); c.bad {
			*p = nil
			return
		}
	}
}

func (c *codec) hit(h *hit) {
	c.int(&h.at)
	c.word(&h.key)
	c.uint(&h.inputs)
	c.int(&h.weight)
	c.float(&h.number)
	c.text(&h.value)
	c.text(&h.ref)
}

// hits describes hits that follow each other: what one has in common with the
// one before it, such as its file, is written once.
func (c *codec) hits(p *[]hit) {
	var last hit
	list(c, p, func(h *hit) { c.hitAfter(h, &last); last = *h })
}

// What flags tell of a hit that is out of the ordinary.
const (
	hasInputs = 1 << iota
	hasWeight
	hasNumber
	hasValue
)

func (c *codec) hitAfter(h, last *hit) {
	flags := h.flags()
	c.uint(&flags)
	since := h.at - last.at
	c.int(&since)
	c.word(&h.key)
	if c.reading {
		h.at, h.inputs, h.weight = last.at+since, 1, 1
	}
	if flags&hasInputs != 0 {
		c.uint(&h.inputs)
	}
	if flags&hasWeight != 0 {
		c.int(&h.weight)
	}
	if flags&hasNumber != 0 {
		c.float(&h.number)
	}
	if flags&hasValue != 0 {
		c.text(&h.value)
	}
	c.ending(&h.ref, last.ref)
}

func (h *hit) flags() (flags uint64) {
	if h.inputs != 1 {
		flags |= hasInputs
	}
	if h.weight != 1 {
		flags |= hasWeight
	}
	if h.number != 0 {
		flags |= hasNumber
	}
	if h.value != "" {
		flags |= hasValue
	}
	return flags
}

// ending describes a text that may end as last does.
func (c *codec) ending(p *string, last string) {
	n := uint64(0)
	for !c.reading && n < uint64(min(len(*p), len(last))) && (*p)[len(*p)-1-int(n)] == last[len(last)-1-int(n)] {
		n++
	}
	c.uint(&n)
	if c.reading && n > uint64(len(last)) {
		c.fail()
		return
	}
	own := (*p)[:max(0, len(*p)-int(n))]
	if c.text(&own); c.reading {
		*p = own + last[len(last)-int(n):]
	}
}

func (c *codec) episode(e *episode) {
	c.int(&e.at)
	c.int(&e.first)
	c.int(&e.last)
	c.int(&e.count)
	c.float(&e.value)
	c.float(&e.low)
	c.float(&e.high)
	c.text(&e.subject)
	c.hit(&e.trigger)
	c.hits(&e.head)
	c.hits(&e.tail)
	list(c, &e.values, func(s *string) { c.text(s) })
	c.int(&e.upto)
	c.int(&e.sure)
}

// optional describes an episode that may be nil.
func (c *codec) optional(p **episode) {
	is := *p != nil
	c.bool(&is)
	if c.reading && is {
		*p = new(episode)
	}
	if is {
		c.episode(*p)
	}
}
