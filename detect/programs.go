package detect

import (
	"hash/maphash"
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

// hashTexts is a hash that whoever writes the records cannot foresee.
func hashTexts(seed maphash.Seed, texts [][]byte) uint64 {
	h := uint64(len(texts))
	for _, t := range texts {
		h = (h<<7 | h>>57) * 0x9e3779b97f4a7c15
		h ^= maphash.Bytes(seed, t)
	}
	return h
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
