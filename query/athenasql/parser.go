package athenasql

import (
	"fmt"
	"strings"
)

// maxDepth bounds how deep expressions and queries nest.
const maxDepth = 200

// parser reads tokens into a syntax tree, by Trino's grammar.
type parser struct {
	text   string
	tokens []token
	i      int
	depth  int
	params func(t token) (expr, error)
	loose  []looseness
}

// looseness is something that Athena would not take and that we do, or what its
// code says.
type looseness struct {
	at      int
	message string
	code    string
}

func (p *parser) tok() token { return p.tokens[p.i] }

func (p *parser) ahead(n int) token { return p.tokens[min(p.i+n, len(p.tokens)-1)] }

func (p *parser) advance() token {
	t := p.tokens[p.i]
	if t.kind != tokEnd {
		p.i++
	}
	return t
}

// word takes the keyword if it is next.
func (p *parser) word(w string) bool {
	if p.tok().is(w) {
		p.advance()
		return true
	}
	return false
}

// words takes the keywords if all are next.
func (p *parser) words(ws ...string) bool {
	for n, w := range ws {
		if !p.ahead(n).is(w) {
			return false
		}
	}
	p.i += len(ws)
	return true
}

func (p *parser) sym(s string) bool {
	if p.tok().sym(s) {
		p.advance()
		return true
	}
	return false
}

func (p *parser) wantSym(s string) error {
	if !p.sym(s) {
		return p.unexpected("want " + s)
	}
	return nil
}

func (p *parser) wantWord(w string) error {
	if !p.word(w) {
		return p.unexpected("want " + w)
	}
	return nil
}

func (p *parser) unexpected(want string) error {
	t := p.tok()
	what := "the end of the query"
	if t.kind != tokEnd {
		what = fmt.Sprintf("%q", p.text[t.at:t.end])
	}
	return errAt(t.at, "unexpected %s; %s", what, want)
}

// enter counts the depth; leave must follow.
func (p *parser) enter() error {
	if p.depth++; p.depth > maxDepth {
		return &syntaxError{at: p.tok().at, code: codeLimit, message: fmt.Sprintf("more than %d levels deep", maxDepth)}
	}
	return nil
}

func (p *parser) leave() { p.depth-- }

// reserved are the words that cannot be names without quotes (Trino, reserved
// keywords).
var reserved = wordSet(`alter and as between by case cast constraint create cross cube current_catalog current_date
	current_path current_role current_schema current_time current_timestamp current_user deallocate delete describe distinct
	drop else end escape except execute exists extract false for from full group grouping having in inner insert intersect
	into is join left like localtime localtimestamp natural normalize not null on or order outer
	prepare recursive right rollup select skip table then trim true uescape union unnest using values when where with`)

func wordSet(list string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(list) {
		set[w] = true
	}
	return set
}

// ident reads a name.
func (p *parser) ident(what string) (ident, error) {
	t := p.tok()
	switch {
	case t.kind == tokQuoted:
		p.advance()
		return ident{t.text, true, t.at}, nil
	case t.kind == tokWord && !reserved[strings.ToLower(t.text)]:
		p.advance()
		return ident{t.text, false, t.at}, nil
	case t.kind == tokWord:
		return ident{}, &syntaxError{at: t.at, code: codeSyntax, message: fmt.Sprintf("%s is a reserved word; want %s", strings.ToUpper(t.text), what),
			help: fmt.Sprintf("%q", strings.ToLower(t.text))}
	}
	return ident{}, p.unexpected("want " + what)
}

// afterDot reads a name behind a dot, where even reserved words are clear.
func (p *parser) afterDot(what string) (ident, error) {
	t := p.tok()
	if t.kind == tokWord && reserved[strings.ToLower(t.text)] {
		p.advance()
		p.note(t.at, "%s is a reserved word, which Athena takes in double quotes only", strings.ToUpper(t.text))
		return ident{t.text, false, t.at}, nil
	}
	return p.ident(what)
}

func (p *parser) note(at int, format string, args ...any) {
	p.loose = append(p.loose, looseness{at: at, message: fmt.Sprintf(format, args...)})
}

// group passes over what stands in brackets, which are next.
func (p *parser) group() {
	depth := 0
	for t := p.tok(); t.kind != tokEnd; t = p.tok() {
		p.advance()
		if t.sym("(") {
			depth++
		}
		if t.sym(")") {
			if depth--; depth == 0 {
				return
			}
		}
	}
}

// colon takes a colon, also one that seemed to begin a parameter.
func (p *parser) colon() bool {
	if t := p.tok(); t.kind == tokParam && t.text != "?" {
		p.tokens[p.i] = token{tokWord, t.text, t.at + 1, t.end}
		return true
	}
	return p.sym(":")
}

// alias reads [AS] name.
func (p *parser) alias() (*ident, error) {
	if p.word("AS") {
		if t := p.tok(); t.kind == tokString { // AS 'name'
			p.advance()
			p.note(t.at, "a name in single quotes, which Athena takes in double quotes only")
			return &ident{t.text, true, t.at}, nil
		}
		id, err := p.afterDot("a name after AS")
		return &id, err
	}
	t := p.tok()
	if t.kind == tokQuoted || t.kind == tokWord && !reserved[strings.ToLower(t.text)] && !clause[strings.ToLower(t.text)] {
		p.advance()
		return &ident{t.text, t.kind == tokQuoted, t.at}, nil
	}
	return nil, nil
}

// clause are the words that may follow where an alias may stand and that are not
// reserved.
var clause = wordSet("limit offset fetch window tablesample match_recognize")

func list[T any](p *parser, elem func() (T, error)) ([]T, error) {
	var all []T
	for {
		e, err := elem()
		if err != nil {
			return nil, err
		}
		all = append(all, e)
		if !p.sym(",") {
			return all, nil
		}
	}
}

// query reads a query with its WITH, ORDER BY and LIMIT.
func (p *parser) query() (*query, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	q := &query{at: p.tok().at}
	if p.word("WITH") {
		q.recursive = p.word("RECURSIVE")
		var err error
		if q.with, err = list(p, p.cte); err != nil {
			return nil, err
		}
	}
	var err error
	if q.body, err = p.setBody(0); err != nil {
		return nil, err
	}
	return q, p.tail(q)
}

func (p *parser) cte() (c cte, err error) {
	if c.name, err = p.ident("the name of a query"); err != nil {
		return c, err
	}
	if c.columns, err = p.columnNames(); err != nil {
		return c, err
	}
	if err = p.wantWord("AS"); err != nil {
		return c, err
	}
	if err = p.wantSym("("); err != nil {
		return c, err
	}
	if c.query, err = p.query(); err != nil {
		return c, err
	}
	return c, p.wantSym(")")
}

// columnNames reads an optional (a, b, c).
func (p *parser) columnNames() ([]ident, error) {
	if !p.sym("(") {
		return nil, nil
	}
	names, err := list(p, func() (ident, error) { return p.ident("a column's name") })
	if err != nil {
		return nil, err
	}
	return names, p.wantSym(")")
}

// tail reads ORDER BY, OFFSET, LIMIT and FETCH.
func (p *parser) tail(q *query) (err error) {
	if p.words("ORDER", "BY") {
		if q.orderBy, err = list(p, p.sortKey); err != nil {
			return err
		}
	}
	for {
		switch {
		case p.word("OFFSET"):
			if q.offset, err = p.expr(); err != nil {
				return err
			}
			_ = p.word("ROWS") || p.word("ROW")
		case p.word("LIMIT"):
			if p.word("ALL") {
				q.limitAll = true
				continue
			}
			if q.limit, err = p.expr(); err != nil {
				return err
			}
		case p.tok().is("FETCH"):
			if err = p.fetch(q); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

func (p *parser) fetch(q *query) (err error) {
	at := p.advance().at
	if !p.word("FIRST") && !p.word("NEXT") {
		return p.unexpected("want FIRST")
	}
	q.limit = &literal{node{at}, litInteger, "1"}
	if !p.tok().is("ROW") && !p.tok().is("ROWS") {
		if q.limit, err = p.expr(); err != nil {
			return err
		}
	}
	_ = p.word("ROWS") || p.word("ROW")
	if p.words("WITH", "TIES") {
		q.ties = true
		return nil
	}
	return p.wantWord("ONLY")
}

func (p *parser) sortKey() (k sortKey, err error) {
	if k.x, err = p.expr(); err != nil {
		return k, err
	}
	if p.word("DESC") {
		k.desc = true
	} else {
		p.word("ASC")
	}
	if p.word("NULLS") {
		switch {
		case p.word("FIRST"):
			k.nulls = "FIRST"
		case p.word("LAST"):
			k.nulls = "LAST"
		default:
			return k, p.unexpected("want FIRST or LAST")
		}
	}
	return k, nil
}

// setBody reads bodies joined by UNION, EXCEPT and INTERSECT, which binds more
// tightly.
func (p *parser) setBody(level int) (body, error) {
	if level == 2 {
		return p.primaryBody()
	}
	l, err := p.setBody(level + 1)
	if err != nil {
		return nil, err
	}
	for {
		t := p.tok()
		op := strings.ToUpper(t.text)
		if t.kind != tokWord || (level == 0) != (op == "UNION" || op == "EXCEPT") || op != "UNION" && op != "EXCEPT" && op != "INTERSECT" {
			return l, nil
		}
		p.advance()
		s := &setOperation{node: node{t.at}, op: op, l: l}
		if s.all = p.word("ALL"); !s.all {
			s.distinct = p.word("DISTINCT")
		}
		if s.r, err = p.setBody(level + 1); err != nil {
			return nil, err
		}
		l = s
	}
}

func (p *parser) primaryBody() (body, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	t := p.tok()
	switch {
	case t.is("SELECT"):
		return p.selection()
	case t.is("VALUES"):
		p.advance()
		rows, err := list(p, p.expr)
		return &values{node{t.at}, rows}, err
	case t.is("TABLE"):
		p.advance()
		r, err := p.table()
		if err != nil {
			return nil, err
		}
		return &selection{node: node{t.at}, items: []item{{at: t.at, star: true}}, from: []relation{r}}, nil
	case t.sym("("):
		p.advance()
		q, err := p.query()
		if err != nil {
			return nil, err
		}
		return &nested{node{t.at}, q}, p.wantSym(")")
	}
	return nil, p.unexpected("want SELECT")
}

func (p *parser) selection() (body, error) {
	s := &selection{node: node{p.advance().at}}
	if s.distinct = p.word("DISTINCT"); !s.distinct {
		p.word("ALL")
	}
	var err error
	if s.items, err = list(p, p.item); err != nil {
		return nil, err
	}
	if p.word("FROM") {
		if s.from, err = list(p, p.relation); err != nil {
			return nil, err
		}
	}
	if p.word("WHERE") {
		if s.where, err = p.expr(); err != nil {
			return nil, err
		}
	}
	if p.words("GROUP", "BY") {
		if s.group, err = p.grouping(); err != nil {
			return nil, err
		}
	}
	if p.word("HAVING") {
		if s.having, err = p.expr(); err != nil {
			return nil, err
		}
	}
	if p.word("WINDOW") {
		s.windows, err = list(p, p.namedWindow)
	}
	return s, err
}

func (p *parser) namedWindow() (w namedWindow, err error) {
	if w.name, err = p.ident("the name of a window"); err != nil {
		return w, err
	}
	if err = p.wantWord("AS"); err != nil {
		return w, err
	}
	w.spec, err = p.window()
	return w, err
}

func (p *parser) item() (it item, err error) {
	it.at = p.tok().at
	if p.sym("*") {
		it.star = true
		return it, nil
	}
	if of, ok := p.starOf(); ok {
		it.star, it.of = true, of
		return it, p.starNames(&it)
	}
	if t := p.tok(); t.is("FROM") {
		return it, p.unexpected("want a column; is there a comma too many?")
	}
	if it.x, err = p.expr(); err != nil {
		return it, err
	}
	if p.tok().sym(".") && p.ahead(1).sym("*") { // (row).*
		p.i += 2
		it.star = true
		return it, p.starNames(&it)
	}
	it.alias, err = p.alias()
	return it, err
}

// starNames reads the names that the fields of a row get.
func (p *parser) starNames(it *item) (err error) {
	if p.tok().is("AS") && p.ahead(1).sym("(") {
		p.advance()
		it.names, err = p.columnNames()
	}
	return err
}

// starOf reads t.* and db.t.*.
func (p *parser) starOf() ([]ident, bool) {
	n := 0
	for (p.ahead(n).kind == tokWord || p.ahead(n).kind == tokQuoted) && p.ahead(n+1).sym(".") {
		n += 2
		if p.ahead(n).sym("*") {
			var of []ident
			for k := 0; k < n; k += 2 {
				t := p.ahead(k)
				of = append(of, ident{t.text, t.kind == tokQuoted, t.at})
			}
			p.i += n + 1
			return of, true
		}
	}
	return nil, false
}

func (p *parser) grouping() (*grouping, error) {
	g := &grouping{}
	if g.distinct = p.word("DISTINCT"); !g.distinct {
		p.word("ALL")
	}
	var err error
	g.sets, err = list(p, p.groupSet)
	return g, err
}

func (p *parser) groupSet() (s groupSet, err error) {
	switch {
	case p.word("ROLLUP"):
		s.kind = "ROLLUP"
	case p.word("CUBE"):
		s.kind = "CUBE"
	case p.words("GROUPING", "SETS"):
		s.kind = "GROUPING SETS"
	case p.tok().sym("(") && p.ahead(1).sym(")"):
		p.i += 2
		return groupSet{kind: "GROUPING SETS", list: [][]expr{nil}}, nil
	default:
		s.x, err = p.expr()
		return s, err
	}
	if err = p.wantSym("("); err != nil {
		return s, err
	}
	if s.list, err = list(p, p.groupList); err != nil {
		return s, err
	}
	return s, p.wantSym(")")
}

// groupList is one expression or several in brackets.
func (p *parser) groupList() ([]expr, error) {
	if p.tok().sym("(") && p.ahead(1).sym(")") {
		p.i += 2
		return nil, nil
	}
	x, err := p.expr()
	if err != nil {
		return nil, err
	}
	if r, ok := x.(*row); ok {
		return r.elems, nil
	}
	return []expr{x}, nil
}
