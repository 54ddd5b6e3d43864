package memory

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"math"
	"slices"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// Hit is one record that matched one input of a Spec, as Reading makes it.
type Hit struct {
	Spec, Input int // places in the list of Specs and in Spec.Inputs
	At          time.Time
	Key         cloudtrail.Key // identity of the record: a repeated one changes nothing
	Group       []byte         // values of the group's fields, see AppendValue
	Value       []byte         // text that is counted or compared
	Number      float64
	// Ref is what the caller needs to find the record again; detections hand it
	// back. At most a few hundred bytes: it is kept for each hit.
	Ref []byte
}

// hit is a Hit in its group.
type hit struct {
	at     int64  // milliseconds of Unix time
	key    uint64 // of the record
	inputs uint64 // those that the record matched
	weight int64  // records that this one stands for
	number float64
	value  string // behind what it carries, see Carry
	ref    string
}

// hit is x as groups of s keep it: what s does not look at is left out. ref is
// x.Ref, which hits of one record share.
func (s *Spec) hit(x *Hit, ref string) hit {
	h := hit{at: x.At.UnixMilli(), key: foldKey(x.Key), inputs: 1 << x.Input, weight: 1, ref: ref}
	if s.valued() || s.carried() != nil {
		h.value = string(x.Value)
	}
	if s.numbered() {
		h.number = x.Number
	}
	return h
}

func foldKey(k cloudtrail.Key) uint64 {
	a, b := binary.LittleEndian.Uint64(k[:8]), binary.LittleEndian.Uint64(k[8:])
	return a*0x9e3779b97f4a7c15 ^ b
}

func (a *hit) before(b *hit) int {
	if a.at != b.at {
		return cmp.Compare(a.at, b.at)
	}
	return cmp.Compare(a.key, b.key)
}

func (a *hit) beforeText(b *hit) int {
	return cmp.Or(cmp.Compare(a.value, b.value), cmp.Compare(a.ref, b.ref), cmp.Compare(a.number, b.number))
}

// merging is how hits of one record are put together.
type merging bool

// Hits of one record are one hit with all its inputs, unless each input has a
// number of its own: two metric filters that publish one metric may take their
// values from different fields, and CloudWatch counts both. Then a hit is of one
// input, and those of one record stand together.
const (
	inOne merging = false
	apart merging = true
)

// merging is how s puts hits together.
func (s *Spec) merging() merging {
	return merging(s.Kind == Alarm && len(s.Inputs) > 1 && slices.ContainsFunc(s.Inputs, func(in Input) bool { return in.Number != nil }))
}

// same tells whether two hits are put together.
func (m merging) same(a, b *hit) bool {
	return a.at == b.at && a.key == b.key && (m == inOne || a.inputs == b.inputs)
}

// before is the order in which hits are put together.
func (m merging) before(a, b *hit) int {
	c := a.before(b)
	if m == apart {
		c = cmp.Or(c, cmp.Compare(a.inputs, b.inputs))
	}
	return c
}

func (m merging) sort(hits []hit) {
	slices.SortFunc(hits, func(a, b hit) int {
		if c := m.before(&a, &b); c != 0 {
			return c
		}
		return a.beforeText(&b) // seldom, and takes longer
	})
}

// sorted puts hits into order and joins those of one record. A record that was
// filed twice keeps the reference that sorts first, so that the result does not
// depend on the order.
func (m merging) sorted(hits []hit) []hit {
	m.sort(hits)
	return m.joined(hits)
}

// sortedInstants is sorted of hits that are in order of time already.
func (m merging) sortedInstants(hits []hit) []hit {
	for i := 0; i < len(hits); {
		j := i + 1
		for j < len(hits) && hits[j].at == hits[i].at {
			j++
		}
		if j-i > 1 {
			m.sort(hits[i:j])
		}
		i = j
	}
	return m.joined(hits)
}

// joined joins the hits that are put together.
func (m merging) joined(hits []hit) []hit {
	out := hits[:0]
	for _, h := range hits {
		if n := len(out); n > 0 && m.same(&out[n-1], &h) {
			out[n-1].inputs |= h.inputs
			if out[n-1].value == "" { // of an input that has none
				out[n-1].value = h.value
			}
			continue
		}
		out = append(out, h)
	}
	return out
}

// keyOf makes a record's identity of a detection's.
func keyOf(id string) (k cloudtrail.Key) {
	_, _ = hex.Decode(k[:], []byte(id[:min(len(id), 2*len(k))])) // an ID is hex
	return k
}

// form is how the hits of one Spec are written: only what differs among them.
type form struct {
	inputs, weights, values, numbers bool
	steps                            bool // it is inputs that matter first
}

func (s *Spec) form() form {
	carries := s.carried() != nil
	return form{len(s.Inputs) > 1 || s.Kind == Alarm, s.thins(), s.valued() || carries, s.numbered(), s.Kind == Ordered || carries && s.Kind != Distinct}
}

// appendHit writes h; times are relative to base.
func (f form) appendHit(dst []byte, h *hit, base int64) []byte {
	dst = f.appendNumbers(dst, h, base)
	if f.values {
		dst = appendText(dst, h.value)
	}
	return appendText(dst, h.ref)
}

func (f form) appendNumbers(dst []byte, h *hit, base int64) []byte {
	dst = binary.AppendVarint(dst, h.at-base)
	dst = binary.LittleEndian.AppendUint64(dst, h.key)
	if f.inputs {
		dst = binary.AppendUvarint(dst, h.inputs)
	}
	if f.weights {
		dst = binary.AppendVarint(dst, h.weight)
	}
	if f.numbers {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(h.number))
	}
	return dst
}

func appendText[T string | []byte](dst []byte, s T) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// readHits reads what appendHit wrote; it stops at the first thing that it did
// not write.
func (f form) readHits(into []hit, b []byte, base int64) []hit {
	c := codec{b: b, src: string(b), reading: true}
	for len(c.b) > 0 && !c.bad {
		h := hit{inputs: 1, weight: 1}
		c.int(&h.at)
		c.word(&h.key)
		if f.inputs {
			c.uint(&h.inputs)
		}
		if f.weights {
			c.int(&h.weight)
		}
		if f.numbers {
			c.float(&h.number)
		}
		if f.values {
			c.text(&h.value)
		}
		c.text(&h.ref)
		h.at += base
		if !c.bad {
			into = append(into, h)
		}
	}
	return into
}
