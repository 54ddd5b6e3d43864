package trino

import (
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/internal/re2"
)

// regexpGroup is what a group of the first match holds; NULL when there is no
// match, or the match goes without the group.
func regexpGroup(s, pattern string, n int64) (any, error) {
	re, err := re2.Compile(pattern, false)
	if err != nil {
		return nil, err
	}
	if n < 0 || n > int64(re.NumSubexp()) {
		return nil, fmt.Errorf("the pattern has %d groups, and no group %d", re.NumSubexp(), n)
	}
	if at := re.FindStringSubmatchIndex(s); at != nil && at[2*n] >= 0 {
		return s[at[2*n]:at[2*n+1]], nil
	}
	return nil, nil
}

// regexpReplace replaces all matches, and as Java's do, also an empty one right
// behind another. by has \1 for a group.
func regexpReplace(s, pattern, by string) (any, error) {
	re, err := re2.Compile(pattern, false)
	if err != nil {
		return nil, err
	}
	behind, err := re2.Compile(`\A(?:`+pattern+`)`, false)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	last := 0
	replaced := func(at []int, shift int) {
		b.WriteString(s[last : at[0]+shift])
		expand(&b, s[shift:], by, at)
		last = at[1] + shift
	}
	all := re.FindAllStringSubmatchIndex(s, -1)
	for i, at := range all {
		replaced(at, 0)
		if next := i + 1; at[0] == at[1] || next < len(all) && all[next][0] == at[1] {
			continue
		}
		if at := behind.FindStringSubmatchIndex(s[last:]); at != nil && at[1] == 0 {
			replaced(at, last)
		}
	}
	b.WriteString(s[last:])
	return b.String(), nil
}

// replacement writes what Java puts in the place of a match as the engine does:
// $1 is \1 there, and a backslash before anything makes it stand for itself.
func replacement(text string) (any, error) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		next := i + 1
		switch {
		case text[i] != '\\' && text[i] != '$':
			b.WriteByte(text[i])
		case next == len(text) || text[i] == '$' && (text[next] < '0' || text[next] > '9'):
			return nil, fmt.Errorf("illegal replacement sequence: %.60s", text)
		case text[i] == '$':
			b.WriteString(`\` + text[next:next+1])
			i = next
		case text[next] == '\\':
			b.WriteString(`\\`)
			i = next
		default:
			b.WriteByte(text[next])
			i = next
		}
	}
	return b.String(), nil
}

// expand writes a replacement with the groups of a match in s.
func expand(b *strings.Builder, s, by string, at []int) {
	for i := 0; i < len(by); i++ {
		if by[i] != '\\' || i+1 == len(by) {
			b.WriteByte(by[i])
			continue
		}
		i++
		n := int(by[i]) - '0'
		if n < 0 || n > 9 {
			b.WriteByte(by[i])
		} else if 2*n < len(at) && at[2*n] >= 0 {
			b.WriteString(s[at[2*n]:at[2*n+1]])
		}
	}
}
