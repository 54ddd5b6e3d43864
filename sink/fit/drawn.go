package fit

import (
	"fmt"
	"strings"
	"unicode/utf16"

	"github.com/trailwarden/trailwarden/internal/visible"
)

// Drawn writes the characters of JSON text that hide, move the cursor or turn
// the reading order as \u escapes: the same JSON, safe to look at.
func Drawn(json string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(json, "\uFFFD") {
		if r == '\uFFFD' || r == '\n' || !visible.Hidden(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}
