package detect

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"strings"
)

// programs remembers programs by the texts of a few fields. Unlike a map of
// joined texts it is asked without joining them first.
type programs struct {
	slots []programSlot // open addressing; a power of two, at most half of it used
	used  int
}

type programSlot struct {
	hash uint64
	key  string // the texts, each ended by a zero byte, which JSON text has none of
	left *program
}

const leastPrograms = 16

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
	for _, t := range texts {
		h = k.hash(h, t)
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
func (t *programs) find(h uint64, texts [][]byte) *programSlot {
	if t.slots == nil {
		return nil
	}
	mask := uint64(len(t.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		s := &t.slots[i]
		if s.key == "" || s.hash == h && s.holds(texts) {
			return s
		}
	}
}

func (s *programSlot) holds(texts [][]byte) bool {
	key := s.key
	for _, t := range texts {
		if len(key) <= len(t) || key[len(t)] != 0 || key[:len(t)] != string(t) {
			return false
		}
		key = key[len(t)+1:]
	}
	return key == ""
}

// get is what is left of the rules for texts. ok is false when that is not
// known; nil means that no rule is left.
func (t *programs) get(h uint64, texts [][]byte) (left *program, ok bool) {
	if s := t.find(h, texts); s != nil && s.key != "" {
		return s.left, true
	}
	return nil, false
}

// put remembers left for texts, which are not known.
func (t *programs) put(h uint64, texts [][]byte, left *program) {
	if 2*(t.used+1) > len(t.slots) {
		t.grow()
	}
	var key strings.Builder
	for _, x := range texts {
		key.Write(x)
		key.WriteByte(0)
	}
	t.used++
	*t.find(h, texts) = programSlot{h, key.String(), left}
}

func (t *programs) grow() {
	old := t.slots
	t.slots = make([]programSlot, max(leastPrograms, 2*len(old)))
	mask := uint64(len(t.slots) - 1)
	for _, s := range old {
		if s.key == "" {
			continue
		}
		i := s.hash & mask
		for t.slots[i].key != "" {
			i = (i + 1) & mask
		}
		t.slots[i] = s
	}
}

// forget empties t.
func (t *programs) forget() { *t = programs{} }
