package live

import (
	"encoding/binary"
	"hash/maphash"
	"sync"
	"sync/atomic"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// seen remembers the identities of records whose findings are durable, the
// newer ones of them: two sets take turns, and the older is forgotten when the
// younger is full.
//
// Nearly every record is a new one. The sieves say so of it without waiting, for a
// lock or for the sets' memory, which is many times that of a processor's cache.
type seen struct {
	mu         sync.RWMutex
	young, old keys
	sieves     atomic.Pointer[sieves]
	half       int
}

// sieves are those of the two sets.
type sieves struct{ young, old sieve }

func newSeen(n int) *seen {
	half := max(1, n/2)
	s := &seen{half: half}
	s.sieves.Store(&sieves{young: newSieve(half), old: newSieve(1)})
	return s
}

func (s *seen) has(k cloudtrail.Key) bool {
	if all := s.sieves.Load(); !all.young.may(k) && !all.old.may(k) {
		return false
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.young.has(k) || s.old.has(k)
}

func (s *seen) add(all []cloudtrail.Key) {
	if len(all) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	young := s.sieves.Load().young
	for _, k := range all {
		if s.young.n >= s.half {
			s.old, s.young = s.young, keys{}
			s.sieves.Store(&sieves{newSieve(s.half), young})
			young = s.sieves.Load().young
		}
		s.young.put(k)
		young.put(k)
	}
}

// keys is a set of identities, in a table in which each lies at the place that its
// hash says, or behind it. Go's map, which can do more, takes three times as long,
// and that is a tenth of all that a server does when it finds little.
type keys struct {
	slots []cloudtrail.Key // a power of two of them, or none; zeros are a free one
	n     int              // identities in the set
	zeros bool             // the identity of zeros is
}

// fewSlots are those to begin with, in a megabyte. When three quarters are taken,
// there are twice as many.
const fewSlots = 1 << 16

// places hashes identities. Whoever makes them up cannot foretell it, and so cannot
// have many of them lie behind each other.
var places = maphash.MakeSeed()

// place is the slot that holds k, or the free one where it belongs.
func (s *keys) place(k cloudtrail.Key) *cloudtrail.Key {
	last := uint64(len(s.slots) - 1)
	for i := maphash.Bytes(places, k[:]) & last; ; i = (i + 1) & last {
		if slot := &s.slots[i]; *slot == k || *slot == (cloudtrail.Key{}) {
			return slot
		}
	}
}

func (s *keys) has(k cloudtrail.Key) bool {
	if k == (cloudtrail.Key{}) {
		return s.zeros
	}
	return len(s.slots) > 0 && *s.place(k) == k
}

func (s *keys) put(k cloudtrail.Key) {
	if k == (cloudtrail.Key{}) {
		if !s.zeros {
			s.zeros = true
			s.n++
		}
		return
	}
	if 4*s.n >= 3*len(s.slots) {
		s.grow()
	}
	if slot := s.place(k); *slot != k {
		*slot = k
		s.n++
	}
}

func (s *keys) grow() {
	before := s.slots
	s.slots = make([]cloudtrail.Key, max(fewSlots, 2*len(before)))
	for _, k := range before {
		if k != (cloudtrail.Key{}) {
			*s.place(k) = k
		}
	}
}

// sieve tells of most identities that were not put into it that they were not: a
// Bloom filter of three bits of one word for each.
type sieve []uint64

// newSieve is for n identities: four share a word, and of a hundred that were not
// put into it one may have been.
func newSieve(n int) sieve {
	words := 1
	for 4*words < n {
		words *= 2
	}
	return make(sieve, words)
}

// place is the word of an identity and its bits there. Whoever chooses identities
// so that they share bits makes the sieve useless and nothing wrong.
func (s sieve) place(k cloudtrail.Key) (word *uint64, bits uint64) {
	a, b := binary.LittleEndian.Uint64(k[:8])*0x9e3779b97f4a7c15, binary.LittleEndian.Uint64(k[8:])*0xd6e8feb86659fd93
	bits = 1<<(b>>58) | 1<<(b>>52&63) | 1<<(b>>46&63)
	return &s[(a>>32^b)&uint64(len(s)-1)], bits
}

func (s sieve) put(k cloudtrail.Key) {
	word, bits := s.place(k)
	atomic.OrUint64(word, bits)
}

// may is false when k was not put into it.
func (s sieve) may(k cloudtrail.Key) bool {
	word, bits := s.place(k)
	return atomic.LoadUint64(word)&bits == bits
}
