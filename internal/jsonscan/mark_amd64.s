//go:build !nosimd

#include "textflag.h"

// mask sets R to one bit a byte: the sign bits of A (low half) and B. It
// clobbers R15.
#define mask(A, B, R) \
	VPMOVMSKB A, R; \
	VPMOVMSKB B, R15; \
	SHLQ $32, R15; \
	ORQ R15, R

// put writes the place of AX's lowest bit, plus DX, and clears the bit. Past
// the last bit it writes nonsense, which the next block overwrites.
#define put(OFF) \
	TZCNTQ AX, R12; \
	ADDL DX, R12; \
	MOVL R12, OFF(DI); \
	BLSRQ AX, AX

// func markAVX2(text *byte, blocks uint64, base uint64, out *uint32, st *scanState, esc *uint64) (n uint64, escapes uint64, high uint64)
//
// For each block of 64 bytes: find quotes, backslashes, brackets and control
// characters, one bit a byte; drop escaped quotes; turn the quotes that are
// left into "inside a string" by a carry-less product with all ones, which is
// the exclusive or of all bits up to each one; keep brackets outside and
// control characters inside; write the places of the bits.
TEXT ·markAVX2(SB), NOSPLIT, $0-72
	MOVQ text+0(FP), SI
	MOVQ blocks+8(FP), CX
	MOVQ base+16(FP), DX
	MOVQ out+24(FP), DI
	MOVQ esc+40(FP), R9
	MOVQ st+32(FP), R8
	MOVQ 0(R8), R10            // inString
	MOVQ 8(R8), R11            // escaped
	XORQ R8, R8                // all escapes
	MOVQ $'"', AX
	MOVQ AX, X8
	VPBROADCASTB X8, Y8
	MOVQ $0x5c, AX             // backslash
	MOVQ AX, X9
	VPBROADCASTB X9, Y9
	MOVQ $0x20, AX
	MOVQ AX, X10
	VPBROADCASTB X10, Y10
	MOVQ $'{', AX              // '[' with bit 0x20 set
	MOVQ AX, X11
	VPBROADCASTB X11, Y11
	MOVQ $'}', AX              // ']' with bit 0x20 set
	MOVQ AX, X12
	VPBROADCASTB X12, Y12
	MOVQ $0x1f, AX
	MOVQ AX, X13
	VPBROADCASTB X13, Y13
	VPCMPEQB Y14, Y14, Y14     // all ones
	VPXOR Y7, Y7, Y7           // all bytes or-ed

block:
	VMOVDQU 0(SI), Y0
	VMOVDQU 32(SI), Y1
	VPOR Y0, Y7, Y7
	VPOR Y1, Y7, Y7
	VPCMPEQB Y0, Y8, Y2
	VPCMPEQB Y1, Y8, Y3
	mask(Y2, Y3, AX)           // quotes
	VPCMPEQB Y0, Y9, Y2
	VPCMPEQB Y1, Y9, Y3
	mask(Y2, Y3, R12)          // backslashes
	VPOR Y0, Y10, Y2
	VPOR Y1, Y10, Y3
	VPCMPEQB Y2, Y11, Y4
	VPCMPEQB Y3, Y11, Y5
	VPCMPEQB Y2, Y12, Y2
	VPCMPEQB Y3, Y12, Y3
	VPOR Y2, Y4, Y2
	VPOR Y3, Y5, Y3
	mask(Y2, Y3, R13)          // brackets
	VPMINUB Y0, Y13, Y2
	VPMINUB Y1, Y13, Y3
	VPCMPEQB Y0, Y2, Y2
	VPCMPEQB Y1, Y3, Y3
	VPMOVMSKB Y2, R14
	VPMOVMSKB Y3, R15
	SHLQ $32, R15
	ORQ R15, R14               // control characters

	XORQ R15, R15
	MOVQ R12, BX
	ORQ R11, BX
	JZ unescaped

	// A run of backslashes escapes every second of its characters. Subtracting
	// the run's start from the odd bits lets the carry find its parity.
	MOVQ R11, BX
	NOTQ BX
	ANDQ R12, BX               // backslashes not escaped by the block before
	LEAQ (BX)(BX*1), R15
	VMOVQ AX, X6
	MOVQ $0xaaaaaaaaaaaaaaaa, AX
	ORQ AX, R15
	SUBQ BX, R15
	XORQ AX, R15
	VMOVQ X6, AX
	MOVQ R12, BX
	ORQ R11, BX
	XORQ R15, BX               // escaped characters
	ANDQ R12, R15              // backslashes that start an escape
	MOVQ R15, R11
	SHRQ $63, R11
	NOTQ BX
	ANDQ BX, AX

unescaped:
	VMOVQ AX, X0
	VPCLMULQDQ $0, X14, X0, X0
	VMOVQ X0, BX
	XORQ R10, BX               // inside a string, opening quote included
	MOVQ BX, R10
	SARQ $63, R10
	ANDQ BX, R15
	MOVQ R15, 0(R9)
	ADDQ $8, R9
	ORQ R15, R8
	ANDQ BX, R14
	NOTQ BX
	ANDQ BX, R13
	ORQ R13, AX
	ORQ R14, AX

	POPCNTQ AX, BX
	put(0)
	put(4)
	put(8)
	put(12)
	put(16)
	put(20)
	put(24)
	put(28)
	put(32)
	put(36)
	put(40)
	put(44)
	TESTQ AX, AX
	JZ next
	LEAQ 48(DI), R14

rest:
	TZCNTQ AX, R12
	ADDL DX, R12
	MOVL R12, 0(R14)
	ADDQ $4, R14
	BLSRQ AX, AX
	JNZ rest

next:
	LEAQ (DI)(BX*4), DI
	ADDQ $64, SI
	ADDL $64, DX
	DECQ CX
	JNZ block

	VPMOVMSKB Y7, AX
	MOVQ AX, high+64(FP)
	VZEROUPPER
	MOVQ st+32(FP), BX
	MOVQ R10, 0(BX)
	MOVQ R11, 8(BX)
	MOVQ R8, escapes+56(FP)
	SUBQ out+24(FP), DI
	SHRQ $2, DI
	MOVQ DI, n+48(FP)
	RET
