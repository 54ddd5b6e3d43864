package detect

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
)

// byTexts remembers a value for each combination of the texts of a few fields,
// always as many. Unlike a map of joined texts it is asked without joining them
// first. All keys lie in one piece of memory: records ask every time, and what is
// small and together stays near the processor.
type byTexts[T any] struct {
	slots []textSlot[T] // open addressing; a power of two, at most half of it used
	keys  []byte        // of each slot its texts, each ended by a zero byte, which JSON text has none of
	used  int
}

type textSlot[T any] struct {
	hash  uint64
	key   int // where it begins in keys, plus one; 0 when the slot is free
	value T
}

const leastSlots = 16

// hashKey makes hashes that whoever writes the records cannot foresee.
type hashKey [2]uint64

func newHashKey() hashKey {
	seed := maphash.MakeSeed()
	return hashKey{maphash.String(seed, "a"), maphash.String(seed, "b")}
}

// hashTexts is the hash of some short texts: their words, multiplied one after
// the other into what is kept secret. A few texts of a few words each take less
// time so than a call each of a hash that is made for long ones.
func (k *hashKey) hashTexts(texts [][]byte) uint64 {
	h := k[0]
	for i := range texts {
		h = k.hash(h, texts[i])
	}
	return h
}

func (k *hashKey) hash(h uint64, t []byte) uint64 {
	n := len(t)
	for ; len(t) > 16; t = t[16:] {
		h = multiply(binary.LittleEndian.Uint64(t)^k[1], binary.LittleEndian.Uint64(t[8:])^h)
	}
	var a, b uint64
	switch m := len(t); {
	case m >= 8:
		a, b = binary.LittleEndian.Uint64(t), binary.LittleEndian.Uint64(t[m-8:])
	case m >= 4:
		a, b = uint64(binary.LittleEndian.Uint32(t)), uint64(binary.LittleEndian.Uint32(t[m-4:]))
	case m > 0:
		a = uint64(t[0])<<16 | uint64(t[m/2])<<8 | uint64(t[m-1])
	}
	return multiply(a^k[1]^uint64(n), b^h)
}

func multiply(x, y uint64) uint64 {
	high, low := bits.Mul64(x, y)
	return high ^ low
}

// find is the slot of texts, or the free one where they belong; there is none
// before the first put.
func (t *byTexts[T]) find(h uint64, texts [][]byte) *textSlot[T] {
	if t.slots == nil {
		return nil
	}
	mask := uint64(len(t.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		s := &t.slots[i]
		if s.key == 0 || s.hash == h && holdsTexts(t.keys[s.key-1:], texts) {
			return s
		}
	}
}

// holdsTexts tells whether a key that begins there is of texts.
func holdsTexts(key []byte, texts [][]byte) bool {
	for i := range texts {
		t := texts[i]
		if len(key) <= len(t) || key[len(t)] != 0 || string(key[:len(t)]) != string(t) {
			return false
		}
		key = key[len(t)+1:]
	}
	return true
}

// get is what was put for texts. ok is false when nothing was.
func (t *byTexts[T]) get(h uint64, texts [][]byte) (value T, ok bool) {
	if s := t.find(h, texts); s != nil && s.key != 0 {
		return s.value, true
	}
	return value, false
}

// put remembers value for texts, which are not known.
func (t *byTexts[T]) put(h uint64, texts [][]byte, value T) {
	if 2*(t.used+1) > len(t.slots) {
		t.grow()
	}
	key := len(t.keys) + 1
	for _, x := range texts {
		t.keys = append(append(t.keys, x...), 0)
	}
	t.used++
	*t.find(h, texts) = textSlot[T]{h, key, value}
}

func (t *byTexts[T]) grow() {
	old := t.slots
	t.slots = make([]textSlot[T], max(leastSlots, 2*len(old)))
	mask := uint64(len(t.slots) - 1)
	for _, s := range old {
		if s.key == 0 {
			continue
		}
		i := s.hash & mask
		for t.slots[i].key != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = s
	}
}

// forget empties t.
func (t *byTexts[T]) forget() { *t = byTexts[T]{} }
