package detect

import (
	"strings"
	"unicode"
)

// FoldText maps every character of s to one representative of its case-folding
// class, so that two texts are equal under Unicode simple folding exactly when
// their FoldText is the same.
func FoldText(s string) string {
	return strings.Map(FoldRune, s)
}

// FoldRune is the representative of r's simple folding class: lower case for
// ASCII letters, else the smallest member.
func FoldRune(r rune) rune {
	if r < 0x80 {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	if 'A' <= least && least <= 'Z' { // the Kelvin sign and long s fold to ASCII
		return least + 'a' - 'A'
	}
	return least
}
