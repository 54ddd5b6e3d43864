package memory

import (
	"bytes"
	"hash/maphash"
)

// interned gives texts numbers, without a pointer for each of millions of them.
type interned struct {
	seed   maphash.Seed
	text   []byte   // all texts, one behind the other
	ends   []int64  // of each text
	hashes []uint64 // of each text
	slots  []uint32 // number plus one, by hash; a power of two
	recent [4]uint32
	next   int
}

func newInterned() *interned { return &interned{seed: maphash.MakeSeed()} }

func (t *interned) len() int { return len(t.ends) }

// bytes is the memory that t takes, about.
func (t *interned) bytes() int { return cap(t.text) + 16*cap(t.ends) + 4*len(t.slots) }

func (t *interned) at(n uint32) []byte {
	from := int64(0)
	if n > 0 {
		from = t.ends[n-1]
	}
	return t.text[from:t.ends[n]]
}

// number is the text's number. Those of the record in hand come again and again.
func (t *interned) number(text []byte) uint32 {
	for _, n := range t.recent {
		if int(n) < len(t.ends) && bytes.Equal(t.at(n), text) {
			return n
		}
	}
	n := t.find(text)
	t.recent[t.next] = n
	t.next = (t.next + 1) % len(t.recent)
	return n
}

func (t *interned) find(text []byte) uint32 {
	if 2*len(t.ends) >= len(t.slots) {
		t.grow()
	}
	h := maphash.Bytes(t.seed, text)
	mask := uint64(len(t.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		n := t.slots[i]
		if n == 0 {
			t.slots[i] = uint32(len(t.ends) + 1)
			t.text = append(t.text, text...)
			t.ends = append(t.ends, int64(len(t.text)))
			t.hashes = append(t.hashes, h)
			return uint32(len(t.ends) - 1)
		}
		if t.hashes[n-1] == h && bytes.Equal(t.at(n-1), text) {
			return n - 1
		}
	}
}

func (t *interned) grow() {
	t.slots = make([]uint32, max(64, 2*len(t.slots)))
	mask := uint64(len(t.slots) - 1)
	for n, h := range t.hashes {
		i := h & mask
		for t.slots[i] != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = uint32(n + 1)
	}
}
