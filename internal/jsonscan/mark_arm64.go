//go:build !nosimd

package jsonscan

// hasVectors tells whether the processor has what a vector form needs: NEON is
// part of every 64-bit ARM processor that Go runs on.
const hasVectors = true

// markNEON lists the marks of blocks of 64 bytes from text on, adding base to
// each place, and reports how many it wrote to out, whether any escape was
// written to esc, and whether any byte is not ASCII. out must have room for 64
// places a block, and 12 more.
//
//go:noescape
func markNEON(text *byte, blocks uint64, base uint64, out *uint32, st *scanState, esc *uint64) (n uint64, escapes uint64, high uint64)

// lister is the function that lists the marks of blocks in form f, which is not
// Plain.
func (f Form) lister() func(text *byte, blocks uint64, base uint64, out *uint32, st *scanState, esc *uint64) (n, escapes, high uint64) {
	return markNEON
}
