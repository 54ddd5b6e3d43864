package report

import (
	"cmp"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/trailwarden/trailwarden/internal/columns"
	"github.com/trailwarden/trailwarden/internal/visible"
)

// Table is a small table for a person, such as a list of rules. Cells are
// shown, not obeyed. On a terminal the last column is cut to fit; where that would
// leave little of it, it stands below each row.
type Table struct {
	Head   []string
	Rows   [][]string
	Cut    []int // other columns that may be cut where even that is too wide
	Layout Layout
}

// On a terminal that is narrower than the table.
const (
	leastBeside = 30 // characters of the last column, or it stands below the others
	leastCut    = 12 // of a column that may be cut
	belowIndent = "    "
)

// Write prints the table to w.
func (t *Table) Write(w io.Writer) error {
	widths := t.widths()
	last := len(widths) - 1
	below := t.fit(widths)
	var b strings.Builder
	p := (&textTable{l: t.Layout}).style(&b)
	shown := widths
	if below {
		shown = widths[:last]
	}
	p.AppendHeader(cells(t.Head, shown))
	for _, r := range t.Rows {
		p.AppendRow(cells(r, shown))
	}
	p.Render()
	text := b.String()
	if below {
		text = t.interleave(text, t.Layout.Width-len(belowIndent))
	}
	_, err := io.WriteString(w, text)
	return err
}

// widths is what each column needs.
func (t *Table) widths() []int {
	widths := make([]int, len(t.Head))
	for c, head := range t.Head {
		widths[c] = columns.Width(head)
		for _, r := range t.Rows {
			widths[c] = max(widths[c], columns.Width(visible.Text(r[c])))
		}
	}
	return widths
}

// fit cuts widths to the terminal's, and tells whether the last column is to stand
// below the others.
func (t *Table) fit(widths []int) (below bool) {
	last := len(widths) - 1
	over := -2 - t.Layout.Width
	for _, n := range widths {
		over += n + 2
	}
	if t.Layout.Width <= 0 || over <= 0 {
		return false
	}
	if left := widths[last] - over; left >= leastBeside || last == 0 {
		widths[last] = max(left, 1)
		return false
	}
	over -= widths[last] + 2
	for ; over > 0 && len(t.Cut) > 0; over-- {
		widest := slices.MaxFunc(t.Cut, func(a, b int) int { return cmp.Compare(widths[a], widths[b]) })
		if widths[widest] <= leastCut {
			break // the terminal breaks the lines
		}
		widths[widest]--
	}
	return true
}

// interleave puts the last column's cells below the lines of the others.
func (t *Table) interleave(text string, width int) string {
	const headLines = 2
	last := len(t.Head) - 1
	under := func(cell string) string {
		return belowIndent + columns.Cut(visible.Text(cell), max(width, leastCut)) + "\n"
	}
	var b strings.Builder
	n := 0
	for line := range strings.Lines(strings.TrimSuffix(text, "\n") + "\n") {
		switch row := n - headLines; {
		case row >= 0:
			b.WriteString(line)
			if t.Rows[row][last] != "" {
				b.WriteString(under(t.Rows[row][last]))
			}
		case n == 0:
			b.WriteString(line + under(t.Head[last]))
		default:
			b.WriteString(line)
		}
		n++
	}
	return b.String()
}

// cells shows as much of a row as there are widths, each cell cut to its own.
func cells(row []string, widths []int) table.Row {
	var r table.Row
	for i, width := range widths {
		r = append(r, columns.Cut(visible.Text(row[i]), width))
	}
	return r
}
