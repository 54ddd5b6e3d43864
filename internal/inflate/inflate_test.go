package inflate

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
)

const plenty = 1 << 30

// What compress/gzip writes comes back unchanged: every level, every nature of
// text, flushed blocks, all sizes around the limits of the loops.
func TestRoundTrip(t *testing.T) {
	r := newRand(t, 1)
	var d Decoder
	var buf []byte
	for _, level := range levels {
		for kind := range 6 {
			for _, size := range []int{0, 1, 2, 7, 8, 31, 32, 33, 257, 258, 259, 356, 4096, 70_000, 1 + r.IntN(300_000)} {
				want := text(r, kind, size)
				src := pack(want, level, r.IntN(4))
				buf = compare(t, &d, buf, src, plenty)
				if !bytes.Equal(buf, want) {
					t.Fatalf("level %d, kind %d, %d bytes do not come back", level, kind, size)
				}
			}
		}
	}
}

// Members follow one another, with any header, and may be empty.
func TestMembers(t *testing.T) {
	a, b := []byte("first "), []byte("second")
	many := bytes.Repeat(pack(a, 6, 0), 3000)
	for name, src := range map[string][]byte{
		"two":              append(pack(a, 9, 0), pack(b, 1, 0)...),
		"headers":          append(packWithHeader(a), packWithHeader(b)...),
		"empty in between": append(append(pack(a, 6, 0), pack(nil, 6, 0)...), pack(b, 6, 0)...),
		"all empty":        append(pack(nil, 6, 0), pack(nil, 0, 0)...),
		"stored":           append(pack(a, 0, 0), pack(b, 0, 0)...),
		"zero padding":     append(pack(a, 6, 0), make([]byte, 1500)...),
		"3,000":            many,
	} {
		t.Run(name, func(t *testing.T) { compare(t, new(Decoder), nil, src, plenty) })
	}
}

func TestMaxMembers(t *testing.T) {
	src := bytes.Repeat(pack([]byte("x"), 6, 0), 3)
	d := Decoder{MaxMembers: 3}
	if _, err := d.Gunzip(nil, src, plenty); err != nil {
		t.Fatalf("3 members of at most 3: %v", err)
	}
	d.MaxMembers = 2
	if out, err := d.Gunzip(nil, src, plenty); !errors.Is(err, ErrTooManyMembers) || string(out) != "xx" {
		t.Fatalf("3 members of at most 2: %q, %v", out, err)
	}
}

// A member cut anywhere gives what was decoded, and says that it was cut.
func TestEveryTruncation(t *testing.T) {
	r := newRand(t, 2)
	var d Decoder
	for kind := range 6 {
		for _, level := range []int{gzip.HuffmanOnly, 0, 1, 6} {
			src := append(packWithHeader(text(r, kind, 900)), pack(text(r, kind, 700), level, 2)...)
			for n := range src {
				compare(t, &d, nil, src[:n], plenty)
			}
		}
	}
}

// A bit turned over anywhere leads to the same bytes and the same verdict as in
// compress/gzip.
func TestEveryBitFlip(t *testing.T) {
	r := newRand(t, 3)
	var d Decoder
	for _, src := range [][]byte{packWithHeader(text(r, 2, 600)), pack(text(r, 2, 3000), 6, 1), pack(text(r, 4, 300), 0, 1), pack(text(r, 3, 40), 9, 0)} {
		for bit := range len(src) * 8 {
			src[bit/8] ^= 1 << (bit % 8)
			compare(t, &d, nil, src, plenty)
			src[bit/8] ^= 1 << (bit % 8)
		}
	}
}

// Codes of every shape: 15 bits, subtables, a single distance, none.
func TestRandomCodes(t *testing.T) {
	r := newRand(t, 4)
	var d Decoder
	var buf []byte
	ends := map[class]int{}
	for range 3000 {
		src := randomStream(r)
		_, c := oracle(src, plenty)
		ends[c]++
		buf = compare(t, &d, buf, src, plenty)
		compare(t, &d, nil, src[:r.IntN(len(src))], plenty)
	}
	t.Logf("verdicts: %v", ends)
}

// The output never passes the limit, and what fits is returned.
func TestLimit(t *testing.T) {
	r := newRand(t, 5)
	var d Decoder
	for kind := range 6 {
		for _, level := range []int{gzip.HuffmanOnly, 0, 1, 9} {
			src := append(pack(text(r, kind, 1000), level, 0), pack(text(r, kind, 2000), level, 1)...)
			for limit := 0; limit < 3010; limit += 1 + r.IntN(20) {
				compare(t, &d, nil, src, limit)
			}
			for _, limit := range []int{999, 1000, 1001, 2999, 3000, 3001} {
				compare(t, &d, nil, src, limit)
			}
			compare(t, &d, nil, src[:len(src)-9], 3000)
		}
	}
	if _, err := d.Gunzip(nil, pack([]byte("x"), 6, 0), -1); !errors.Is(err, ErrTooLarge) {
		t.Errorf("limit -1: %v", err)
	}
	if out, err := d.Gunzip([]byte("kept"), pack([]byte("x"), 6, 0), math.MaxInt); err != nil || string(out) != "keptx" {
		t.Errorf("no limit, appended: %q, %v", out, err)
	}
}

// A small file cannot make the decoder allocate much, whatever size it claims.
func TestClaimedSizeIsOnlyAHint(t *testing.T) {
	src := pack([]byte("small"), 6, 0)
	binary.LittleEndian.PutUint32(src[len(src)-4:], 0xfffffff0)
	out, err := new(Decoder).Gunzip(nil, src, plenty)
	if classOf(err) != damaged || string(out) != "small" {
		t.Fatalf("%q, %v", out, err)
	}
	if cap(out) > 16<<10 {
		t.Errorf("%d bytes allocated for 5", cap(out))
	}
}

// 1 GiB of zeros in 1 MiB is refused with memory in proportion to the limit.
func TestBombIsRefusedAtTheLimit(t *testing.T) {
	src := pack(make([]byte, 64<<20), 9, 0)
	out, err := new(Decoder).Gunzip(nil, src, 1<<20)
	if !errors.Is(err, ErrTooLarge) || len(out) != 1<<20 || cap(out) > 2<<20 {
		t.Fatalf("%d bytes, capacity %d, %v", len(out), cap(out), err)
	}
}

// Streams that are famous for telling decoders apart.
func TestHandmadeStreams(t *testing.T) {
	for name, stream := range map[string]string{
		"empty fixed block":               "0300",
		"reserved block type":             "07",
		"stored, length not complement":   "010100010041",
		"stored, empty":                   "010000ffff",
		"stored, empty, then fixed":       "000000ffff0300",
		"fixed, symbol 286":               "1b 03",
		"fixed, distance 30":              "7305c0 0f",
		"fixed, distance too far":         "4b040200",
		"286 literal codes at most":       "fd 00 00 00 00 00",
		"30 distance codes at most":       "05 1e 00 00 00 00",
		"no code-length code":             "05 00 00 00 00 00 00 00 00",
		"first length repeats":            "0d c0 00 00 00 00 00 00 04 00 00 00 00 00",
		"single distance code of 1 bit":   "05e081 08000000 00 20 7f eb 0b 00 00",
		"no end of block code":            "05 c0 81 08 00 00 00 00 20 7f eb 0b 00 00",
		"end of block is the only code":   "05 c0 01 01 00 00 00 80 90 fe b6 1d",
		"oversubscribed code-length code": "05 00 92 24 49 92 24 49 92 24 49 92",
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := hex.DecodeString(strings.ReplaceAll(stream, " ", ""))
			if err != nil {
				t.Fatal(err)
			}
			src := append([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff}, raw...)
			for _, tail := range []int{0, 1, 8, 40} {
				compare(t, new(Decoder), nil, append(src[:len(src):len(src)], make([]byte, tail)...), plenty)
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	body := pack([]byte("body"), 6, 0)[10:]
	long := append([]byte{0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3}, bytes.Repeat([]byte{'n'}, 511)...)
	for name, src := range map[string][]byte{
		"nothing":                 nil,
		"one byte":                {0x1f},
		"not gzip":                []byte(`{"Records":[]}`),
		"another method":          append([]byte{0x1f, 0x8b, 7, 0, 0, 0, 0, 0, 0, 3}, body...),
		"reserved flags":          append([]byte{0x1f, 0x8b, 8, 0xe0, 0, 0, 0, 0, 0, 3}, body...),
		"good header checksum":    append([]byte{0x1f, 0x8b, 8, 2, 0, 0, 0, 0, 0, 3, 0x5f, 0xb5}, body...),
		"wrong header checksum":   append([]byte{0x1f, 0x8b, 8, 2, 0, 0, 0, 0, 0, 3, 1, 2}, body...),
		"extra over the end":      {0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 3, 0xff, 0xff, 1},
		"name over the end":       {0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3, 'n', 'a'},
		"name of 511 bytes":       append(append(long[:len(long):len(long)], 0), body...),
		"name of 512 bytes":       append(append(long[:len(long):len(long)], 'n', 0), body...),
		"name of 511, not closed": long,
	} {
		t.Run(name, func(t *testing.T) { compare(t, new(Decoder), nil, src, plenty) })
	}
}

func TestTrailingGarbage(t *testing.T) {
	src := pack([]byte("whole"), 6, 0)
	n := int64(len(src))
	for name, tail := range map[string]string{"text": "junk", "zeros, then text": "\x00\x00junk", "half a magic number": "\x1f\x8c", "newline": "\n"} {
		out, err := new(Decoder).Gunzip(nil, append(src[:n:n], tail...), plenty)
		var trailing *TrailingError
		if !errors.As(err, &trailing) || trailing.Offset != n || string(out) != "whole" {
			t.Errorf("%s: %q, %v", name, out, err)
		}
	}
	out, err := new(Decoder).Gunzip(nil, append(src[:n:n], 0x1f, 0x8b), plenty)
	if !errors.Is(err, io.ErrUnexpectedEOF) || string(out) != "whole" {
		t.Errorf("a second member cut short: %q, %v", out, err)
	}
}

func TestErrorsSayWhereAndWhat(t *testing.T) {
	src := pack([]byte("checksum"), 6, 0)
	src[len(src)-8] ^= 1
	_, err := new(Decoder).Gunzip(nil, src, plenty)
	want := fmt.Sprintf("inflate: corrupt gzip data at byte %d: checksum of the unpacked bytes does not match", len(src)-8)
	if err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
}
