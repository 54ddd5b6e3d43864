// Package columns counts what text takes of a terminal's line: two columns for a
// wide character (東), none for a mark on the one before it.
package columns

import (
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/text"
)

// Width is how many columns s takes, as the tables' library counts them.
func Width(s string) (n int) {
	for _, r := range s {
		n += of(r)
	}
	return n
}

func of(r rune) int {
	if r < utf8.RuneSelf {
		return 1
	}
	return text.RuneWidth(r)
}

// perColumn bounds the characters that one column shows: nobody's name has more
// marks on a letter, and some texts have a thousand.
const perColumn = 4

// Cut is s in at most width columns; what is missing is told by "…".
func Cut(s string, width int) string {
	if len(s) <= width {
		return s // no character takes more columns than bytes
	}
	used, seen, fits := 0, 0, 0 // fits are the bytes before which there is room for "…"
	for i, r := range s {
		if used < width {
			fits = i
		}
		seen++
		if used += of(r); used > width || seen > perColumn*width {
			return s[:fits] + "…"
		}
	}
	return s
}
