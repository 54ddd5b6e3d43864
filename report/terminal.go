package report

import (
	"io"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/internal/visible"
)

// Terminal is w, a terminal on which a person reads text of the format: what a
// terminal would not simply draw is written as an escape, in JSON as JSON's own.
func Terminal(w io.Writer, format string) io.Writer {
	if format == "json" || format == "ndjson" {
		return TerminalJSON(w)
	}
	return &terminal{w: w, escape: appendShown}
}

// TerminalJSON is w for JSON text that a person reads on a terminal: characters
// that a terminal would not simply draw are written as JSON's \uXXXX escapes, so that the
// text stays the same JSON value. JSON holds them in strings only; a control
// character outside a string is white space and stays.
func TerminalJSON(w io.Writer) io.Writer { return &terminal{w: w, escape: appendEscape} }

type terminal struct {
	w      io.Writer
	escape func(dst []byte, r rune) []byte
	out    []byte
	tail   []byte // an incomplete character at the end of the last Write
}

// appendShown appends r as text for a person shows it.
func appendShown(dst []byte, r rune) []byte { return append(dst, visible.Text(string(r))...) }

func (t *terminal) Write(p []byte) (int, error) {
	in := p
	if len(t.tail) > 0 {
		in = append(t.tail, p...)
		t.tail = nil
	}
	t.out = t.out[:0]
	for i := 0; i < len(in); {
		c := in[i]
		if c < 0x80 {
			if c == 0x7f || c < ' ' && c != '\n' && c != '\t' {
				t.out = t.escape(t.out, rune(c))
			} else {
				t.out = append(t.out, c)
			}
			i++
			continue
		}
		if !utf8.FullRune(in[i:]) {
			t.tail = append([]byte(nil), in[i:]...)
			break
		}
		r, n := utf8.DecodeRune(in[i:])
		if visible.Hidden(r) || r == utf8.RuneError {
			t.out = t.escape(t.out, r)
		} else {
			t.out = append(t.out, in[i:i+n]...)
		}
		i += n
	}
	if _, err := t.w.Write(t.out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// appendEscape appends r as JSON's \uXXXX, a surrogate pair beyond the BMP.
func appendEscape(dst []byte, r rune) []byte {
	if r >= 0x10000 {
		r -= 0x10000
		dst = appendUnit(dst, 0xd800+r>>10)
		return appendUnit(dst, 0xdc00+r&0x3ff)
	}
	return appendUnit(dst, r)
}

func appendUnit(dst []byte, u rune) []byte {
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', hex[u>>12&15], hex[u>>8&15], hex[u>>4&15], hex[u&15])
}
