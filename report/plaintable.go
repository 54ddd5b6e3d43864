package report

import (
	"io"
	"strings"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/trailwarden/trailwarden/internal/visible"
)

// Table is a small table for a person, such as a list of rules. Cells are
// shown, not obeyed; on a terminal the last column is cut to fit.
type Table struct {
	Head   []string
	Rows   [][]string
	Layout Layout
}

// Write prints the table to w.
func (t *Table) Write(w io.Writer) error {
	var b strings.Builder
	p := (&textTable{l: t.Layout}).style(&b)
	p.AppendHeader(cells(t.Head, 0))
	last := t.lastWidth()
	for _, r := range t.Rows {
		p.AppendRow(cells(r, last))
	}
	p.Render()
	_, err := io.WriteString(w, b.String())
	return err
}

// lastWidth is what the terminal leaves to the last column; 0 is no bound.
func (t *Table) lastWidth() int {
	if t.Layout.Width <= 0 {
		return 0
	}
	left := t.Layout.Width
	for c := range len(t.Head) - 1 {
		widest := utf8.RuneCountInString(t.Head[c])
		for _, r := range t.Rows {
			widest = max(widest, utf8.RuneCountInString(visible.Text(r[c])))
		}
		left -= widest + 2
	}
	return max(left, 10)
}

// cells shows a row, its last cell cut to width unless that is 0.
func cells(row []string, width int) table.Row {
	var r table.Row
	for i, c := range row {
		c = visible.Text(c)
		if i == len(row)-1 && width > 0 {
			c = shorten(c, width)
		}
		r = append(r, c)
	}
	return r
}
