//go:build unix

package inflate

import (
	"compress/gzip"
	"flag"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"
)

var (
	soakFor  = flag.Duration("soak", 200*time.Millisecond, "how long TestSoak compares with compress/gzip")
	soakSeed = flag.Uint64("soak-seed", 1, "seed of TestSoak")
)

// TestSoak compares the decoder with compress/gzip on damaged and spliced
// streams for as long as -soak says. To let it run for hours:
//
//	go test -c -o soak.test ./internal/inflate
//	nice -n 19 ./soak.test -test.run TestSoak -test.timeout 0 -soak 2h -soak-seed 7
func TestSoak(t *testing.T) {
	r := newRand(t, *soakSeed)
	s := soak{r: r, seeds: soakSeeds(r), verdicts: map[class]int{}}
	start, reported := time.Now(), time.Now()
	for time.Since(start) < *soakFor {
		for range 50 {
			s.compare(t)
		}
		if time.Since(reported) > time.Minute {
			reported = time.Now()
			fmt.Println(s.report())
		}
	}
	fmt.Println(s.report())
}

// soak mutates seeds and keeps count.
type soak struct {
	r        *rand.Rand
	seeds    [][]byte
	d        Decoder
	buf      []byte
	inputs   int
	bytes    int64
	verdicts map[class]int
}

// soakSeeds are valid streams: all levels and natures of text, several members,
// full headers, and large ones that stay long in the fast loop.
func soakSeeds(r *rand.Rand) [][]byte {
	var seeds [][]byte
	for _, level := range levels {
		for kind := range 6 {
			seeds = append(seeds, pack(text(r, kind, 1+r.IntN(6000)), level, r.IntN(3)))
		}
	}
	for kind := range 6 {
		seeds = append(seeds, pack(text(r, kind, 60_000+r.IntN(60_000)), gzip.DefaultCompression, r.IntN(3)))
		seeds = append(seeds, append(packWithHeader(text(r, kind, 300)), pack(text(r, kind, 900), 1+kind, 1)...))
	}
	return append(seeds, pack(nil, 6, 0))
}

// compare makes one input and compares both decoders on it.
func (s *soak) compare(t *testing.T) {
	src := s.input()
	limit := plenty
	if s.r.IntN(8) == 0 {
		limit = s.r.IntN(20_000)
	}
	kept := s.buf[:min(len(s.buf), s.r.IntN(3)*100)]
	if s.r.IntN(4) == 0 {
		kept = nil
	}
	before := string(kept)
	out, err := s.d.Gunzip(kept, src, limit)
	want, wantClass := oracle(src, limit)
	if string(out[:len(before)]) != before || string(out[len(before):]) != string(want) || classOf(err) != wantClass {
		t.Fatalf("after %d inputs: %d bytes after the %d that were there, and %v; compress/gzip says %d bytes and %s; limit %d; input %x",
			s.inputs, len(out)-len(before), len(before), err, len(want), wantClass, limit, src)
	}
	s.buf = out
	s.inputs++
	s.bytes += int64(len(src))
	s.verdicts[wantClass]++
}

// input is a new stream or a seed, mostly mutated.
func (s *soak) input() []byte {
	r := s.r
	src := s.seeds[r.IntN(len(s.seeds))]
	if r.IntN(4) == 0 {
		src = randomStream(r)
	}
	src = append(make([]byte, 0, len(src)+64), src...)
	for range r.IntN(4) {
		src = s.mutate(src)
	}
	if len(src) > 20 && r.IntN(3) != 0 { // let damage pass the checksum now and then
		src = reseal(src)
	}
	return src
}

// reseal gives a single member with the shortest header the trailer that fits
// what it now unpacks to.
func reseal(src []byte) []byte {
	if len(src) < headerSize+trailerSize || src[3] != 0 {
		return src
	}
	return seal(src[:len(src)-trailerSize])
}

// mutate damages src in one of the ways in which files and attackers do.
func (s *soak) mutate(src []byte) []byte {
	r := s.r
	if len(src) == 0 {
		return src
	}
	at := r.IntN(len(src))
	if r.IntN(3) == 0 {
		at = r.IntN(min(len(src), 120)) // where headers and codes are
	}
	switch r.IntN(8) {
	case 0, 1, 2:
		src[at] ^= 1 << r.IntN(8)
	case 3:
		src[at] = byte(r.Uint32())
	case 4:
		return src[:at]
	case 5: // lose some bytes
		return append(src[:at], src[min(len(src), at+1+r.IntN(20)):]...)
	case 6: // go on in another stream
		other := s.seeds[r.IntN(len(s.seeds))]
		return append(src[:at:at], other[r.IntN(len(other)):]...)
	default: // another member, padding or garbage
		tails := [][]byte{s.seeds[r.IntN(len(s.seeds))], make([]byte, 1+r.IntN(600)), {0x1f, 0x8b}, []byte("tail")}
		return append(src, tails[r.IntN(len(tails))]...)
	}
	return src
}

// report is one line about the work done so far.
func (s *soak) report() string {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	cpu := time.Duration(u.Utime.Nano() + u.Stime.Nano())
	return fmt.Sprintf("%s soak: %d inputs, %d MB, %.0f CPU seconds, 0 differences, verdicts %v",
		time.Now().UTC().Format(time.DateTime), s.inputs, s.bytes>>20, cpu.Seconds(), s.verdicts)
}
