package athenasql

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/internal/re2"
)

// list writes expressions with commas between.
func (t *translator) list(all []expr, s *scope) (string, error) {
	parts, _, err := t.each(all, s)
	return strings.Join(parts, ", "), err
}

func (t *translator) each(all []expr, s *scope) ([]string, []typ, error) {
	parts, types := make([]string, len(all)), make([]typ, len(all))
	for i, x := range all {
		var err error
		if parts[i], types[i], err = t.expr(x, s); err != nil {
			return nil, nil, err
		}
	}
	return parts, types, nil
}

// maxWords is the most bytes of an expression in the engine's words. Some functions
// are written with their arguments several times, so that what nests them grows by
// a multiple with each level.
const maxWords = 4 << 20

// expr writes an expression and says what type it has.
func (t *translator) expr(x expr, s *scope) (string, typ, error) {
	text, kind, err := t.write(x, s)
	if err == nil && len(text) > maxWords {
		err = &syntaxError{at: x.pos(), code: codeLimit, message: fmt.Sprintf("functions in functions make this more than %d MiB in the embedded engine's words", maxWords>>20),
			help: "work out the inner ones in a subquery or WITH, and use its column; --engine athena"}
	}
	return text, kind, err
}

func (t *translator) write(x expr, s *scope) (string, typ, error) {
	switch x := x.(type) {
	case *name:
		return t.name(x, s)
	case *literal:
		return t.literal(x)
	case *typed:
		return t.typed(x)
	case *interval:
		return t.interval(x)
	case *special:
		return t.special(x)
	case *field:
		v, kind, err := t.expr(x.x, s)
		return "(" + v + ")." + quoteName(x.name.text), kind.fieldOf(x.name.text), err
	case *unary:
		v, kind, err := t.expr(x.x, s)
		return "(" + x.op + " " + v + ")", kind, err
	case *binary:
		return t.binary(x, s)
	case *not:
		v, _, err := t.expr(x.x, s)
		return "(NOT " + v + ")", of(boolean), err
	case *isNull:
		v, _, err := t.expr(x.x, s)
		return "(" + v + " IS " + either(x.not, "NOT ", "") + "NULL)", of(boolean), err
	case *call:
		return t.call(x, s)
	case *cast:
		return t.cast(x, s)
	case *subscript:
		return t.subscript(x, s)
	case *lambda:
		return "", typ{}, errAt(x.at, "a lambda can only be an argument of a function such as filter or transform")
	}
	return t.compound(x, s)
}

func either(c bool, a, b string) string {
	if c {
		return a
	}
	return b
}

// compound writes expressions that hold queries or lists.
func (t *translator) compound(x expr, s *scope) (string, typ, error) {
	switch x := x.(type) {
	case *distinctFrom:
		parts, _, err := t.each([]expr{x.x, x.y}, s)
		if err != nil {
			return "", typ{}, err
		}
		return "(" + parts[0] + " IS " + either(x.not, "NOT ", "") + "DISTINCT FROM " + parts[1] + ")", of(boolean), nil
	case *between:
		t.wholeDay(&x.x, s, &x.lo, &x.hi)
		parts, types, err := t.each([]expr{x.x, x.lo, x.hi}, s)
		if err != nil {
			return "", typ{}, err
		}
		ordered(parts, types)
		if err := t.compare(x.at, s, []expr{x.x, x.lo, x.hi}, parts, types); err != nil {
			return "", typ{}, err
		}
		return "(" + parts[0] + either(x.not, " NOT", "") + " BETWEEN " + parts[1] + " AND " + parts[2] + ")", of(boolean), nil
	case *in:
		return t.in(x, s)
	case *like:
		return t.like(x, s)
	case *exists:
		q, _, err := t.query(x.query, s)
		return "EXISTS (" + q + ")", of(boolean), err
	case *quantified:
		v, kind, err := t.expr(x.x, s)
		if err != nil {
			return "", typ{}, err
		}
		q, columns, err := t.query(x.query, s)
		if len(columns) > 1 && kind.kind != rowKind {
			return "", typ{}, manyColumns(x.at, columns)
		}
		return "(" + v + " " + x.op + either(x.all, " ALL (", " ANY (") + q + "))", of(boolean), err
	case *subquery:
		q, columns, err := t.query(x.query, s)
		if len(columns) > 1 {
			return "", typ{}, manyColumns(x.at, columns)
		}
		var kind typ
		if len(columns) == 1 {
			kind = columns[0].typ
		}
		return "(" + q + ")", kind, err
	case *caseOf:
		return t.caseOf(x, s)
	case *extract:
		return t.call(&call{node: x.node, name: either(x.unit == "doy", "day_of_year", either(x.unit == "dow", "day_of_week", x.unit)), args: []expr{x.x}}, s)
	case *atZone:
		return t.atZone(x, s)
	case *array:
		return t.array(x, s)
	case *row:
		parts, types, err := t.each(x.elems, s)
		kind := typ{kind: rowKind}
		for i, f := range types {
			kind.fields = append(kind.fields, fieldType{fmt.Sprintf("field%d", i), f})
		}
		return "row(" + strings.Join(parts, ", ") + ")", kind, err
	}
	return "", typ{}, errAt(x.pos(), "not an expression")
}

// manyColumns refuses a query with several columns where one value is wanted.
func manyColumns(at int, columns []column) error {
	return &syntaxError{at: at, code: codeUnsupported, message: fmt.Sprintf("a query that stands for a value has %d columns; want one", len(columns)), help: "(SELECT ROW(a, b) FROM …)"}
}

func (t *translator) array(x *array, s *scope) (string, typ, error) {
	parts, types, err := t.each(x.elems, s)
	var elem typ
	for _, k := range types {
		if k.kind != unknown {
			elem = k
		}
	}
	return "[" + strings.Join(parts, ", ") + "]", arrayOf(elem), err
}

func (t *translator) name(x *name, s *scope) (string, typ, error) {
	r, ok := s.find(x.parts)
	if !ok {
		return t.unresolved(x, s)
	}
	if s.ambiguous(x.parts, r) {
		column := x.parts[0].text
		return "", typ{}, &syntaxError{at: x.at, code: codeColumn, message: fmt.Sprintf("Column '%s' is ambiguous", column), help: "the name of its table before it, as in a." + column}
	}
	if r.source != nil && r.source.trail && !r.source.renamed && r.column == "" {
		t.warn(x.at, codeNotKept, "%s: what the files were is not kept here, so it is NULL", x.parts[len(x.parts)-1].text)
	} else if r.source != nil && r.source.trail && !r.source.renamed {
		t.need(r)
		if first := strings.ToLower(x.parts[0].text); r.source.called(x.parts) == 0 {
			t.other(x, first)
		}
	}
	text, kind := r.text, r.typ
	if in := s.merging(r); in != nil {
		if r.source.called(x.parts) > 0 {
			return "", typ{}, &syntaxError{at: x.at, code: codeColumn, message: fmt.Sprintf("Column '%s' belongs to no table behind USING, which makes one of two", r.column), help: r.column}
		}
		text = in.mergedText(r)
	}
	for _, f := range r.rest {
		if kind.kind == mapKind {
			return "", typ{}, &syntaxError{at: f.at, code: codeColumn, message: fmt.Sprintf("a map has no field %s", f.text), help: "element_at(map, 'key')"}
		}
		if kind.kind == rowKind && !hasField(kind, f.text) || kind.kind == varchar || kind.kind == arrayKind {
			return "", typ{}, t.noField(x, kind, f)
		}
		text, kind = text+"."+quoteName(f.text), kind.fieldOf(f.text)
	}
	if r.source != nil && r.source.trail && !r.source.renamed && len(r.rest) > 0 && kind.kind == varchar {
		text = r.source.leaf(r)
	}
	return text, kind, nil
}

func hasField(t typ, name string) bool {
	return slices.ContainsFunc(t.fields, func(f fieldType) bool { return strings.EqualFold(f.name, name) })
}

func (t *translator) noField(x *name, kind typ, f ident) error {
	whole := make([]string, len(x.parts))
	for i, p := range x.parts {
		whole[i] = p.text
	}
	e := &syntaxError{at: f.at, code: codeColumn, message: fmt.Sprintf("%s: there is no field %s", strings.Join(whole, "."), f.text)}
	if kind.kind == varchar {
		e.help = "it is a text; if it holds JSON: json_extract_scalar(column, '$." + f.text + "')"
	}
	if kind.kind == arrayKind {
		e.help = "it is an array: any_match(column, e -> e." + f.text + " = …), or CROSS JOIN UNNEST(column) AS t(e)"
	}
	var names []string
	for _, k := range kind.fields {
		names = append(names, k.name)
	}
	if len(names) > 0 {
		e.help = "the fields are " + strings.Join(names, ", ")
	}
	return e
}

// other notes a column that only tables of other layouts have.
func (t *translator) other(x *name, column string) {
	if isExtra(column) && !strings.HasPrefix(column, "ct_") && column != "$path" {
		t.warn(x.at, codeOther, "the column %s is not in the table that AWS describes; here it tells what it does in tables of other layouts", column)
	}
}

// unresolved writes a name that nothing in the text has: a name of the select
// list, which the engine knows, or a mistake.
func (t *translator) unresolved(x *name, s *scope) (string, typ, error) {
	parts := make([]string, len(x.parts))
	for i, p := range x.parts {
		parts[i] = quoteName(p.text)
	}
	for in := s; in != nil; in = in.outer {
		for _, c := range in.aliases {
			if strings.EqualFold(c.name, x.parts[0].text) {
				return strings.Join(parts, "."), c.typ, nil
			}
		}
	}
	if word := strings.ToLower(x.parts[0].text); len(parts) == 1 && !x.parts[0].quoted && t.fn[word].bare {
		return t.call(&call{node: x.node, name: word}, s)
	}
	if s.knowsAll() {
		return "", typ{}, t.noColumn(x, s)
	}
	return strings.Join(parts, "."), typ{}, nil
}

func (t *translator) literal(x *literal) (string, typ, error) {
	switch x.kind {
	case litNull:
		return "NULL", typ{}, nil
	case litBool:
		return x.text, of(boolean), nil
	case litString:
		if strings.ContainsRune(x.text, 0) {
			return "", typ{}, errAt(x.at, "a text with a NUL character, which no record can hold")
		}
		return quoteText(x.text), of(varchar), nil
	case litInteger:
		return x.text, of(integer), nil
	case litDecimal:
		return x.text, decimalLiteral(x.text), nil
	case litDouble:
		return x.text, of(double), nil
	}
	hex := strings.Join(strings.Fields(x.text), "")
	if len(hex)%2 != 0 || strings.Trim(hex, "0123456789abcdefABCDEF") != "" {
		return "", typ{}, errAt(x.at, "X'%s' is no hexadecimal text", x.text)
	}
	return "unhex('" + hex + "')", of(varbinary), nil
}

func (t *translator) typed(x *typed) (string, typ, error) {
	text := quoteText(x.text)
	if (x.typeName == "DATE" || x.typeName == "TIMESTAMP") && !isStamp(x.text) {
		return "", typ{}, errAt(x.at, "'%s' is not a valid %s literal; want '2026-03-14' or '2026-03-14 09:26:53', and from_iso8601_timestamp for 2026-03-14T09:26:53Z", x.text, x.typeName)
	}
	switch x.typeName {
	case "DATE":
		return "CAST(" + text + " AS DATE)", of(date), nil
	case "TIMESTAMP":
		if hasZone(x.text) {
			return zonedLiteral(x.text)
		}
		return "CAST(" + text + " AS TIMESTAMP)", of(timestamp), nil
	}
	switch x.typeName {
	case "JSON":
		return "CAST(ct_json_parse(" + text + ") AS JSON)", of(jsonKind), nil
	case "DECIMAL":
		digits := decimalLiteral(x.text)
		return fmt.Sprintf("CAST(%s AS DECIMAL(38,%d))", text, digits.scale-1), digits, nil
	}
	to := &typeName{at: x.at, name: strings.ToLower(x.typeName)}
	return t.cast(&cast{node: x.node, x: &literal{x.node, litString, x.text}, to: to}, &scope{})
}

// stamp is how days and times of day begin.
var stamp = re2.Own(`^\s*[-+]?\d{4,}-\d{1,2}-\d{1,2}(\s|$)`)

// isStamp tells whether a text begins as a day, or as a day and a time with a blank
// between them.
func isStamp(text string) bool { return stamp.MatchString(text) }

// hasZone tells whether the text of a timestamp names a zone.
func hasZone(s string) bool {
	i := strings.IndexAny(s, ":")
	return strings.ContainsAny(s, "Zz/") || strings.Contains(s, "UTC") || i > 0 && strings.ContainsAny(s[i:], "+-")
}

func (t *translator) interval(x *interval) (string, typ, error) {
	sign := either(x.minus, "-", "")
	text := strings.TrimSpace(x.text)
	if rest, ok := strings.CutPrefix(text, "-"); ok {
		sign, text = either(x.minus, "", "-"), rest
	}
	if x.to == "" {
		if strings.Trim(text, "0123456789.") != "" || text == "" {
			return "", typ{}, errAt(x.at, "INTERVAL '%s' %s: want a number", x.text, x.from)
		}
		return fmt.Sprintf("INTERVAL '%s%s %s'", sign, text, x.from), of(intervalKind), nil
	}
	return t.longInterval(x, sign, text)
}

// partOfDay tells whether an expression is an interval that is not of whole days.
func partOfDay(x expr) bool {
	i, ok := x.(*interval)
	if !ok || i.to != "" {
		return ok && i.to != "MONTH"
	}
	size, ok := map[string]float64{"HOUR": 24, "MINUTE": 24 * 60, "SECOND": 24 * 60 * 60}[strings.TrimSuffix(i.from, "S")]
	n, err := strconv.ParseFloat(strings.Trim(i.text, " -+"), 64)
	return ok && err == nil && math.Mod(n, size) != 0
}

// longInterval writes INTERVAL '1 02:03:04' DAY TO SECOND and its like.
func (t *translator) longInterval(x *interval, sign, text string) (string, typ, error) {
	units := []string{"DAY", "HOUR", "MINUTE", "SECOND"}
	split := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ':' })
	if x.from == "YEAR" {
		units, split = []string{"YEAR", "MONTH"}, strings.Split(text, "-")
	}
	first, last := slices.Index(units, x.from), slices.Index(units, x.to)
	if first < 0 || last <= first || len(split) > last-first+1 { // the last parts may be missing
		return "", typ{}, errAt(x.at, "INTERVAL '%s' %s TO %s: the text does not have these parts", x.text, x.from, x.to)
	}
	parts := make([]string, len(split))
	for i, n := range split {
		if n == "" || strings.Trim(n, "0123456789.") != "" {
			return "", typ{}, errAt(x.at, "INTERVAL '%s': want numbers", x.text)
		}
		parts[i] = fmt.Sprintf("INTERVAL '%s%s %s'", sign, n, units[first+i])
	}
	return "(" + strings.Join(parts, " + ") + ")", of(intervalKind), nil
}

func (t *translator) special(x *special) (string, typ, error) {
	now := t.o.Now.UTC()
	switch x.name {
	case "current_date":
		return "DATE '" + now.Format("2006-01-02") + "'", of(date), nil
	case "current_timestamp":
		return t.nowText(), of(timestampTZ), nil
	case "localtimestamp":
		return "TIMESTAMP '" + now.Format("2006-01-02 15:04:05.000") + "'", of(timestamp), nil
	case "current_time", "localtime":
		return "TIME '" + now.Format("15:04:05.000") + "'", of(timeOfDay), nil
	}
	return "", typ{}, &syntaxError{at: x.at, code: codeRefused, message: x.name + " says who asks on Athena; here there is nobody"}
}

func (t *translator) nowText() string {
	return "TIMESTAMPTZ '" + t.o.Now.UTC().Format("2006-01-02 15:04:05.000") + "+00'"
}

func (t *translator) in(x *in, s *scope) (string, typ, error) {
	others := make([]*expr, len(x.list))
	for i := range x.list {
		others[i] = &x.list[i]
	}
	t.wholeDay(&x.x, s, others...)
	if x.query != nil {
		v, kind, err := t.expr(x.x, s)
		if err != nil {
			return "", typ{}, err
		}
		inner, columns, err := t.query(x.query, s)
		if len(columns) > 1 && kind.kind != rowKind {
			return "", typ{}, manyColumns(x.at, columns)
		}
		if len(columns) > 1 {
			inner = t.rowsOf(inner, len(columns), t.must[x])
		}
		return "(" + v + either(x.not, " NOT", "") + " IN (" + inner + "))", of(boolean), err
	}
	all := append([]expr{x.x}, x.list...)
	parts, types, err := t.each(all, s)
	if err == nil {
		err = t.compare(x.at, s, all, parts, types)
	}
	if err != nil {
		return "", typ{}, err
	}
	if !slices.ContainsFunc(types[1:], func(k typ) bool { return !sameShape(types[0], k) }) && len(x.list) <= 100 {
		return t.inEqual(x, parts, types[0]), of(boolean), nil
	}
	return "(" + parts[0] + either(x.not, " NOT", "") + " IN (" + strings.Join(parts[1:], ", ") + "))", of(boolean), nil
}

// mark marks what rows must be in to meet a condition: an IN that is all of it, or
// joined to the rest by AND.
func (t *translator) mark(x expr, want bool) {
	switch x := x.(type) {
	case *binary:
		if x.op == "AND" && want {
			t.mark(x.x, want)
			t.mark(x.y, want)
		}
	case *not:
		t.mark(x.x, !want)
	case *in:
		t.must[x] = x.not != want
	}
}

// rowsOf makes rows of a query's columns, for IN. As values they are looked for as
// Athena does it: NULL is like NULL, but what rows must be in Athena joins them
// with, and then a row that has NULL is like none.
func (t *translator) rowsOf(query string, columns int, must bool) string {
	names, whole := make([]string, columns), make([]string, columns)
	for i := range columns {
		names[i] = fmt.Sprintf("ct_c%d", i)
		whole[i] = names[i] + " IS NOT NULL"
	}
	list := strings.Join(names, ", ")
	text := "SELECT row(" + list + ") FROM (" + query + ") AS " + t.fresh() + "(" + list + ")"
	if !must {
		return text
	}
	return text + " WHERE " + strings.Join(whole, " AND ")
}

func (t *translator) like(x *like, s *scope) (string, typ, error) {
	parts, types, err := t.each([]expr{x.x, x.pattern}, s)
	if err != nil {
		return "", typ{}, err
	}
	switch k := types[0].kind; k {
	case rowKind, arrayKind, mapKind, jsonKind:
		return "", typ{}, &syntaxError{at: x.at, code: codeArguments, message: "LIKE compares texts; this is a " + types[0].String(),
			help: either(k == jsonKind, jsonHelp, either(k == rowKind, "one of its fields, as in useridentity.arn", ""))}
	}
	text := "(" + parts[0] + either(x.not, " NOT", "") + either(x.fold, " ILIKE ", " LIKE ") + parts[1]
	if err := badEscape(x); err != nil {
		return "", typ{}, err
	}
	if x.escape != nil {
		e, _, err := t.expr(x.escape, s)
		if err != nil {
			return "", typ{}, err
		}
		text += " ESCAPE " + e
	}
	return text + ")", of(boolean), nil
}

// badEscape refuses a pattern in which what escapes stands before anything else
// than a wildcard or itself.
func badEscape(x *like) error {
	p, ok := x.pattern.(*literal)
	e, also := x.escape.(*literal)
	if !ok || !also || p.kind != litString || e.kind != litString || e.text == "" {
		return nil
	}
	for rest := p.text; ; {
		_, after, found := strings.Cut(rest, e.text)
		if !found {
			return nil
		}
		if !strings.HasPrefix(after, "%") && !strings.HasPrefix(after, "_") && !strings.HasPrefix(after, e.text) {
			return errAt(x.at, "LIKE: the escape character must be followed by '%%', '_' or the escape character itself")
		}
		_, size := utf8.DecodeRuneInString(after)
		rest = after[size:]
	}
}

func (t *translator) caseOf(x *caseOf, s *scope) (string, typ, error) {
	var b strings.Builder
	b.WriteString("CASE")
	if x.operand != nil {
		v, _, err := t.expr(x.operand, s)
		if err != nil {
			return "", typ{}, err
		}
		b.WriteString(" " + v)
	}
	var kind typ
	for _, w := range x.whens {
		parts, types, err := t.each([]expr{w.cond, w.then}, s)
		if err != nil {
			return "", typ{}, err
		}
		kind = wider(kind, types[1])
		b.WriteString(" WHEN " + parts[0] + " THEN " + parts[1])
	}
	if x.other != nil {
		v, other, err := t.expr(x.other, s)
		if err != nil {
			return "", typ{}, err
		}
		kind = wider(kind, other)
		b.WriteString(" ELSE " + v)
	}
	return b.String() + " END", kind, nil
}

// wider is the type of what is now an a and now a b. Of numbers it is what has
// room for both.
func wider(a, b typ) typ {
	switch {
	case a.kind == unknown:
		return b
	case !a.isNumber() || !b.isNumber():
		return a
	case a.kind == double || b.kind == double:
		return of(double)
	case a.kind == integer && b.kind == integer:
		return a
	}
	l, known := a.digits()
	r, also := b.digits()
	if !known || !also {
		return of(decimal)
	}
	return decimalOf(max(l, r))
}

func isUTC(zone string) bool {
	switch strings.ToLower(zone) {
	case "utc", "etc/utc", "z", "gmt", "+00:00":
		return true
	}
	return false
}

func (t *translator) binary(x *binary, s *scope) (string, typ, error) {
	switch x.op {
	case "AND":
		return t.conjunction(x, s)
	case "=", "<>", "<", "<=", ">", ">=":
		t.wholeDay(&x.x, s, &x.y)
		t.wholeDay(&x.y, s, &x.x)
	}
	parts, types, err := t.each([]expr{x.x, x.y}, s)
	if err != nil {
		return "", typ{}, err
	}
	switch x.op {
	case "<", "<=", ">", ">=":
		ordered(parts, types)
	}
	text := "(" + parts[0] + " " + x.op + " " + parts[1] + ")"
	switch x.op {
	case "OR":
		return disjunction(x, parts), of(boolean), nil
	case "=", "<>", "<", "<=", ">", ">=":
		if err := t.compare(x.at, s, []expr{x.x, x.y}, parts, types); err != nil {
			return "", typ{}, err
		}
		if sameShape(types[0], types[1]) && (x.op == "=" || x.op == "<>") {
			return either(x.op == "<>", "(NOT (", "((") + t.equal(parts[0], parts[1], types[0]) + "))", of(boolean), nil
		}
		return t.compared(x, parts, types), of(boolean), nil
	case "||":
		return t.concat(x, parts, types)
	}
	return t.arithmetic(x, text, parts, types)
}

// concat writes ||, which takes texts or arrays.
func (t *translator) concat(x *binary, parts []string, types []typ) (string, typ, error) {
	switch l, r := types[0].kind, types[1].kind; {
	case l == arrayKind && r != arrayKind && r != unknown:
		return "(" + parts[0] + " || " + alone(x.y, parts[1]) + ")", types[0], nil
	case r == arrayKind && l != arrayKind && l != unknown:
		return "(" + alone(x.x, parts[0]) + " || " + parts[1] + ")", types[1], nil
	}
	for i, k := range types {
		if k.kind == arrayKind || k.kind == varbinary {
			return "(" + parts[0] + " || " + parts[1] + ")", k, nil
		}
		if k.kind != varchar && k.kind != unknown {
			t.warn(x.at, codeImplicit, "|| of a %s: Athena wants CAST(… AS varchar)", k)
			parts[i] = "CAST(" + parts[i] + " AS VARCHAR)"
		}
	}
	return "(" + parts[0] + " || " + parts[1] + ")", of(varchar), nil
}

// alone is an array of one element that is put to another: none where it is NULL.
func alone(x expr, text string) string {
	if _, written := x.(*literal); written && text != "NULL" {
		return "[" + text + "]"
	}
	return "CASE WHEN " + text + " IS NOT NULL THEN [" + text + "] END"
}

func (t *translator) arithmetic(x *binary, text string, parts []string, types []typ) (string, typ, error) {
	l, r := types[0], types[1]
	if err := t.operands(x, l, r); err != nil {
		return "", typ{}, err
	}
	text, err := t.checked(x, text, parts, l, r)
	if err != nil {
		return "", typ{}, err
	}
	switch {
	case l.kind == date && r.kind == intervalKind:
		return "CAST(" + text + " AS DATE)", l, nil // the engine gives a timestamp
	case l.kind == intervalKind && r.kind == date:
		return "CAST(" + text + " AS DATE)", r, nil
	case l.isTime() && r.kind == intervalKind:
		return text, l, nil
	case l.kind == intervalKind && r.isTime():
		return text, r, nil
	case l.isTime() && r.isTime() && x.op == "-":
		return "CAST(" + parts[0] + " AS TIMESTAMPTZ) - CAST(" + parts[1] + " AS TIMESTAMPTZ)", of(intervalKind), nil
	}
	if x.op == "/" && l.kind == intervalKind { // the engine divides an interval by no whole number
		return "(" + parts[0] + " * (1.0 / CAST(" + parts[1] + " AS DOUBLE)))", l, nil
	}
	if text, kind, ok := decimalArithmetic(x.op, text, parts, l, r); ok {
		return text, kind, nil
	}
	if x.op == "/" && (l.kind == double || r.kind == double) {
		// Called by its name it is not the engine's division of whole numbers, to
		// which a zero gives NULL.
		text = `"/"(CAST(` + parts[0] + " AS DOUBLE), CAST(" + parts[1] + " AS DOUBLE))"
	}
	for _, k := range []kind{intervalKind, double, decimal, integer} {
		if l.kind == k || r.kind == k {
			return text, of(k), nil
		}
	}
	return text, typ{}, nil
}

func (t *translator) subscript(x *subscript, s *scope) (string, typ, error) {
	parts, types, err := t.each([]expr{x.x, x.index}, s)
	if err != nil {
		return "", typ{}, err
	}
	base := parts[0]
	if _, ok := x.x.(*name); !ok {
		base = "(" + base + ")"
	}
	switch types[0].kind {
	case rowKind:
		l, ok := x.index.(*literal)
		n := 0
		if !ok || l.kind != litInteger {
			return "", typ{}, errAt(x.at, "the subscript of a row must be a number")
		}
		if _, err := fmt.Sscan(l.text, &n); err != nil || n < 1 || n > len(types[0].fields) {
			return "", typ{}, errAt(x.at, "a row with %d fields has no field %s", len(types[0].fields), l.text)
		}
		return "struct_extract_at(" + parts[0] + ", " + parts[1] + ")", types[0].fields[n-1].typ, nil
	case jsonKind, varchar:
		return "", typ{}, &syntaxError{at: x.at, code: codeArguments, message: "a subscript of a " + types[0].String(), help: "json_extract_scalar(text, '$.a[0]')"}
	}
	t.warn(x.at, codeSubscript, "a subscript that is not there ends the query; element_at gives NULL")
	if k := types[0].kind; k != arrayKind && k != mapKind {
		return base + "[" + parts[1] + "]", types[0].elemType(), nil
	}
	return t.element(base, parts[1], types[0], x.index), types[0].elemType(), nil
}
