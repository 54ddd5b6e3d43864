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
			in = !in
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

func isBracket(c byte) bool {
	c |= 0x20
	return c == '{' || c == '}'
}

// special is the place of the first quote, backslash or control character in
// b[i:end], or end.
func special(b []byte, i, end int) int {
	for ; i+8 <= end; i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		q := w ^ '"'*lows
		s := w ^ '\\'*lows
		// Each term is exact up to its first hit, which is all that is asked.
		hit := ((q - lows) & ^q) | ((s - lows) & ^s) | ((w - ' '*lows) & ^w)
		if hit &= highs; hit != 0 {
			return i + bits.TrailingZeros64(hit)>>3
		}
	}
	for i < end && b[i] != '"' && b[i] != '\\' && b[i] >= ' ' {
		i++
	}
	return i
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
