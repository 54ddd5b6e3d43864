package athenasql

import (
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/query/schema"
)

// column is a column that a relation has.
type column struct {
	name string
	typ  typ
}

// source is a relation in FROM, as names in the query see it.
type source struct {
	names   []string // by which it is called, last part last; lower-case
	alias   string   // as it is written for the engine
	columns []column
	trail   bool
	renamed bool // the columns have names of their own: t(a, b)
	unnest  bool // the elements of arrays
}

// scope is what names mean at a place of the text.
type scope struct {
	outer   *scope
	sources []*source
	lambda  map[string]typ    // parameters
	rename  map[string]string // parameters that are written as something else
	aliases []column          // of the select list, for ORDER BY and GROUP BY
	queries map[string][]column
	merged  []string // columns that USING makes one of two, lower-case, as a star shows them
	padded  bool     // the first of the two may be missing: RIGHT and FULL joins
	natural bool     // a join makes one of all that have the same name
}

func (s *scope) inner() *scope { return &scope{outer: s} }

// query finds the columns of a WITH query.
func (s *scope) query(name string) ([]column, bool) {
	for ; s != nil; s = s.outer {
		if c, ok := s.queries[strings.ToLower(name)]; ok {
			return c, true
		}
	}
	return nil, false
}

// resolved is what a dotted name means.
type resolved struct {
	source *source
	text   string  // as it is written for the engine, of the part that is the column
	column string  // lower-case
	typ    typ     // of the column
	rest   []ident // fields of it
}

// find resolves a dotted name; ok is false when nothing in the text has it.
func (s *scope) find(parts []ident) (r resolved, ok bool) {
	for ; s != nil; s = s.outer {
		first := strings.ToLower(parts[0].text)
		if t, ok := s.lambda[first]; ok {
			text := quoteName(parts[0].text)
			if as, ok := s.rename[first]; ok {
				text = as
			}
			return resolved{text: text, column: first, typ: t, rest: parts[1:]}, true
		}
		for _, src := range s.sources {
			if n := src.called(parts); n > 0 && n < len(parts) {
				if r, ok := src.column(parts[n:]); ok {
					return r, true
				}
			}
		}
		for _, src := range s.sources {
			if r, ok := src.column(parts); ok {
				return r, true
			}
		}
	}
	return r, false
}

// ambiguous tells whether a name could mean a column of another relation, too.
// Columns that only tables of other layouts have are none here.
func (s *scope) ambiguous(parts []ident, r resolved) bool {
	if r.source == nil || r.source.called(parts) > 0 {
		return false
	}
	for s != nil && !slices.Contains(s.sources, r.source) {
		s = s.outer
	}
	if s == nil || s.natural || slices.Contains(s.merged, strings.ToLower(parts[0].text)) {
		return false
	}
	n := 0
	for _, src := range s.sources {
		c, ok := src.column(parts)
		if ok && !src.unnest && (!src.trail || src.renamed || !isExtra(c.column)) {
			n++
		}
	}
	return n > 1
}

// merging is the scope in which USING makes one of two columns, of which r is one
// and so has no table; nil where r is a column of its own.
func (s *scope) merging(r resolved) *scope {
	for s != nil && !slices.Contains(s.sources, r.source) {
		s = s.outer
	}
	if s == nil || !slices.Contains(s.merged, r.column) {
		return nil
	}
	return s
}

// mergedText writes a column that USING makes one of two here: that of the first
// relation that has a row.
func (s *scope) mergedText(r resolved) string {
	if !s.padded {
		return r.text
	}
	var all []string
	for _, src := range s.sources {
		if c, ok := src.column([]ident{{text: r.column}}); ok {
			all = append(all, c.text)
		}
	}
	return "COALESCE(" + strings.Join(all, ", ") + ")"
}

// called is how many of the parts name the source: db.table.column has two.
func (src *source) called(parts []ident) int {
	for n := min(len(src.names), len(parts)-1); n > 0; n-- {
		tail := src.names[len(src.names)-n:]
		same := true
		for i := range n {
			same = same && strings.EqualFold(tail[i], parts[i].text)
		}
		if same {
			return n
		}
	}
	return 0
}

func (src *source) column(parts []ident) (resolved, bool) {
	if src.trail && !src.renamed {
		return src.trailColumn(parts)
	}
	for _, c := range src.columns {
		if strings.EqualFold(c.name, parts[0].text) {
			return resolved{source: src, text: src.qualified(c.name), column: strings.ToLower(c.name), typ: c.typ, rest: parts[1:]}, true
		}
	}
	return resolved{}, false
}

// hiddenColumns are those of Athena's, beside $path, that tell nothing here.
var hiddenColumns = map[string]kind{"$file_size": integer, "$file_modified_time": timestampTZ}

func (src *source) trailColumn(parts []ident) (resolved, bool) {
	name := strings.ToLower(parts[0].text)
	if name == "$path" {
		name = "ct_object"
	}
	if kind, ok := hiddenColumns[name]; ok && len(parts) == 1 {
		return resolved{source: src, text: "CAST(NULL AS " + engineName(of(kind)) + ")", typ: of(kind)}, true
	}
	c, ok := schema.Find(name)
	if !ok {
		return resolved{}, false
	}
	return resolved{source: src, text: src.qualified(name), column: c.Name, typ: columnType(c.Field), rest: parts[1:]}, true
}

func (src *source) qualified(column string) string {
	if src.alias == "" {
		return quoteName(column)
	}
	return quoteName(src.alias) + "." + quoteName(column)
}

// leaf is a leaf of the trail, marked for unmark.
func (src *source) leaf(r resolved) string {
	path := r.column
	for _, p := range r.rest {
		path += "." + strings.ToLower(p.text)
	}
	if src.alias == "" {
		return leafMark + path + leafMark
	}
	return quoteName(src.alias) + "." + leafMark + path + leafMark
}
