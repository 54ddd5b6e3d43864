package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/trailwarden/trailwarden/internal/columns"
	"github.com/trailwarden/trailwarden/internal/visible"
)

const (
	// DefaultMaxRows is how many findings a table shows unless told otherwise.
	DefaultMaxRows = 1_000
	// maxGroupRows is how many values each part of the summary shows.
	maxGroupRows = 15
	// maxCell bounds the characters of one cell when there is no terminal
	// whose width decides.
	maxCell = 120
)

// severities from the one that is shown first when not all fit.
var severities = []string{"critical", "high", "medium", "low", "informational"}

// textTable collects findings, keeps the ones it will show and counts the rest.
type textTable struct {
	w       io.Writer
	l       Layout
	rows    map[string][]tableRow // by severity, at most MaxRows each
	summary *Summary
}

type tableRow struct {
	at       time.Time // zero when the record does not tell
	seq      int64     // place in the listing
	severity string
	cells    [8]string
}

var tableHead = [8]string{"TIME", "SEVERITY", "RULE", "EVENT", "REGION", "ACCOUNT", "ACTOR", "SOURCE IP"}

func newTable(w io.Writer, l Layout) *textTable {
	if l.MaxRows <= 0 {
		l.MaxRows = DefaultMaxRows
	}
	return &textTable{w: w, l: l, rows: map[string][]tableRow{}, summary: NewSummary()}
}

func (t *textTable) Findings(lines []byte) error {
	return eachFinding(lines, func(f *Finding) error {
		t.summary.Add(f)
		if len(t.rows[f.Severity]) < t.l.MaxRows {
			t.rows[f.Severity] = append(t.rows[f.Severity], row(t.summary.Findings, f))
		}
		return nil
	})
}

func row(seq int64, f *Finding) tableRow {
	event := strings.TrimSuffix(f.EventSource, ".amazonaws.com") + ":" + f.EventName
	if f.ErrorCode != "" {
		event += " (" + f.ErrorCode + ")"
	}
	at := f.EventTime
	if d := f.Detection; d != nil {
		event = strings.TrimPrefix(event+": "+d.Summary, ":: ") // no record, or one that is not known
		if at == "" {
			at = d.At.UTC().Format(time.RFC3339)
		}
	}
	stamp, _ := time.Parse(time.RFC3339, at)
	r := tableRow{stamp, seq, f.Severity, [8]string{at, brief(f.Severity), f.Rule, event, f.AWSRegion, f.Account, f.Actor, f.SourceIPAddress}}
	for i, c := range r.cells {
		r.cells[i] = columns.Cut(visible.Text(columns.Cut(c, maxCell)), maxCell)
	}
	return r
}

// brief is a severity as a narrow column has it.
func brief(severity string) string {
	if severity == "informational" {
		return "info"
	}
	return severity
}

// Close prints the table, what it left out, and the summary.
func (t *textTable) Close(totals Totals) error {
	var b strings.Builder
	if rows := t.shown(); len(rows) > 0 {
		t.table(&b, rows)
		t.leftOut(&b, int64(len(rows)))
		t.groups(&b)
	}
	t.totals(&b, totals)
	_, err := io.WriteString(t.w, b.String())
	return err
}

// shown is the rows to print, by time, as a person reads them: all of them, or, when
// there are too many, those of the highest severities.
func (t *textTable) shown() []tableRow {
	var rows []tableRow
	for _, s := range severities {
		free := t.l.MaxRows - len(rows)
		rows = append(rows, t.rows[s][:min(free, len(t.rows[s]))]...)
	}
	slices.SortFunc(rows, func(a, b tableRow) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.seq, b.seq)) })
	return rows
}

func (t *textTable) leftOut(b *strings.Builder, shown int64) {
	if n := t.summary.Findings - shown; n > 0 {
		fmt.Fprintf(b, "%s more %s not shown; the highest severities went first. All of them: --format ndjson or csv, with -o FILE.\n",
			count(n), plural(n, "finding is", "findings are"))
	}
}

func (t *textTable) table(b *strings.Builder, rows []tableRow) {
	widths := fit(rows, t.l.Width)
	w := t.style(b)
	w.AppendHeader(pick(tableHead, widths, nil))
	for _, r := range rows {
		w.AppendRow(pick(r.cells, widths, t.paint))
	}
	w.Render()
}

// style is a table without frame, written to b.
func (t *textTable) style(b *strings.Builder) table.Writer {
	w := table.NewWriter()
	w.SetOutputMirror(b)
	s := table.StyleLight
	s.Options = table.Options{SeparateHeader: true, SeparateColumns: true, DoNotColorBordersAndSeparators: true}
	s.Box.MiddleVertical, s.Box.MiddleSeparator = "  ", "──"
	s.Box.PaddingLeft, s.Box.PaddingRight = "", ""
	s.Format.Header = text.FormatDefault
	w.SetStyle(s)
	w.SuppressTrailingSpaces()
	return w
}

// pick is the cells of the columns that have a width, cut to it.
func pick(cells [8]string, widths [8]int, paint func(cell, severity string, column int) string) table.Row {
	var r table.Row
	for i, c := range cells {
		if widths[i] == 0 {
			continue
		}
		c = columns.Cut(c, widths[i])
		if paint != nil {
			c = paint(c, cells[1], i)
		}
		r = append(r, c)
	}
	return r
}

// paint colours the severity.
func (t *textTable) paint(cell, severity string, column int) string {
	if !t.l.Color || column != 1 {
		return cell
	}
	switch severity {
	case "critical":
		return text.Colors{text.Bold, text.FgHiRed}.Sprint(cell)
	case "high":
		return text.FgRed.Sprint(cell)
	case "medium":
		return text.FgYellow.Sprint(cell)
	}
	return text.Faint.Sprint(cell)
}

// fit gives each column its width. A terminal too narrow for all shortens actor,
// event and rule and gives up source address, account and region, by turns, and at
// last event, actor and severity.
func fit(rows []tableRow, terminal int) [8]int {
	var w [8]int
	for i, h := range tableHead {
		w[i] = len(h)
		for _, r := range rows {
			w[i] = max(w[i], columns.Width(r.cells[i]))
		}
	}
	if terminal <= 0 {
		return w
	}
	const (
		severityColumn, ruleColumn, eventColumn, regionColumn = 1, 2, 3, 4
		accountColumn, actorColumn, addressColumn             = 5, 6, 7
	)
	full := w
	texts := []int{actorColumn, eventColumn, ruleColumn}
	shrink := func(least int, columns ...int) {
		for _, c := range columns {
			w[c] -= max(0, min(over(w, terminal), w[c]-least))
		}
	}
	drop := func(c int) {
		if over(w, terminal) > 0 {
			w[c] = 0
		}
	}
	shrink(40, append(texts, addressColumn)...)
	shrink(28, append(texts, addressColumn)...)
	drop(addressColumn)
	shrink(22, texts...)
	drop(accountColumn)
	shrink(16, texts...)
	drop(regionColumn)
	shrink(8, texts...)
	drop(eventColumn)
	drop(actorColumn)
	drop(severityColumn)
	for _, c := range []int{ruleColumn, eventColumn, actorColumn} { // what dropping has freed
		if w[c] > 0 {
			w[c] += min(full[c]-w[c], max(0, -over(w, terminal)))
		}
	}
	return w
}

// over is how many columns of the terminal are missing.
func over(w [8]int, terminal int) int {
	sum := -2
	for _, n := range w {
		if n > 0 {
			sum += n + 2
		}
	}
	return sum - terminal
}
