package query

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/query/athenasql"
	"github.com/trailwarden/trailwarden/query/schema"
)

// matcher judges records by a filter before they become rows. It is for one
// goroutine.
type matcher struct {
	filter *athenasql.Filter
	leaves []string
	row    *schema.Row // of leaves
	buf    []byte
}

func newMatcher(f *athenasql.Filter) matcher {
	m := matcher{filter: f}
	m.collect(f)
	m.row = schema.NewRow(m.leaves)
	return m
}

// collect finds the leaves that the filter reads.
func (m *matcher) collect(f *athenasql.Filter) {
	if f == nil {
		return
	}
	for _, g := range append(slices.Clone(f.All), f.Any...) {
		m.collect(g)
	}
	if f.Leaf != "" && !slices.Contains(m.leaves, f.Leaf) {
		m.leaves = append(m.leaves, f.Leaf)
	}
}

// passes tells whether the record may matter.
func (m *matcher) passes(f *athenasql.Filter, rec *cloudtrail.Record, at *schema.Place) bool {
	switch {
	case f == nil:
		return true
	case f.All != nil:
		for _, g := range f.All {
			if !m.passes(g, rec, at) {
				return false
			}
		}
		return true
	case f.Any != nil:
		for _, g := range f.Any {
			if m.passes(g, rec, at) {
				return true
			}
		}
		return false
	case f.Test == athenasql.Since || f.Test == athenasql.Until:
		t, ok := rec.Time()
		return !ok || inTime(f, t)
	}
	i := slices.Index(m.leaves, f.Leaf)
	text, ok := m.row.Append(m.buf[:0], i, rec, at)
	m.buf = text
	return ok && holds(f, text)
}

func inTime(f *athenasql.Filter, t time.Time) bool {
	if f.Test == athenasql.Since {
		return !t.Before(f.Time)
	}
	return !t.After(f.Time)
}

// mayHold tells whether any record of a file can pass, by the file's name alone.
func mayHold(f *athenasql.Filter, at *schema.Place) bool {
	switch {
	case f == nil:
		return true
	case f.All != nil:
		return !slices.ContainsFunc(f.All, func(g *athenasql.Filter) bool { return !mayHold(g, at) })
	case f.Any != nil:
		return slices.ContainsFunc(f.Any, func(g *athenasql.Filter) bool { return mayHold(g, at) })
	case f.Test == athenasql.Since:
		d := at.Key.Delivered // after the event, but by another clock
		return d.IsZero() || !d.Add(24*time.Hour).Before(f.Time)
	case f.Test == athenasql.Until:
		return true // a file may come late
	}
	c, ok := schema.Find(f.Leaf)
	if !ok || c.Key != "" {
		return true
	}
	text, ok := at.Partition(f.Leaf)
	return !ok || text != "" && holds(f, []byte(text))
}

// holds tells whether the text passes the test, or may: lower() of the engine
// and of Go differ on letters that no API name has.
func holds(f *athenasql.Filter, text []byte) bool {
	if f.Test == athenasql.Present {
		return true
	}
	if f.Lower || f.Upper {
		if !ascii(text) {
			return true
		}
		if f.Lower {
			text = bytes.ToLower(text)
		} else {
			text = bytes.ToUpper(text)
		}
	}
	switch f.Test {
	case athenasql.In:
		for _, v := range f.Values {
			if string(text) == v {
				return true
			}
		}
		return false
	case athenasql.AtLeast:
		return string(text) >= f.Values[0]
	case athenasql.AtMost:
		return string(text) <= f.Values[0]
	}
	return !ascii(text) && strings.ContainsRune(f.Values[0], '_') || like(string(text), f.Values[0], f.Escape)
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// like matches SQL's LIKE byte by byte: after a mismatch only the last % can
// take more, so it never takes longer than the product of the lengths.
func like(s, pattern string, escape byte) bool {
	i, j, star, mark := 0, 0, -1, 0
	for i < len(s) {
		c, n, wild := patternAt(pattern, j, escape)
		switch {
		case n > 0 && wild && c == '%':
			star, mark = j, i
			j += n
		case n > 0 && (wild || c == s[i]):
			i++
			j += n
		case star >= 0:
			mark++
			i, j = mark, star+1
		default:
			return false
		}
	}
	for j < len(pattern) && pattern[j] == '%' && escape != '%' {
		j++
	}
	return j == len(pattern)
}

// patternAt is the pattern's character at j, how many bytes it takes, and
// whether it is a wildcard.
func patternAt(pattern string, j int, escape byte) (c byte, n int, wild bool) {
	if j >= len(pattern) {
		return 0, 0, false
	}
	c = pattern[j]
	if escape != 0 && c == escape && j+1 < len(pattern) {
		return pattern[j+1], 2, false
	}
	return c, 1, c == '%' || c == '_'
}
