package jsonscan

import "bytes"

// NeedlessEscapes tells whether a string of the JSON text b may hold an escape
// that JSON does not ask for: \u…, as many writers use for &, <, > and whatever
// is not ASCII, or \/.
func NeedlessEscapes(b []byte) bool {
	for {
		i := bytes.IndexByte(b, '\\')
		if i < 0 || i+1 >= len(b) {
			return false
		}
		if b[i+1] == 'u' || b[i+1] == '/' {
			return true
		}
		b = b[i+2:]
	}
}

// Unescaped appends the JSON text b to dst with only those escapes that JSON
// asks for in the strings that hold others: one value then has one text,
// whichever program wrote it.
func Unescaped(dst, b []byte) []byte {
	var text []byte
	for {
		i := bytes.IndexByte(b, '"')
		end := -1
		if i >= 0 {
			end = SkipString(b, i)
		}
		if end < 0 {
			return append(dst, b...)
		}
		dst = append(dst, b[:i]...)
		if s := b[i:end]; NeedlessEscapes(s) {
			text = Unescape(text[:0], s[1:len(s)-1])
			dst = AppendString(dst, text)
		} else {
			dst = append(dst, s...)
		}
		b = b[end:]
	}
}

// AppendString writes text as a JSON string with as few escapes as can be.
func AppendString(dst, text []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c >= ' ':
			dst = append(dst, c)
		default:
			if i := bytes.IndexByte([]byte("\b\f\n\r\t"), c); i >= 0 {
				dst = append(dst, '\\', "bfnrt"[i])
			} else {
				dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			}
		}
	}
	return append(dst, '"')
}
