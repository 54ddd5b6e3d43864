package lint

import (
	"bytes"
	"slices"

	"github.com/trailwarden/trailwarden/rule"
)

// placer finds the lines of rule files that speak of something. It keeps the
// last file, because rules of one file follow each other.
type placer struct {
	text func(file string) []byte
	file string
	rows [][]byte
}

// within looks from the rule's first line up to line end, or to the file's end
// when that is 0. A rule whose text stands in another file is not looked for.
func (p *placer) within(r *rule.Rule, end int) func(subject string) int {
	return func(subject string) int {
		if r.TextFile != "" && r.TextFile != r.File || r.Line == 0 {
			return 0
		}
		if p.file != r.File {
			p.file, p.rows = r.File, bytes.Split(p.text(r.File), []byte("\n"))
		}
		rows := p.rows[min(r.Line-1, len(p.rows)):]
		if end > 0 {
			rows = rows[:min(max(end-r.Line, 0), len(rows))]
		}
		tests := max(slices.IndexFunc(rows, opensTests), 0)
		for _, from := range []int{tests, 0} {
			if i := slices.IndexFunc(rows[from:], func(row []byte) bool { return bytes.Contains(row, []byte(subject)) }); i >= 0 {
				return r.Line + from + i
			}
		}
		return 0
	}
}

// opensTests tells the row from which on a rule says what it looks for; titles
// and descriptions before it often have the same words.
func opensTests(row []byte) bool {
	row = bytes.TrimLeft(row, " -")
	return bytes.HasPrefix(row, []byte("match:")) || bytes.HasPrefix(row, []byte("detection:"))
}
