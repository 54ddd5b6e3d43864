package report

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/internal/visible"
)

// csvColumns are the columns of a CSV report, in the order of the NDJSON keys;
// of a detection its summary.
var csvColumns = []string{
	"rule", "title", "severity", "eventID", "eventTime", "eventSource", "eventName", "awsRegion",
	"account", "actor", "sourceIPAddress", "errorCode", "readOnly", "file", "record", "author", "link", "detection",
}

// csvTable is RFC 4180 with a heading row and line feeds.
type csvTable struct {
	w       *csv.Writer
	l       Layout
	started bool
	row     []string
}

func newCSV(w io.Writer, l Layout) *csvTable { return &csvTable{w: csv.NewWriter(w), l: l} }

func (c *csvTable) Findings(lines []byte) error {
	if err := c.head(); err != nil {
		return err
	}
	if err := eachFinding(lines, c.finding); err != nil {
		return err
	}
	c.w.Flush()
	return c.w.Error()
}

func (c *csvTable) head() error {
	if c.started {
		return nil
	}
	c.started = true
	if c.l.WithEvent {
		return c.w.Write(append(append([]string(nil), csvColumns...), "event"))
	}
	return c.w.Write(csvColumns)
}

func (c *csvTable) finding(f *Finding) error {
	c.row = append(c.row[:0],
		f.Rule, f.Title, f.Severity, f.EventID, f.EventTime, f.EventSource, f.EventName, f.AWSRegion,
		f.Account, f.Actor, f.SourceIPAddress, f.ErrorCode, f.readOnlyText(), f.File,
		strconv.Itoa(f.Record), f.Author, f.Link, f.detectionText())
	if c.l.WithEvent {
		c.row = append(c.row, string(f.Event))
	}
	for i, s := range c.row {
		if c.l.Terminal {
			s = visible.Text(s)
		}
		c.row[i] = Cell(s)
	}
	return c.w.Write(c.row)
}

// detectionText says in words what a rule that remembers found; empty for others.
func (f *Finding) detectionText() string {
	if f.Detection == nil {
		return ""
	}
	return f.Detection.Summary
}

func (c *csvTable) Close(Totals) error {
	if err := c.head(); err != nil {
		return err
	}
	c.w.Flush()
	return c.w.Error()
}

// harmless is s without the characters that a terminal obeys. Tabs and line
// breaks, which a cell may hold, stay.
func harmless(s string) string {
	if !strings.ContainsFunc(s, obeyed) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if obeyed(r) {
			b.WriteString(visible.Text(string(r)))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func obeyed(r rune) bool {
	return unicode.IsControl(r) && r != '\t' && r != '\n' && r != '\r'
}

// formulaStarts are the characters that begin a formula, a command or, as their
// full-width forms and the minus sign, what some spreadsheets read as one.
const formulaStarts = "=+-@|%\uff1d\uff0b\uff0d\uff20\u2212"

// Cell is s as a spreadsheet cell that is never a formula. Text that begins,
// after white space and invisible characters, with = + - @ or one of their
// full-width forms, or with a tab, carriage return or line feed, gets an
// apostrophe in front (OWASP, CSV injection). The same is done inside the text
// after a semicolon, tab or line break, where a spreadsheet that splits at those
// would begin a new cell. Nor does a terminal, on which a file is shown later,
// obey anything in it.
func Cell(s string) string {
	s = harmless(s)
	if !strings.ContainsAny(s, formulaStarts+"\t\r\n;") {
		return s
	}
	var b strings.Builder
	for start := true; s != ""; {
		if start && formula(s) {
			b.WriteByte('\'')
		}
		r, n := utf8.DecodeRuneInString(s)
		b.WriteString(s[:n])
		s = s[n:]
		start = r == ';' || r == '\t' || r == '\r' || r == '\n'
	}
	return b.String()
}

// formula tells whether a spreadsheet may take a cell that begins like s for a
// formula or a command.
func formula(s string) bool {
	switch s[0] {
	case '\t', '\r', '\n':
		return true
	}
	s = strings.TrimLeftFunc(s, func(r rune) bool {
		return r == '"' || r == '\'' || unicode.IsSpace(r) || visible.Hidden(r)
	})
	if s == "" {
		return false
	}
	r, _ := utf8.DecodeRuneInString(s)
	return strings.ContainsRune(formulaStarts, r)
}
