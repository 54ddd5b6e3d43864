package rule

import (
	"errors"
	"time"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/detect/memory"
	"github.com/trailwarden/trailwarden/internal/period"
	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/query/athenasql"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// SQL is a rule that is a question in Athena's SQL: it is asked by the clock, and
// each row of its answer is a finding.
type SQL struct {
	Text   string
	Window time.Duration // of event time that each run covers, and the time between runs
}

// DefaultWindow is the window of a query that names none.
const DefaultWindow = time.Hour

// minWindow is the least time between runs.
const minWindow = time.Minute

// asked says why a query judges no single records.
func (s *SQL) asked() string {
	return "it is a query that is asked every " + memory.Span(s.Window) + ", by serve and by queries run"
}

// compileSQL reads a query. The window is read by native.window, before.
func compileSQL(p *part, _ Options) (*compiled, diagnostic.List) {
	q := &SQL{Text: string(p.text), Window: p.window}
	if q.Window == 0 {
		q.Window = DefaultWindow
	}
	err := checkSQL(q.Text, athenasql.Options{Now: time.Now(), Params: map[string]string{"from": "", "to": ""}})
	var d diagnostic.Diagnostic
	if errors.As(err, &d) {
		return nil, diagnostic.List{d}
	}
	return &compiled{predicate: detect.Const(false), sql: q, inactive: q.asked()}, nil
}

// windowKey stands beside sql, or in its mapping.
const windowKey = "window"

// window takes the window out of a match with a query: {sql: …, window: 1h} or
// {sql: {query: …, window: 1h}}. It gives what is left to read.
func (n *native) window(m *yamldoc.Node) (rest *yamldoc.Node, window time.Duration) {
	q := m.Get("sql")
	if q == nil {
		return m, 0
	}
	rest = &yamldoc.Node{Kind: yamldoc.Map, Line: m.Line, Column: m.Column}
	for i, k := range m.Keys {
		v := m.Values[i]
		switch {
		case k.Text == windowKey:
			window = n.windowOf(v)
			continue
		case k.Text == "sql" && v.Kind == yamldoc.Map:
			if w := v.Get(windowKey); w != nil {
				window = n.windowOf(w)
			}
			v = queryOf(v)
		}
		rest.Keys, rest.Values = append(rest.Keys, k), append(rest.Values, v)
	}
	return rest, window
}

// queryOf is the text of {query: …} and {file: …}, without the window.
func queryOf(v *yamldoc.Node) *yamldoc.Node {
	if q := v.Get("query"); q != nil {
		return q
	}
	out := &yamldoc.Node{Kind: yamldoc.Map, Line: v.Line, Column: v.Column}
	for i, k := range v.Keys {
		if k.Text != windowKey {
			out.Keys, out.Values = append(out.Keys, k), append(out.Values, v.Values[i])
		}
	}
	return out
}

func (n *native) windowOf(v *yamldoc.Node) time.Duration {
	d, err := period.Parse(v.Text)
	if err != nil {
		d, err = time.ParseDuration(v.Text) // 1.5h
	}
	if err != nil || d < minWindow {
		n.fail(v, CodeType, "match.sql: window %q: want a time from 1m on, such as 15m, 24h or 7d", clip(v.Text))
		return 0
	}
	return d
}
