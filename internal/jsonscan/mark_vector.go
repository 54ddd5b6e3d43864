//go:build (amd64 || arm64) && !nosimd

package jsonscan

import (
	"math/bits"
	"unsafe"
)

// maskBuffer holds, for each block of a chunk, the backslashes that start an
// escape inside a string.
type maskBuffer [chunk / blockSize]uint64

// A lister lists the marks of blocks of 64 bytes from text on, adding base to each
// place, and reports how many it wrote to out, whether any escape was written to
// esc, and whether any byte is not ASCII. out must have room for 64 places a block,
// and 12 more.
type lister func(text *byte, blocks uint64, base uint64, out *uint32, st *scanState, esc *uint64) (n, escapes, high uint64)

// mark lists the marks of text[x.done:end].
func (x *Index) mark(end int) {
	for hasVectors && x.form != Plain && end-x.done >= blockSize {
		x.markBlocks(min(end-x.done, chunk) / blockSize)
	}
	if x.done < end {
		x.markPlain(end)
	}
}

// markBlocks lists the marks of n blocks. An escape that JSON does not know is
// so rare that the blocks are then listed again in the plain way, which knows
// where to put its mark.
func (x *Index) markBlocks(n int) {
	before, at := x.state, x.done
	end := at + n*blockSize
	k := len(x.marks)
	room := x.marks[k:cap(x.marks)]
	count, escapes, high := x.form.lister()(&x.text[at], uint64(n), uint64(at),
		unsafe.SliceData(room), &x.state, &x.masks[0])
	if escapes != 0 && !x.escapesSound(at, n) {
		x.state = before
		x.markPlain(end)
		return
	}
	if high != 0 {
		x.odd = end
	}
	x.marks = x.marks[:k+int(count)]
	x.done = end
}

// escapesSound checks the escapes that start in n blocks from text[at] on.
func (x *Index) escapesSound(at, n int) bool {
	for i, m := range x.masks[:n] {
		for ; m != 0; m &= m - 1 {
			if !escapeSound(x.text, at+i*blockSize+bits.TrailingZeros64(m)) {
				return false
			}
		}
	}
	return true
}
