package memory

import (
	"encoding/binary"
	"hash/maphash"
	"unsafe"
)

// interned gives texts numbers, without a pointer for each of millions of them.
// The texts lie in chunks, which are never moved: what grows by being copied
// takes three times its size, and memory that is new to a process costs as much
// as writing to it.
type interned struct {
	seed   maphash.Seed
	chunks [][]byte // of these lengths from the beginning; a text is its length, then its bytes
	left   []byte   // the free part of the last one
	room   int      // bytes of all chunks
	starts column[uint32]
	// slots hold 32 bits of a text's hash above its number plus one, so that
	// a text which is not the one looked for is hardly ever compared.
	slots []uint64 // a power of two
}

// Where a text starts is its chunk's number above its place in it. A text that is
// longer than a chunk has one of its own.
const (
	textBits    = 16
	leastChunk  = 1 << 10
	growing     = 6 // chunks, each twice as long as the one before
	mostChunk   = leastChunk << growing
	mostChunks  = 1 << (32 - textBits - 1)
	textMask    = mostChunk - 1
	lengthBytes = binary.MaxVarintLen32
)

func newInterned() *interned { return &interned{seed: maphash.MakeSeed()} }

func (t *interned) len() int { return t.starts.len() }

// full tells that there is no room for longer texts to come.
func (t *interned) full() bool { return len(t.chunks) > mostChunks || t.len() >= mostLogged }

// bytes is the memory that t takes, about.
func (t *interned) bytes() int { return t.room + 4*t.starts.size() + 8*len(t.slots) }

func (t *interned) at(n uint32) string { return textAt(t.chunks, t.starts.at(n)) }

// textAt is the text that starts there. It shares the chunk's memory, to which
// nothing is written a second time.
func textAt(chunks [][]byte, start uint32) string {
	b := chunks[start>>textBits][start&textMask:]
	length, n := int(b[0]), 1
	if length >= 0x80 {
		long, m := binary.Uvarint(b)
		length, n = int(long), m
	}
	return unsafe.String(unsafe.SliceData(b[n:]), length)
}

// number is the text's number.
func (t *interned) number(text []byte) uint32 {
	return t.numberOf(unsafe.String(unsafe.SliceData(text), len(text)))
}

func (t *interned) numberOf(text string) uint32 {
	if 2*t.len() >= len(t.slots) {
		t.grow()
	}
	tag := uint32(maphash.String(t.seed, text))
	mask := uint32(len(t.slots) - 1)
	for i := tag & mask; ; i = (i + 1) & mask {
		slot := t.slots[i]
		if slot == 0 {
			n := uint32(t.len())
			t.slots[i] = uint64(tag)<<32 | uint64(n+1)
			t.add(text)
			return n
		}
		if n := uint32(slot) - 1; uint32(slot>>32) == tag && t.at(n) == text {
			return n
		}
	}
}

// add copies a text that is new.
func (t *interned) add(text string) {
	if len(t.left) < len(text)+lengthBytes {
		size := max(leastChunk<<min(len(t.chunks), growing), len(text)+lengthBytes)
		t.left = make([]byte, size)
		t.chunks = append(t.chunks, t.left)
		t.room += size
	}
	last := len(t.chunks) - 1
	t.starts.add(uint32(last)<<textBits | uint32(len(t.chunks[last])-len(t.left)))
	n := binary.PutUvarint(t.left, uint64(len(text)))
	t.left = t.left[n+copy(t.left[n:], text):]
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
