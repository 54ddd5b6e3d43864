//go:build !nosimd

#include "textflag.h"

// masks sets TO1 and TO2 to one bit a byte of the comparisons in A0..A3 and
// B0..B3, which it clobbers: each byte keeps the bit of its place in a group of
// eight (V16), and three additions of neighbours bring a group into one byte.
#define masks(A0, A1, A2, A3, B0, B1, B2, B3, TO1, TO2) \
	VAND V16.B16, A0.B16, A0.B16; \
	VAND V16.B16, A1.B16, A1.B16; \
	VAND V16.B16, A2.B16, A2.B16; \
	VAND V16.B16, A3.B16, A3.B16; \
	VAND V16.B16, B0.B16, B0.B16; \
	VAND V16.B16, B1.B16, B1.B16; \
	VAND V16.B16, B2.B16, B2.B16; \
	VAND V16.B16, B3.B16, B3.B16; \
	VADDP A1.B16, A0.B16, A0.B16; \
	VADDP A3.B16, A2.B16, A2.B16; \
	VADDP B1.B16, B0.B16, B0.B16; \
	VADDP B3.B16, B2.B16, B2.B16; \
	VADDP A2.B16, A0.B16, A0.B16; \
	VADDP B2.B16, B0.B16, B0.B16; \
	VADDP B0.B16, A0.B16, A0.B16; \
	VMOV A0.D[0], TO1; \
	VMOV A0.D[1], TO2

// bracket sets T to the bytes of X that are brackets, whose pairs differ in bit
// 0x20 only. It clobbers V28.
#define bracket(X, T) \
	VORR V19.B16, X.B16, V28.B16; \
	VCMEQ V20.B16, V28.B16, T.B16; \
	VCMEQ V21.B16, V28.B16, V28.B16; \
	VORR V28.B16, T.B16, T.B16

// control sets T to the bytes of X below 0x20.
#define control(X, T) \
	VUMIN V22.B16, X.B16, T.B16; \
	VCMEQ X.B16, T.B16, T.B16

// put writes the place of R5's lowest bit, plus R2, and clears the bit. Past the
// last bit it writes nonsense, which the next block overwrites.
#define put(OFF) \
	RBIT R5, R12; \
	CLZ R12, R12; \
	ADD R2, R12, R12; \
	MOVW R12, OFF(R3); \
	SUB $1, R5, R13; \
	AND R13, R5, R5

// func markNEON(text *byte, blocks uint64, base uint64, out *uint32, st *scanState, esc *uint64) (n uint64, escapes uint64, high uint64)
//
// The steps are those of markAVX2. What is inside a string is the exclusive or
// of the quotes up to each byte, by six shifts, as not every processor has the
// carry-less product.
TEXT ·markNEON(SB), NOSPLIT, $0-72
	MOVD text+0(FP), R0
	MOVD blocks+8(FP), R1
	MOVD base+16(FP), R2
	MOVD out+24(FP), R3
	MOVD st+32(FP), R4
	MOVD esc+40(FP), R9
	MOVD 0(R4), R10            // inString
	MOVD 8(R4), R11            // escaped
	MOVD ZR, R8                // all escapes
	MOVD $0x8040201008040201, R12
	VMOV R12, V16.D2
	MOVD $0xaaaaaaaaaaaaaaaa, R14
	VMOVI $0x22, V17.B16       // quote
	VMOVI $0x5c, V18.B16       // backslash
	VMOVI $0x20, V19.B16
	VMOVI $0x7b, V20.B16       // '{', and '[' with bit 0x20 set
	VMOVI $0x7d, V21.B16       // '}', and ']' with bit 0x20 set
	VMOVI $0x1f, V22.B16
	VMOVI $0, V23.B16          // all bytes or-ed

block:
	VLD1.P 64(R0), [V0.B16, V1.B16, V2.B16, V3.B16]
	VORR V1.B16, V0.B16, V4.B16
	VORR V3.B16, V2.B16, V5.B16
	VORR V4.B16, V23.B16, V23.B16
	VORR V5.B16, V23.B16, V23.B16

	VCMEQ V17.B16, V0.B16, V4.B16
	VCMEQ V17.B16, V1.B16, V5.B16
	VCMEQ V17.B16, V2.B16, V6.B16
	VCMEQ V17.B16, V3.B16, V7.B16
	VCMEQ V18.B16, V0.B16, V24.B16
	VCMEQ V18.B16, V1.B16, V25.B16
	VCMEQ V18.B16, V2.B16, V26.B16
	VCMEQ V18.B16, V3.B16, V27.B16
	masks(V4, V5, V6, V7, V24, V25, V26, V27, R5, R6) // quotes, backslashes

	bracket(V0, V4)
	bracket(V1, V5)
	bracket(V2, V6)
	bracket(V3, V7)
	control(V0, V24)
	control(V1, V25)
	control(V2, V26)
	control(V3, V27)
	masks(V4, V5, V6, V7, V24, V25, V26, V27, R19, R20) // brackets, control characters

	MOVD ZR, R15
	ORR R6, R11, R12
	CBZ R12, unescaped

	// A run of backslashes escapes every second of its characters. Subtracting
	// the run's start from the odd bits lets the carry find its parity.
	BIC R11, R6, R13           // backslashes not escaped by the block before
	ORR R13<<1, R14, R15
	SUB R13, R15, R15
	EOR R14, R15, R15
	EOR R15, R12, R12          // escaped characters
	AND R6, R15, R15           // backslashes that start an escape
	LSR $63, R15, R11
	BIC R12, R5, R5

unescaped:
	EOR R5<<1, R5, R7
	EOR R7<<2, R7, R7
	EOR R7<<4, R7, R7
	EOR R7<<8, R7, R7
	EOR R7<<16, R7, R7
	EOR R7<<32, R7, R7
	EOR R10, R7, R7            // inside a string, opening quote included
	ASR $63, R7, R10
	AND R7, R15, R15
	MOVD.P R15, 8(R9)
	ORR R15, R8, R8
	AND R7, R20, R20
	BIC R7, R19, R19
	ORR R19, R5, R5
	ORR R20, R5, R5

	FMOVD R5, F4
	VCNT V4.B8, V4.B8
	VUADDLV V4.B8, V4
	FMOVD F4, R7
	AND $0x7f, R7, R7          // marks
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
	CBZ R5, next
	ADD $48, R3, R4

rest:
	RBIT R5, R12
	CLZ R12, R12
	ADD R2, R12, R12
	MOVW.P R12, 4(R4)
	SUB $1, R5, R13
	ANDS R13, R5, R5
	BNE rest

next:
	ADD R7<<2, R3, R3
	ADD $64, R2, R2
	SUBS $1, R1, R1
	BNE block

	VMOV V23.D[0], R5
	VMOV V23.D[1], R6
	ORR R6, R5, R5
	AND $0x8080808080808080, R5, R5
	MOVD R5, high+64(FP)
	MOVD st+32(FP), R4
	MOVD R10, 0(R4)
	MOVD R11, 8(R4)
	MOVD R8, escapes+56(FP)
	MOVD out+24(FP), R4
	SUB R4, R3, R3
	LSR $2, R3, R3
	MOVD R3, n+48(FP)
	RET
