package live

import (
	"encoding/binary"
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
	young, old map[cloudtrail.Key]struct{}
	sieves     atomic.Pointer[sieves]
	half       int
}

// sieves are those of the two sets.
type sieves struct{ young, old sieve }

func newSeen(n int) *seen {
	half := max(1, n/2)
	s := &seen{half: half, young: make(map[cloudtrail.Key]struct{}, min(half, fewSeen))}
	s.sieves.Store(&sieves{young: newSieve(half), old: newSieve(1)})
	return s
}

// fewSeen is for how many identities there is room to begin with, in a megabyte:
// growing there step by step takes as long as all else that a set does.
const fewSeen = 1 << 16

func (s *seen) has(k cloudtrail.Key) bool {
	if all := s.sieves.Load(); !all.young.may(k) && !all.old.may(k) {
		return false
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if _, ok := s.young[k]; ok {
		return true
	}
	_, ok := s.old[k]
	return ok
}

func (s *seen) add(keys []cloudtrail.Key) {
	if len(keys) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	young := s.sieves.Load().young
	for _, k := range keys {
		if len(s.young) >= s.half {
			s.old, s.young = s.young, make(map[cloudtrail.Key]struct{}, len(s.young))
			s.sieves.Store(&sieves{newSieve(s.half), young})
			young = s.sieves.Load().young
		}
		s.young[k] = struct{}{}
		young.put(k)
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
