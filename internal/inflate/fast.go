package inflate

import "unsafe"

// What the fast loop may touch beyond the present positions.
const (
	// inputSlack: two refills a turn advance by 7 bytes each, and the last one
	// loads 8.
	inputSlack = 32

	// paddedNear is how near the end a turn may start that may load some bytes of
	// padding, at most paddedSlack, as long as it does not use them up: it starts
	// with 56 bits of what is before its position, and takes 81 at most (below).
	paddedNear  = 4
	paddedSlack = 16

	// outputSlack: four pairs of literals, a match of 258 whose last 128 bytes
	// are only partly wanted, and Padding.
	outputSlack = 8 + 258 + 128 + Padding
)

type chunk16 [16]byte

// fastPlain decodes codes while at least d.near bytes of input are left and
// outputSlack bytes of output may still be produced. The caller has checked
// both for the first turn, and that the buffer has the room.
//
// This and its twin in assembly are the one place with unchecked memory access.
// It is safe because:
//   - a turn reads less than inputSlack bytes from i on, and at most 22 of them,
//     and i <= iLast holds at its start;
//   - a turn writes less than outputSlack bytes from o on, and o <= oLast holds
//     at its start;
//   - a match is read from between the start of the member and o, as its
//     distance is compared with o-base first;
//   - table indexes are masked by the size of the table.
//
// A turn starts with 56 bits or more. A first-level entry drops 11 at most, so
// after three of literals 23 are left, enough for any length code with its
// extra bits (20). Then a refill, unless there are enough for any distance (28)
// already, as mostly; and another at the end.
//
// Two thirds of all matches are no longer than 32 bytes, three quarters no longer
// than 64. So many are copied at once, wanted or not, and of longer ones 128 more
// each time: guessing how often a loop goes round costs more.
//
// Literals are stored two bytes at a time, as an entry may hold a pair of them:
// of a single one, the second byte is overwritten by what follows.
func (d *Decoder) fastPlain() progress {
	in, out := unsafe.Pointer(unsafe.SliceData(d.in.src)), unsafe.Pointer(unsafe.SliceData(d.out))
	i, iLast := uintptr(d.in.pos), uintptr(len(d.in.src)-d.near)
	o, oLast := uintptr(d.pos), uintptr(min(len(d.out), d.end)-outputSlack)
	base := uintptr(d.base)
	lit, dist := d.fastLit, d.dist
	buf, n := d.in.buf, uint64(d.in.n)
	p := more

	buf, i, n = refill(in, i, buf, n)
	e := lit[buf&(1<<litBits-1)]
	for i <= iLast && o <= oLast {
		if int32(e) < 0 {
			buf >>= e & dropMask
			n -= uint64(e)
			*(*uint16)(unsafe.Add(out, o)) = uint16(e>>16) & literalMask
			o += uintptr(e>>8&1) + 1
			e = lit[buf&(1<<litBits-1)]
			if int32(e) < 0 {
				buf >>= e & dropMask
				n -= uint64(e)
				*(*uint16)(unsafe.Add(out, o)) = uint16(e>>16) & literalMask
				o += uintptr(e>>8&1) + 1
				e = lit[buf&(1<<litBits-1)]
				if int32(e) < 0 {
					buf >>= e & dropMask
					n -= uint64(e)
					*(*uint16)(unsafe.Add(out, o)) = uint16(e>>16) & literalMask
					o += uintptr(e>>8&1) + 1
					e = lit[buf&(1<<litBits-1)]
					if int32(e) < 0 {
						buf >>= e & dropMask
						n -= uint64(e)
						*(*uint16)(unsafe.Add(out, o)) = uint16(e>>16) & literalMask
						o += uintptr(e>>8&1) + 1
						buf, i, n = refill(in, i, buf, n)
						e = lit[buf&(1<<litBits-1)]
						continue
					}
				}
			}
		}
		if e&isSpecial != 0 {
			if e&isSubtable != 0 {
				buf >>= litBits
				n -= litBits
				e = lit[(e>>16+uint32(buf)&(1<<(e>>8&bitsMask)-1))&litMask]
			}
			if int32(e) < 0 {
				buf >>= e & dropMask
				n -= uint64(e)
				*(*uint16)(unsafe.Add(out, o)) = uint16(e>>16) & literalMask
				o += uintptr(e>>8&1) + 1
				buf, i, n = refill(in, i, buf, n)
				e = lit[buf&(1<<litBits-1)]
				continue
			}
			if e&isSpecial != 0 {
				buf >>= e & dropMask
				n -= uint64(e)
				p = broken
				if e&isEnd != 0 {
					p = ended
				}
				break
			}
		}
		length := uintptr(e>>16) + uintptr(buf&(1<<(e&dropMask)-1)>>(e>>8&bitsMask))
		buf >>= e & dropMask
		n -= uint64(e)

		if n&63 < 28 {
			buf, i, n = refill(in, i, buf, n)
		}
		e = dist[buf&(1<<distBits-1)]
		if e&isSpecial != 0 {
			if e&isSubtable == 0 {
				p = broken
				break
			}
			buf >>= distBits
			n -= distBits
			e = dist[(e>>16+uint32(buf)&(1<<(e>>8&bitsMask)-1))&litMask]
		}
		distance := uintptr(e>>16) + uintptr(buf&(1<<(e&dropMask)-1)>>(e>>8&bitsMask))
		buf >>= e & dropMask
		n -= uint64(e)
		if distance-1 >= o-base { // a distance of 0 wraps around
			p = broken
			break
		}

		// The next code is looked up before the copy, so that its load and the
		// copy overlap.
		buf, i, n = refill(in, i, buf, n)
		e = lit[buf&(1<<litBits-1)]
		to, from := unsafe.Add(out, o), unsafe.Add(out, o-distance)
		o += length
		switch {
		case distance >= 16:
			*(*chunk16)(to) = *(*chunk16)(from)
			*(*chunk16)(unsafe.Add(to, 16)) = *(*chunk16)(unsafe.Add(from, 16))
			*(*chunk16)(unsafe.Add(to, 32)) = *(*chunk16)(unsafe.Add(from, 32))
			*(*chunk16)(unsafe.Add(to, 48)) = *(*chunk16)(unsafe.Add(from, 48))
			for k := uintptr(64); k < length; k += 128 {
				*(*chunk16)(unsafe.Add(to, k)) = *(*chunk16)(unsafe.Add(from, k))
				*(*chunk16)(unsafe.Add(to, k+16)) = *(*chunk16)(unsafe.Add(from, k+16))
				*(*chunk16)(unsafe.Add(to, k+32)) = *(*chunk16)(unsafe.Add(from, k+32))
				*(*chunk16)(unsafe.Add(to, k+48)) = *(*chunk16)(unsafe.Add(from, k+48))
				*(*chunk16)(unsafe.Add(to, k+64)) = *(*chunk16)(unsafe.Add(from, k+64))
				*(*chunk16)(unsafe.Add(to, k+80)) = *(*chunk16)(unsafe.Add(from, k+80))
				*(*chunk16)(unsafe.Add(to, k+96)) = *(*chunk16)(unsafe.Add(from, k+96))
				*(*chunk16)(unsafe.Add(to, k+112)) = *(*chunk16)(unsafe.Add(from, k+112))
			}
		case distance >= 8:
			for k := uintptr(0); k < length; k += 8 {
				*(*uint64)(unsafe.Add(to, k)) = *(*uint64)(unsafe.Add(from, k))
			}
		default:
			for k := uintptr(0); k < length; k++ {
				*(*byte)(unsafe.Add(to, k)) = *(*byte)(unsafe.Add(from, k))
			}
		}
	}
	d.in.pos, d.in.buf, d.in.n = int(i), buf, uint(n&63)
	d.in.leavePadding()
	d.pos = int(o)
	return p
}

// refill makes 56 bits or more ready without a branch: it loads 8 bytes, and
// passes those of them that fit whole. Only the low 6 bits of n count, so that
// whole table entries can be subtracted from it.
func refill(in unsafe.Pointer, i uintptr, buf, n uint64) (uint64, uintptr, uint64) {
	buf |= load64(unsafe.Add(in, i)) << (n & 63)
	return buf, i + 7 - uintptr(n>>3&7), n | 56
}
