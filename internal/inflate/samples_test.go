package inflate

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"testing"
	"time"
)

// levels are all that compress/gzip can write: stored, each level, Huffman only.
var levels = []int{gzip.HuffmanOnly, gzip.DefaultCompression, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9}

func newRand(t testing.TB, seed uint64) *rand.Rand {
	t.Helper()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 1))
}

// pack compresses text as one member. Every flush ends a block.
func pack(text []byte, level int, flushes int) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, level)
	must(err)
	for i := range flushes {
		cut := len(text) / (flushes - i + 1)
		must2(w.Write(text[:cut]))
		must(w.Flush())
		text = text[cut:]
	}
	must2(w.Write(text))
	must(w.Close())
	return b.Bytes()
}

// packWithHeader compresses text as a member whose header has every field.
func packWithHeader(text []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Name, w.Comment, w.Extra = "records.json", "caf\u00e9", []byte("AB\x02\x00xy")
	w.ModTime = time.Unix(1_700_000_000, 0)
	must2(w.Write(text))
	must(w.Close())
	return b.Bytes()
}

// must stops on what cannot fail: packing into memory.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

func must2(_ int, err error) { must(err) }

// text makes n bytes of one of several natures.
func text(r *rand.Rand, kind, n int) []byte {
	b := make([]byte, 0, n+128)
	switch kind % 6 {
	case 0: // noise
		for len(b) < n {
			b = append(b, byte(r.Uint32()))
		}
	case 1: // one byte over and over
		b = append(b, bytes.Repeat([]byte{byte(r.Uint32())}, n)...)
	case 2: // records
		for len(b) < n {
			b = fmt.Appendf(b, `{"eventName":"Describe%d","awsRegion":"us-east-%d","requestID":"%016x"},`, r.IntN(40), r.IntN(3), r.Uint64())
		}
	case 3: // few letters
		for len(b) < n {
			b = append(b, "etaoin shr"[r.IntN(10)])
		}
	case 4: // short periods, so that matches overlap themselves
		period := text(r, 0, 1+r.IntN(40))
		for len(b) < n {
			b = append(b, period...)
			if r.IntN(50) == 0 {
				period = text(r, 0, 1+r.IntN(40))
			}
		}
	default: // far repeats of noise
		noise := text(r, 0, 40_000)
		for len(b) < n {
			at := r.IntN(len(noise) - 300)
			b = append(b, noise[at:at+1+r.IntN(299)]...)
		}
	}
	return b[:n]
}

// A bitWriter writes DEFLATE's order of bits.
type bitWriter struct {
	out []byte
	acc uint64
	n   uint
}

func (w *bitWriter) write(v uint64, n uint) {
	w.acc |= v << w.n
	w.n += n
	for w.n >= 8 {
		w.out = append(w.out, byte(w.acc))
		w.acc >>= 8
		w.n -= 8
	}
}

// writeCode writes a Huffman code, most significant bit first.
func (w *bitWriter) writeCode(code uint64, n uint8) {
	for i := int(n) - 1; i >= 0; i-- {
		w.write(code>>i&1, 1)
	}
}

func (w *bitWriter) bytes() []byte {
	if w.n > 0 {
		w.write(0, 8-w.n)
	}
	return w.out
}

// randomLengths gives code lengths to some of n symbols, at most longest bits:
// a complete code made by splitting leaves, or now and then one that is not.
// Symbols in must always get a code.
func randomLengths(r *rand.Rand, n, longest, leaves int, must ...int) []uint8 {
	lens := make([]uint8, n)
	depths := []uint8{1, 1}
	for len(depths) < min(leaves, n) {
		i := r.IntN(len(depths))
		if r.IntN(2) == 0 {
			i = len(depths) - 1 // grow one deep branch
		}
		if int(depths[i]) == longest {
			if i = r.IntN(len(depths)); int(depths[i]) == longest {
				continue
			}
		}
		depths[i]++
		depths = append(depths, depths[i])
	}
	r.Shuffle(len(depths), func(i, j int) { depths[i], depths[j] = depths[j], depths[i] })
	order := append(append([]int{}, must...), r.Perm(n)...)
	used := 0
	for _, symbol := range order {
		if used < len(depths) && lens[symbol] == 0 {
			lens[symbol] = depths[used]
			used++
		}
	}
	if r.IntN(12) == 0 {
		lens[r.IntN(n)] = uint8(r.IntN(longest + 1)) // most likely no code any more
	}
	return lens
}

// canonical numbers the codes of the given lengths.
func canonical(lens []uint8) []uint64 {
	codes := make([]uint64, len(lens))
	next := uint64(0)
	for n := uint8(1); n <= 15; n++ {
		next <<= 1
		for symbol, l := range lens {
			if l == n {
				codes[symbol] = next
				next++
			}
		}
	}
	return codes
}

// randomStream is a gzip member with a DEFLATE stream of dynamic blocks that no
// compressor would write: codes of all shapes up to 15 bits, any distance. Most
// are valid.
func randomStream(r *rand.Rand) []byte {
	w := &bitWriter{out: []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff}}
	produced := 0
	for blocks := 1 + r.IntN(3); blocks > 0; blocks-- {
		final := uint64(0)
		if blocks == 1 {
			final = 1
		}
		w.write(final|2<<1, 3)
		produced = randomBlock(r, w, produced)
	}
	return seal(w.bytes())
}

// seal appends the trailer that fits what compress/flate unpacks.
func seal(member []byte) []byte {
	out, _ := io.ReadAll(flate.NewReader(bytes.NewReader(member[headerSize:])))
	member = binary.LittleEndian.AppendUint32(member, crc32.ChecksumIEEE(out))
	return binary.LittleEndian.AppendUint32(member, uint32(len(out)))
}

func randomBlock(r *rand.Rand, w *bitWriter, produced int) int {
	lits, dists := 257+r.IntN(30), 1+r.IntN(30)
	litLens := randomLengths(r, lits, 15, 2+r.IntN(lits), endCode, r.IntN(256))
	distLens := make([]uint8, dists)
	if dists > 1 {
		distLens = randomLengths(r, dists, 15, 2+r.IntN(dists))
	} else if r.IntN(2) == 0 {
		distLens[0] = 1
	}
	writeCodes(r, w, litLens, distLens)
	litCodes, distCodes := canonical(litLens), canonical(distLens)
	for range r.IntN(2000) {
		symbol := r.IntN(lits)
		if r.IntN(2) == 0 {
			symbol = r.IntN(256)
		}
		if litLens[symbol] == 0 || symbol == endCode {
			continue
		}
		if symbol < endCode {
			w.writeCode(litCodes[symbol], litLens[symbol])
			produced++
			continue
		}
		d := r.IntN(dists)
		if distLens[d] == 0 || distBase(d) > produced && r.IntN(500) != 0 {
			continue
		}
		w.writeCode(litCodes[symbol], litLens[symbol])
		extra := uint(litMeanings[symbol] & 31)
		w.write(r.Uint64()&(1<<extra-1), extra)
		w.writeCode(distCodes[d], distLens[d])
		extra = uint(distMeanings[d] & 31)
		v := r.Uint64() & (1<<extra - 1)
		if distBase(d)+int(v) > produced {
			v = 0
		}
		w.write(v, extra)
		produced += int(litMeanings[symbol] >> 16)
	}
	w.writeCode(litCodes[endCode], litLens[endCode])
	return produced
}

func distBase(d int) int { return int(distMeanings[d] >> 16) }

// writeCodes writes the head of a dynamic block with a random code-length code.
func writeCodes(r *rand.Rand, w *bitWriter, litLens, distLens []uint8) {
	all := append(append([]uint8{}, litLens...), distLens...)
	lens := randomLengths(r, 19, 7, 19)
	codes := canonical(lens)
	w.write(uint64(len(litLens)-257), 5)
	w.write(uint64(len(distLens)-1), 5)
	w.write(15, 4)
	for _, symbol := range codeLengthOrder {
		w.write(uint64(lens[symbol]), 3)
	}
	for i := 0; i < len(all); {
		run := 1
		for i+run < len(all) && all[i+run] == all[i] {
			run++
		}
		switch {
		case all[i] == 0 && run >= 11 && r.IntN(4) != 0:
			run = min(run, 138)
			w.writeCode(codes[18], lens[18])
			w.write(uint64(run-11), 7)
		case all[i] == 0 && run >= 3:
			run = min(run, 10)
			w.writeCode(codes[17], lens[17])
			w.write(uint64(run-3), 3)
		case i > 0 && all[i] == all[i-1] && run >= 3 && r.IntN(4) != 0:
			run = min(run, 6)
			w.writeCode(codes[16], lens[16])
			w.write(uint64(run-3), 2)
		default:
			run = 1
			w.writeCode(codes[all[i]], lens[all[i]])
		}
		i += run
	}
}
