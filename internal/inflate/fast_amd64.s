//go:build !nosimd

#include "go_asm.h"
#include "textflag.h"

// SI and DI are the places in the input and output, R8 the bit buffer, R9 how many
// bits of it are ready (of which the low 6 bits count), R10 and R11 the tables, R12
// and R13 the last places at which a turn may start, R14 the start of the member.
// AX is the entry of the next code.

// refill makes 56 bits or more ready: it loads 8 bytes, and passes those of them
// that fit whole, which are 7 - n/8. It clobbers AX.
#define refill \
	SHLXQ R9, (SI), AX; \
	ORQ AX, R8; \
	MOVL R9, AX; \
	NOTL AX; \
	SHRL $3, AX; \
	ANDL $7, AX; \
	ADDQ AX, SI; \
	ORL $56, R9

// lookup loads the next entry.
#define lookup \
	MOVL R8, AX; \
	ANDL $(1<<const_litBits - 1), AX; \
	MOVL (R10)(AX*4), AX

// literals drops the code in AX and looks the next one up; write then writes the
// one or two literals of the first.
#define literals \
	MOVL AX, CX; \
	SHRXQ AX, R8, R8; \
	lookup

#define write \
	SUBL CX, R9; \
	MOVBLZX CH, DX; \
	SHRL $16, CX; \
	ANDL $const_literalMask, CX; \
	MOVW CX, (DI); \
	LEAQ 1(DI)(DX*1), DI

// value sets R to the base of the length or distance in AX and its extra bits, and
// drops the code. It clobbers BX.
#define value(R) \
	BZHIQ AX, R8, R; \
	MOVBLZX AH, BX; \
	SHRXQ BX, R, R; \
	MOVL AX, BX; \
	SHRL $16, BX; \
	ADDQ BX, R; \
	SHRXQ AX, R8, R8; \
	SUBL AX, R9

// below sets AX to the entry in the subtable of the table T that AX points to. BITS
// is what the first level resolves. It clobbers BX and DX.
#define below(T, BITS) \
	SHRQ $BITS, R8; \
	SUBL $BITS, R9; \
	MOVBLZX AH, BX; \
	ANDL $const_bitsMask, BX; \
	BZHIQ BX, R8, DX; \
	SHRL $16, AX; \
	ADDL DX, AX; \
	ANDL $const_litMask, AX; \
	MOVL (T)(AX*4), AX

// func fastBMI2(l *loop)
TEXT ·fastBMI2(SB), NOSPLIT, $0-8
	MOVQ l+0(FP), AX
	MOVQ loop_in(AX), SI
	MOVQ loop_iLast(AX), R12
	ADDQ SI, R12
	ADDQ loop_i(AX), SI
	MOVQ loop_out(AX), DI
	MOVQ loop_oLast(AX), R13
	ADDQ DI, R13
	MOVQ loop_base(AX), R14
	ADDQ DI, R14
	ADDQ loop_o(AX), DI
	MOVQ loop_lit(AX), R10
	MOVQ loop_dist(AX), R11
	MOVQ loop_buf(AX), R8
	MOVQ loop_n(AX), R9
	refill
	lookup

	PCALIGN $32
turn:
	CMPQ SI, R12
	JHI near
	CMPQ DI, R13
	JHI near
	TESTL AX, AX
	JPL other
	literals
	write
	TESTL AX, AX
	JPL other
	literals
	write
	TESTL AX, AX
	JPL other
	literals
	write
	TESTL AX, AX
	JPL other
last:
	MOVL AX, CX
	SHRXQ AX, R8, R8
	write
	refill
	lookup
	JMP turn

other:
	TESTL $const_isSpecial, AX
	JNE special

match:
	value(CX) // the length
	MOVL R9, AX
	ANDL $63, AX
	CMPL AX, $28
	JCC ready
	refill

ready:
	MOVL R8, AX
	ANDL $(1<<const_distBits - 1), AX
	MOVL (R11)(AX*4), AX
	TESTL $const_isSpecial, AX
	JNE far

distance:
	value(DX)
	MOVQ DI, BX
	SUBQ R14, BX
	LEAQ -1(DX), AX
	CMPQ AX, BX // a distance of 0 wraps around
	JCC broken

	// The next code is looked up before the copy, so that its load and the copy
	// overlap.
	refill
	lookup
	MOVQ DI, BX
	SUBQ DX, BX
	CMPQ DX, $32
	JCS short
	VMOVDQU (BX), Y0
	VMOVDQU Y0, (DI)
	VMOVDQU 32(BX), Y1
	VMOVDQU Y1, 32(DI)
	CMPQ CX, $64
	JHI long
	ADDQ CX, DI
	JMP turn

long:
	MOVL $64, DX

more128:
	VMOVDQU (BX)(DX*1), Y0
	VMOVDQU Y0, (DI)(DX*1)
	VMOVDQU 32(BX)(DX*1), Y1
	VMOVDQU Y1, 32(DI)(DX*1)
	VMOVDQU 64(BX)(DX*1), Y0
	VMOVDQU Y0, 64(DI)(DX*1)
	VMOVDQU 96(BX)(DX*1), Y1
	VMOVDQU Y1, 96(DI)(DX*1)
	SUBQ $-128, DX
	CMPQ DX, CX
	JCS more128
	ADDQ CX, DI
	JMP turn

short: // DX is the distance, and becomes how much was copied
	CMPQ DX, $16
	JCS shorter
	XORL DX, DX

more16:
	VMOVDQU (BX)(DX*1), X0
	VMOVDQU X0, (DI)(DX*1)
	ADDQ $16, DX
	CMPQ DX, CX
	JCS more16
	ADDQ CX, DI
	JMP turn

shorter:
	CMPQ DX, $8
	JCS shortest
	XORL DX, DX

more8:
	MOVQ (BX)(DX*1), R15
	MOVQ R15, (DI)(DX*1)
	ADDQ $8, DX
	CMPQ DX, CX
	JCS more8
	ADDQ CX, DI
	JMP turn

shortest:
	XORL DX, DX

more1:
	MOVBLZX (BX)(DX*1), R15
	MOVB R15, (DI)(DX*1)
	INCQ DX
	CMPQ DX, CX
	JCS more1
	ADDQ CX, DI
	JMP turn

special:
	TESTL $const_isSubtable, AX
	JEQ end
	below(R10, const_litBits)
	TESTL AX, AX
	JMI last
	TESTL $const_isSpecial, AX
	JEQ match

end:
	SHRXQ AX, R8, R8
	SUBL AX, R9
	TESTL $const_isEnd, AX
	JEQ broken
	MOVL $const_ended, AX
	JMP halt

broken:
	MOVL $const_broken, AX
	JMP halt

far:
	TESTL $const_isSubtable, AX
	JEQ broken
	below(R11, const_distBits)
	JMP distance

near:
	MOVL $const_more, AX

halt:
	MOVQ l+0(FP), BX
	SUBQ loop_in(BX), SI
	MOVQ SI, loop_i(BX)
	SUBQ loop_out(BX), DI
	MOVQ DI, loop_o(BX)
	MOVQ R8, loop_buf(BX)
	MOVQ R9, loop_n(BX)
	MOVQ AX, loop_halt(BX)
	VZEROUPPER
	RET
