package athenasql

import (
	"fmt"
	"slices"
	"strings"
)

// script is a text of several statements, as write-ups have them: a table or a
// view is defined, then asked. Nothing is made here. The trail needs no table;
// what CREATE VIEW and CREATE TABLE AS define becomes a WITH query of those that
// follow; and what would write somewhere gives its rows instead. One statement
// gives the rows; a text that only defines gives those of its last definition.
type script struct {
	*parser
	defined  []definition
	prepared []preparation
	answer   *statement
	done     bool // some statement was read
}

// definition is a view or a table that a statement defines by a query.
type definition struct {
	name  ident
	query *query
	what  string
}

// preparation is a statement that PREPARE named, as the tokens from first on.
type preparation struct {
	name  string
	first int
	end   int
}

func parseScript(text string, o Options) (*statement, error) {
	p, err := newParser(text, o)
	if err != nil {
		return nil, err
	}
	s := &script{parser: p}
	if err := s.read(); err != nil {
		return nil, err
	}
	if err := s.settle(); err != nil {
		return nil, err
	}
	s.answer.loose = p.loose
	return s.answer, nil
}

// read reads all statements.
func (s *script) read() error {
	for {
		for s.sym(";") {
		}
		if s.tok().kind == tokEnd {
			break
		}
		begin, had := s.i, s.answer
		if err := s.one(); err != nil {
			return err
		}
		if had != nil && s.answer != had {
			s.i = begin
			return s.afterEnd()
		}
		if t := s.tok(); t.kind != tokEnd && !t.sym(";") {
			return s.afterEnd()
		}
		s.done = true
	}
	if !s.done {
		return &syntaxError{at: s.tok().at, code: codeStatement, message: "there is no query in this text"}
	}
	return nil
}

// one reads one statement.
func (s *script) one() error {
	t := s.tok()
	switch {
	case t.is("CREATE"):
		return s.create()
	case t.is("INSERT") && s.ahead(1).is("INTO"):
		return s.insert()
	case t.is("UNLOAD") && s.ahead(1).sym("("):
		return s.unload()
	case t.is("PREPARE"):
		return s.prepare()
	case t.is("EXECUTE"):
		return s.execute()
	case t.is("DEALLOCATE") && s.ahead(1).is("PREPARE"):
		s.i += 2
		_, err := s.ident("the name of a statement")
		return err
	case t.is("MSCK") && s.ahead(1).is("REPAIR") && s.ahead(2).is("TABLE"):
		s.i += 3
		return s.nothing(t, "MSCK REPAIR TABLE", s.oneTable)
	case t.is("ALTER") && s.ahead(1).is("TABLE"):
		s.i += 2
		return s.nothing(t, "ALTER TABLE", s.alter)
	case t.is("DROP") && (s.ahead(1).is("VIEW") || s.ahead(1).is("TABLE")):
		return s.drop()
	}
	answer, err := s.statement()
	if err != nil {
		return err
	}
	s.answer = answer
	return nil
}

// made notes that a statement makes nothing.
func (s *script) made(t token, format string, args ...any) {
	s.loose = append(s.loose, looseness{t.at, fmt.Sprintf(format, args...), codeMade})
}

// nothing reads a statement that has nothing to do here.
func (s *script) nothing(t token, what string, rest func() error) error {
	if err := rest(); err != nil {
		return err
	}
	s.made(t, "%s: nothing to do, the trail is a table already", what)
	return nil
}

func (s *script) oneTable() error {
	_, err := s.table()
	return err
}

// settle finds the statement that gives the rows.
func (s *script) settle() error {
	if s.answer == nil && len(s.defined) > 0 {
		last := s.defined[len(s.defined)-1]
		s.defined = s.defined[:len(s.defined)-1]
		s.answer = &statement{query: last.query}
	}
	if s.answer == nil {
		s.answer = &statement{rows: listAnswer("result")}
	}
	if s.answer.query != nil {
		s.bind(s.answer.query)
	}
	return nil
}

// bind puts the definitions that q reads before it.
func (s *script) bind(q *query) {
	var used []cte
	wanted := tablesOf(q)
	for i := len(s.defined) - 1; i >= 0; i-- {
		d := s.defined[i]
		reads := false
		for _, t := range wanted {
			if last := t.parts[len(t.parts)-1]; strings.EqualFold(last.text, d.name.text) {
				if t.alias == nil && len(t.parts) > 1 { // the longer name must go on being understood
					t.alias = &ident{text: last.text, quoted: last.quoted, at: last.at}
				}
				t.parts, reads = []ident{last}, true
			}
		}
		if !reads {
			continue
		}
		wanted = slices.DeleteFunc(wanted, func(t *table) bool { return strings.EqualFold(t.parts[len(t.parts)-1].text, d.name.text) })
		wanted = append(wanted, tablesOf(d.query)...)
		used = append(used, cte{name: d.name, query: d.query})
	}
	slices.Reverse(used)
	q.with = append(used, q.with...)
}

// insert reads INSERT INTO table query.
func (s *script) insert() error {
	t := s.tok()
	s.i += 2
	if _, err := s.table(); err != nil {
		return err
	}
	q, err := s.query()
	if err != nil {
		return err
	}
	s.made(t, "INSERT: nothing is inserted; these are the rows that it would insert")
	s.answer = &statement{query: q}
	return nil
}

// unload reads UNLOAD (query) TO 's3://…' WITH (…).
func (s *script) unload() error {
	t := s.advance()
	s.advance()
	q, err := s.query()
	if err != nil {
		return err
	}
	if err := s.wantSym(")"); err != nil {
		return err
	}
	if err := s.wantWord("TO"); err != nil {
		return err
	}
	if s.tok().kind != tokString {
		return s.unexpected("want a place in quotes, such as 's3://bucket/path/'")
	}
	s.advance()
	if s.word("WITH") {
		s.group()
	}
	s.made(t, "UNLOAD: nothing is written to S3; these are the rows that it would write (--format parquet -o FILE writes them)")
	s.answer = &statement{query: q}
	return nil
}

// drop forgets what the text defined; nothing else can be dropped.
func (s *script) drop() error {
	t := s.tok()
	kind := strings.ToUpper(s.ahead(1).text)
	s.i += 2
	ifExists := s.words("IF", "EXISTS")
	r, err := s.table()
	if err != nil {
		return err
	}
	parts := r.(*table).parts
	name := parts[len(parts)-1].text
	known := slices.ContainsFunc(s.defined, func(d definition) bool { return strings.EqualFold(d.name.text, name) })
	if !known && !ifExists {
		return &syntaxError{at: t.at, code: codeStatement, message: "DROP is no query: the trail is only read", help: "only what this text defines can be dropped"}
	}
	s.made(t, "DROP %s %s: there is nothing to drop; views live as long as the text", kind, name)
	return nil
}

// prepare reads PREPARE name FROM query, whose parameters EXECUTE gives.
func (s *script) prepare() error {
	s.advance()
	name, err := s.ident("the name of a statement")
	if err != nil {
		return err
	}
	if err := s.wantWord("FROM"); err != nil {
		return err
	}
	was, first := s.params, s.i
	s.params = func(t token) (expr, error) { return &literal{node{t.at}, litNull, "NULL"}, nil }
	defer func() { s.params = was }()
	if _, err := s.statement(); err != nil {
		return err
	}
	s.prepared = append(s.prepared, preparation{strings.ToLower(name.text), first, s.i})
	return nil
}

// execute reads EXECUTE name USING values, and EXECUTE IMMEDIATE 'query'.
func (s *script) execute() error {
	t := s.advance()
	if s.word("IMMEDIATE") {
		return &syntaxError{at: t.at, code: codeUnsupported, message: "EXECUTE IMMEDIATE is not to be had here", help: "write the query itself"}
	}
	name, err := s.ident("the name of a prepared statement")
	if err != nil {
		return err
	}
	i := slices.IndexFunc(s.prepared, func(p preparation) bool { return p.name == strings.ToLower(name.text) })
	if i < 0 {
		return &syntaxError{at: name.at, code: codeParameter, message: "this text prepares no statement " + name.text, help: "PREPARE " + name.text + " FROM SELECT …"}
	}
	var values []expr
	if s.word("USING") {
		if values, err = list(s.parser, s.expr); err != nil {
			return err
		}
	}
	s.answer, err = s.filled(s.prepared[i], values)
	return err
}

// filled reads a prepared statement anew with values for its parameters.
func (s *script) filled(p preparation, values []expr) (*statement, error) {
	tokens := slices.Clone(s.tokens[p.first:p.end])
	in := &parser{text: s.text, tokens: append(tokens, token{tokEnd, "", s.tokens[p.end].at, s.tokens[p.end].at})}
	n := 0
	in.params = func(t token) (expr, error) {
		if t.text != "?" {
			return s.params(t)
		}
		if n++; n > len(values) {
			return nil, &syntaxError{at: t.at, code: codeParameter, message: fmt.Sprintf("EXECUTE gives no value for parameter %d", n), help: "USING value, …"}
		}
		return values[n-1], nil
	}
	return in.statement()
}
