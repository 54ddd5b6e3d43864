package jsonscan

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
	"unsafe"
)

const blockSize = 64

const (
	lows  = 0x0101010101010101
	highs = 0x8080808080808080
)

// markPlain lists the marks of text[x.done:end] without vector instructions.
func (x *Index) markPlain(end int) {
	for x.done < end {
		if x.state.escaped == 0 && end-x.done >= wordSlack {
			x.markWords(end)
		}
		if x.done < end {
			x.markBytes(min(end, x.done+wordSlack))
		}
	}
}

// wordSlack is how far markWords may look past the place where it is, in bytes.
const wordSlack = 16

// markWords lists marks from text[x.done] on, which is not escaped, and stops
// where less than wordSlack is left before end, or where something stands that
// is in no log: only markBytes knows what to do about that.
func (x *Index) markWords(end int) {
	c := wordCursor{
		text: unsafe.Pointer(unsafe.SliceData(x.text)), i: uintptr(x.done), last: uintptr(end - wordSlack),
		out: unsafe.Pointer(unsafe.SliceData(x.marks[len(x.marks):cap(x.marks)])),
	}
	first := c.out
	in := c.walk(x.state.inString != 0)
	for in && c.i <= c.last && x.text[c.i] == '\\' && escapeSound(x.text, int(c.i)) {
		c.i += 2
		in = c.walk(true)
	}
	x.marks = x.marks[:len(x.marks)+int(uintptr(c.out)-uintptr(first))/4]
	x.done, x.state = int(c.i), scanState{}
	if in {
		x.state.inString = ^uint64(0)
	}
	if c.seen&highs != 0 {
		x.odd = x.done
	}
}

// wordCursor is where markWords is. Its memory access is unchecked, which halves
// the time. It is safe because
//   - text is read less than wordSlack bytes from i on, and i <= last holds when
//     it is;
//   - there is at most one mark for each byte that is passed, and one more may
//     be written, where Index.reserve has made room for a block more.
type wordCursor struct {
	text    unsafe.Pointer
	i, last uintptr
	out     unsafe.Pointer // where the next mark goes
	seen    uint64         // all bytes that were passed, or-ed
}

// walk goes on to a backslash, or to a control character in a string, or past
// last, and reports whether it is in a string there.
//
// Almost all of a log are strings, and almost all of them are followed by a
// colon or a comma and the next string. So strings are crossed eight bytes at a
// time, and the rest byte by byte. One test finds quotes and control characters:
// with bit 2 turned over, they are what is less than 0x21. Each term of a hit is
// exact up to its first bit, which is all that is asked, and bytes above 0x7f
// never are one.
func (c *wordCursor) walk(in bool) bool {
	text, i, last, out, seen := c.text, c.i, c.last, c.out, c.seen
	if !in {
		goto gap
	}
inside:
	for i <= last {
		w := word64(unsafe.Add(text, i))
		hit := (((w ^ 0x02*lows) - 0x21*lows) | ((w ^ '\\'*lows) - lows)) &^ w & highs
		seen |= w
		if hit == 0 {
			i += 8
			continue
		}
		i += uintptr(bits.TrailingZeros64(hit) >> 3)
		four := word32(unsafe.Add(text, i))
		*(*uint32)(out) = uint32(i)
		if between := four & threeBytes; between == betweenKey || between == betweenVal {
			*(*uint32)(unsafe.Add(out, 4)) = uint32(i + 2)
			out = unsafe.Add(out, 8)
			i += 3
			continue
		}
		if byte(four) != '"' {
			break
		}
		out = unsafe.Add(out, 4)
		i++
		goto gap
	}
	c.i, c.out, c.seen = i, out, seen
	return true
gap:
	for i <= last {
		b := *(*byte)(unsafe.Add(text, i))
		if b == '\\' {
			break
		}
		if b == '"' || isBracket(b) {
			*(*uint32)(out) = uint32(i)
			out = unsafe.Add(out, 4)
		}
		i++
		if b == '"' {
			goto inside
		}
		seen |= uint64(b)
	}
	c.i, c.out, c.seen = i, out, seen
	return false
}

// word64 and word32 read a little-endian number, by one load where the machine
// allows it.
func word64(p unsafe.Pointer) uint64 { return binary.LittleEndian.Uint64((*[8]byte)(p)[:]) }
func word32(p unsafe.Pointer) uint32 { return binary.LittleEndian.Uint32((*[4]byte)(p)[:]) }

// markBytes lists the marks of text[x.done:end] byte by byte.
func (x *Index) markBytes(end int) {
	b, in, escaped := x.text, x.state.inString != 0, x.state.escaped != 0
	seen := byte(0)
	for i := x.done; i < end; i++ {
		c := b[i]
		seen |= c
		starts := c == '\\' && !escaped
		switch {
		case c == '"' && !escaped:
			x.marks = append(x.marks, uint32(i))
			in = !in
		case in && (c < ' ' || starts && !escapeSound(b, i)), !in && isBracket(c):
			x.marks = append(x.marks, uint32(i))
		}
		escaped = starts
	}
	x.done, x.state = end, scanState{}
	if seen >= utf8.RuneSelf {
		x.odd = end
	}
	if in {
		x.state.inString = ^uint64(0)
	}
	if escaped {
		x.state.escaped = 1
	}
}

func isBracket(c byte) bool {
	c |= 0x20
	return c == '{' || c == '}'
}

// escapeSound tells whether the backslash at b[i] starts an escape of JSON.
func escapeSound(b []byte, i int) bool {
	if i+1 >= len(b) {
		return false
	}
	switch b[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		_, ok := hex4(b[i+2:])
		return ok
	}
	return false
}
