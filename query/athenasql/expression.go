package athenasql

import (
	"strings"
)

// expr reads an expression: OR, then AND, NOT, predicates, and arithmetic.
func (p *parser) expr() (expr, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	return p.infix([]string{"OR"}, func() (expr, error) { return p.infix([]string{"AND"}, p.negation) })
}

// infix reads operands joined by the operators, to the left.
func (p *parser) infix(ops []string, operand func() (expr, error)) (expr, error) {
	x, err := operand()
	for err == nil {
		t, op := p.tok(), ""
		for _, o := range ops {
			if t.is(o) || t.sym(o) {
				op = o
			}
		}
		if op == "" {
			return x, nil
		}
		p.advance()
		b := &binary{node: node{t.at}, op: op, x: x}
		b.y, err = operand()
		x = b
	}
	return nil, err
}

func (p *parser) negation() (expr, error) {
	t := p.tok()
	if !t.is("NOT") {
		return p.predicate()
	}
	p.advance()
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	x, err := p.negation()
	return &not{node{t.at}, x}, err
}

func isComparison(t token) bool {
	if t.kind != tokSymbol {
		return false
	}
	switch t.text {
	case "=", "<>", "!=", "<", "<=", ">", ">=":
		return true
	}
	return false
}

func (p *parser) predicate() (expr, error) {
	x, err := p.additive()
	for err == nil {
		t := p.tok()
		switch {
		case isComparison(t):
			p.advance()
			x, err = p.comparison(x, t)
		case t.is("IS"):
			p.advance()
			x, err = p.is(x, t.at)
		case t.is("NOT") && (p.ahead(1).is("BETWEEN") || p.ahead(1).is("IN") || p.ahead(1).is("LIKE") || p.ahead(1).is("ILIKE") || p.ahead(1).is("RLIKE")):
			p.advance()
			x, err = p.test(x, true)
		case t.is("BETWEEN") || t.is("IN") || t.is("LIKE") || t.is("ILIKE") || t.is("RLIKE"):
			x, err = p.test(x, false)
		default:
			return x, nil
		}
	}
	return nil, err
}

func (p *parser) comparison(x expr, t token) (expr, error) {
	op := t.text
	if op == "!=" {
		op = "<>"
	}
	for _, word := range []string{"ALL", "ANY", "SOME"} {
		if p.tok().is(word) && p.ahead(1).sym("(") {
			p.i += 2
			q, err := p.query()
			if err != nil {
				return nil, err
			}
			return &quantified{node{t.at}, x, op, word == "ALL", q}, p.wantSym(")")
		}
	}
	y, err := p.additive()
	return &binary{node{t.at}, op, x, y}, err
}

func (p *parser) is(x expr, at int) (expr, error) {
	neg := p.word("NOT")
	switch {
	case p.word("NULL"):
		return &isNull{node{at}, x, neg}, nil
	case p.words("DISTINCT", "FROM"):
		y, err := p.additive()
		return &distinctFrom{node{at}, x, y, neg}, err
	case p.tok().is("TRUE") || p.tok().is("FALSE"):
		t := p.advance()
		p.note(t.at, "IS %s, which Athena does not take", strings.ToUpper(t.text))
		return &distinctFrom{node{at}, x, &literal{node{t.at}, litBool, strings.ToLower(t.text)}, !neg}, nil
	}
	return nil, p.unexpected("want NULL or DISTINCT FROM")
}

// test reads BETWEEN, IN and LIKE.
func (p *parser) test(x expr, neg bool) (expr, error) {
	t := p.advance()
	switch strings.ToUpper(t.text) {
	case "BETWEEN":
		b := &between{node: node{t.at}, x: x, not: neg}
		var err error
		if b.lo, err = p.additive(); err != nil {
			return nil, err
		}
		if err = p.wantWord("AND"); err != nil {
			return nil, err
		}
		b.hi, err = p.additive()
		return b, err
	case "IN":
		return p.in(x, t.at, neg)
	case "RLIKE":
		return nil, &syntaxError{at: t.at, code: codeUnsupported, message: "RLIKE is Hive's; Athena does not take it", help: "regexp_like(text, pattern)"}
	}
	l := &like{node: node{t.at}, x: x, not: neg, fold: strings.EqualFold(t.text, "ILIKE")}
	if l.fold {
		p.note(t.at, "ILIKE, which Athena does not take: write lower(x) LIKE 'pattern'")
	}
	var err error
	if l.pattern, err = p.additive(); err == nil && p.word("ESCAPE") {
		l.escape, err = p.additive()
	}
	return l, err
}

func (p *parser) in(x expr, at int, neg bool) (expr, error) {
	if err := p.wantSym("("); err != nil {
		return nil, err
	}
	e := &in{node: node{at}, x: x, not: neg}
	var err error
	if t := p.tok(); t.is("SELECT") || t.is("WITH") || t.is("VALUES") || t.is("TABLE") {
		e.query, err = p.query()
	} else {
		e.list, err = list(p, p.expr)
	}
	if err != nil {
		return nil, err
	}
	return e, p.wantSym(")")
}

func (p *parser) additive() (expr, error) {
	mul := func() (expr, error) { return p.infix([]string{"*", "/", "%"}, p.unary) }
	add := func() (expr, error) { return p.infix([]string{"+", "-"}, mul) }
	return p.infix([]string{"||"}, add)
}

func (p *parser) unary() (expr, error) {
	t := p.tok()
	if !t.sym("-") && !t.sym("+") {
		return p.postfix()
	}
	p.advance()
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	x, err := p.unary()
	return &unary{node{t.at}, t.text, x}, err
}

// postfix reads fields, subscripts and AT TIME ZONE behind a primary.
func (p *parser) postfix() (expr, error) {
	x, err := p.primary()
	for err == nil {
		t := p.tok()
		switch {
		case t.sym(".") && p.ahead(1).sym("*"):
			return x, nil
		case t.sym("."):
			p.advance()
			var id ident
			if id, err = p.afterDot("a field's name"); err == nil {
				if n, ok := x.(*name); ok {
					n.parts = append(n.parts, id)
				} else {
					x = &field{node{t.at}, x, id}
				}
			}
		case t.sym("["):
			p.advance()
			s := &subscript{node: node{t.at}, x: x}
			if s.index, err = p.expr(); err == nil {
				err = p.wantSym("]")
			}
			x = s
		case p.words("AT", "TIME", "ZONE"):
			z := &atZone{node: node{t.at}, x: x}
			z.zone, err = p.primary()
			x = z
		default:
			return x, nil
		}
	}
	return nil, err
}

func (p *parser) primary() (expr, error) {
	t := p.tok()
	switch t.kind {
	case tokString:
		p.advance()
		return &literal{node{t.at}, litString, t.text}, nil
	case tokBinary:
		p.advance()
		return &literal{node{t.at}, litBinary, t.text}, nil
	case tokNumber:
		p.advance()
		return &literal{node{t.at}, numberKind(t.text), t.text}, nil
	case tokParam:
		p.advance()
		return p.params(t)
	case tokQuoted:
		if p.ahead(1).sym("(") {
			p.advance()
			return p.callOf(t)
		}
		if p.ahead(1).sym("->") {
			return p.lambda()
		}
		p.advance()
		return &name{node{t.at}, []ident{{t.text, true, t.at}}}, nil
	case tokWord:
		return p.wordPrimary(t)
	}
	if t.sym("(") {
		return p.brackets()
	}
	return nil, p.unexpected("want an expression")
}

func numberKind(s string) literalKind {
	switch {
	case strings.ContainsAny(s, "eE"):
		return litDouble
	case strings.Contains(s, "."):
		return litDecimal
	}
	return litInteger
}

// brackets reads (x), a row (x, y), a subquery, or the parameters of a lambda.
func (p *parser) brackets() (expr, error) {
	if p.isLambda() {
		return p.lambda()
	}
	t := p.advance()
	if n := p.tok(); n.is("SELECT") || n.is("WITH") || n.is("VALUES") || n.is("TABLE") {
		q, err := p.query()
		if err != nil {
			return nil, err
		}
		return &subquery{node{t.at}, q}, p.wantSym(")")
	}
	elems, err := list(p, p.expr)
	if err != nil {
		return nil, err
	}
	if len(elems) == 1 {
		return elems[0], p.wantSym(")")
	}
	return &row{node{t.at}, elems}, p.wantSym(")")
}

// isLambda looks for (a, b) ->.
func (p *parser) isLambda() bool {
	n := 1
	for p.ahead(n).kind == tokWord || p.ahead(n).kind == tokQuoted || p.ahead(n).sym(",") {
		n++
	}
	return p.ahead(n).sym(")") && p.ahead(n+1).sym("->")
}

func (p *parser) lambda() (expr, error) {
	l := &lambda{node: node{p.tok().at}}
	if p.sym("(") {
		for !p.sym(")") {
			id, err := p.ident("a parameter")
			if err != nil {
				return nil, err
			}
			l.params = append(l.params, id)
			p.sym(",")
		}
	} else {
		id, err := p.ident("a parameter")
		if err != nil {
			return nil, err
		}
		l.params = []ident{id}
	}
	if err := p.wantSym("->"); err != nil {
		return nil, err
	}
	var err error
	l.body, err = p.expr()
	return l, err
}

// typeWords are types that may stand before a text.
var typeWords = wordSet("date time timestamp json ipaddress ipprefix uuid decimal char varchar tinyint smallint int integer bigint double real boolean")

func (p *parser) wordPrimary(t token) (expr, error) {
	word := strings.ToLower(t.text)
	next := p.ahead(1)
	switch word {
	case "null":
		p.advance()
		return &literal{node{t.at}, litNull, "NULL"}, nil
	case "true", "false":
		p.advance()
		return &literal{node{t.at}, litBool, word}, nil
	case "case":
		return p.caseOf()
	case "cast", "try_cast":
		if next.sym("(") {
			return p.cast(word == "try_cast")
		}
	case "extract":
		if next.sym("(") {
			return p.extract()
		}
	case "exists":
		p.i++
		if err := p.wantSym("("); err != nil {
			return nil, err
		}
		q, err := p.query()
		if err != nil {
			return nil, err
		}
		return &exists{node{t.at}, q}, p.wantSym(")")
	case "interval":
		if next.kind == tokString || next.sym("-") || next.sym("+") || next.kind == tokNumber {
			return p.interval()
		}
	case "array":
		if next.sym("[") {
			return p.array()
		}
	case "row":
		if next.sym("(") {
			p.i += 2
			elems, err := list(p, p.expr)
			if err != nil {
				return nil, err
			}
			return &row{node{t.at}, elems}, p.wantSym(")")
		}
	case "trim":
		return p.trim()
	case "position":
		if next.sym("(") {
			return p.position()
		}
	}
	return p.wordOrName(t, next)
}

// wordOrName reads what else may begin with a word: a time of now, a text with
// its type before it, a call, a name.
func (p *parser) wordOrName(t, next token) (expr, error) {
	word := strings.ToLower(t.text)
	switch word {
	case "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "current_user", "current_catalog", "current_schema":
		return p.special(word)
	}
	if typeWords[word] && next.kind == tokString {
		p.i += 2
		return &typed{node{t.at}, strings.ToUpper(word), next.text}, nil
	}
	return p.nameOrCall(t, next)
}

func (p *parser) nameOrCall(t, next token) (expr, error) {
	word := strings.ToLower(t.text)
	switch {
	case next.sym("->"):
		return p.lambda()
	case next.sym("(") && (!reserved[word] || word == "left" || word == "right" || word == "normalize" || word == "grouping"):
		p.advance()
		return p.callOf(t)
	case reserved[word]:
		return nil, p.unexpected("want an expression; put a column of that name into double quotes")
	}
	p.advance()
	return &name{node{t.at}, []ident{{t.text, false, t.at}}}, nil
}

func (p *parser) special(word string) (expr, error) {
	s := &special{node{p.advance().at}, word}
	if p.sym("(") { // a precision, which says how it prints; or nothing
		if p.tok().kind == tokNumber {
			p.advance()
		}
		return s, p.wantSym(")")
	}
	return s, nil
}

func (p *parser) caseOf() (expr, error) {
	c := &caseOf{node: node{p.advance().at}}
	var err error
	if !p.tok().is("WHEN") {
		if c.operand, err = p.expr(); err != nil {
			return nil, err
		}
	}
	for p.word("WHEN") {
		var w when
		if w.cond, err = p.expr(); err != nil {
			return nil, err
		}
		if err = p.wantWord("THEN"); err != nil {
			return nil, err
		}
		if w.then, err = p.expr(); err != nil {
			return nil, err
		}
		c.whens = append(c.whens, w)
	}
	if len(c.whens) == 0 {
		return nil, p.unexpected("want WHEN")
	}
	if p.word("ELSE") {
		if c.other, err = p.expr(); err != nil {
			return nil, err
		}
	}
	return c, p.wantWord("END")
}

func (p *parser) cast(try bool) (expr, error) {
	c := &cast{node: node{p.advance().at}, try: try}
	p.advance()
	var err error
	if c.x, err = p.expr(); err != nil {
		return nil, err
	}
	if err = p.wantWord("AS"); err != nil {
		return nil, err
	}
	if c.to, err = p.typeName(); err != nil {
		return nil, err
	}
	return c, p.wantSym(")")
}

// extractUnits are what EXTRACT takes.
var extractUnits = wordSet(`year quarter month week day day_of_month day_of_week dow day_of_year doy year_of_week yow hour minute second
	timezone_hour timezone_minute`)

func (p *parser) extract() (expr, error) {
	e := &extract{node: node{p.advance().at}}
	p.advance()
	unit := p.advance()
	if e.unit = strings.ToLower(unit.text); !extractUnits[e.unit] {
		return nil, &syntaxError{at: unit.at, code: codeArguments, message: "Invalid EXTRACT field: " + unit.text,
			help: either(e.unit == "epoch", "to_unixtime(t)", "YEAR, MONTH, DAY, HOUR, MINUTE, SECOND and the like; millisecond(t) for MILLISECOND")}
	}
	if err := p.wantWord("FROM"); err != nil {
		return nil, err
	}
	var err error
	if e.x, err = p.expr(); err != nil {
		return nil, err
	}
	return e, p.wantSym(")")
}

// intervalUnits are the units of INTERVAL; the plural is no Trino, but common.
var intervalUnits = wordSet("second minute hour day week month year quarter")

func (p *parser) interval() (expr, error) {
	v := &interval{node: node{p.advance().at}}
	if p.sym("-") {
		v.minus = true
	} else {
		p.sym("+")
	}
	t := p.advance()
	if t.kind != tokString && t.kind != tokNumber {
		return nil, errAt(t.at, "want a number in quotes after INTERVAL, as in INTERVAL '7' DAY")
	}
	v.text = t.text
	if t.kind == tokNumber {
		p.note(t.at, "a number without quotes after INTERVAL, which Athena does not take")
	}
	unit := func() (string, error) {
		u := p.tok()
		word := strings.ToLower(u.text)
		if !intervalUnits[word] && intervalUnits[strings.TrimSuffix(word, "s")] {
			p.note(u.at, "%s, where Athena takes %s", u.text, strings.TrimSuffix(word, "s"))
			word = strings.TrimSuffix(word, "s")
		}
		if u.kind != tokWord || !intervalUnits[word] {
			return "", p.unexpected("want a unit: SECOND, MINUTE, HOUR, DAY, MONTH or YEAR")
		}
		p.advance()
		return strings.ToUpper(word), nil
	}
	var err error
	if n, u, ok := strings.Cut(strings.TrimSpace(v.text), " "); ok && intervalUnits[strings.TrimSuffix(strings.ToLower(u), "s")] && !intervalUnits[strings.ToLower(p.tok().text)] {
		p.note(t.at, "INTERVAL '%s', where Athena takes INTERVAL '%s' %s", v.text, n, strings.ToUpper(u))
		v.text, v.from = n, strings.ToUpper(strings.TrimSuffix(strings.ToLower(u), "s"))
		return v, nil
	}
	if v.from, err = unit(); err == nil && p.word("TO") {
		v.to, err = unit()
	}
	return v, err
}

func (p *parser) array() (expr, error) {
	a := &array{node: node{p.advance().at}}
	p.advance()
	if p.sym("]") {
		return a, nil
	}
	var err error
	if a.elems, err = list(p, p.expr); err != nil {
		return nil, err
	}
	return a, p.wantSym("]")
}
