package athenasql

import (
	"fmt"
	"strings"
)

// callOf reads what follows a function's name.
func (p *parser) callOf(t token) (expr, error) {
	c := &call{node: node{t.at}, name: strings.ToLower(t.text)}
	p.advance()
	if isJSONCall(c.name) {
		return p.jsonCall(c)
	}
	if err := p.arguments(c); err != nil {
		return nil, err
	}
	if p.words("WITHIN", "GROUP") {
		if err := p.within(c); err != nil {
			return nil, err
		}
	}
	if p.tok().is("FILTER") && p.ahead(1).sym("(") && p.ahead(2).is("WHERE") {
		p.i += 3
		var err error
		if c.filter, err = p.expr(); err != nil {
			return nil, err
		}
		if err := p.wantSym(")"); err != nil {
			return nil, err
		}
	}
	for _, w := range []string{"IGNORE", "RESPECT"} {
		if p.words(w, "NULLS") {
			c.nulls = w + " NULLS"
		}
	}
	if p.word("OVER") {
		var err error
		c.over, err = p.window()
		return c, err
	}
	return c, nil
}

func (p *parser) arguments(c *call) (err error) {
	if p.sym(")") {
		return nil
	}
	if p.sym("*") {
		c.star = true
		return p.wantSym(")")
	}
	if c.distinct = p.word("DISTINCT"); !c.distinct {
		p.word("ALL")
	}
	if c.args, err = list(p, p.expr); err != nil {
		return err
	}
	if n, ok := c.args[len(c.args)-1].(*name); ok && c.name == "normalize" && len(c.args) == 2 && len(n.parts) == 1 {
		c.args[1] = &literal{n.node, litString, strings.ToUpper(n.parts[0].text)} // the form is a word
	}
	if (c.name == "substring" || c.name == "substr") && len(c.args) == 1 && p.tok().is("FROM") {
		c.name = "substr" // which takes bytes, too
		return p.substringFrom(c)
	}
	if p.words("ORDER", "BY") {
		if c.orderBy, err = list(p, p.sortKey); err != nil {
			return err
		}
	}
	if p.words("ON", "OVERFLOW") { // listagg: ERROR or TRUNCATE 'x' WITH COUNT
		for !p.tok().sym(")") && p.tok().kind != tokEnd {
			p.advance()
		}
	}
	return p.wantSym(")")
}

// substringFrom reads the rest of substring(x FROM a FOR b).
func (p *parser) substringFrom(c *call) error {
	for _, w := range []string{"FROM", "FOR"} {
		if !p.word(w) {
			break
		}
		x, err := p.expr()
		if err != nil {
			return err
		}
		c.args = append(c.args, x)
	}
	return p.wantSym(")")
}

func (p *parser) within(c *call) (err error) {
	if err = p.wantSym("("); err != nil {
		return err
	}
	if !p.words("ORDER", "BY") {
		return p.unexpected("want ORDER BY")
	}
	if c.within, err = list(p, p.sortKey); err != nil {
		return err
	}
	return p.wantSym(")")
}

// frameWords are the words that may stand in a window's frame.
var frameWords = wordSet("rows range groups between and unbounded preceding following current row exclude")

func (p *parser) window() (*window, error) {
	if t := p.tok(); t.kind == tokWord || t.kind == tokQuoted {
		p.advance()
		return &window{name: t.text}, nil
	}
	w := &window{}
	err := p.wantSym("(")
	if err != nil {
		return nil, err
	}
	if t := p.tok(); t.kind == tokQuoted || t.kind == tokWord && !t.is("PARTITION") && !t.is("ORDER") && !frameWords[strings.ToLower(t.text)] {
		w.base = p.advance().text
	}
	if p.words("PARTITION", "BY") {
		if w.partition, err = list(p, p.expr); err != nil {
			return nil, err
		}
	}
	if p.words("ORDER", "BY") {
		if w.orderBy, err = list(p, p.sortKey); err != nil {
			return nil, err
		}
	}
	for !p.sym(")") {
		t := p.tok()
		if t.kind == tokWord && frameWords[strings.ToLower(t.text)] {
			w.frame = append(w.frame, frameWord{word: strings.ToUpper(p.advance().text)})
			continue
		}
		x, err := p.additive()
		if err != nil {
			return nil, err
		}
		w.frame = append(w.frame, frameWord{x: x})
	}
	return w, nil
}

// typeName reads a type: varchar, decimal(10,2), array(varchar),
// array<varchar>, map(varchar, json), row(a varchar), timestamp with time zone.
func (p *parser) typeName() (*typeName, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	t := p.advance()
	if t.kind != tokWord && t.kind != tokQuoted {
		p.i--
		return nil, p.unexpected("want a type")
	}
	n := &typeName{at: t.at, name: strings.ToLower(t.text)}
	if n.name == "double" {
		p.word("PRECISION")
	}
	closing := ""
	switch {
	case p.sym("("):
		closing = ")"
	case p.tok().sym("<"):
		p.advance()
		closing = ">"
	}
	if closing != "" {
		if err := p.typeArgs(n, closing); err != nil {
			return nil, err
		}
	}
	if (n.name == "timestamp" || n.name == "time") && (p.words("WITH", "TIME", "ZONE")) {
		n.name += " with time zone"
	} else {
		p.words("WITHOUT", "TIME", "ZONE")
	}
	return n, nil
}

func (p *parser) typeArgs(n *typeName, closing string) error {
	for {
		switch {
		case p.tok().kind == tokNumber:
			n.number = append(n.number, p.advance().text)
		case n.name == "row" || n.name == "struct":
			f, err := p.typeField(len(n.fields))
			if err != nil {
				return err
			}
			n.fields = append(n.fields, f)
		default:
			a, err := p.typeName()
			if err != nil {
				return err
			}
			n.args = append(n.args, a)
		}
		if p.sym(",") {
			continue
		}
		return p.wantSym(closing)
	}
}

// typeField reads field i of a row type, whose name may be missing.
func (p *parser) typeField(i int) (f typeField, err error) {
	if next := p.ahead(1); !next.sym(",") && !next.sym(")") && !next.sym("(") {
		t := p.advance()
		if t.kind != tokWord && t.kind != tokQuoted {
			p.i--
			return f, p.unexpected("want a field's name")
		}
		f.name = t.text
		p.colon() // Hive's struct<name:type>
	}
	if f.kind, err = p.typeName(); err != nil {
		return f, err
	}
	if f.name == "" {
		f.name = fmt.Sprintf("field%d", i)
	}
	return f, nil
}

// trim reads trim(x), trim(BOTH 'a' FROM x) and trim(x, 'a').
func (p *parser) trim() (expr, error) {
	t := p.advance()
	if err := p.wantSym("("); err != nil {
		return nil, err
	}
	fn := "trim"
	switch {
	case p.word("LEADING"):
		fn = "ltrim"
	case p.word("TRAILING"):
		fn = "rtrim"
	default:
		p.word("BOTH")
	}
	c := &call{node: node{t.at}, name: fn}
	if p.word("FROM") {
		x, err := p.expr()
		if err != nil {
			return nil, err
		}
		c.args = []expr{x}
		return c, p.wantSym(")")
	}
	x, err := p.expr()
	if err != nil {
		return nil, err
	}
	c.args = []expr{x}
	switch {
	case p.word("FROM"):
		y, err := p.expr()
		if err != nil {
			return nil, err
		}
		c.args = []expr{y, x}
	case p.sym(","):
		y, err := p.expr()
		if err != nil {
			return nil, err
		}
		c.args = append(c.args, y)
	}
	return c, p.wantSym(")")
}

// position reads position(x IN y).
func (p *parser) position() (expr, error) {
	t := p.advance()
	p.advance()
	x, err := p.additive()
	if err != nil {
		return nil, err
	}
	if err := p.wantWord("IN"); err != nil {
		return nil, err
	}
	y, err := p.expr()
	if err != nil {
		return nil, err
	}
	return &call{node: node{t.at}, name: "strpos", args: []expr{y, x}}, p.wantSym(")")
}
