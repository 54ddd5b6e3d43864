//go:build !nosimd

#include "textflag.h"

// order holds the numbers 0 to 63, one a byte.
DATA order<>+0x00(SB)/8, $0x0706050403020100
DATA order<>+0x08(SB)/8, $0x0f0e0d0c0b0a0908
DATA order<>+0x10(SB)/8, $0x1716151413121110
DATA order<>+0x18(SB)/8, $0x1f1e1d1c1b1a1918
DATA order<>+0x20(SB)/8, $0x2726252423222120
DATA order<>+0x28(SB)/8, $0x2f2e2d2c2b2a2928
DATA order<>+0x30(SB)/8, $0x3736353433323130
DATA order<>+0x38(SB)/8, $0x3f3e3d3c3b3a3938
GLOBL order<>(SB), RODATA|NOPTR, $64

// func markAVX512(text *byte, blocks uint64, base uint64, out *uint32, st *scanState, esc *uint64) (n uint64, escapes uint64, high uint64)
//
// What markAVX2 does, with a whole block in one register: comparisons give the
// bits at once, and the numbers of the bits are pressed together (VBMI2) and
// written sixteen at a time, where AVX2 needs four instructions for each.
TEXT ·markAVX512(SB), NOSPLIT, $0-72
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
	VPBROADCASTB AX, Z8
	MOVQ $0x5c, AX             // backslash
	VPBROADCASTB AX, Z9
	MOVQ $0x20, AX
	VPBROADCASTB AX, Z10
	MOVQ $'{', AX              // '[' with bit 0x20 set
	VPBROADCASTB AX, Z11
	MOVQ $'}', AX              // ']' with bit 0x20 set
	VPBROADCASTB AX, Z12
	MOVQ $64, AX
	VPBROADCASTD AX, Z13
	VPCMPEQB X14, X14, X14     // all ones
	VPBROADCASTD DX, Z15       // place of the block
	VMOVDQU64 order<>(SB), Z6
	VPXORQ Z7, Z7, Z7          // all bytes or-ed

block:
	VMOVDQU64 0(SI), Z0
	VPORQ Z0, Z7, Z7
	VPORQ Z0, Z10, Z1
	VPCMPEQB Z0, Z8, K1        // quotes
	VPCMPEQB Z0, Z9, K2        // backslashes
	VPCMPEQB Z1, Z11, K3
	VPCMPEQB Z1, Z12, K4
	VPCMPUB $1, Z10, Z0, K5    // control characters: less than a space
	KORQ K3, K4, K3            // brackets
	KMOVQ K1, AX
	KMOVQ K2, R12
	KMOVQ K3, R13
	KMOVQ K5, R14

	XORQ R15, R15
	MOVQ R12, BX
	ORQ R11, BX
	JZ unescaped

	// As in markAVX2: the parity of runs of backslashes, by a carry.
	MOVQ R11, BX
	NOTQ BX
	ANDQ R12, BX               // backslashes not escaped by the block before
	LEAQ (BX)(BX*1), R15
	VMOVQ AX, X5
	MOVQ $0xaaaaaaaaaaaaaaaa, AX
	ORQ AX, R15
	SUBQ BX, R15
	XORQ AX, R15
	VMOVQ X5, AX
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
	ANDNQ R13, BX, R13
	ORQ R13, AX
	ORQ R14, AX

	KMOVQ AX, K1
	VPCOMPRESSB.Z Z6, K1, Z1
	POPCNTQ AX, BX
	VPMOVZXBD X1, Z2
	VPADDD Z15, Z2, Z2
	VMOVDQU32 Z2, 0(DI)
	CMPQ BX, $16
	JHI many

next:
	LEAQ (DI)(BX*4), DI
	ADDQ $64, SI
	VPADDD Z13, Z15, Z15
	DECQ CX
	JNZ block

	VPMOVB2M Z7, K1
	KMOVQ K1, AX
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

many:
	VEXTRACTI32X4 $1, Z1, X2
	VPMOVZXBD X2, Z2
	VPADDD Z15, Z2, Z2
	VMOVDQU32 Z2, 64(DI)
	CMPQ BX, $32
	JLS next
	VEXTRACTI32X4 $2, Z1, X2
	VPMOVZXBD X2, Z2
	VPADDD Z15, Z2, Z2
	VMOVDQU32 Z2, 128(DI)
	VEXTRACTI32X4 $3, Z1, X2
	VPMOVZXBD X2, Z2
	VPADDD Z15, Z2, Z2
	VMOVDQU32 Z2, 192(DI)
	JMP next
