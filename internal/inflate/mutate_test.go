package inflate

import (
	"compress/gzip"
	"math/rand/v2"
)

// A mutator makes damaged streams out of valid ones.
type mutator struct {
	r     *rand.Rand
	seeds [][]byte
}

func newMutator(r *rand.Rand) mutator { return mutator{r: r, seeds: validStreams(r)} }

// validStreams are valid streams: all levels and natures of text, several members,
// full headers, and large ones that stay long in the fast loop.
func validStreams(r *rand.Rand) [][]byte {
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

// input is a new stream or a seed, mostly mutated.
func (m *mutator) input() []byte {
	r := m.r
	src := m.seeds[r.IntN(len(m.seeds))]
	if r.IntN(4) == 0 {
		src = randomStream(r)
	}
	src = append(make([]byte, 0, len(src)+64), src...)
	for range r.IntN(4) {
		src = m.mutate(src)
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
func (m *mutator) mutate(src []byte) []byte {
	r := m.r
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
		other := m.seeds[r.IntN(len(m.seeds))]
		return append(src[:at:at], other[r.IntN(len(other)):]...)
	default: // another member, padding or garbage
		tails := [][]byte{m.seeds[r.IntN(len(m.seeds))], make([]byte, 1+r.IntN(600)), {0x1f, 0x8b}, []byte("tail")}
		return append(src, tails[r.IntN(len(tails))]...)
	}
	return src
}
