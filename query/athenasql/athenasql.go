// Package athenasql reads SQL as Athena does (engine version 3, which is Trino)
// and writes it anew for the embedded engine, DuckDB, so that it has the same
// answer there. What cannot have the same answer is refused, or pointed out.
//
// The text is parsed in full by Trino's grammar; only what was understood is
// written, and only with functions that are known to this package. So a text
// cannot reach anything of the embedded engine that Athena does not have.
package athenasql

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/query/schema"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// Codes of diagnostics. They stay the same over releases.
const (
	codeSyntax      = "AQ001" // not SQL as Athena reads it
	codeStatement   = "AQ002" // not a query
	codeSeveral     = "AQ003" // more than one statement
	codeFunction    = "AQ004" // no such function on Athena
	codeRefused     = "AQ005" // a function that the embedded engine cannot answer the same
	codeArguments   = "AQ006" // wrong number or kind of arguments
	codeUnsupported = "AQ007" // syntax or a type that the embedded engine does not have
	codePattern     = "AQ008" // a regular expression beyond RE2
	codeFormat      = "AQ009" // a date format beyond the engine's
	codeParameter   = "AQ010" // a parameter without a value
	codeLimit       = "AQ011" // too long or too deep
	codeColumn      = "AQ012" // no such column

	codeTable     = "AQ101" // the name of a table that is taken for the trail
	codeNotAthena = "AQ102" // taken here, not by Athena
	codeSubscript = "AQ103" // NULL here, an error on Athena
	codeImplicit  = "AQ104" // cast here, an error on Athena
	codeExact     = "AQ106" // an exact answer for an approximate one
	codeOther     = "AQ107" // a column of other layouts
	codeNotKept   = "AQ109" // a hidden column that is NULL here
	codeMade      = "AQ108" // a statement that would make something, which is not made here
)

// View is the name that the trail has in the translated text.
const View = "ct_trail"

// Options say how a text is translated.
type Options struct {
	// Params are the values of :name parameters; Args those of ?, in order.
	Params map[string]string
	Args   []string
	// Now is the time of the query: current_timestamp, and what filters on days
	// are resolved by.
	Now time.Time
}

// Translation is a query made ready for the embedded engine.
type Translation struct {
	SQL string // one statement
	// Columns are the names of the result's columns as Athena gives them, when
	// they are known from the text.
	Needs []schema.Need // of the trail
	Star  bool          // all columns of the trail
	// Trails is how often the text reads the trail.
	Trails int
	// Filter is what every row of the trail that matters passes; nil when
	// nothing is known. It never rules out a row that matters.
	Filter *Filter
	// Notes are what deserves a look.
	Notes diagnostic.List
	// Tables are the names in the text that were taken for the trail.
	Tables []string
	bounds *Filter // as Filter, also when the trail is read more than once
}

// Translate reads text: one query, or a script with one, see script. The error
// is a diagnostic.Diagnostic with the place.
func Translate(text string, o Options) (*Translation, error) {
	s, err := parseScript(text, o)
	if err != nil {
		return nil, diagnose(text, err)
	}
	t, err := translate(text, s, o)
	if err != nil {
		return nil, diagnose(text, err)
	}
	return t, nil
}

// statement is what a text says to do.
type statement struct {
	query   *query
	explain bool
	rows    *answer // what SHOW and DESCRIBE give
	// functions says that SHOW FUNCTIONS asks.
	functions bool
	loose     []looseness
}

// newParser makes a parser of text whose parameters have the values of o.
func newParser(text string, o Options) (*parser, error) {
	tokens, err := lex(text)
	if err != nil {
		return nil, err
	}
	p := &parser{text: text, tokens: tokens}
	n := 0
	p.params = func(t token) (expr, error) {
		if t.text == "?" {
			if n++; n <= len(o.Args) {
				return &literal{node{t.at}, litString, o.Args[n-1]}, nil
			}
			return nil, &syntaxError{at: t.at, code: codeParameter, message: fmt.Sprintf("parameter %d has no value", n), help: "--arg VALUE"}
		}
		v, ok := o.Params[t.text]
		if !ok {
			return nil, &syntaxError{at: t.at, code: codeParameter, message: fmt.Sprintf("parameter :%s has no value", t.text), help: "--param " + t.text + "=VALUE"}
		}
		return &literal{node{t.at}, litString, v}, nil
	}
	return p, nil
}

// parse reads one query.
func parse(text string, o Options) (*statement, error) {
	p, err := newParser(text, o)
	if err != nil {
		return nil, err
	}
	s, err := p.statement()
	if err != nil {
		return nil, err
	}
	for p.sym(";") {
	}
	if t := p.tok(); t.kind != tokEnd {
		return nil, p.afterEnd()
	}
	s.loose = p.loose
	return s, nil
}

// afterEnd says what is wrong with what follows a whole statement.
func (p *parser) afterEnd() error {
	if p.i > 0 && p.tokens[p.i-1].sym(";") {
		return &syntaxError{at: p.tok().at, code: codeSeveral, message: "a second query begins here", help: "one query at a time, as on Athena"}
	}
	return p.unexpected("want the end of the query")
}

// statement reads a statement that gives rows.
func (p *parser) statement() (*statement, error) {
	s := &statement{}
	var err error
	switch t := p.tok(); {
	case t.kind == tokEnd:
		return nil, &syntaxError{at: t.at, code: codeStatement, message: "there is no query in this text"}
	case t.is("EXPLAIN"):
		p.advance()
		s.explain = true
		p.word("ANALYZE")
		p.word("VERBOSE")
		if p.tok().sym("(") && (p.ahead(1).is("TYPE") || p.ahead(1).is("FORMAT")) {
			p.group()
		}
		s.query, err = p.query()
	case t.is("DESCRIBE") || t.is("DESC") || t.is("SHOW"):
		err = p.show(s)
	case t.is("SELECT") || t.is("WITH") || t.is("VALUES") || t.is("TABLE") || t.sym("("):
		s.query, err = p.query()
	default:
		return nil, p.noQuery()
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// noQuery says what kind of statement was refused.
func (p *parser) noQuery() error {
	t := p.tok()
	word := strings.ToUpper(t.text)
	if t.kind == tokWord && slices.Contains([]string{"CREATE", "DROP", "ALTER", "INSERT", "UPDATE", "DELETE", "MERGE", "MSCK", "UNLOAD", "VACUUM",
		"OPTIMIZE", "PREPARE", "EXECUTE", "DEALLOCATE", "USE", "SET", "COPY", "ATTACH", "DETACH", "INSTALL", "LOAD", "PRAGMA", "EXPORT", "IMPORT",
		"CALL", "GRANT", "REVOKE", "TRUNCATE", "BEGIN", "COMMIT", "ROLLBACK", "START", "REFRESH", "ANALYZE", "CHECKPOINT", "RESET"}, word) {
		return &syntaxError{at: t.at, code: codeStatement, message: word + " is no query: the trail is only read",
			help: "SELECT, WITH, VALUES, EXPLAIN, DESCRIBE or SHOW"}
	}
	return p.unexpected("want SELECT, WITH, VALUES, EXPLAIN, DESCRIBE or SHOW")
}
