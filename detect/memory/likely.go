package memory

import "math"

// Likely guesses of hits, as they come and before anything is judged, which of
// them a detection may name as its trigger. Who keeps what will be shown of those
// has to read fewer records a second time. It may be wrong in both ways, and is
// for one goroutine.
type Likely struct {
	specs []likelySpec
	slots []likelySlot
}

// likelySpec says which hits of a Spec are likely: those that a group has had
// enough before in a short time or, of FirstSeen, those with a value that is new
// to the group, once there was time to learn what is not.
type likelySpec struct {
	kind   Kind
	hits   uint16 // so many within the window; 0 when none is ever likely
	window int64  // milliseconds; of FirstSeen its time to learn
	first  int64  // time of the first hit of FirstSeen
}

// likelySlot is what came of one group of a Spec; another that falls on the slot
// replaces it.
type likelySlot struct {
	at    int64
	key   uint32
	value uint32
	hits  uint16
}

const (
	likelyBits  = 13
	likelyShare = 2 // the part of a detection's hits that one goroutine should see, as the records of a time lie together
)

// NewLikely prepares for hits of specs.
func NewLikely(specs []*Spec) *Likely {
	l := &Likely{make([]likelySpec, len(specs)), make([]likelySlot, 1<<likelyBits)}
	for i, s := range specs {
		switch s.Kind {
		case Count, Distinct:
			if least := s.leastHits(); least > 1 {
				l.specs[i] = likelySpec{kind: s.Kind, hits: uint16(min(max(2, least/likelyShare), 1<<15)), window: s.window()}
			}
		case FirstSeen:
			l.specs[i] = likelySpec{kind: FirstSeen, hits: 1, window: s.Warmup.Milliseconds(), first: math.MaxInt64}
		}
	}
	return l
}

// Renew forgets everything: groups and values get other numbers.
func (l *Likely) Renew() { clear(l.slots) }

// Hit takes a hit, with its group and value as a Lexicon numbers them and its
// time in milliseconds.
func (l *Likely) Hit(spec int, group, value uint32, at int64) bool {
	s := &l.specs[spec]
	if s.hits == 0 {
		return false
	}
	if s.kind == FirstSeen {
		if s.first = min(s.first, at); at-s.first < s.window {
			return false
		}
		slot, tag := l.slot(spec, group, value)
		known := slot.key == tag
		slot.key = tag
		return !known
	}
	slot, tag := l.slot(spec, group, 0)
	switch {
	case slot.key != tag || max(slot.at-at, at-slot.at) > s.window:
		*slot = likelySlot{at, tag, value, 1}
	case s.kind == Count || slot.value != value:
		slot.hits, slot.value = min(slot.hits, 1<<15)+1, value
	default:
		return false // a value that comes again
	}
	return slot.hits >= s.hits
}

func (l *Likely) slot(spec int, group, value uint32) (slot *likelySlot, tag uint32) {
	key := ((uint64(spec)<<32|uint64(group))*0x9e3779b97f4a7c15 ^ uint64(value)) * 0xbf58476d1ce4e5b9
	return &l.slots[key>>(64-likelyBits)], uint32(key) | 1
}
