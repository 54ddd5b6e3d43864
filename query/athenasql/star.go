package athenasql

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// mergedStar writes a star column by column. Those that USING made one of two come
// first, and the relations' own after them without those.
func (t *translator) mergedStar(it item, s *scope) (string, []column, error) {
	var list []string
	var columns []column
	add := func(text string, c column) {
		list, columns = append(list, text), append(columns, c)
	}
	if it.of == nil {
		for _, name := range s.merged {
			if r, ok := s.find([]ident{{text: name}}); ok {
				add(s.mergedText(r), column{name, r.typ})
			}
		}
	}
	for _, src := range s.sources {
		if it.of != nil && src.called(append(slices.Clone(it.of), ident{})) != len(it.of) {
			continue
		}
		of := src.columns
		if src.trail && !src.renamed {
			of = trailColumns()
		}
		t.star = t.star || src.trail
		for _, c := range of {
			if !slices.Contains(s.merged, strings.ToLower(c.name)) {
				add(src.qualified(c.name), c)
			}
		}
	}
	return named(it, list, columns)
}

// named gives a star's columns the names that are written behind it.
func named(it item, list []string, columns []column) (string, []column, error) {
	if len(it.names) > 0 && len(it.names) != len(columns) && len(columns) > 0 {
		return "", nil, &syntaxError{at: it.at, code: codeArguments, message: fmt.Sprintf("%d names for %d columns", len(it.names), len(columns))}
	}
	columns = rename(columns, it.names[:min(len(it.names), len(columns))])
	for i, c := range columns {
		list[i] += " AS " + quoteName(c.name)
	}
	return strings.Join(list, ", "), columns, nil
}

// noTable writes table.column.* of a column that is a row, or says that a star
// stands behind nothing that has columns.
func (t *translator) noTable(it item, s *scope, before int) (string, []column, error) {
	if len(it.of) > 1 {
		return t.rowStar(it, &name{node{it.at}, it.of}, s, before)
	}
	e := &syntaxError{at: it.at, code: codeSyntax, message: "there is no FROM for * to take columns of"}
	if len(it.of) == 0 {
		return "", nil, e
	}
	e.code, e.message = codeColumn, fmt.Sprintf("there is no table %s to take all columns of", it.of[0].text)
	if r, ok := s.find(it.of); ok && r.source != nil && r.source.alias != "" {
		e.message, e.help = it.of[0].text+" is a column, no table", r.source.alias+"."+it.of[0].text+".*"
	}
	return "", nil, e
}

// rowStar writes the fields of a row as columns, behind those before them.
func (t *translator) rowStar(it item, x expr, s *scope, before int) (string, []column, error) {
	_, kind, err := t.expr(x, s)
	if err != nil {
		return "", nil, err
	}
	if kind.kind != rowKind || len(kind.fields) == 0 {
		return "", nil, &syntaxError{at: it.at, code: codeArguments, message: fmt.Sprintf("* takes the fields of a row; this is a %s", kind)}
	}
	list, columns := make([]string, len(kind.fields)), make([]column, len(kind.fields))
	for i, f := range kind.fields {
		one := expr(&subscript{node{it.at}, x, &literal{node{it.at}, litInteger, strconv.Itoa(i + 1)}})
		unnamed := f.name == fmt.Sprintf("field%d", i)
		if n, ok := x.(*name); ok && !unnamed { // of the trail's rows only what is asked for is read
			one = &name{n.node, append(slices.Clone(n.parts), ident{text: f.name, quoted: true, at: it.at})}
		}
		if list[i], columns[i].typ, err = t.expr(one, s); err != nil {
			return "", nil, err
		}
		columns[i].name = either(unnamed, fmt.Sprintf("_col%d", before+i), f.name)
	}
	return named(it, list, columns)
}
