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

// wanted is a column of a projection: whole, or some of its leaves only.
type wanted struct {
	Column
	paths  []string // of the leaves, lower-case; nil means all of it
	packed []string // the leaves of a packed row
	inLake bool     // leaves are parts of the column
}

// Need names a column that a query uses and, when it only uses leaves of it,
// the path of one, such as sessioncontext.attributes.mfaauthenticated.
type Need struct{ Column, Path string }

// Project chooses the columns that needs name; star adds all of Athena's. Paths
// that lead to no leaf take the whole column. The order is that of the table.
func Project(needs []Need, star bool) Projection {
	var p Projection
	for _, c := range Columns() {
		w := wanted{Column: c}
		use, whole := star && c.Class != Extra, star && c.Class != Extra
		for _, n := range needs {
			if !strings.EqualFold(n.Column, c.Name) {
				continue
			}
			use = true
			path := strings.ToLower(n.Path)
			whole = whole || !c.isLeaf(path)
			w.paths = append(w.paths, path)
		}
		if !use {
			continue
		}
		if whole || c.Kind != Struct {
			w.paths = nil
		}
		p.columns = append(p.columns, w)
		p.leaves = w.appendLeaves(p.leaves, c.Field, c.Name)
	}
	return p
}

// All is the projection that keeps every column but the extras.
func All() Projection { return Project(nil, true) }

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

func (w wanted) appendLeaves(leaves []string, f Field, path string) []string {
	if f.Kind != Struct || w.paths == nil {
		if w.paths == nil || slices.Contains(w.paths, strings.TrimPrefix(path, w.Name+".")) {
			leaves = append(leaves, path)
		}
		return leaves
	}
	for _, m := range f.Fields {
		leaves = w.appendLeaves(leaves, m, path+"."+m.Name)
	}
	return leaves
}

// SelectSQL is a query that makes the table's columns out of source, which has
// the leaves as text columns.
func (p Projection) SelectSQL(source string) string {
	if len(p.columns) == 0 {
		return "SELECT 1 AS ct_row FROM " + source
	}
	var packed []string
	if p.packed() {
		packed = p.leaves
		source = "(SELECT from_json(" + packedLeaf + ", '" + p.shape() + "') AS ct_r FROM " + source + ")"
	}
	list := make([]string, len(p.columns))
	for i, w := range p.columns {
		w.packed = packed
		list[i] = w.sql(w.Field, w.Name) + " AS " + quote(w.Name)
	}
	return "SELECT " + strings.Join(list, ", ") + " FROM " + source
}

func (w wanted) sql(f Field, path string) string {
	switch {
	case w.paths == nil && f.Kind != Text && w.packed != nil:
		return w.leaf(path)
	case w.paths == nil && f.Kind != Text:
		return "from_json(" + quote(path) + ", '" + f.shape() + "')"
	case f.Kind == Struct:
		return w.structSQL(f, path)
	}
	return w.orNull(path, w.leaf(path), f)
}

// leaf is where the engine has a leaf.
func (w wanted) leaf(path string) string {
	switch {
	case w.packed != nil:
		return "ct_r." + quote(packedName(slices.Index(w.packed, path)))
	case !w.inLake:
		return quote(path)
	}
	names := strings.Split(path, ".")
	for i, name := range names {
		names[i] = quote(name)
	}
	return strings.Join(names, ".")
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

// orNull is a leaf's text, or NULL when the query does not look at it.
func (w wanted) orNull(path, sql string, f Field) string {
	if w.paths != nil && !slices.Contains(w.paths, strings.TrimPrefix(path, w.Name+".")) {
		return "CAST(NULL AS " + f.engineType() + ")"
	}
	return sql
}

func (w wanted) structSQL(f Field, path string) string {
	parts := make([]string, len(f.Fields))
	for i, m := range f.Fields {
		parts[i] = quote(m.Name) + " := " + w.sql(m, path+"."+m.Name)
	}
	return "struct_pack(" + strings.Join(parts, ", ") + ")"
}

// ColumnsSQL are the names of the columns, with commas between.
func (p Projection) ColumnsSQL() string {
	if len(p.columns) == 0 {
		return "1 AS ct_row"
	}
	list := make([]string, len(p.columns))
	for i, w := range p.columns {
		list[i] = quote(w.Name)
	}
	return strings.Join(list, ", ")
}
