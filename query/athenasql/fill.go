package athenasql

import (
	"cmp"
	"slices"
	"strings"
)

// Fill writes the parameters into text as literals and puts what relation gives
// in place of each table that the text reads the trail from; all else stays as
// it is, in Athena's own dialect. relation is told the table's name as written,
// and gives a table or a query in brackets. Functions and columns are not
// looked up: the table may have others than the embedded engine. The error is a
// diagnostic.Diagnostic with the place.
func Fill(text string, o Options, relation func(name string) string) (string, error) {
	s, err := parse(text, o)
	if err != nil {
		return "", diagnose(text, err)
	}
	tokens, err := lex(text)
	if err != nil {
		return "", diagnose(text, err)
	}
	edits := append(fillParams(tokens, o), fillTables(text, tokens, tablesOf(s.query), relation)...)
	return apply(text, edits), nil
}

// edit puts text in place of the bytes from at to end.
type edit struct {
	at, end int
	text    string
}

func apply(text string, edits []edit) string {
	slices.SortFunc(edits, func(a, b edit) int { return cmp.Compare(a.at, b.at) })
	var b strings.Builder
	done := 0
	for _, e := range edits {
		if e.at < done {
			continue // one table that was translated twice
		}
		b.WriteString(text[done:e.at])
		b.WriteString(e.text)
		done = e.end
	}
	b.WriteString(text[done:])
	return b.String()
}

// fillParams makes a literal of each parameter; parse has seen that all have a
// value. Trino's texts know no escapes but the doubled quote.
func fillParams(tokens []token, o Options) (edits []edit) {
	n := 0
	for _, t := range tokens {
		if t.kind != tokParam {
			continue
		}
		value := ""
		if t.text == "?" {
			if n < len(o.Args) {
				value = o.Args[n]
			}
			n++
		} else {
			value = o.Params[t.text]
		}
		edits = append(edits, edit{t.at, t.end, Literal(value)})
	}
	return edits
}

// Literal is a text as Trino's SQL writes it.
func Literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// fillTables replaces names of tables. One that had no other name keeps its own.
func fillTables(text string, tokens []token, places []*table, relation func(string) string) (edits []edit) {
	for _, r := range places {
		first, last := r.parts[0], r.parts[len(r.parts)-1]
		i := slices.IndexFunc(tokens, func(t token) bool { return t.at == last.at })
		if i < 0 {
			continue
		}
		at, end := first.at, tokens[i].end
		as := ""
		if r.alias == nil {
			as = " AS " + quoteName(last.text)
		}
		was := text[at:end]
		if now := relation(was); now != was {
			edits = append(edits, edit{at, end, now + as})
		}
	}
	return edits
}
