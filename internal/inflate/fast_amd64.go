//go:build !nosimd

package inflate

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// hasBMI2 tells whether the processor shifts by any register (BMI2), as nearly
// every one since 2013 does, and copies 32 bytes at once (AVX2).
var hasBMI2 = cpu.X86.HasBMI2 && cpu.X86.HasAVX2

// A loop is what fastBMI2 begins with and ends with.
type loop struct {
	in, out   unsafe.Pointer
	i, iLast  uintptr // as in fastPlain
	o, oLast  uintptr
	base      uintptr
	lit, dist *[litSize]uint32
	buf, n    uint64
	halt      uint64 // a progress
}

// fastBMI2 is the loop of fastPlain. It says the same, step by step; what it wins
// is that the compiler needs one register for all shifts and keeps the bit buffer
// in memory for that, which each code then waits for.
//
//go:noescape
func fastBMI2(l *loop)

// unbroken is the most output of one call of fastBMI2, as the garbage collector
// has to wait for it to end.
const unbroken = 1 << 20

// fast is fastPlain by the best means that the processor has.
func (d *Decoder) fast() progress {
	if !hasBMI2 || d.plain {
		return d.fastPlain()
	}
	l := loop{
		in: unsafe.Pointer(unsafe.SliceData(d.in.src)), out: unsafe.Pointer(unsafe.SliceData(d.out)),
		i: uintptr(d.in.pos), iLast: uintptr(len(d.in.src) - d.near),
		o: uintptr(d.pos), oLast: uintptr(min(len(d.out)-outputSlack, d.end-outputSlack, d.pos+unbroken)),
		base: uintptr(d.base), lit: d.fastLit, dist: d.dist,
		buf: d.in.buf, n: uint64(d.in.n),
	}
	fastBMI2(&l)
	d.in.pos, d.in.buf, d.in.n = int(l.i), l.buf, uint(l.n&63)
	d.in.leavePadding()
	d.pos = int(l.o)
	return progress(l.halt)
}
