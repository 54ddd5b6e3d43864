package memory

import (
	"hash/maphash"
	"math"
	"strings"
)

// interned gives texts numbers, without a pointer for each of millions of them.
type interned struct {
	seed maphash.Seed
	text strings.Builder // all texts, one behind the other: parts of it are had without copying
	ends []uint32        // where each text begins, and the last one ends
	// slots hold 32 bits of a text's hash above its number plus one, so that
	// a text which is not the one looked for is hardly ever compared.
	slots []uint64 // a power of two
}

func newInterned() *interned { return &interned{seed: maphash.MakeSeed(), ends: []uint32{0}} }

func (t *interned) len() int { return len(t.ends) - 1 }

// full tells that there is no room for longer texts to come.
func (t *interned) full() bool { return t.text.Len() > math.MaxUint32/2 || t.len() >= mostLogged }

// bytes is the memory that t takes, about.
func (t *interned) bytes() int { return t.text.Cap() + 4*cap(t.ends) + 8*len(t.slots) }

func (t *interned) at(n uint32) string { return t.text.String()[t.ends[n]:t.ends[n+1]] }

// number is the text's number.
func (t *interned) number(text []byte) uint32 {
	if 2*t.len() >= len(t.slots) {
		t.grow()
	}
	tag := uint32(maphash.Bytes(t.seed, text))
	mask := uint32(len(t.slots) - 1)
	for i := tag & mask; ; i = (i + 1) & mask {
		slot := t.slots[i]
		if slot == 0 {
			n := uint32(t.len())
			t.slots[i] = uint64(tag)<<32 | uint64(n+1)
			t.text.Write(text)
			t.ends = append(t.ends, uint32(t.text.Len()))
			return n
		}
		if n := uint32(slot) - 1; uint32(slot>>32) == tag && t.at(n) == string(text) {
			return n
		}
	}
}

func (t *interned) grow() {
	old := t.slots
	t.slots = make([]uint64, max(64, 2*len(old)))
	mask := uint32(len(t.slots) - 1)
	for _, slot := range old {
		if slot == 0 {
			continue
		}
		i := uint32(slot>>32) & mask
		for t.slots[i] != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = slot
	}
}
