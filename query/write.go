//go:build !function

package query

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/trailwarden/trailwarden/internal/columns"
	"github.com/trailwarden/trailwarden/internal/visible"
	"github.com/trailwarden/trailwarden/report"
)

// Formats are the names of the formats that NewWriter knows.
func Formats() []string { return []string{"table", "ndjson", "json", "csv"} }

// Writer writes a result. Columns comes first, Close last.
type Writer interface {
	Columns([]Column) error
	Row([]Cell) error
	Close() error
}

// NewWriter makes a writer of the format. Columns wider than width are cut in a
// table for people; 0 means no limit. Attacker-written text is made safe for
// terminals and spreadsheets.
func NewWriter(format string, w io.Writer, width int) (Writer, error) {
	b := bufio.NewWriterSize(w, 64<<10)
	switch format {
	case "table":
		return &tableWriter{w: b, width: width}, nil
	case "ndjson":
		return &jsonWriter{w: b}, nil
	case "json":
		return &jsonWriter{w: b, array: true}, nil
	case "csv":
		return &csvWriter{w: b}, nil
	}
	return nil, fmt.Errorf("%q is no format; want %s or parquet", format, strings.Join(Formats(), ", "))
}

// jsonWriter writes objects: a line each, or all in an array.
type jsonWriter struct {
	w       *bufio.Writer
	array   bool
	names   [][]byte
	columns []Column
	rows    int
	line    []byte
}

func (j *jsonWriter) Columns(columns []Column) error {
	j.columns = columns
	for _, c := range columns {
		j.names = append(j.names, append(quoteJSON(c.Name), ':'))
	}
	if !j.array {
		return nil
	}
	return j.w.WriteByte('[')
}

func quoteJSON(s string) []byte {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil { // a string always can be
		return []byte(`""`)
	}
	return []byte(strings.TrimSuffix(b.String(), "\n"))
}

func (j *jsonWriter) Row(cells []Cell) error {
	j.line = j.line[:0]
	if j.array && j.rows > 0 {
		j.line = append(j.line, ',')
	}
	if j.array {
		j.line = append(j.line, '\n')
	}
	j.rows++
	for i, c := range cells {
		j.line = append(j.line, map[bool]byte{true: '{', false: ','}[i == 0])
		j.line = append(append(j.line, j.names[i]...), jsonCell(c, j.columns[i])...)
	}
	j.line = append(j.line, '}')
	if !j.array {
		j.line = append(j.line, '\n')
	}
	_, err := j.w.Write(j.line)
	return err
}

// jsonCell is a value as JSON: numbers, truths and nested values as such.
func jsonCell(c Cell, of Column) []byte {
	if c.Null {
		return []byte("null")
	}
	kind, _, _ := strings.Cut(of.Type, "(")
	switch kind {
	case "tinyint", "smallint", "integer", "bigint", "boolean", "double", "real", "decimal", "json", "array", "map", "row":
		if json.Valid(c.Text) {
			return c.Text
		}
	}
	return quoteJSON(string(c.Text))
}

func (j *jsonWriter) Close() error {
	if j.array {
		if _, err := j.w.WriteString("\n]\n"); err != nil {
			return err
		}
	}
	return j.w.Flush()
}

// csvWriter writes what Athena does: every value in quotes, NULL as nothing.
// What a spreadsheet could take for a formula is made harmless; numbers are none.
type csvWriter struct {
	w      *bufio.Writer
	number []bool
}

func (c *csvWriter) Columns(columns []Column) error {
	cells := make([]Cell, len(columns))
	for i, col := range columns {
		cells[i].Text = []byte(col.Name)
	}
	c.number = make([]bool, len(columns))
	err := c.Row(cells)
	for i, col := range columns {
		c.number[i] = isNumber(col)
	}
	return err
}

func (c *csvWriter) Row(cells []Cell) error {
	var line strings.Builder
	for i, cell := range cells {
		if i > 0 {
			line.WriteByte(',')
		}
		if cell.Null {
			continue
		}
		text := string(cell.Text)
		if !c.number[i] {
			text = report.Cell(text)
		}
		line.WriteString(`"` + strings.ReplaceAll(text, `"`, `""`) + `"`)
	}
	line.WriteByte('\n')
	_, err := c.w.WriteString(line.String())
	return err
}

func (c *csvWriter) Close() error { return c.w.Flush() }

// tableRows is how many rows decide the columns' widths; more follow in the same
// widths.
const tableRows = 1000

// maxColumn is the widest that a column of a table gets.
const maxColumn = 80

// tableWriter writes aligned columns for people.
type tableWriter struct {
	w      *bufio.Writer
	width  int
	names  []string
	about  []Column
	widths []int // -1: the column is left out
	right  []bool
	rows   [][]string
	begun  bool
}

func (t *tableWriter) Columns(columns []Column) error {
	t.about = columns
	for _, c := range columns {
		t.names = append(t.names, visible.Text(c.Name))
		t.right = append(t.right, isNumber(c))
	}
	return nil
}

func isNumber(c Column) bool {
	kind, _, _ := strings.Cut(c.Type, "(")
	return strings.Contains(" tinyint smallint integer bigint double real decimal ", " "+kind+" ")
}

func (t *tableWriter) Row(cells []Cell) error {
	row := make([]string, len(cells))
	for i, c := range cells {
		if !c.Null {
			row[i] = visible.Text(string(c.Text))
		}
	}
	if t.begun {
		return t.line(row)
	}
	if t.rows = append(t.rows, row); len(t.rows) >= tableRows {
		return t.begin()
	}
	return nil
}

// begin finds the widths and writes what was kept.
func (t *tableWriter) begin() error {
	t.begun = true
	t.widths = make([]int, len(t.names))
	for _, row := range append([][]string{t.names}, t.rows...) {
		for i, s := range row {
			t.widths[i] = max(t.widths[i], columns.Width(s))
		}
	}
	t.fit()
	rule := make([]string, len(t.names))
	for i, w := range t.widths {
		rule[i] = strings.Repeat("─", max(w, 0))
	}
	for _, row := range append([][]string{t.names, rule}, t.rows...) {
		if err := t.line(row); err != nil {
			return err
		}
	}
	t.rows = nil
	return nil
}

// narrowest is how narrow fit makes a column that says nothing else.
const narrowest = 8

// fit leaves out what can be spared while the rest would be cut beyond use, and
// makes the widest columns narrower until a line fits.
func (t *tableWriter) fit() {
	if len(t.widths) > 1 {
		for i := range t.widths {
			t.widths[i] = min(t.widths[i], maxColumn)
		}
	}
	if t.width <= 0 {
		return
	}
	for t.total(t.narrowest) > t.width {
		spare := -1
		for i, c := range t.about {
			if t.widths[i] >= 0 && c.Spare > 0 && (spare < 0 || c.Spare > t.about[spare].Spare) {
				spare = i
			}
		}
		if spare < 0 {
			break
		}
		t.widths[spare] = -1
	}
	for over := t.total(func(i int) int { return t.widths[i] }) - t.width; over > 0; over-- {
		widest := -1
		for i, w := range t.widths {
			if w > t.narrowest(i) && (widest < 0 || w > t.widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return
		}
		t.widths[widest]--
	}
}

// narrowest is the least width of column i.
func (t *tableWriter) narrowest(i int) int {
	if n := t.about[i].Narrowest; n > 0 {
		return min(t.widths[i], n)
	}
	return min(t.widths[i], narrowest)
}

// total is the width of a line whose columns have these widths.
func (t *tableWriter) total(width func(i int) int) int {
	n := -2
	for i := range t.widths {
		if t.widths[i] >= 0 {
			n += width(i) + 2
		}
	}
	return n
}

func (t *tableWriter) line(row []string) error {
	var b strings.Builder
	for i, s := range row {
		if t.widths[i] < 0 {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("  ")
		}
		n := columns.Width(s)
		if n > t.widths[i] {
			s = columns.Cut(s, t.widths[i])
			n = columns.Width(s) // a wide character may leave a column
		}
		pad := strings.Repeat(" ", t.widths[i]-n)
		if t.right[i] {
			s = pad + s
		} else {
			s += pad
		}
		b.WriteString(s)
	}
	_, err := t.w.WriteString(strings.TrimRight(b.String(), " ") + "\n")
	return err
}

func (t *tableWriter) Close() error {
	if !t.begun && len(t.names) > 0 {
		if err := t.begin(); err != nil {
			return err
		}
	}
	return t.w.Flush()
}
