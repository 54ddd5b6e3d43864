//go:build !nosimd

package jsonscan

import "golang.org/x/sys/cpu"

// markAVX2 is a lister.
//
//go:noescape
func markAVX2(text *byte, blocks uint64, base uint64, out *uint32, st *scanState, esc *uint64) (n uint64, escapes uint64, high uint64)

// markAVX512 is a lister for processors that can compress bytes by a mask. out
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

// lister is what lists the marks of blocks in form f, which is not
// Plain.
func (f Form) lister() lister {
	if hasAVX512 && f != AVX2 {
		return markAVX512
	}
	return markAVX2
}
