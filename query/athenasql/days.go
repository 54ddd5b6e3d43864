package athenasql

import (
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/query/schema"
)

// Tables that others made have partition columns of their own, and some of those
// are dates, or hold a whole day under the name day. What such a column is
// compared with tells which it is.

// wholeDay rewrites a comparison of a day's column with dates, or of day with
// whole days as texts, so that both sides are texts that sort as days do.
func (t *translator) wholeDay(x *expr, s *scope, others ...*expr) {
	n, ok := (*x).(*name)
	if !ok {
		return
	}
	r, ok := s.find(n.parts)
	if !ok || r.source == nil || !r.source.trail || r.source.renamed || len(r.rest) > 0 {
		return
	}
	c, _ := schema.Find(r.column)
	layout := schema.DayLayout(r.column)
	if c.Class != schema.Extra || layout == "" || layout == "2006" || layout == "01" {
		return
	}
	for _, y := range others {
		switch l, isText := (*y).(*literal); {
		case t.isDate(*y):
			*y = &cast{node: node{n.at}, x: *y, to: &typeName{at: n.at, name: "varchar"}}
			layout = time.DateOnly
		case layout == "02" && isText && l.kind == litString && len(l.text) >= len(time.DateOnly):
			layout = either(strings.Contains(l.text, "/"), "2006/01/02", time.DateOnly)
		}
	}
	if layout == schema.DayLayout(r.column) {
		return
	}
	parts := append([]ident(nil), n.parts...)
	parts[len(parts)-1].text = either(layout == time.DateOnly, "dt", "timestamp")
	*x = &name{n.node, parts}
}
