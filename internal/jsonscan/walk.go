// Package jsonscan finds values inside JSON text without decoding it.
package jsonscan

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// SkipSpace returns the index of the first byte at or after i that is no JSON
// white space.
func SkipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// SkipString returns the index after the closing quote of the string that
// opens at b[i], or -1 when it does not close.
func SkipString(b []byte, i int) int {
	i++
	for {
		j := bytes.IndexByte(b[i:], '"')
		if j < 0 {
			return -1
		}
		i += j + 1
		k := i - 2
		for b[k] == '\\' {
			k--
		}
		if (i-2-k)&1 == 0 {
			return i
		}
	}
}

// SkipValue returns the index after the value that starts at b[i], or -1 when
// it does not end inside b.
func SkipValue(b []byte, i int) int {
	if i >= len(b) {
		return -1
	}
	switch b[i] {
	case '"':
		return SkipString(b, i)
	case '{', '[':
		depth := 0
		for i < len(b) {
			switch b[i] {
			case '"':
				if i = SkipString(b, i); i < 0 {
					return -1
				}
				continue
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
			i++
		}
		return -1
	}
	j := i
	for j < len(b) {
		switch b[j] {
		case ',', '}', ']', ' ', '\n', '\t', '\r', ':', '"', '{', '[':
			if j == i {
				return -1
			}
			return j
		}
		j++
	}
	return j
}

// EachMember calls yield with the raw key (no quotes) and value text of each
// member of the object b until yield returns false. It reports whether the
// object's own structure held up to where it stopped.
func EachMember(b []byte, yield func(key, val []byte) bool) bool {
	if len(b) == 0 || b[0] != '{' {
		return false
	}
	i := SkipSpace(b, 1)
	if i < len(b) && b[i] == '}' {
		return true
	}
	for {
		if i >= len(b) || b[i] != '"' {
			return false
		}
		e := SkipString(b, i)
		if e < 0 {
			return false
		}
		key := b[i+1 : e-1]
		i = SkipSpace(b, e)
		if i >= len(b) || b[i] != ':' {
			return false
		}
		i = SkipSpace(b, i+1)
		e = SkipValue(b, i)
		if e < 0 {
			return false
		}
		if !yield(key, b[i:e]) {
			return true
		}
		i = SkipSpace(b, e)
		if i >= len(b) {
			return false
		}
		switch b[i] {
		case '}':
			return true
		case ',':
			i = SkipSpace(b, i+1)
		default:
			return false
		}
	}
}

// EachElement calls yield with the text of each element of the array b until
// yield returns false. It reports whether the array's own structure held up to
// where it stopped.
func EachElement(b []byte, yield func(val []byte) bool) bool {
	if len(b) == 0 || b[0] != '[' {
		return false
	}
	i := SkipSpace(b, 1)
	if i < len(b) && b[i] == ']' {
		return true
	}
	for {
		e := SkipValue(b, i)
		if e < 0 {
			return false
		}
		if !yield(b[i:e]) {
			return true
		}
		i = SkipSpace(b, e)
		if i >= len(b) {
			return false
		}
		switch b[i] {
		case ']':
			return true
		case ',':
			i = SkipSpace(b, i+1)
		default:
			return false
		}
	}
}

// KeyIs tells whether the raw key text k, escapes resolved, is key.
func KeyIs(k []byte, key string) bool {
	if len(k) == 0 || len(key) == 0 {
		return len(k) == len(key)
	}
	if c := k[0]; c != key[0] && c != '\\' && c < utf8.RuneSelf {
		return false
	}
	if bytes.IndexByte(k, '\\') < 0 && utf8.Valid(k) {
		return string(k) == key
	}
	return string(Unescape(nil, k)) == key
}

// Member is the value text of the last member of object b whose key is exactly
// key, nil when there is none.
func Member(b []byte, key string) []byte {
	var found []byte
	EachMember(b, func(k, v []byte) bool {
		if KeyIs(k, key) {
			found = v
		}
		return true
	})
	return found
}

// Compact appends the JSON text b to dst without the white space between
// tokens, as encoding/json's Compact does.
func Compact(dst, b []byte) []byte {
	for i := 0; i < len(b); {
		e := i
		for e < len(b) && b[e] > ' ' && b[e] != '"' {
			e++
		}
		if e < len(b) && b[e] == '"' {
			if e = SkipString(b, e); e < 0 {
				e = len(b)
			}
		}
		dst = append(dst, b[i:e]...)
		i = SkipSpace(b, e)
		if i == e && i < len(b) && b[i] < ' ' {
			dst = append(dst, b[i]) // no JSON: keep it
			i++
		}
	}
	return dst
}

// Unescape appends to dst the characters that the raw string text s (without
// quotes) stands for. Broken escapes, lone surrogates and invalid UTF-8 become
// U+FFFD, as encoding/json does.
func Unescape(dst, s []byte) []byte {
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '\\':
			if i+1 >= len(s) {
				return utf8.AppendRune(dst, utf8.RuneError)
			}
			i += 2
			switch s[i-1] {
			case 'b':
				dst = append(dst, '\b')
			case 'f':
				dst = append(dst, '\f')
			case 'n':
				dst = append(dst, '\n')
			case 'r':
				dst = append(dst, '\r')
			case 't':
				dst = append(dst, '\t')
			case 'u':
				r, ok := hex4(s[i:])
				if !ok {
					dst = utf8.AppendRune(dst, utf8.RuneError)
					continue
				}
				i += 4
				if utf16.IsSurrogate(r) {
					if i+1 < len(s) && s[i] == '\\' && s[i+1] == 'u' {
						if r2, ok := hex4(s[i+2:]); ok {
							if d := utf16.DecodeRune(r, r2); d != utf8.RuneError {
								dst = utf8.AppendRune(dst, d)
								i += 6
								continue
							}
						}
					}
					r = utf8.RuneError
				}
				dst = utf8.AppendRune(dst, r)
			default:
				dst = append(dst, s[i-1])
			}
		case c < utf8.RuneSelf:
			e := i + 1
			for e < len(s) && s[e] < utf8.RuneSelf && s[e] != '\\' {
				e++
			}
			dst = append(dst, s[i:e]...)
			i = e
		default:
			r, n := utf8.DecodeRune(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
		}
	}
	return dst
}

func hex4(s []byte) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range s[:4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
