package pipeline

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"slices"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// key is a record's identity as 128 bits.
type key struct{ hi, lo uint64 }

// asKey is a record's Key in two words.
func asKey(k cloudtrail.Key) key {
	return key{binary.LittleEndian.Uint64(k[:8]), binary.LittleEndian.Uint64(k[8:])}
}

// seen is the set of identities met so far: open addressing over 16-byte keys
// and nothing else. From some ten thousand records on it has room for 800,000 in
// 16 MiB, so that a scan of a gigabyte of logs needs no more memory than one of
// a tenth of that. Beyond, its shards double one after the other, which never
// copies the whole set at once. What is not small is memory of the system, which
// free gives back.
type seen struct {
	seed   [2]uint64 // unknown to whoever writes the records
	shards [seenShards]shard
	large  bool    // it has left its first, small memory
	memory []slots // of all shards; the last is where they grow into
	sink   uint64  // keeps warm from being optimized away
}

// slots is memory for keys.
type slots struct {
	keys   []key
	mapped []byte // what holds them, when it is not Go's
}

const keySize = 16 // bytes of a key

const (
	seenShards = 64
	fewSlots   = 1 << 8  // of a shard to begin with
	shardSlots = 1 << 14 // when there are more
)

// shard is a hash table whose length is a power of two; the zero key is an
// empty slot.
type shard struct {
	slots []key
	used  int
}

func newSeen() *seen {
	s := &seen{seed: [2]uint64{rand.Uint64(), rand.Uint64()}}
	s.divide(make([]key, seenShards*fewSlots))
	return s
}

// divide gives each shard its part of empty memory.
func (s *seen) divide(all []key) {
	for i := range s.shards {
		s.shards[i].slots = share(all, i)
	}
}

// share is what shard i has of all shards' memory.
func share(all []key, i int) []key {
	n := len(all) / seenShards
	return all[i*n : (i+1)*n : (i+1)*n]
}

// more gets memory for all shards with n slots each.
func (s *seen) more(n int) []key {
	s.memory = append(s.memory, makeSlots(seenShards*n))
	return s.memory[len(s.memory)-1].keys
}

// free gives the memory back; the set is of no use after that.
func (s *seen) free() {
	for i := range s.memory {
		s.memory[i].release()
	}
	s.memory, s.shards = nil, [seenShards]shard{}
}

// enlarge moves all keys into memory for many.
func (s *seen) enlarge() {
	s.large = true
	before := s.shards
	s.divide(s.more(shardSlots))
	for i := range before {
		s.refill(&s.shards[i], before[i].slots)
	}
}

// add puts k into the set and reports whether it was new.
func (s *seen) add(k key) bool {
	if k == (key{}) {
		k.lo = 1
	}
	h := s.hash(k)
	number := int(h >> 58)
	t := &s.shards[number]
	if t.used >= len(t.slots)/5*4 {
		if s.large {
			s.grow(t, number)
		} else {
			s.enlarge()
		}
	}
	i, free := t.find(k, h)
	if free {
		t.slots[i] = k
		t.used++
	}
	return free
}

// warmed is how many keys are worth having in the cache before they are added.
const warmed = 32

// warm reads the slots of keys that will soon be added, so that the processor
// waits for all of them at once and not for one after the other.
func (s *seen) warm(keys []key) {
	var sum uint64
	for _, k := range keys {
		h := s.hash(k)
		t := s.shards[h>>58].slots
		sum ^= t[h&uint64(len(t)-1)].lo
	}
	s.sink = sum
}

// hash folds the key with the seed, so that no input can choose its slot.
func (s *seen) hash(k key) uint64 {
	hi, lo := bits.Mul64(k.hi^s.seed[0], k.lo^s.seed[1])
	hi2, lo2 := bits.Mul64(hi^lo^0x9e3779b97f4a7c15, k.hi^s.seed[1]|1)
	return hi2 ^ lo2
}

// find is the slot of k, or the free slot where it belongs.
func (t *shard) find(k key, h uint64) (slot int, free bool) {
	mask := uint64(len(t.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		switch t.slots[i] {
		case k:
			return int(i), false
		case key{}:
			return int(i), true
		}
	}
}

// grow doubles a shard. The first to do so gets the memory for all of them: what
// the others do not use yet takes none, and what it leaves is given back.
func (s *seen) grow(t *shard, number int) {
	old := t.slots
	all := s.memory[len(s.memory)-1].keys
	if len(all) != 2*len(old)*seenShards {
		all = s.more(2 * len(old))
	}
	t.slots = share(all, number)
	s.refill(t, old)
	if !slices.ContainsFunc(s.memory, func(m slots) bool { return m.mapped == nil }) {
		discard(old)
	}
}

// refill puts the keys of old slots into t.
func (s *seen) refill(t *shard, old []key) {
	for _, k := range old {
		if k != (key{}) {
			i, _ := t.find(k, s.hash(k))
			t.slots[i] = k
		}
	}
}
