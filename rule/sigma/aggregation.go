package sigma

import (
	"strings"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/internal/yamldoc"
)

// legacyCount is "count() by user > 10" and "count(field) by user, host >= 3".
var legacyCount = re2.Own(`(?i)^count\s*\(\s*(?:\*|([^\s(),*]*))\s*\)\s*(?:by\s+([^\s<>=,]+(?:\s*,\s*[^\s<>=,]+)*)\s*)?(>=|<=|==|=|>|<)\s*([0-9]+)$`)

// aggregation turns the aggregation of a pre-correlation rule into the
// correlation that replaces it, and refuses the kinds that have no such simple
// replacement. The time span is the detection's timeframe; one beside it is
// misplaced.
func (p *parser) aggregation(conditions []parsedCondition, timeframe, misplaced *yamldoc.Node) {
	for _, c := range conditions {
		if c.aggregation == "" {
			continue
		}
		m := legacyCount.FindStringSubmatch(c.aggregation)
		if m == nil {
			p.rep.errorf("SG011", c.at, "aggregation %s is not supported; of the old aggregations only count() and count(field), with \"by\" and a comparison, are; write a correlation rule (event_count, value_count, value_sum, value_avg, temporal) instead", quote("| "+c.aggregation))
			return
		}
		if len(conditions) > 1 {
			p.rep.errorf("SG011", c.at, "an aggregation in a list of conditions is not supported; write one rule for each condition")
			return
		}
		if timeframe == nil && misplaced != nil {
			p.rep.errorf("SG009", misplaced, "timeframe %s stands beside the detection; move it into the detection, next to the condition", quote(misplaced.Text))
			return
		}
		p.legacyCount(m, c, timeframe)
	}
}

func (p *parser) legacyCount(m []string, c parsedCondition, timeframe *yamldoc.Node) {
	spec := &CorrelationSpec{Type: "event_count", line: c.at.Line, Rules: []string{p.rep.rule}}
	if m[1] != "" {
		spec.Type, spec.Fields = "value_count", []string{m[1]}
	}
	if m[2] != "" {
		for field := range strings.SplitSeq(m[2], ",") {
			spec.GroupBy = append(spec.GroupBy, strings.TrimSpace(field))
		}
	}
	b := Bound{}
	switch m[3] {
	case ">":
		b.Op = detect.NumGreater
	case ">=":
		b.Op = detect.NumGreaterEqual
	case "<":
		b.Op = detect.NumLess
	case "<=":
		b.Op = detect.NumLessEqual
	}
	b.Number, _ = yamlNumber(m[4])
	spec.Bounds = []Bound{b}
	if timeframe == nil {
		p.rep.errorf("SG009", c.at, "the aggregation has no time span; add timeframe: 5m, or what fits, to the detection")
		return
	}
	d, ok := parseTimespan(timeframe.Text)
	if !ok {
		p.rep.errorf("SG009", timeframe, "timeframe %s is no duration; want a number and one of s, m, h, d, such as 5m", quote(timeframe.Text))
		return
	}
	spec.Timespan = d
	p.rule.Correlation = spec
}
