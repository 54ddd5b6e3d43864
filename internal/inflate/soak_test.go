//go:build unix

package inflate

import (
	"flag"
	"fmt"
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
	s := soak{mutator: newMutator(newRand(t, *soakSeed)), verdicts: map[class]int{}}
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

// soak keeps count.
type soak struct {
	mutator
	d        Decoder
	buf      []byte
	inputs   int
	bytes    int64
	verdicts map[class]int
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
	s.d.alwaysPair, s.d.plain = s.r.IntN(2) == 0, s.r.IntN(3) == 0
	out, err := s.d.Gunzip(kept, src, limit)
	want, wantClass := oracle(src, limit)
	if string(out[:len(before)]) != before || string(out[len(before):]) != string(want) || classOf(err) != wantClass {
		t.Fatalf("after %d inputs: %d bytes after the %d that were there, and %v; compress/gzip says %d bytes and %s; limit %d; input %x",
			s.inputs, len(out)-len(before), len(before), err, len(want), wantClass, limit, src)
	}
	room := MinPiece + s.r.IntN(1+1<<s.r.IntN(18))
	comparePieces(t, &s.d, src, room, want, wantClass, limit)
	s.buf = out
	s.inputs++
	s.bytes += int64(len(src))
	s.verdicts[wantClass]++
}

// report is one line about the work done so far.
func (s *soak) report() string {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	cpu := time.Duration(u.Utime.Nano() + u.Stime.Nano())
	return fmt.Sprintf("%s soak: %d inputs, %d MB, %.0f CPU seconds, 0 differences, verdicts %v",
		time.Now().UTC().Format(time.DateTime), s.inputs, s.bytes>>20, cpu.Seconds(), s.verdicts)
}
