//go:build !nosimd

package jsonscan

import "golang.org/x/sys/cpu"

// markAVX2 lists the marks of blocks of 64 bytes from text on, adding base to
// each place, and reports how many it wrote to out, whether any escape was
// written to esc, and whether any byte is not ASCII. out must have room for 64
// places a block, and 12 more.
//
//go:noescape
func markAVX2(text *byte, blocks uint64, base uint64, out *uint32, st *scanState, esc *uint64) (n uint64, escapes uint64, high uint64)

// markAVX512 is markAVX2 for processors that can compress bytes by a mask. out
// needs no more than 64 places a block.
//
//go:noescape
func markAVX512(text *byte, blocks uint64, base uint64, out *uint32, st *scanState, esc *uint64) (n uint64, escapes uint64, high uint64)

var (
	// hasVectors tells whether the processor has what a vector form needs.
	hasVectors = cpu.X86.HasAVX2 && cpu.X86.HasPCLMULQDQ && cpu.X86.HasBMI1 && cpu.X86.HasPOPCNT

	hasAVX512 = hasVectors && cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ &&
		cpu.X86.HasAVX512VBMI2
)

// lister is the function that lists the marks of blocks in form f, which is not
// Plain.
func (f Form) lister() func(text *byte, blocks uint64, base uint64, out *uint32, st *scanState, esc *uint64) (n, escapes, high uint64) {
	if hasAVX512 && f != AVX2 {
		return markAVX512
	}
	return markAVX2
}
