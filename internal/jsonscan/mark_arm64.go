//go:build !nosimd

package jsonscan

// hasVectors tells whether the processor has what a vector form needs: NEON is
// part of every 64-bit ARM processor that Go runs on.
const hasVectors = true

// markNEON is a lister.
//
//go:noescape
func markNEON(text *byte, blocks uint64, base uint64, out *uint32, st *scanState, esc *uint64) (n uint64, escapes uint64, high uint64)

// lister is what lists the marks of blocks in form f, which is not
// Plain.
func (f Form) lister() lister {
	return markNEON
}
