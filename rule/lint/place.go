package lint

import (
	"bytes"

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
		for i := r.Line - 1; i < len(p.rows) && (end == 0 || i < end-1); i++ {
			if bytes.Contains(p.rows[i], []byte(subject)) {
				return i + 1
			}
		}
		return 0
	}
}
