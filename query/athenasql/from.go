package athenasql

import (
	"fmt"
	"slices"
	"strings"
)

// from writes FROM; each relation sees those to its left.
func (t *translator) from(all []relation, s *scope) (string, error) {
	parts := make([]string, len(all))
	for i, r := range all {
		text, err := t.relation(r, s)
		if err != nil {
			return "", err
		}
		parts[i] = text
	}
	return strings.Join(parts, ", "), nil
}

func (t *translator) relation(r relation, s *scope) (string, error) {
	switch r := r.(type) {
	case *table:
		return t.table(r, s)
	case *derived:
		return t.derived(r, s)
	case *unnest:
		return t.unnest(r, s)
	case *join:
		return t.join(r, s)
	}
	return "", errAt(r.pos(), "not a table")
}

func (t *translator) table(r *table, s *scope) (string, error) {
	last := r.parts[len(r.parts)-1]
	src := &source{alias: last.text}
	for _, p := range r.parts {
		src.names = append(src.names, strings.ToLower(p.text))
	}
	if r.alias != nil {
		src.alias, src.names = r.alias.text, []string{strings.ToLower(r.alias.text)}
	}
	var text string
	if columns, ok := s.query(last.text); ok && len(r.parts) == 1 {
		src.columns, text = columns, quoteName(last.text)
	} else if a := catalogTable(r); a != nil {
		text = "(" + a.sql() + ")"
		for _, c := range a.columns {
			src.columns = append(src.columns, column{c, of(varchar)})
		}
	} else {
		if err := t.noSystem(r); err != nil {
			return "", err
		}
		t.trails++
		src.trail, text = true, View
		t.takeForTrail(r)
	}
	if len(r.columns) > 0 {
		if src.trail {
			t.star, src.renamed = true, true
			src.columns = trailColumns()
		}
		src.columns = rename(src.columns, r.columns)
	}
	s.sources = append(s.sources, src)
	if r.sample != "" {
		return text + " AS " + quoteName(src.alias) + nameList(r.columns) + " TABLESAMPLE bernoulli(" + r.sample + "%)", nil
	}
	return text + " AS " + quoteName(src.alias) + nameList(r.columns), nil
}

// noSystem refuses tables that are about other tables.
func (t *translator) noSystem(r *table) error {
	for _, p := range r.parts {
		switch strings.ToLower(p.text) {
		case "information_schema", "pg_catalog", "system", "sqlite_master", "duckdb_settings", "duckdb_secrets":
			return &syntaxError{at: r.at, code: codeUnsupported, message: "there is nothing but the trail: no table " + p.text, help: "SHOW TABLES or DESCRIBE cloudtrail_logs"}
		}
	}
	return nil
}

// takeForTrail notes that a table's name was taken for the trail.
func (t *translator) takeForTrail(r *table) {
	parts := make([]string, len(r.parts))
	for i, p := range r.parts {
		parts[i] = p.text
	}
	full := strings.Join(parts, ".")
	for _, known := range t.tables {
		if strings.EqualFold(known, full) {
			return
		}
	}
	t.tables = append(t.tables, full)
	if low := strings.ToLower(full); !strings.Contains(low, "cloudtrail") && !strings.Contains(low, "trail") {
		t.warn(r.at, codeTable, "the table %s is taken for the trail", full)
	}
}

func (t *translator) derived(r *derived, s *scope) (string, error) {
	outer := s.outer
	if r.lateral {
		outer = s
	}
	if outer == nil {
		outer = &scope{}
	}
	sql, columns, err := t.inner(r.query, outer, !r.lateral)
	if err != nil {
		return "", err
	}
	src := &source{columns: rename(columns, r.columns)}
	alias := t.fresh()
	if r.alias != nil {
		alias = r.alias.text
		src.alias, src.names = alias, []string{strings.ToLower(alias)}
	}
	s.sources = append(s.sources, src)
	lateral := ""
	if r.lateral {
		lateral = "LATERAL "
	}
	return lateral + "(" + sql + ") AS " + quoteName(alias) + nameList(r.columns), nil
}

func (t *translator) join(j *join, s *scope) (string, error) {
	l, err := t.relation(j.l, s)
	if err != nil {
		return "", err
	}
	first := len(s.sources)
	r, err := t.relation(j.r, s)
	if err != nil {
		return "", err
	}
	word := " " + j.kind + " JOIN "
	if j.natural {
		word = " NATURAL" + word
		t.needShared(s, first)
		s.natural = true
	}
	text := l + word + r
	if _, ok := j.r.(*join); ok {
		text = l + word + "(" + r + ")"
	}
	switch {
	case j.on != nil:
		if j.kind == "FULL" && holdsQuery(j.on) {
			return "", &syntaxError{at: j.on.pos(), code: codeUnsupported, message: "a query in the ON of a full join is more than the embedded engine takes", help: "a column of a WITH query; or --engine athena"}
		}
		if err := t.oneRow("JOIN", j.on); err != nil {
			return "", err
		}
		t.mark(j.on, true)
		on, _, err := t.expr(j.on, s)
		if err != nil {
			return "", err
		}
		text += " ON " + on
	case j.using != nil:
		text += " USING " + nameList(j.using)
		s.padded = s.padded || j.kind == "RIGHT" || j.kind == "FULL"
		for _, u := range j.using {
			called := strings.ToLower(u.text)
			s.merged = append(slices.DeleteFunc(s.merged, func(m string) bool { return m == called }), called)
			for _, src := range s.sources {
				if c, ok := src.column([]ident{u}); ok && src.trail {
					t.need(c)
				}
			}
		}
	}
	return text, nil
}

// holdsQuery tells whether there is a query in an expression.
func holdsQuery(x expr) bool {
	switch x := x.(type) {
	case *exists, *quantified, *subquery:
		return true
	case *in:
		if x.query != nil {
			return true
		}
	}
	return slices.ContainsFunc(parts(x), holdsQuery)
}

// needShared takes all columns where a natural join compares those of the same
// name.
func (t *translator) needShared(s *scope, _ int) {
	for _, src := range s.sources {
		t.star = t.star || src.trail
	}
}

// unnest writes UNNEST so that it gives the columns that Trino's gives: one for
// each array, two for a map, and for an array of rows the fields when there are
// names for all of them or for none.
func (t *translator) unnest(u *unnest, s *scope) (string, error) {
	src := &source{alias: t.fresh(), unnest: true}
	if u.alias != nil {
		src.alias = u.alias.text
	}
	src.names = []string{strings.ToLower(src.alias)}
	names := make([]string, len(u.columns))
	for i, c := range u.columns {
		names[i] = c.text
	}
	if u.ordinality && len(names) > 0 {
		names = names[:len(names)-1]
	}
	var list, lengths []string
	var columns []column
	for i, a := range u.args {
		x, kind, err := t.expr(a, s)
		if err != nil {
			return "", err
		}
		if err := canUnnest(a, kind); err != nil {
			return "", err
		}
		rest := len(names) - len(columns) - (len(u.args) - 1 - i) // names that this argument may take
		parts, more := spread(x, kind, rest, len(u.columns) == 0)
		list, columns = append(list, parts...), append(columns, more...)
		lengths = append(lengths, either(kind.kind == mapKind, "len(map_keys("+x+"))", "len("+x+")"))
	}
	for i := range columns {
		if i < len(names) {
			columns[i].name = names[i]
		}
	}
	if u.ordinality {
		called := "ordinality"
		if n := len(u.columns); n > 0 {
			called = u.columns[n-1].text
		}
		list = append(list, "unnest(generate_series(1, greatest("+strings.Join(lengths, ", ")+")))")
		columns = append(columns, column{called, of(integer)})
	}
	// Columns get their names outside: inside they would hide a lambda's parameters.
	called := make([]ident, len(columns))
	for i, c := range columns {
		called[i].text = c.name
	}
	src.columns = columns
	s.sources = append(s.sources, src)
	return "LATERAL (SELECT " + strings.Join(list, ", ") + ") AS " + quoteName(src.alias) + nameList(called), nil
}

// canUnnest refuses what is neither an array nor a map.
func canUnnest(x expr, kind typ) error {
	e := &syntaxError{at: x.pos(), code: codeArguments, message: "UNNEST takes arrays and maps, not a " + kind.String()}
	switch kind.kind {
	case arrayKind, mapKind, unknown:
		return nil
	case varchar, jsonKind:
		e.help = "of JSON: UNNEST(CAST(json_extract(text, '$.path') AS array(json))); of a text: UNNEST(split(text, ','))"
	case rowKind:
		e.help = "its fields are written with dots"
	}
	return e
}

// spread is the columns that one argument of UNNEST gives. names is how many
// names there are for them.
func spread(x string, kind typ, names int, unnamed bool) (list []string, columns []column) {
	elem := kind.elemType()
	switch {
	case kind.kind == mapKind || kind.kind == unknown && names == 2:
		return []string{"unnest(map_keys(" + x + "))", "unnest(map_values(" + x + "))"},
			[]column{{"key", keyOf(kind)}, {"value", elem}}
	case elem.kind == rowKind && len(elem.fields) > 0 && (unnamed || names == len(elem.fields) && names > 1):
		for i, f := range elem.fields {
			value := "ct_e." + quoteName(f.name)
			if f.name == fmt.Sprintf("field%d", i) { // without names the engine counts
				value = fmt.Sprintf("struct_extract_at(ct_e, %d)", i+1)
			}
			list = append(list, "unnest(list_transform("+x+", ct_e -> "+value+"))")
			columns = append(columns, column(f))
		}
		return list, columns
	}
	return []string{"unnest(" + x + ")"}, []column{{"unnest", elem}}
}

func keyOf(t typ) typ {
	if t.key == nil {
		return of(varchar)
	}
	return *t.key
}
