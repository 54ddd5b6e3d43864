package live

import (
	"encoding/binary"
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// seen remembers the identities of records whose findings are durable, the
// newer ones of them: two sets take turns, and the older is forgotten when the
// younger is full.
//
// Nearly every record is a new one. The sieve says so of it without waiting, for a
// lock or for the sets' memory, which is many times that of a processor's cache.
type seen struct {
	mu         sync.RWMutex
	young, old keys
	turn       int // which set of the sieve is the young one
	sieve      sieve
	half       int
}

func newSeen(n int) *seen {
	half := max(1, n/2)
	return &seen{half: half, young: newKeys(half), old: newKeys(1), sieve: newSieve(half)}
}

// Has tells whether k is remembered.
func (s *seen) Has(k cloudtrail.Key) bool {
	if !s.sieve.may(k) {
		return false
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.young.has(k) || s.old.has(k)
}

// news moves those of all that are not remembered to its front, in their order.
func (s *seen) news(all []cloudtrail.Key) []cloudtrail.Key {
	var may [atOnce]bool
	fresh := all[:0]
	for len(all) > 0 {
		some := all[:min(len(all), atOnce)]
		for i, k := range some {
			may[i] = s.sieve.may(k)
		}
		for i, k := range some {
			if !may[i] || !s.Has(k) {
				fresh = append(fresh, k)
			}
		}
		all = all[len(some):]
	}
	return fresh
}

func (s *seen) add(all []cloudtrail.Key) {
	if len(all) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(all) > 0 {
		if s.young.n >= s.half {
			s.old, s.young, s.turn = s.young, newKeys(s.half), 1-s.turn
			s.sieve.empty(s.turn)
		}
		some := all[:min(len(all), s.half-s.young.n, atOnce)]
		s.join(some)
		all = all[len(some):]
	}
}

// atOnce is how many identities are looked up, or put into the sieve and then into
// the set, one after the other with nothing between: the processor waits for the
// memory of many at the same time. Beside one that goes into the sieve, which
// others may read meanwhile, it can wait for no other.
const atOnce = 256

func (s *seen) join(some []cloudtrail.Key) {
	var fresh [atOnce]bool
	for i, k := range some {
		fresh[i] = s.sieve.put(k, s.turn)
	}
	for i, k := range some {
		if fresh[i] || !s.young.has(k) {
			s.young.put(k)
		}
	}
}

// keys is a set of identities: a hash says to which of many lists one belongs, and
// there it is put behind the others. Nothing is ever moved, and no memory is taken
// that is not filled soon. Go's map, which can do more, takes several times as long,
// and that is a tenth of all that a server does when it finds little.
type keys struct {
	lists  []uint32              // where each ends: the number of its last block and how many are in that; 0 for none
	blocks []*[perPiece]keyBlock // block i, from 1, is the one before i in these pieces
	used   uint32                // blocks in lists
	n      int                   // identities in the set
}

// keyBlock is a piece of a list, in four lines of the processor's cache.
type keyBlock struct {
	keys   [perBlock]cloudtrail.Key
	before uint32 // the block before it in its list, which is full; 0 for none
	_      [3]uint32
}

const (
	perBlock = 15
	perPiece = 256 // blocks that are made at once
)

// newKeys makes a set for about n.
func newKeys(n int) keys {
	lists := 1
	for 32*lists < n {
		lists *= 2
	}
	return keys{lists: make([]uint32, lists)}
}

// places hashes identities. Whoever makes them up cannot foretell it, and so cannot
// have many of them share a list.
var places = maphash.MakeSeed()

// list is where the list of k begins.
func (s *keys) list(k cloudtrail.Key) *uint32 {
	return &s.lists[maphash.Bytes(places, k[:])&uint64(len(s.lists)-1)]
}

func (s *keys) block(i uint32) *keyBlock { return &s.blocks[(i-1)/perPiece][(i-1)%perPiece] }

func (s *keys) has(k cloudtrail.Key) bool {
	last := *s.list(k)
	for i, n := last/(perBlock+1), last%(perBlock+1); i > 0; n = perBlock {
		b := s.block(i)
		if slices.Contains(b.keys[:n], k) {
			return true
		}
		i = b.before
	}
	return false
}

// put adds one that is not in the set.
func (s *keys) put(k cloudtrail.Key) {
	s.n++
	last := s.list(k)
	n := *last % (perBlock + 1)
	if *last == 0 || n == perBlock {
		if int(s.used) == perPiece*len(s.blocks) {
			s.blocks = append(s.blocks, new([perPiece]keyBlock))
		}
		s.used++
		s.block(s.used).before = *last / (perBlock + 1)
		*last, n = s.used*(perBlock+1), 0
	}
	s.block(*last / (perBlock + 1)).keys[n] = k
	*last++
}

// sieve tells of most identities that are in neither of two sets that they are not:
// for each set a Bloom filter of three bits of one word. The words of both that an
// identity has lie side by side, so that asking both waits for memory once.
type sieve [][2]uint64

// newSieve is for two sets of n identities: four of a set share a word, and of a
// hundred that are not in it one may be.
func newSieve(n int) sieve {
	words := 1
	for 4*words < n {
		words *= 2
	}
	return make(sieve, words)
}

// place is the words of an identity and its bits there. Whoever chooses identities
// so that they share bits makes the sieve useless and nothing wrong.
func (s sieve) place(k cloudtrail.Key) (words *[2]uint64, bits uint64) {
	a, b := binary.LittleEndian.Uint64(k[:8])*0x9e3779b97f4a7c15, binary.LittleEndian.Uint64(k[8:])*0xd6e8feb86659fd93
	bits = 1<<(b>>58) | 1<<(b>>52&63) | 1<<(b>>46&63)
	return &s[(a>>32^b)&uint64(len(s)-1)], bits
}

// put puts k into one set, and reports whether it was certainly not in that before.
func (s sieve) put(k cloudtrail.Key, set int) bool {
	words, bits := s.place(k)
	return atomic.OrUint64(&words[set], bits)&bits != bits
}

// may is false when k is in neither set.
func (s sieve) may(k cloudtrail.Key) bool {
	words, bits := s.place(k)
	return atomic.LoadUint64(&words[0])&bits == bits || atomic.LoadUint64(&words[1])&bits == bits
}

// empty empties one set. Whoever asks meanwhile is told of what was in it, or not.
func (s sieve) empty(set int) {
	for i := range s {
		atomic.StoreUint64(&s[i][set], 0)
	}
}
