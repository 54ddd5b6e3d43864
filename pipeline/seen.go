package pipeline

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"slices"
	"unsafe"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// key is a record's identity as 128 bits.
type key struct{ hi, lo uint64 }

// asKey is a record's Key in two words.
func asKey(k cloudtrail.Key) key {
	return key{binary.LittleEndian.Uint64(k[:8]), binary.LittleEndian.Uint64(k[8:])}
}

// seen is the set of identities met so far, in 9.6 to 14.4 bytes for each from
// half a million on.
//
// Of an identity it keeps a hash of 74 bits: ten say on which of its shelves the
// identity lies, and are thereby kept for nothing; 64 lie there. Any two different
// identities, whoever made them up, have the same hash with a chance of 2^-74
// (see sum), so that one of n records is taken for another with a chance of less
// than n²/2^75: 1 in 38 billion for a million records, 1 in 38,000 for 10^9.
//
// All shelves are of one length and grow together, by half, in their place: there
// is never an old set beside a new one. They lie in memory of the system's, which
// free gives back.
type seen struct {
	which, what sum // of an identity: its shelf, and what lies there
	slots       []uint64
	length      int            // of a shelf, in slots; a slot of 0 is empty
	used        [shelves]int32 // slots of each shelf
	keys, most  int            // taken slots of all shelves, and how many may be
	memory      room
	more        func(n int) []uint64 // slots, of memory
	ready       [2][warmed]spot
	turn        int         // of ready
	places      [warmed]int // in slots, which only become more
	spare       []uint64    // what lies on a shelf that grows
}

const (
	shelves = 1 << shelfBits
	// shelfBits is 10: with more shelves, the fullest is further from the average,
	// and all grow when it is full; with fewer, less of a hash comes for nothing.
	shelfBits = 10

	slotSize = 8 // bytes
	// firstLength makes a mebibyte in all, and room for 90,000 identities.
	firstLength = 1 << 7
	warmed      = 32                 // identities worth having in the cache before they are added; a multiple of 4, for prefetch
	golden      = 0x9e3779b97f4a7c15 // odd, and without pattern
)

func newSeen() *seen {
	s := &seen{}
	s.start(rand.Uint64, s.memory.grow)
	return s
}

// start makes the set empty. Nobody can foretell its hashes who cannot foretell
// random; more makes slots, as room.grow does.
func (s *seen) start(random func() uint64, more func(n int) []uint64) {
	s.which, s.what = newSum(random), newSum(random)
	s.more = more
	s.lengthen(firstLength)
}

func (s *seen) lengthen(length int) {
	s.length = length
	s.slots = s.more(shelves * length)
	s.most = len(s.slots) / 6 * 5
}

// free gives the memory back; the set is of no use after that.
func (s *seen) free() {
	s.memory.release()
	s.slots = nil
}

// spot is where an identity lies and what lies there.
type spot struct {
	shelf uint32
	rest  uint64
}

func (s *seen) spot(k key) spot {
	// A slot of 0 would be empty; that 0 and 1 are one doubles a chance of 2^-64
	// for the records that have either.
	return spot{uint32(s.which.of(k) >> (64 - shelfBits)), max(1, s.what.of(k))}
}

// add puts k into the set and reports whether it was new.
func (s *seen) add(k key) bool { return s.put(s.spot(k)) }

// warm tells the spots of the next identities, warmed at most, and has the processor
// fetch their slots: it would wait for each of them, most of the time that a scan
// spends here. They are good until the call after the next, so that there is other
// work to be done meanwhile.
func (s *seen) warm(keys []key) []spot {
	s.turn ^= 1
	ready := s.ready[s.turn][:len(keys)]
	for i, k := range keys {
		p := s.spot(k)
		ready[i] = p
		s.places[i] = int(p.shelf)*s.length + first(p.rest, s.length)
	}
	prefetch(unsafe.SliceData(s.slots), &s.places)
	return ready
}

// put puts what belongs at p there, and reports whether it was new.
func (s *seen) put(p spot) bool {
	slot := find(s.shelf(p.shelf), p.rest)
	if *slot == p.rest {
		return false
	}
	if s.full(p.shelf) {
		s.grow()
		slot = find(s.shelf(p.shelf), p.rest)
	}
	*slot = p.rest
	s.used[p.shelf]++
	s.keys++
	return true
}

// full tells whether looking for what is not there would take long: 18 slots at
// five sixths, on the average, and many more on a shelf that is nearly full.
func (s *seen) full(shelf uint32) bool {
	return s.keys >= s.most || int(s.used[shelf]) >= s.length-s.length/32
}

func (s *seen) shelf(number uint32) []uint64 {
	from := int(number) * s.length
	return s.slots[from : from+s.length : from+s.length]
}

// first is the slot of a shelf that is looked at first.
func first(rest uint64, length int) int {
	hi, _ := bits.Mul64(rest, uint64(length))
	return int(hi)
}

// find is the slot of a shelf that holds rest, or the free one where it belongs.
func find(shelf []uint64, rest uint64) *uint64 {
	for i := first(rest, len(shelf)); ; i++ {
		if i == len(shelf) {
			i = 0
		}
		if x := shelf[i]; x == rest || x == 0 {
			return &shelf[i]
		}
	}
}

// grow makes all shelves longer, the last one first: where the memory is the same,
// a shelf then moves to where none lies that is still to be moved.
func (s *seen) grow() {
	old, before := s.slots, s.length
	s.lengthen(before + before/2)
	for i := shelves - 1; i >= 0; i-- {
		s.spare = taken(s.spare, old[i*before:(i+1)*before])
		shelf := s.shelf(uint32(i))
		clear(shelf)
		for _, rest := range s.spare {
			*find(shelf, rest) = rest
		}
	}
}

// taken is the slots of a shelf that are not empty, in the memory of dst. There is
// no telling which are, so the processor is not made to guess.
func taken(dst, shelf []uint64) []uint64 {
	dst = slices.Grow(dst[:0], len(shelf))[:len(shelf)]
	n := 0
	for _, rest := range shelf {
		dst[n] = rest
		if rest != 0 {
			n++
		}
	}
	return dst[:n]
}

// sum is a hash of 64 bits, drawn at random from a family in which any two
// different keys have any two hashes with a chance of 2^-128: a sum of products
// modulo 2^128, of which the upper half counts (Dietzfelbinger, "Universal hashing
// and k-wise independent random variables via integer arithmetic without primes").
type sum struct{ hi, lo, add wide }

// wide is a number of 128 bits.
type wide struct{ hi, lo uint64 }

func newSum(random func() uint64) sum {
	number := func() wide { return wide{random(), random()} }
	return sum{number(), number(), number()}
}

func (s *sum) of(k key) uint64 {
	h := s.add.plus(s.hi.times(k.hi)).plus(s.lo.times(k.lo)).hi
	// What follows is one to one, so chances stay as they are: keys in even steps
	// have hashes in even steps no more.
	h ^= h >> 32
	return h * golden
}

func (w wide) times(n uint64) wide {
	hi, lo := bits.Mul64(w.lo, n)
	return wide{hi + w.hi*n, lo}
}

func (w wide) plus(x wide) wide {
	lo, carry := bits.Add64(w.lo, x.lo, 0)
	hi, _ := bits.Add64(w.hi, x.hi, carry)
	return wide{hi, lo}
}
