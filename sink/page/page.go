// Package page lays a message out as a page of sections, for the sinks that
// people read as text: mail, SNS, standard output. Text that records brought is
// on one line, visible and defanged; nothing in it is escaped for HTML yet.
package page

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/severity"
	"github.com/trailwarden/trailwarden/sink"
)

// Page is a message laid out.
type Page struct {
	Severity severity.Level
	Kind     string // what the message tells, in a word or two: new alert, still going on …
	Title    string
	Lead     string
	Notice   string // a caution above everything else
	Sections []Section
	Key      string
	Footer   string
}

// Section is a part of a page under a title; what is empty is not shown.
type Section struct {
	Title string
	Pairs []Pair
	Text  []string // paragraphs
	Table *Table
	Steps []message.Step
	Links []message.Link // of our own making, https or http
}

// Pair is a named value.
type Pair struct{ Name, Value string }

// Table is rows under columns; rows are as long as the columns.
type Table struct {
	Columns []string
	Rows    [][]string
	More    string // about rows that are not shown
	// Stacked rows, of six cells or more, are told on several lines each where
	// the target has no tables.
	Stacked bool
}

// Top is a row of a table with what stands below its cells; empty for nothing.
type Top struct {
	Cells []string
	Below string
}

// Tops are the rows: the last cell of stacked ones, which is long, stands below
// the others.
func (t *Table) Tops() []Top {
	out := make([]Top, 0, len(t.Rows))
	for _, row := range t.Rows {
		if t.Stacked {
			out = append(out, Top{row[:len(row)-1], row[len(row)-1]})
			continue
		}
		out = append(out, Top{Cells: row})
	}
	return out
}

// Heads are the columns that Tops have cells of.
func (t *Table) Heads() []string {
	if t.Stacked {
		return t.Columns[:len(t.Columns)-1]
	}
	return t.Columns
}

// Of lays m out.
func Of(m *message.Message) Page {
	p := Page{
		Severity: m.Severity,
		Kind:     kind(m),
		Title:    title(m),
		Lead:     text(m.Summary),
		Key:      text(m.Key),
		Footer:   "Sent by Trailwarden. Addresses in this message that came from records are written so that they cannot be followed.",
	}
	if m.MayRepeat {
		p.Notice = "An earlier attempt to send this message got no answer: you may have it already."
	}
	for _, s := range []Section{facts(m), storm(m), report(m), action(m), why(m), detection(m), counted(m),
		events(m), next(m), notes(m), custom(m), links(m)} {
		if !s.empty() {
			p.Sections = append(p.Sections, s)
		}
	}
	return p
}

// title is the headline; where nothing of that can be seen, what kind of message
// it is, because most targets refuse an empty one.
func title(m *message.Message) string {
	if t := text(m.Headline); t != "" {
		return t
	}
	return "Trailwarden: " + kind(m)
}

func (s Section) empty() bool {
	return len(s.Pairs) == 0 && len(s.Text) == 0 && s.Table == nil && len(s.Steps) == 0 && len(s.Links) == 0
}

// text is attacker-written text on one line.
func text(s string) string { return sink.Defang(sink.Line(s)) }

// Header is attacker-written text for the header of a mail: one line, defanged,
// without what would be read as an encoded word (RFC 2047).
func Header(s string) string { return strings.ReplaceAll(text(s), "=?", "= ?") }

// kind says what the message tells.
func kind(m *message.Message) string {
	words := map[alert.Kind]string{
		alert.Opened: "new alert", alert.Repeated: "still going on", alert.Acked: "acknowledged",
		alert.Closed: "resolved", alert.Reopened: "reopened", alert.Storm: "alert storm",
		alert.Report: "report", alert.Health: "watcher health", alert.Test: "test message",
	}
	if w, ok := words[m.Kind]; ok {
		return w
	}
	return text(string(m.Kind))
}

// pairs collects named values and leaves empty ones out.
type pairs []Pair

func (p *pairs) add(name, value string) {
	if value = text(value); value != "" {
		*p = append(*p, Pair{name, value})
	}
}

// join puts non-empty parts together.
func join(sep string, parts ...string) string {
	var kept []string
	for _, s := range parts {
		if s != "" {
			kept = append(kept, s)
		}
	}
	return strings.Join(kept, sep)
}

// aside is "value (remark)", or what there is of it.
func aside(value, remark string) string {
	switch {
	case value == "" || remark == "":
		return value + remark
	case value == remark:
		return value
	}
	return value + " (" + remark + ")"
}

// When is t as people read it, UTC.
func When(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// period is from first to last.
func period(first, last time.Time) string {
	if last.IsZero() || last.Equal(first) {
		return When(first)
	}
	return When(first) + " to " + When(last)
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// Web tells whether a link may be followed: https or http, a host, no user.
func Web(link string) bool {
	u, err := url.Parse(link)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil &&
		sink.Line(link) == link && !strings.ContainsAny(link, " <>\"'`\\")
}

var literal = re2.Own(`'[^']*'`)

// command keeps a command line or SQL as it is but for the values in it, which
// records brought.
func command(s string) string {
	return literal.ReplaceAllStringFunc(sink.Clean(s), sink.Defang)
}
