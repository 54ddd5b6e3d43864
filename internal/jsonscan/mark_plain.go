package jsonscan

import (
	"encoding/binary"
	"math/bits"
)

const blockSize = 64

const (
	lows  = 0x0101010101010101
	highs = 0x8080808080808080
)

// markPlain lists the marks of text[x.done:end] without vector instructions.
// Strings are crossed eight bytes at a time.
func (x *Index) markPlain(end int) {
	b, marks := x.text, x.marks
	i, in := x.done, x.state.inString != 0
	if x.state.escaped != 0 && i < end {
		if in && b[i] < ' ' {
			marks = append(marks, uint32(i))
		} else if !in && isBracket(b[i]) {
			marks = append(marks, uint32(i))
		}
		i++
	}
	escaped := false
	for i < end {
		if in {
			i = special(b, i, end)
			if i == end {
				break
			}
		}
		c := b[i]
		switch {
		case c == '"':
			marks = append(marks, uint32(i))
			if in = !in; !in && stringFollows(b[i:end]) {
				marks = append(marks, uint32(i+2))
				in = true
				i += 2
			}
		case c == '\\':
			if in && !escapeSound(b, i) {
				marks = append(marks, uint32(i))
			}
			if i+1 >= end {
				escaped = true
				break
			}
			i++
			if in && b[i] < ' ' || !in && isBracket(b[i]) {
				marks = append(marks, uint32(i))
			}
		case in: // a control character
			marks = append(marks, uint32(i))
		case isBracket(c):
			marks = append(marks, uint32(i))
		}
		i++
	}
	x.marks, x.done, x.odd = marks, end, end
	x.state = scanState{}
	if in {
		x.state.inString = ^uint64(0)
	}
	if escaped {
		x.state.escaped = 1
	}
}

// stringFollows tells whether after the quote at b[0] only a colon or a comma
// stands before the next quote, as between most strings.
func stringFollows(b []byte) bool {
	return len(b) > 2 && b[2] == '"' && (b[1] == ':' || b[1] == ',')
}

func isBracket(c byte) bool {
	c |= 0x20
	return c == '{' || c == '}'
}

// special is the place of the first quote, backslash or control character in
// b[i:end], or end.
func special(b []byte, i, end int) int {
	for ; i+16 <= end; i += 16 {
		// Two words at a time, for half as many jumps that cannot be foreseen.
		low, high := specials(binary.LittleEndian.Uint64(b[i:])), specials(binary.LittleEndian.Uint64(b[i+8:]))
		if low|high != 0 {
			if low == 0 {
				return i + 8 + bits.TrailingZeros64(high)>>3
			}
			return i + bits.TrailingZeros64(low)>>3
		}
	}
	for i < end && b[i] != '"' && b[i] != '\\' && b[i] >= ' ' {
		i++
	}
	return i
}

// specials has the top bit set of each byte of w that is a quote, a backslash or
// a control character. It is exact up to the first of them, which is all that is
// asked.
func specials(w uint64) uint64 {
	q := w ^ '"'*lows
	s := w ^ '\\'*lows
	return (((q - lows) & ^q) | ((s - lows) & ^s) | ((w - ' '*lows) & ^w)) & highs
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
