package trino

import (
	"encoding/json"
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

// regexpReplace replaces all matches. by has \1 for a group.
func regexpReplace(s, pattern, by string) (any, error) {
	found, err := matches(pattern, s)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	last := 0
	for _, at := range found {
		b.WriteString(s[last:at[0]])
		expand(&b, s, by, at)
		last = at[1]
	}
	b.WriteString(s[last:])
	return b.String(), nil
}

// matches are all matches as Java finds them: also an empty one right behind
// another.
func matches(pattern, s string) (found [][]int, err error) {
	re, err := re2.Compile(pattern, false)
	if err != nil {
		return nil, err
	}
	behind, err := re2.Compile(`\A(?:`+pattern+`)`, false)
	if err != nil {
		return nil, err
	}
	all := re.FindAllStringSubmatchIndex(s, -1)
	for i, at := range all {
		found = append(found, at)
		if next := i + 1; at[0] == at[1] || next < len(all) && all[next][0] == at[1] {
			continue
		}
		if empty := behind.FindStringSubmatchIndex(s[at[1]:]); empty != nil && empty[1] == 0 {
			for j := range empty {
				if empty[j] >= 0 {
					empty[j] += at[1]
				}
			}
			found = append(found, empty)
		}
	}
	return found, nil
}

// between is a part of a text: what is before a match, and the groups of that,
// none behind the last.
type between struct {
	Before string    `json:"b"`
	Groups []*string `json:"g"`
}

// regexpMatches is a text taken apart by a pattern, as JSON.
func regexpMatches(s, pattern string) (any, error) {
	found, err := matches(pattern, s)
	if err != nil {
		return nil, err
	}
	parts, last := []between{}, 0
	for _, at := range found {
		part := between{s[last:at[0]], make([]*string, len(at)/2-1)}
		for i := range part.Groups {
			if from, to := at[2*i+2], at[2*i+3]; from >= 0 {
				group := s[from:to]
				part.Groups[i] = &group
			}
		}
		parts, last = append(parts, part), at[1]
	}
	b, err := json.Marshal(append(parts, between{Before: s[last:]}))
	return string(b), err
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
