package schema

import (
	"slices"
	"strings"
)

// Projection is what a query needs of the table.
type Projection struct {
	columns []wanted
	leaves  []string
}

// wanted is a column of a projection: one of the table, or a leaf of one as a
// column of its own, because the engine makes a row of structs for whoever asks a
// struct for a field.
type wanted struct {
	Column
	leaf string // the path below the column, such as sessionissuer.arn; empty means all of it
}

// path is the name of the view's column, and of the leaf in rows.
func (w wanted) path() string {
	if w.leaf == "" {
		return w.Name
	}
	return w.Name + "." + w.leaf
}

// Need names a column that a query uses and, when it only uses leaves of it,
// the path of one, such as sessioncontext.attributes.mfaauthenticated.
type Need struct{ Column, Path string }

// Project chooses the columns that needs name; star adds all of Athena's. Paths
// that lead to no leaf take the whole column; a column of which only leaves are
// needed is not there, but its leaves are, see Flat. The order is that of the
// table.
func Project(needs []Need, star bool) Projection {
	var p Projection
	for _, c := range Columns() {
		whole, leaves := star && c.Class != Extra, []string(nil)
		for _, n := range needs {
			if !strings.EqualFold(n.Column, c.Name) {
				continue
			}
			path := strings.ToLower(n.Path)
			if c.Kind != Struct || !c.isLeaf(path) {
				whole = true
			} else if !slices.Contains(leaves, path) {
				leaves = append(leaves, path)
			}
		}
		if whole {
			p.columns = append(p.columns, wanted{Column: c})
			continue
		}
		slices.Sort(leaves)
		for _, path := range leaves {
			p.columns = append(p.columns, wanted{c, path})
		}
	}
	for _, w := range p.columns {
		p.leaves = append(p.leaves, w.path())
	}
	return p
}

// Flat tells whether the view has the leaf, named by its whole path, as a column
// of that name.
func (p Projection) Flat(path string) bool {
	return slices.ContainsFunc(p.columns, func(w wanted) bool { return w.leaf != "" && strings.EqualFold(w.path(), path) })
}

// isLeaf tells whether path leads from the column to a text.
func (c Column) isLeaf(path string) bool {
	f := c.Field
	for name := range strings.SplitSeq(path, ".") {
		i := slices.IndexFunc(f.Fields, func(m Field) bool { return m.Name == name })
		if f.Kind != Struct || i < 0 {
			return false
		}
		f = f.Fields[i]
	}
	return f.Kind == Text
}

// Leaves are the names of the texts that rows hold, in order; a name is the path
// of a leaf, such as useridentity.type, or a whole column, whose text then is
// JSON when it has parts.
func (p Projection) Leaves() []string {
	if p.packed() {
		return []string{packedLeaf}
	}
	return p.leaves
}

// SelectSQL is a query that makes the table's columns out of source, which has
// the leaves as text columns.
func (p Projection) SelectSQL(source string) string {
	if len(p.columns) == 0 {
		return "SELECT 1 AS ct_row FROM " + source
	}
	if p.packed() {
		source = "(SELECT from_json(" + packedLeaf + ", '" + p.shape() + "') AS ct_r FROM " + source + ")"
	}
	list := make([]string, len(p.columns))
	for i, w := range p.columns {
		sql := quote(w.path())
		switch {
		case p.packed():
			sql = "ct_r." + quote(packedName(i))
		case w.leaf == "" && w.Kind != Text:
			sql = "from_json(" + sql + ", '" + w.shape() + "')"
		}
		list[i] = sql + " AS " + quote(w.path())
	}
	return "SELECT " + strings.Join(list, ", ") + " FROM " + source
}

// shape describes the field's type as the engine's from_json wants it.
func (f Field) shape() string {
	switch f.Kind {
	case Struct, List:
		parts := make([]string, len(f.Fields))
		for i, m := range f.Fields {
			parts[i] = `"` + m.Name + `":` + m.shape()
		}
		all := "{" + strings.Join(parts, ",") + "}"
		if f.Kind == List {
			return "[" + all + "]"
		}
		return all
	case Map:
		return `"MAP(VARCHAR, VARCHAR)"`
	}
	return `"VARCHAR"`
}

// ColumnsSQL are the names of the columns, with commas between.
func (p Projection) ColumnsSQL() string {
	if len(p.columns) == 0 {
		return "1 AS ct_row"
	}
	list := make([]string, len(p.columns))
	for i, w := range p.columns {
		list[i] = quote(w.path())
	}
	return strings.Join(list, ", ")
}
