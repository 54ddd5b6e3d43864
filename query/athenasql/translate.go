package athenasql

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/query/schema"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// translator writes a syntax tree for the embedded engine.
type translator struct {
	text   string
	o      Options
	fn     map[string]function
	needs  []schema.Need
	star   bool
	trails int
	filter *Filter
	notes  diagnostic.List
	said   map[string]bool
	tables []string
	serial int
	depth  int          // of queries in FROM and WITH
	fails  bool         // a condition, or a column of a query in FROM, may end the query
	must   map[*in]bool // what rows must be in to be in the answer
}

// What the text's last words decide is marked until then, by bytes that no text
// may hold.
const (
	starMark = "\x00*" // the columns to leave out of a star of the trail
	leafMark = "\x00." // before and after the path of a leaf of the trail
	stepMark = "\x00;" // behind a query in FROM or WITH; see barrier
)

func translate(text string, s *statement, o Options) (*Translation, error) {
	t := &translator{text: text, o: o, fn: functions(), said: map[string]bool{}, must: map[*in]bool{}}
	for _, l := range s.loose {
		t.warn(l.at, either(l.code == "", codeNotAthena, l.code), "%s", l.message)
	}
	var sql string
	var err error
	switch {
	case s.functions:
		sql = listAnswer("Function", FunctionNames()...).sql()
	case s.rows != nil:
		sql = s.rows.sql()
	default:
		var columns []column
		sql, columns, err = t.query(s.query, &scope{})
		sql = shown(sql, columns)
		if s.explain {
			sql = "EXPLAIN " + sql
		}
	}
	if err != nil {
		return nil, err
	}
	bounds := t.filter
	if t.trails != 1 || s.query != nil && s.query.recursive {
		t.filter = nil
	}
	trails := t.trails
	if s.query != nil && s.query.recursive {
		trails = max(trails, 2)
	}
	return &Translation{SQL: t.unmark(sql), Needs: t.needs, Star: t.star, Trails: trails,
		Filter: t.filter, bounds: bounds, Notes: t.notes, Tables: t.tables}, nil
}

// unmark puts the columns to leave out behind each star of the trail, and names
// the trail's leaves as the view does.
func (t *translator) unmark(sql string) string {
	sql = strings.ReplaceAll(sql, stepMark, either(t.fails, " OFFSET 0", ""))
	parts := strings.Split(strings.ReplaceAll(sql, starMark, t.exclude()), leafMark)
	view := schema.Project(t.needs, t.star)
	for i := 1; i < len(parts); i += 2 {
		if view.Flat(parts[i]) {
			parts[i] = quoteName(parts[i])
			continue
		}
		names := strings.Split(parts[i], ".")
		for j, name := range names {
			names[j] = quoteName(name)
		}
		parts[i] = strings.Join(names, ".")
	}
	return strings.Join(parts, "")
}

// exclude keeps our own columns out of a star.
func (t *translator) exclude() string {
	var out []string
	for _, n := range t.needs {
		if c, ok := schema.Find(n.Column); ok && c.Class == schema.Extra && !slices.Contains(out, quoteName(c.Name)) {
			out = append(out, quoteName(c.Name))
		}
	}
	if len(out) == 0 {
		return ""
	}
	return " EXCLUDE (" + strings.Join(out, ", ") + ")"
}

// warn notes something once for each code and message.
func (t *translator) warn(at int, code, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	if t.said[code+message] {
		return
	}
	t.said[code+message] = true
	line, column := place(t.text, at)
	t.notes = append(t.notes, diagnostic.Diagnostic{Code: code, Severity: diagnostic.Warning, Line: line, Column: column, Message: message})
}

func (t *translator) need(r resolved) {
	path := make([]string, len(r.rest))
	for i, p := range r.rest {
		path[i] = strings.ToLower(p.text)
	}
	t.needs = append(t.needs, schema.Need{Column: r.column, Path: strings.Join(path, ".")})
}

// fresh is a name that no text has.
func (t *translator) fresh() string {
	t.serial++
	return fmt.Sprintf("ct_%d", t.serial)
}

// query writes a query and says which columns it has.
func (t *translator) query(q *query, outer *scope) (string, []column, error) {
	s := outer.inner()
	var b strings.Builder
	if len(q.with) > 0 {
		with, err := t.with(q, s)
		if err != nil {
			return "", nil, err
		}
		b.WriteString(with)
	}
	sql, columns, inside, err := t.body(q.body, s)
	if err != nil {
		return "", nil, err
	}
	b.WriteString(sql)
	if q.ties {
		last, err := t.ties(q, inside, columns)
		return b.String() + last, columns, err
	}
	if len(q.orderBy) > 0 {
		if err := t.distinctKeys(q, inside); err != nil {
			return "", nil, err
		}
		keys, err := t.sortKeys(q.orderBy, inside)
		if err != nil {
			return "", nil, err
		}
		b.WriteString(" ORDER BY " + keys)
	}
	bounds, err := t.bounds(q, s)
	b.WriteString(bounds + t.barrier(q))
	return b.String(), columns, err
}

// distinctKeys refuses to sort rows without duplicates by what is not in them.
func (t *translator) distinctKeys(q *query, inside *scope) error {
	b, ok := q.body.(*selection)
	if !ok || !b.distinct || slices.ContainsFunc(b.items, func(i item) bool { return i.star }) {
		return nil
	}
	serial := t.serial
	text := func(x expr) (string, error) {
		t.serial = serial
		s, _, err := t.expr(x, inside)
		return s, err
	}
	var selected []string
	for _, i := range b.items {
		s, err := text(i.x)
		if err != nil {
			return err
		}
		selected = append(selected, s)
	}
	for _, k := range q.orderBy {
		if l, ok := k.x.(*literal); ok && l.kind == litInteger {
			continue
		}
		if n, ok := k.x.(*name); ok && len(n.parts) == 1 && slices.ContainsFunc(inside.aliases, func(c column) bool { return strings.EqualFold(c.name, n.parts[0].text) }) {
			continue
		}
		s, err := text(k.x)
		if err != nil {
			return err
		}
		if !slices.Contains(selected, s) {
			return &syntaxError{at: k.x.pos(), code: codeArguments, message: "For SELECT DISTINCT, ORDER BY expressions must appear in select list"}
		}
	}
	return nil
}

// inner writes a query in FROM or WITH; apart tells whether it may be kept apart
// from the query around it.
func (t *translator) inner(q *query, s *scope, apart bool) (string, []column, error) {
	before := t.depth
	defer func() { t.depth = before }()
	t.depth = 0
	if apart {
		t.depth = before + 1
	}
	return t.query(q, s)
}

// barrier is what keeps the engine from looking at the conditions of an outer query
// on rows that this one leaves out, which Athena never does: a CAST may rely on it.
func (t *translator) barrier(q *query) string {
	if t.depth == 0 || q.recursive || q.limit != nil || q.offset != nil || !selects(q.body) {
		return ""
	}
	return stepMark
}

// selects tells whether a body leaves rows out by a condition.
func selects(b body) bool {
	switch b := b.(type) {
	case *selection:
		return b.where != nil
	case *setOperation:
		return selects(b.l) || selects(b.r)
	}
	return false
}

// ties writes FETCH FIRST n ROWS WITH TIES.
func (t *translator) ties(q *query, inside *scope, columns []column) (string, error) {
	b, plain := q.body.(*selection)
	if !plain || b.distinct || len(q.orderBy) == 0 || q.offset != nil {
		return "", &syntaxError{at: q.at, code: codeUnsupported, message: "WITH TIES is to be had behind SELECT … ORDER BY only", help: "rank() OVER (ORDER BY …) <= n"}
	}
	n, _, err := t.expr(q.limit, inside)
	if err != nil {
		return "", err
	}
	order := slices.Clone(q.orderBy)
	for i, k := range order { // a position means nothing in a window
		if l, ok := k.x.(*literal); ok && l.kind == litInteger {
			at, err := strconv.Atoi(l.text)
			if err != nil || at < 1 || at > len(columns) {
				return "", errAt(l.at, "there is no column %s", l.text)
			}
			order[i].x = &name{node{l.at}, []ident{{text: columns[at-1].name, quoted: true, at: l.at}}}
		}
	}
	keys, err := t.sortKeys(order, inside)
	return " QUALIFY rank() OVER (ORDER BY " + keys + ") <= " + n + " ORDER BY " + keys, err
}

func (t *translator) bounds(q *query, s *scope) (string, error) {
	var all string
	for _, part := range []struct {
		word string
		x    expr
	}{{" LIMIT ", q.limit}, {" OFFSET ", q.offset}} {
		if part.x == nil {
			continue
		}
		x, _, err := t.expr(part.x, s)
		if err != nil {
			return "", err
		}
		if l, ok := part.x.(*literal); ok && l.kind == litString { // a parameter
			x = "CAST(" + x + " AS BIGINT)"
		}
		all += part.word + x
	}
	return all, nil
}

func (t *translator) with(q *query, s *scope) (string, error) {
	s.queries = map[string][]column{}
	var parts []string
	for _, c := range q.with {
		if q.recursive {
			s.queries[strings.ToLower(c.name.text)] = t.guess(c)
		}
		sql, columns, err := t.inner(c.query, s, !q.recursive)
		if err != nil {
			return "", err
		}
		columns = rename(columns, c.columns)
		s.queries[strings.ToLower(c.name.text)] = columns
		parts = append(parts, quoteName(c.name.text)+nameList(c.columns)+" AS ("+sql+")")
	}
	word := "WITH "
	if q.recursive {
		word = "WITH RECURSIVE "
	}
	return word + strings.Join(parts, ", ") + " ", nil
}

// guess are the columns of a recursive query before it was read.
func (t *translator) guess(c cte) []column {
	var columns []column
	for _, n := range c.columns {
		columns = append(columns, column{n.text, typ{}})
	}
	return columns
}

func rename(columns []column, names []ident) []column {
	out := slices.Clone(columns)
	for i, n := range names {
		if i < len(out) {
			out[i].name = n.text
		} else {
			out = append(out, column{n.text, typ{}})
		}
	}
	return out
}

func nameList(names []ident) string {
	if len(names) == 0 {
		return ""
	}
	parts := make([]string, len(names))
	for i, n := range names {
		parts[i] = quoteName(n.text)
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// body writes what gives a query's rows; inside is the scope of its ORDER BY.
func (t *translator) body(b body, s *scope) (sql string, columns []column, inside *scope, err error) {
	switch b := b.(type) {
	case *selection:
		return t.selection(b, s)
	case *setOperation:
		l, columns, _, err := t.body(b.l, s)
		if err != nil {
			return "", nil, nil, err
		}
		r, others, _, err := t.body(b.r, s)
		if err != nil {
			return "", nil, nil, err
		}
		if len(columns) != len(others) && fixed(b.l) && fixed(b.r) {
			return "", nil, nil, &syntaxError{at: b.at, code: codeArguments, message: fmt.Sprintf("%s query has different number of fields: %d, %d", b.op, len(columns), len(others))}
		}
		columns = slices.Clone(columns)
		for i := range min(len(columns), len(others)) {
			if k, o := columns[i].typ, others[i].typ; !alike(k, o) {
				return "", nil, nil, &syntaxError{at: b.at, code: codeArguments, message: fmt.Sprintf("column %d in %s query has incompatible types: %s, %s", i+1, b.op, k, o), help: "CAST(… AS …) in one of them"}
			}
			columns[i].typ = wider(columns[i].typ, others[i].typ)
		}
		op := b.op
		if b.all {
			op += " ALL"
		}
		in := s.inner()
		in.aliases = columns
		return "(" + l + ") " + op + " (" + r + ")", columns, in, nil
	case *values:
		sql, columns, err := t.values(b, s)
		in := s.inner()
		in.aliases = columns
		return sql, columns, in, err
	case *nested:
		sql, columns, err := t.query(b.query, s)
		in := s.inner()
		in.aliases = columns
		return "(" + sql + ")", columns, in, err
	}
	return "", nil, nil, errAt(b.pos(), "not a query")
}

// fixed tells whether a body's text says how many columns it has.
func fixed(b body) bool {
	switch b := b.(type) {
	case *selection:
		return !slices.ContainsFunc(b.items, func(i item) bool { return i.star })
	case *setOperation:
		return fixed(b.l) && fixed(b.r)
	case *values:
		return true
	}
	return false
}

// alike tells whether values of two types can be in one column. What is not known
// may be.
func alike(a, b typ) bool {
	plain := func(t typ) bool { return t.kind == varchar || t.kind == boolean || t.isNumber() || t.isTime() }
	return !plain(a) || !plain(b) || a.kind == b.kind || a.isNumber() && b.isNumber() || a.isTime() && b.isTime()
}

func (t *translator) values(v *values, s *scope) (string, []column, error) {
	var columns []column
	rows := make([]string, len(v.rows))
	for i, x := range v.rows {
		elems := []expr{x}
		if r, ok := x.(*row); ok {
			elems = r.elems
		}
		parts := make([]string, len(elems))
		for j, e := range elems {
			text, kind, err := t.expr(e, s)
			if err != nil {
				return "", nil, err
			}
			parts[j] = text
			if i == 0 {
				columns = append(columns, column{fmt.Sprintf("_col%d", j), kind})
			} else if j < len(columns) {
				columns[j].typ = wider(columns[j].typ, kind)
			}
		}
		if len(elems) != len(columns) {
			return "", nil, &syntaxError{at: x.pos(), code: codeArguments, message: fmt.Sprintf("Values rows have mismatched sizes: %d vs %d", len(columns), len(elems))}
		}
		rows[i] = "(" + strings.Join(parts, ", ") + ")"
	}
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = quoteName(c.name)
	}
	return "SELECT * FROM (VALUES " + strings.Join(rows, ", ") + ") AS " + quoteName(t.fresh()) + "(" + strings.Join(names, ", ") + ")", columns, nil
}

func (t *translator) selection(q *selection, outer *scope) (string, []column, *scope, error) {
	s := outer.inner()
	from, err := t.from(q.from, s)
	if err != nil {
		return "", nil, nil, err
	}
	var where string
	if q.where != nil {
		if err := t.oneRow("WHERE", q.where); err != nil {
			return "", nil, nil, err
		}
		t.mark(q.where, true)
		if where, _, err = t.expr(q.where, s); err != nil {
			return "", nil, nil, err
		}
		if f := t.filterOf(q.where, s); f != nil {
			t.filter = and(t.filter, f)
		}
	}
	list, columns, err := t.items(q.items, s)
	if err != nil {
		return "", nil, nil, err
	}
	t.fails = t.fails || q.where != nil && mayFail(q.where) ||
		t.depth > 0 && slices.ContainsFunc(q.items, func(i item) bool { return i.x != nil && mayFail(i.x) })
	in := s.inner()
	in.aliases = columns
	var b strings.Builder
	b.WriteString("SELECT ")
	if q.distinct {
		b.WriteString("DISTINCT ")
	}
	b.WriteString(list)
	if from != "" {
		b.WriteString(" FROM " + from)
	}
	if where != "" {
		b.WriteString(" WHERE " + where)
	}
	rest, err := t.grouped(q, s, in)
	b.WriteString(rest)
	return b.String(), columns, in, err
}

// grouped writes GROUP BY, HAVING and WINDOW.
func (t *translator) grouped(q *selection, s, in *scope) (string, error) {
	var b strings.Builder
	if q.group != nil {
		if err := t.groupable(q); err != nil {
			return "", err
		}
		sets, err := t.groupSets(q.group, s)
		if err != nil {
			return "", err
		}
		b.WriteString(" GROUP BY " + sets)
	}
	if q.having != nil {
		t.mark(q.having, true)
		x, _, err := t.expr(q.having, s)
		if err != nil {
			return "", err
		}
		b.WriteString(" HAVING " + x)
	}
	for i, w := range q.windows {
		spec, err := t.window(w.spec, s)
		if err != nil {
			return "", err
		}
		b.WriteString(map[bool]string{true: " WINDOW ", false: ", "}[i == 0] + quoteName(w.name.text) + " AS " + spec)
	}
	return b.String(), nil
}

func (t *translator) groupSets(g *grouping, s *scope) (string, error) {
	if g.distinct {
		return t.distinctSets(g, s)
	}
	parts := make([]string, len(g.sets))
	for i, set := range g.sets {
		if set.kind == "" {
			x, _, err := t.expr(set.x, s)
			if err != nil {
				return "", err
			}
			parts[i] = x
			continue
		}
		lists := make([]string, len(set.list))
		for j, l := range set.list {
			if err := plainColumns(l, s); err != nil {
				return "", err
			}
			elems, err := t.list(l, s)
			if err != nil {
				return "", err
			}
			lists[j] = "(" + elems + ")"
		}
		parts[i] = set.kind + " (" + strings.Join(lists, ", ") + ")"
	}
	return strings.Join(parts, ", "), nil
}

func (t *translator) sortKeys(keys []sortKey, s *scope) (string, error) {
	parts := make([]string, len(keys))
	for i, k := range keys {
		x, kind, err := t.sorted(k.x, s)
		if err != nil {
			return "", err
		}
		if kind.kind == ipaddress {
			x = "ct_ip_order(" + x + ")"
		}
		if k.desc {
			x += " DESC"
		}
		if k.nulls == "" {
			k.nulls = "LAST" // Trino's order in both directions
		}
		parts[i] = x + " NULLS " + k.nulls
	}
	return strings.Join(parts, ", "), nil
}

// sorted writes a sort key, in which names of the select list come first.
func (t *translator) sorted(x expr, s *scope) (string, typ, error) {
	if n, ok := x.(*name); ok && len(n.parts) == 1 {
		for _, c := range s.aliases {
			if strings.EqualFold(c.name, n.parts[0].text) {
				return quoteName(c.name), c.typ, nil
			}
		}
	}
	return t.expr(x, s)
}

// items writes the select list. Every element gets the name that it has on
// Athena.
func (t *translator) items(items []item, s *scope) (string, []column, error) {
	var parts []string
	var columns []column
	for _, it := range items {
		if it.star {
			text, more, err := t.starItem(it, s, len(columns))
			if err != nil {
				return "", nil, err
			}
			parts, columns = append(parts, text), append(columns, more...)
			continue
		}
		x, kind, err := t.expr(it.x, s)
		if err != nil {
			return "", nil, err
		}
		called := itemName(it, len(columns))
		parts, columns = append(parts, x+" AS "+quoteName(called)), append(columns, column{called, kind})
	}
	return strings.Join(parts, ", "), columns, nil
}

func itemName(it item, i int) string {
	if it.alias != nil {
		return it.alias.text
	}
	if x, ok := it.x.(*name); ok {
		return x.parts[len(x.parts)-1].text
	}
	return fmt.Sprintf("_col%d", i) // also of resources[1].arn
}

// starItem writes a star behind so many columns.
func (t *translator) starItem(it item, s *scope, before int) (string, []column, error) {
	if it.x != nil {
		return t.rowStar(it, it.x, s, before)
	}
	if len(s.merged)+len(it.names) > 0 && !slices.ContainsFunc(s.sources, func(src *source) bool { return !src.trail && len(src.columns) == 0 }) {
		if text, columns, err := t.mergedStar(it, s); text != "" || err != nil {
			return text, columns, err
		}
	}
	var columns []column
	found, mark := false, ""
	for _, src := range s.sources {
		if it.of != nil && src.called(append(slices.Clone(it.of), ident{})) != len(it.of) {
			continue
		}
		found = true
		if src.trail {
			t.star, mark = true, starMark
		}
		if src.trail && !src.renamed {
			columns = append(columns, trailColumns()...)
			continue
		}
		columns = append(columns, src.columns...)
	}
	if !found {
		return t.noTable(it, s, before)
	}
	if it.of == nil {
		return "*" + mark, columns, nil
	}
	return quoteName(it.of[len(it.of)-1].text) + ".*" + mark, columns, nil
}
