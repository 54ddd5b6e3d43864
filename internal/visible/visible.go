// Package visible writes text that others chose so that a terminal only draws it.
package visible

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text is s as a terminal may show it: every character that could move the
// cursor, change colours, reverse the reading order or hide (control
// characters, C1, bidirectional and zero-width marks, blank letters) is written
// as an escape such as \x1b or \u202e, and invalid UTF-8 as \xNN. Line breaks
// and tabs count as control characters. All other text is unchanged.
func Text(s string) string {
	i := firstHidden(s)
	if i < 0 {
		return s
	}
	var b strings.Builder
	b.WriteString(s[:i])
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case !Hidden(r):
			b.WriteString(s[i : i+n])
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		i += n
	}
	return b.String()
}

// Lines is Text for text of several lines: line breaks and tabs stay.
func Lines(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		cells := strings.Split(l, "\t")
		for j, c := range cells {
			cells[j] = Text(c)
		}
		lines[i] = strings.Join(cells, "\t")
	}
	return strings.Join(lines, "\n")
}

func firstHidden(s string) int {
	for i, r := range s {
		if r == utf8.RuneError || r != ' ' && (r < 0x21 || r > 0x7e) && Hidden(r) {
			if r == utf8.RuneError && strings.HasPrefix(s[i:], "\uFFFD") {
				continue
			}
			return i
		}
	}
	return -1
}

// Hidden tells whether a terminal would not simply draw r. unicode.IsPrint
// refuses controls, format characters (bidirectional marks, zero width, tags),
// separators other than the space, private and unassigned code points; the
// letters that draw nothing are added.
func Hidden(r rune) bool {
	switch r {
	case 0x034f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x2800, 0x3164, 0xffa0:
		return true
	}
	return !unicode.IsPrint(r) || r >= 0xfe00 && r <= 0xfe0f || r >= 0xe0100 && r <= 0xe01ef
}
