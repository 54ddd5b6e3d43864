//go:build !nosimd

#include "go_asm.h"
#include "textflag.h"

// func prefetch(slots *uint64, at *[warmed]int)
TEXT ·prefetch(SB), NOSPLIT, $0-16
	MOVQ slots+0(FP), SI
	MOVQ at+8(FP), DI
	MOVQ $(const_warmed/4), CX

more:
	MOVQ (DI), AX
	MOVQ 8(DI), BX
	MOVQ 16(DI), DX
	MOVQ 24(DI), R8
	PREFETCHT0 (SI)(AX*8)
	PREFETCHT0 (SI)(BX*8)
	PREFETCHT0 (SI)(DX*8)
	PREFETCHT0 (SI)(R8*8)
	ADDQ $32, DI
	DECQ CX
	JNZ more
	RET
