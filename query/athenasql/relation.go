package athenasql

// relation reads an element of FROM with its joins.
func (p *parser) relation() (relation, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	l, err := p.primaryRelation()
	for err == nil {
		at := p.tok().at
		if p.tok().is("MATCH_RECOGNIZE") {
			return nil, noRowPatterns(at)
		}
		j := &join{node: node{at}, kind: "INNER", l: l}
		switch {
		case p.words("CROSS", "JOIN"):
			j.kind = "CROSS"
		case p.word("NATURAL"):
			j.natural = true
			p.note(at, "NATURAL JOIN, which Athena does not take: write JOIN … USING (…)")
			if err = p.joinKind(j); err != nil {
				return nil, err
			}
		case p.tok().is("JOIN") || p.tok().is("INNER") || p.tok().is("LEFT") || p.tok().is("RIGHT") || p.tok().is("FULL"):
			if err = p.joinKind(j); err != nil {
				return nil, err
			}
		default:
			return l, nil
		}
		if j.r, err = p.primaryRelation(); err != nil {
			return nil, err
		}
		l, err = j, p.condition(j)
	}
	return nil, err
}

// noRowPatterns refuses MATCH_RECOGNIZE.
func noRowPatterns(at int) error {
	return &syntaxError{at: at, code: codeUnsupported, message: "MATCH_RECOGNIZE is not to be had here", help: "lag(…) and lead(…) OVER (PARTITION BY … ORDER BY eventtime)"}
}

func (p *parser) joinKind(j *join) error {
	for _, kind := range []string{"INNER", "LEFT", "RIGHT", "FULL"} {
		if p.word(kind) {
			j.kind = kind
			if kind != "INNER" {
				p.word("OUTER")
			}
			break
		}
	}
	return p.wantWord("JOIN")
}

func (p *parser) condition(j *join) (err error) {
	switch {
	case j.kind == "CROSS" || j.natural:
		return nil
	case p.word("ON"):
		j.on, err = p.expr()
		if _, ok := j.r.(*unnest); ok && err == nil {
			if l, ok := j.on.(*literal); !ok || l.text != "true" {
				p.note(j.on.pos(), "a condition on what UNNEST gives: Athena takes ON TRUE only, and the condition in WHERE")
			}
		}
		return err
	case p.word("USING"):
		j.using, err = p.columnNames()
		return err
	}
	return p.unexpected("want ON or USING")
}

func (p *parser) primaryRelation() (relation, error) {
	t := p.tok()
	switch {
	case t.is("UNNEST"):
		return p.unnest()
	case t.is("LATERAL"):
		p.advance()
		if p.tok().is("VIEW") {
			return nil, &syntaxError{at: t.at, code: codeUnsupported, message: "LATERAL VIEW is Hive's; Athena does not take it", help: "CROSS JOIN UNNEST(…)"}
		}
		return p.derived(true)
	case t.sym("("):
		return p.bracket()
	case t.is("TABLE") && p.ahead(1).sym("("):
		return nil, &syntaxError{at: t.at, code: codeUnsupported, message: "table functions are not to be had here", help: "UNNEST(sequence(…)) AS t(n) for sequence"}
	}
	return p.table()
}

// bracket reads a query or a join in brackets.
func (p *parser) bracket() (relation, error) {
	n := 1
	for p.ahead(n).sym("(") {
		n++
	}
	if w := p.ahead(n); w.is("SELECT") || w.is("WITH") || w.is("VALUES") || w.is("TABLE") {
		save := *p
		if d, err := p.derived(false); err == nil || n == 1 {
			return d, err
		}
		*p = save // ((SELECT …) AS a JOIN …)
	}
	p.advance()
	r, err := p.relation()
	if err != nil {
		return nil, err
	}
	return r, p.wantSym(")")
}

func (p *parser) derived(lateral bool) (relation, error) {
	d := &derived{node: node{p.tok().at}, lateral: lateral}
	err := p.wantSym("(")
	if err != nil {
		return nil, err
	}
	if d.query, err = p.query(); err != nil {
		return nil, err
	}
	if err = p.wantSym(")"); err != nil {
		return nil, err
	}
	d.alias, d.columns, err = p.named()
	return d, err
}

// named reads the alias of a relation and of its columns.
func (p *parser) named() (alias *ident, columns []ident, err error) {
	if alias, err = p.alias(); err != nil || alias == nil {
		return alias, nil, err
	}
	columns, err = p.columnNames()
	return alias, columns, err
}

func (p *parser) unnest() (relation, error) {
	u := &unnest{node: node{p.advance().at}}
	err := p.wantSym("(")
	if err != nil {
		return nil, err
	}
	if u.args, err = list(p, p.expr); err != nil {
		return nil, err
	}
	if err = p.wantSym(")"); err != nil {
		return nil, err
	}
	u.ordinality = p.words("WITH", "ORDINALITY")
	u.alias, u.columns, err = p.named()
	return u, err
}

func (p *parser) table() (relation, error) {
	t := &table{node: node{p.tok().at}}
	for first := true; ; first = false {
		if h := p.tok(); h.kind == tokHole {
			p.advance()
			t.hole = true
			t.parts = append(t.parts, ident{h.text, true, h.at})
		} else {
			read := p.afterDot
			if first {
				read = p.ident
			}
			id, err := read("a table")
			if err != nil {
				return nil, err
			}
			t.parts = append(t.parts, id)
			p.dashes(&t.parts[len(t.parts)-1])
		}
		if !p.sym(".") {
			break
		}
	}
	if p.tok().sym("(") {
		return nil, &syntaxError{at: p.tok().at, code: codeUnsupported, message: "table functions are not to be had here"}
	}
	if p.tok().is("FOR") && (p.ahead(1).is("TIMESTAMP") || p.ahead(1).is("VERSION")) {
		return nil, &syntaxError{at: p.tok().at, code: codeUnsupported, message: "logs have no versions to travel to; leave FOR … AS OF out"}
	}
	var err error
	if t.alias, t.columns, err = p.named(); err == nil && p.tok().is("TABLESAMPLE") {
		err = p.sample(t)
	}
	return t, err
}

// sample reads TABLESAMPLE BERNOULLI (percent).
func (p *parser) sample(t *table) error {
	p.advance()
	if !p.word("BERNOULLI") && !p.word("SYSTEM") {
		return p.unexpected("want BERNOULLI or SYSTEM")
	}
	if err := p.wantSym("("); err != nil {
		return err
	}
	n := p.tok()
	if n.kind != tokNumber {
		return p.unexpected("want a number of percent")
	}
	p.advance()
	t.sample = n.text
	return p.wantSym(")")
}

// dashes takes the rest of a table's name that has dashes without quotes, as in
// aws-cloudtrail-logs-111122223333.
func (p *parser) dashes(id *ident) {
	if id.quoted {
		return
	}
	for p.tok().sym("-") && p.tok().at == p.tokens[p.i-1].end && p.ahead(1).at == p.tok().end &&
		(p.ahead(1).kind == tokWord || p.ahead(1).kind == tokNumber) {
		p.note(id.at, "a name with dashes, which Athena takes in double quotes only")
		p.advance()
		id.text += "-" + p.advance().text
	}
}
