// Package wild matches texts with the wildcards that AWS's policies and people
// use: * for any run of characters, ? for one.
package wild

import "unicode/utf8"

// Match tells whether the whole text fits the pattern. There is no way to write
// a literal * or ?. After a mismatch only the last * can take more, so it takes
// time in proportion to the product of both lengths at most.
func Match(pattern, text string) bool {
	p, t, star, mark := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && pattern[p] == '?':
			p++
			t += width(text[t:])
		case p < len(pattern) && pattern[p] == text[t]:
			p++
			t++
		case star >= 0:
			mark += width(text[mark:])
			p, t = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// width is the length of the first character, in bytes.
func width(text string) int {
	_, n := utf8.DecodeRuneInString(text)
	return n
}
