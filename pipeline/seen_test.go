package pipeline

import (
	"math/rand/v2"
	"testing"
)

// goSlots are slots as where the system is not asked for memory.
func goSlots(n int) []uint64 { return make([]uint64, n) }

// The set answers as a map does, also while it grows, wherever its memory is from.
func TestSeenEqualsMap(t *testing.T) {
	for name, more := range map[string]func(s *seen) func(int) []uint64{
		"memory of the system": func(s *seen) func(int) []uint64 { return s.memory.grow },
		"memory of Go":         func(*seen) func(int) []uint64 { return goSlots },
	} {
		t.Run(name, func(t *testing.T) {
			const seed = 41
			r := rand.New(rand.NewPCG(seed, seed))
			s, m := new(seen), map[key]bool{}
			s.start(r.Uint64, more(s))
			defer s.free()
			for i := range 400_000 {
				k := key{r.Uint64N(1 << 20), r.Uint64N(2)}
				if i%8 != 0 {
					k = key{r.Uint64(), r.Uint64()}
				}
				if got, want := s.add(k), !m[k]; got != want {
					t.Fatalf("seed %d: add %d of %v says new=%v; want %v", seed, i, k, got, want)
				}
				m[k] = true
			}
			for k := range m {
				if s.add(k) {
					t.Fatalf("seed %d: %v is new after all were added", seed, k)
				}
			}
		})
	}
}

// Keys that were warmed are added as others are, also when the set grew between.
func TestSeenWarm(t *testing.T) {
	s := newSeen()
	defer s.free()
	var keys []key
	for i := range uint64(warmed) {
		keys = append(keys, key{i / 2, 7})
	}
	ready := s.warm(keys)
	s.warm([]key{{1, 8}}) // the next ones are warmed before these are added
	s.grow()
	for i, p := range ready {
		if got, want := s.put(p), i%2 == 0; got != want {
			t.Errorf("key %d is new: %v; want %v", i, got, want)
		}
	}
}

// Keys that are nearly alike, the zero key among them, are different keys.
func TestSeenTellsSimilarKeysApart(t *testing.T) {
	s := newSeen()
	defer s.free()
	keys := []key{{}}
	for bit := range 64 {
		keys = append(keys, key{1 << bit, 0}, key{0, 1 << bit}, key{1 << bit, 1 << bit})
	}
	for _, k := range keys {
		if !s.add(k) {
			t.Errorf("%v is not new", k)
		}
	}
	for _, k := range keys {
		if s.add(k) {
			t.Errorf("%v is new the second time", k)
		}
	}
}

// Keys that somebody makes alike do not come together: not on a shelf, which would
// have all of them grow, and not in the slots of one.
func TestSeenSpreadsSimilarKeys(t *testing.T) {
	const keys = 400_000
	for name, nth := range map[string]func(i uint64) key{
		"low bits":    func(i uint64) key { return key{0, i} },
		"middle bits": func(i uint64) key { return key{0, i << 32} },
		"high bits":   func(i uint64) key { return key{i << 44, 0} },
		"both words":  func(i uint64) key { return key{i, ^i} },
	} {
		t.Run(name, func(t *testing.T) {
			const seed = 43
			s := new(seen)
			s.start(rand.New(rand.NewPCG(seed, seed)).Uint64, s.memory.grow)
			defer s.free()
			for i := range uint64(keys) {
				s.add(nth(i))
			}
			if least := keys / shelves; s.length > 2*least {
				t.Errorf("seed %d: shelves have %d slots for %d keys on average", seed, s.length, least)
			}
			if far := furthest(s); far > s.length/2 {
				t.Errorf("seed %d: a key lies %d slots from where it is looked for, of %d", seed, far, s.length)
			}
		})
	}
}

// furthest is the most slots that are looked at in vain before a key.
func furthest(s *seen) (far int) {
	for number := range uint32(shelves) {
		for i, rest := range s.shelf(number) {
			if rest != 0 {
				far = max(far, (i-first(rest, s.length)+s.length)%s.length)
			}
		}
	}
	return far
}

// The set takes 9 to 15 bytes for each of many keys.
func TestSeenSize(t *testing.T) {
	const seed = 47
	r := rand.New(rand.NewPCG(seed, seed))
	s := new(seen)
	s.start(r.Uint64, s.memory.grow)
	defer s.free()
	least, most := 100.0, 0.0
	for n := range 1_500_000 {
		s.add(key{r.Uint64(), r.Uint64()})
		if n > 500_000 {
			each := float64(len(s.slots)*slotSize) / float64(n)
			least, most = min(least, each), max(most, each)
		}
	}
	if least < 9 || most > 15 {
		t.Errorf("seed %d: %.1f to %.1f bytes for a key; want 9 to 15", seed, least, most)
	}
	t.Logf("%.1f to %.1f bytes for a key", least, most)
}

func BenchmarkSeen(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	s := newSeen()
	defer s.free()
	b.ReportAllocs()
	for b.Loop() {
		s.add(key{r.Uint64N(700_000) * golden, 7})
	}
}

// BenchmarkSeenNew adds as many new keys as a gigabyte of logs has, as a scan does.
func BenchmarkSeenNew(b *testing.B) {
	for b.Loop() {
		r := rand.New(rand.NewPCG(1, 2))
		s := newSeen()
		keys := make([]key, warmed)
		for range 719_040 / warmed {
			for i := range keys {
				keys[i] = key{r.Uint64(), r.Uint64()}
			}
			for _, p := range s.warm(keys) {
				s.put(p)
			}
		}
		s.free()
	}
}
