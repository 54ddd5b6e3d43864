package live

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/seeds"
)

// Of the identities that were added, the later half of what may be kept is always
// known, none that was not added ever is, and what is known is bounded.
func TestSeenKnowsTheLatest(t *testing.T) {
	seed := seeds.Of(t)
	r := rand.New(rand.NewPCG(seed, 1))
	key := func(i int) (k cloudtrail.Key) {
		binary.BigEndian.PutUint64(k[:], uint64(i)) // the first is zero
		return k
	}
	const most, all = 20_000, 50_000
	s := newSeen(most)
	for next := 0; next < all; {
		some := make([]cloudtrail.Key, 0, 400)
		for range r.IntN(400) {
			some = append(some, key(next))
			next++
		}
		s.add(some)
		s.add(some) // a second time changes nothing
		for range 20 {
			i := r.IntN(next + 100)
			if known := s.Has(key(i)); i >= next && known || i < next && i >= next-most/2 && !known {
				t.Fatalf("of %d, number %d: known %t", next, i, known)
			}
		}
		if n := s.young.n + s.old.n; n > most {
			t.Fatalf("%d are kept", n)
		}
	}
	if !s.Has(key(all-1)) || s.Has(key(0)) {
		t.Error("the last is forgotten, or the first kept")
	}
}

// The identity of zeros is one like all others.
func TestSeenKnowsZero(t *testing.T) {
	s := newSeen(10)
	if s.Has(cloudtrail.Key{}) {
		t.Error("known before it came")
	}
	s.add([]cloudtrail.Key{{}, {}})
	if !s.Has(cloudtrail.Key{}) || s.young.n != 1 {
		t.Error("not known, or twice")
	}
}

// The set of identities says what a map says, also of such as differ in few bits,
// and grows beyond what it was made for without losing any.
func TestKeysAreAMap(t *testing.T) {
	seed := seeds.Of(t)
	r := rand.New(rand.NewPCG(seed, 2))
	const few = 20_000
	s := newKeys(few / 10)
	m := map[cloudtrail.Key]bool{}
	for range 5 * few {
		var k cloudtrail.Key
		binary.LittleEndian.PutUint64(k[8*r.IntN(2):], r.Uint64N(3*few)<<(8*r.IntN(6)))
		if s.has(k) != m[k] {
			t.Fatalf("%x: known %t, want %t", k, !m[k], m[k])
		}
		if r.IntN(4) > 0 && !m[k] {
			s.put(k)
			m[k] = true
		}
		if s.n != len(m) {
			t.Fatalf("%d are in it, want %d", s.n, len(m))
		}
	}
	for k := range m {
		if !s.has(k) {
			t.Fatalf("%x is lost", k)
		}
	}
}

func BenchmarkSeen(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 3))
	all := make([]cloudtrail.Key, 285_000)
	for i := range all {
		binary.LittleEndian.PutUint64(all[i][:], r.Uint64())
		binary.LittleEndian.PutUint64(all[i][8:], r.Uint64())
	}
	for b.Loop() {
		s := newSeen(500_000)
		for file := range slices.Chunk(all, 200) {
			for _, k := range file {
				if s.Has(k) {
					b.Fatal("known before it came")
				}
			}
			s.add(file)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(all)), "ns/record")
}
