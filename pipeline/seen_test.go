package pipeline

import (
	"math/rand/v2"
	"testing"
)

// The set answers as a map does, also while its shards grow.
func TestSeenEqualsMap(t *testing.T) {
	const seed = 41
	r := rand.New(rand.NewPCG(seed, seed))
	s, m := newSeen(), map[key]bool{}
	defer s.free()
	for i := range 1_100_000 {
		k := key{r.Uint64N(1 << 20), r.Uint64N(2)}
		if i%8 != 0 {
			k = key{r.Uint64(), r.Uint64()}
		}
		if got, want := s.add(k), !m[k]; got != want {
			t.Fatalf("seed %d: add %d of %v says new=%v; want %v", seed, i, k, got, want)
		}
		m[k] = true
	}
}

// The zero key is an empty slot inside and still a key.
func TestSeenZeroKey(t *testing.T) {
	s := newSeen()
	if !s.add(key{}) || s.add(key{}) {
		t.Error("the zero key is not new once and seen the second time")
	}
}

// Keys that an attacker makes alike do not share slots: the seed decides.
func TestSeenSpreadsSimilarKeys(t *testing.T) {
	s := newSeen()
	defer s.free()
	for i := range uint64(400_000) {
		s.add(key{0, i << 32})
	}
	for i := range s.shards {
		if n := s.shards[i].used; n < 400_000/seenShards/2 || n > 400_000/seenShards*2 {
			t.Fatalf("shard %d holds %d of 400,000 keys", i, n)
		}
	}
}

func BenchmarkSeen(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	s := newSeen()
	b.ReportAllocs()
	for b.Loop() {
		s.add(key{r.Uint64N(700_000) * 0x9e3779b97f4a7c15, 7})
	}
}
