package inflate

import "encoding/binary"

// bits reads the input from the least significant bit of each byte on.
//
// The lowest n bits of buf are bytes that pos has passed. Bits of buf above
// them are either zero or equal to what the bytes from pos on will put there,
// which makes a refill that ORs a whole word harmless to repeat. At the end of
// the input they are zero.
type bits struct {
	src []byte
	pos int
	buf uint64
	n   uint
}

// refill makes at least 56 bits ready, or all that are left.
func (b *bits) refill() {
	if len(b.src)-b.pos >= 8 {
		b.buf |= binary.LittleEndian.Uint64(b.src[b.pos:]) << (b.n & 63)
		b.pos += int(63-b.n) >> 3
		b.n |= 56
		return
	}
	b.refillTail()
}

func (b *bits) refillTail() {
	for b.n < 56 && b.pos < len(b.src) {
		b.buf |= uint64(b.src[b.pos]) << b.n
		b.pos++
		b.n += 8
	}
}

// drop removes n bits, which must be ready.
func (b *bits) drop(n uint) {
	b.buf >>= n & 63
	b.n -= n
}

// read returns the next n bits, at most 16; ok is false when the input ends
// before them.
func (b *bits) read(n uint) (v uint64, ok bool) {
	if b.n < n {
		if b.refill(); b.n < n {
			return 0, false
		}
	}
	v = b.buf & (1<<n - 1)
	b.drop(n)
	return v, true
}

// leavePadding gives back bytes that were read behind the end of the input.
func (b *bits) leavePadding() {
	if len(b.src)-b.pos >= 8 {
		return
	}
	if over := b.pos - len(b.src); over > 0 {
		b.pos -= over
		b.n -= uint(8 * over)
	}
	b.buf &= 1<<b.n - 1
}

// align gives back whole bytes and forgets the rest of the current one.
func (b *bits) align() {
	b.pos -= int(b.n >> 3)
	b.buf, b.n = 0, 0
}

// offset is the byte of the input that holds the next bit.
func (b *bits) offset() int64 {
	return int64(b.pos - int((b.n+7)>>3))
}
