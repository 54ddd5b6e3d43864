package report

import "unicode/utf8"

// shorten cuts s to at most max characters, the last one an ellipsis then.
func shorten(s string, max int) string {
	if len(s) <= max || utf8.RuneCountInString(s) <= max {
		return s
	}
	n := 0
	for i := range s {
		if n++; n == max {
			return s[:i] + "…"
		}
	}
	return s
}
