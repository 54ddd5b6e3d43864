// Package jsontext appends values as JSON, byte for byte as encoding/json's
// Marshal writes them, for what is written so often that asking reflection for
// each field would cost more than writing it.
package jsontext

import (
	"time"
	"unicode/utf8"
)

const hex = "0123456789abcdef"

// String appends s as a JSON string. Invalid UTF-8 becomes U+FFFD; what HTML or
// JavaScript would take for markup or for the end of a line is escaped.
func String[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	for {
		n := plain(s)
		dst = append(dst, s[:n]...)
		if s = s[n:]; len(s) == 0 {
			return append(dst, '"')
		}
		dst, n = escape(dst, s)
		s = s[n:]
	}
}

// escape appends the character that s begins with, which is not printable ASCII or
// needs an escape, and says how many bytes it has.
func escape[T string | []byte](dst []byte, s T) ([]byte, int) {
	c := s[0]
	if c < utf8.RuneSelf {
		switch c {
		case '"', '\\':
			return append(dst, '\\', c), 1
		case '\b':
			return append(dst, '\\', 'b'), 1
		case '\f':
			return append(dst, '\\', 'f'), 1
		case '\n':
			return append(dst, '\\', 'n'), 1
		case '\r':
			return append(dst, '\\', 'r'), 1
		case '\t':
			return append(dst, '\\', 't'), 1
		}
		return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15]), 1
	}
	var few [utf8.UTFMax]byte
	r, n := utf8.DecodeRune(few[:copy(few[:], s)])
	switch {
	case r == utf8.RuneError && n == 1:
		return append(dst, `\ufffd`...), 1
	case r == '\u2028' || r == '\u2029':
		return append(dst, '\\', 'u', '2', '0', '2', hex[r&15]), n
	}
	return append(dst, few[:n]...), n
}

// plain is how many bytes at the beginning of s stay as they are, whatever
// follows: ASCII without controls, quotes, backslashes, <, > and &.
func plain[T string | []byte](s T) (n int) {
	for ; n+16 <= len(s); n += 16 {
		if odd(word(s[n:]))|odd(word(s[n+8:])) != 0 {
			break
		}
	}
	for ; n+8 <= len(s); n += 8 {
		if odd(word(s[n:])) != 0 {
			break
		}
	}
	for ; n < len(s); n++ {
		if escapes[s[n]] {
			return n
		}
	}
	return n
}

// odd has the top bit of each byte set at which plain ends, and may have that of the
// byte behind it: never one too few.
//
// Of a byte beyond ASCII the top bit is set in w; of one below a space, subtracting a
// space borrows; and of one that xor has made zero, subtracting one does. What else
// has its top bit set then is beyond ASCII, or was borrowed from.
func odd(w uint64) uint64 {
	const every = 0x0101010101010101
	quote := w&^(4*every) ^ '"'*every  // " and & differ in one bit
	markup := w&^(2*every) ^ '<'*every // and so do < and >
	slash := w ^ '\\'*every
	return (w | (w - ' '*every) | (quote - every) | (markup - every) | (slash - every)) & (0x80 * every)
}

func word[T string | []byte](s T) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// escapes are the bytes at which plain ends.
var escapes = func() (t [256]bool) {
	for c := range t {
		t[c] = c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&'
	}
	return t
}()

// Plain tells whether String would write s as it is, between quotes.
func Plain[T string | []byte](s T) bool { return plain(s) == len(s) }

// Time appends t as a JSON string, as time.Time's MarshalJSON does; ok is false
// for a time that it refuses.
func Time(dst []byte, t time.Time) (out []byte, ok bool) {
	_, zone := t.Zone()
	if y := t.Year(); y < 0 || y > 9999 || zone <= -24*3600 || zone >= 24*3600 {
		return dst, false
	}
	dst = append(dst, '"')
	return append(t.AppendFormat(dst, time.RFC3339Nano), '"'), true
}
