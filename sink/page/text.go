package page

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/fit"
)

// Text is m as plain text of at most limit bytes. A user's template comes in
// place of the page, cut to the limit.
func Text(m *message.Message, limit int) string {
	if m.Text != "" {
		return sink.Cut(sink.Clean(m.Text), limit, sink.Bytes)
	}
	var out string
	fit.To(m, func(c *message.Message) bool {
		out = Of(c).Text()
		return len(out) <= limit
	})
	return sink.Cut(out, limit, sink.Bytes)
}

// Text is the page as plain text, lines ended by LF.
func (p Page) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "[%s] %s\n", strings.ToUpper(p.Severity.String()), p.Kind)
	for _, s := range []string{p.Title, p.Lead, p.Notice} {
		if s != "" {
			fmt.Fprintf(&b, "\n%s\n", s)
		}
	}
	for _, s := range p.Sections {
		s.write(&b)
	}
	if p.Key != "" {
		fmt.Fprintf(&b, "\nKey: %s\n", p.Key)
	}
	fmt.Fprintf(&b, "\n-- \n%s\n", p.Footer)
	return b.String()
}

func (s Section) write(b *strings.Builder) {
	fmt.Fprintf(b, "\n%s\n%s\n", s.Title, strings.Repeat("-", utf8.RuneCountInString(s.Title)))
	for _, t := range s.Text {
		fmt.Fprintf(b, "%s\n", t)
	}
	writePairs(b, s.Pairs)
	if s.Table != nil {
		s.Table.write(b)
	}
	for i, step := range s.Steps {
		fmt.Fprintf(b, "%d. %s\n", i+1, step.Text)
		if step.Command != "" {
			fmt.Fprintf(b, "     %s\n", strings.ReplaceAll(step.Command, "\n", "\n     "))
		}
	}
	for _, l := range s.Links {
		fmt.Fprintf(b, "%s: %s\n", l.Text, l.URL)
	}
}

// widest bounds the column of names.
const widest = 24

func writePairs(b *strings.Builder, pairs []Pair) {
	width := 0
	for _, p := range pairs {
		width = max(width, min(widest, utf8.RuneCountInString(p.Name)))
	}
	for _, p := range pairs {
		fmt.Fprintf(b, "%s  %s\n", pad(p.Name+":", width+1), p.Value)
	}
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}

// widestCell bounds the padding of a table's cell; longer ones are whole but
// push the rest of their row aside.
const widestCell = 40

func (t *Table) write(b *strings.Builder) {
	widths := make([]int, len(t.Columns))
	for _, row := range append([][]string{t.Columns}, t.Rows...) {
		for i, c := range row {
			widths[i] = max(widths[i], min(widestCell, utf8.RuneCountInString(c)))
		}
	}
	rule := make([]string, len(widths))
	for i, w := range widths {
		rule[i] = strings.Repeat("-", w)
	}
	if t.Stacked {
		t.stack(b)
		return
	}
	for i, row := range append([][]string{t.Columns, rule}, t.Rows...) {
		sep := " | "
		if i == 1 {
			sep = "-+-"
		}
		cells := make([]string, len(row))
		for j, c := range row {
			cells[j] = pad(c, widths[j])
		}
		fmt.Fprintf(b, "%s\n", strings.TrimRight(strings.Join(cells, sep), " "))
	}
	if t.More != "" {
		fmt.Fprintf(b, "%s\n", t.More)
	}
}

// stack writes each row on lines of its own: the first three cells, the next
// ones, the last.
func (t *Table) stack(b *strings.Builder) {
	for _, row := range t.Rows {
		for i, cells := range [][]string{row[:3], row[3 : len(row)-1], row[len(row)-1:]} {
			indent := ""
			if i > 0 {
				indent = "     "
			}
			if line := strings.TrimSpace(strings.Join(cells, "  ")); line != "" {
				fmt.Fprintf(b, "%s%s\n", indent, line)
			}
		}
	}
	if t.More != "" {
		fmt.Fprintf(b, "%s\n", t.More)
	}
}
