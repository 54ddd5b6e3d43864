package memory

import (
	"math"
	"math/bits"
)

// Likely guesses of hits, as they come and before anything is judged, which of
// them a detection may name as its trigger. Who keeps what will be shown of those
// has to read fewer records a second time. It may be wrong in both ways, and is
// for one goroutine.
type Likely struct {
	specs []likelySpec
	slots []likelySlot
}

// likelySpec says which hits of a Spec are likely: those that a group has had
// nearly enough before in a short time, of Distinct among those with a value that
// it had not then; or, of FirstSeen, those with a value that is new to the group,
// once there was time to learn what is not. Where so few values are enough that one
// of them is half of it, any hit may be the one, as a file's records are in no order
// of time: then the first is likely, and all once a second value was there.
type likelySpec struct {
	kind   Kind
	hits   uint32 // so many within the window, of Distinct so many bits of their values; 0 when none is ever likely
	most   uint32 // of Count: with more the condition was true before
	window int64  // seconds; of FirstSeen its time to learn, in milliseconds
	first  int64  // time of the first hit of FirstSeen
}

// likelySlot is what came of one group of a Spec; another that falls on the slot
// replaces it.
type likelySlot struct {
	tag  uint32
	at   uint32 // of the first hit, in seconds of Unix time
	hits uint64 // how many, of Distinct the bits on which their values fall
}

const (
	likelyBits  = 12
	likelyShare = 2 // the part of a detection's hits that one goroutine should see, as the records of a time lie together
)

// NewLikely prepares for hits of specs.
func NewLikely(specs []*Spec) *Likely {
	l := &Likely{make([]likelySpec, len(specs)), make([]likelySlot, 1<<likelyBits)}
	for i, s := range specs {
		switch s.Kind {
		case Count, Distinct:
			if least := s.leastHits(); least > 1 {
				l.specs[i] = likelySpec{kind: s.Kind, hits: uint32(max(2, least/likelyShare)), most: uint32(least), window: s.window()/1000 + 1}
				if s.Kind == Distinct {
					l.specs[i].hits = fallenOn(uint32(max(1, least/likelyShare)))
				}
			}
		case FirstSeen:
			l.specs[i] = likelySpec{kind: FirstSeen, hits: 1, window: s.Warmup.Milliseconds(), first: math.MaxInt64}
		}
	}
	return l
}

// bitsTell is up to how many of the bits of a slot a value that falls on a further
// one is worth waiting for.
const bitsTell = 56

// fallenOn is on how many of the bits of a slot so many different values fall.
func fallenOn(values uint32) uint32 {
	return uint32(math.Round(min(64*(1-math.Pow(63./64, float64(values))), bitsTell)))
}

// Guesses tells whether there are likely hits of s at all.
func (l *Likely) Guesses(spec int) bool { return l.specs[spec].hits > 0 }

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
		known := slot.tag == tag
		slot.tag = tag
		return !known
	}
	slot, tag := l.slot(spec, group, 0)
	seconds := at / 1000
	if since := seconds - int64(slot.at); slot.tag != tag || max(since, -since) > s.window {
		*slot = likelySlot{tag: tag, at: uint32(seconds)}
	}
	if s.kind == Count {
		slot.hits++
		return slot.hits >= uint64(s.hits) && slot.hits <= uint64(s.most)
	}
	had := slot.hits
	slot.hits |= 1 << (value * 0x9e3779b1 >> (32 - 6))
	n := bits.OnesCount64(slot.hits)
	return n >= int(s.hits) && (slot.hits != had || n >= bitsTell || s.hits == 1 && n > 1)
}

func (l *Likely) slot(spec int, group, value uint32) (slot *likelySlot, tag uint32) {
	key := ((uint64(spec)<<32|uint64(group))*0x9e3779b97f4a7c15 ^ uint64(value)) * 0xbf58476d1ce4e5b9
	return &l.slots[key>>(64-likelyBits)], uint32(key) | 1
}
