package sigma

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/detect/memory"
	"github.com/trailwarden/trailwarden/internal/nearest"
	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// CorrelationSpec is what a correlation rule counts or orders.
type CorrelationSpec struct {
	Type       string // one of correlationTypes
	Rules      []string
	GroupBy    []string
	Timespan   time.Duration
	Aliases    map[string]map[string]string // alias, rule name, field
	Bounds     []Bound                      // all must hold
	Fields     []string                     // what value_… types look at
	Percentile int                          // 0 to 100, value_percentile
	Expression string                       // extended condition over rule names, temporal types
	Generate   bool                         // the rules raise findings of their own, too

	line int
}

// Bound compares the counted value with a number; Not negates the relation
// (neq).
type Bound struct {
	Op     detect.NumOp
	Not    bool
	Number detect.Decimal
}

// unlinked is why a correlation judges nothing before Link.
const unlinked = "the rules that the correlation is over are not linked"

var (
	correlationTypes = []string{
		"event_count", "value_count", "temporal", "temporal_ordered",
		"value_sum", "value_avg", "value_min", "value_max", "value_percentile", "value_median",
	}
	correlationKeys = []string{"type", "rules", "group-by", "timespan", "aliases", "condition", "generate"}
	operators       = []string{"gt", "gte", "lt", "lte", "eq", "neq"}
)

// correlationRule reads a correlation rule.
func (p *parser) correlationRule(doc *yamldoc.Node) {
	r := p.rule
	r.Kind, r.Inactive = Correlation, unlinked
	p.metadata(doc)
	n := doc.Get("correlation")
	if n.Kind != yamldoc.Map {
		p.rep.errorf("SG001", n, "correlation must be a mapping of type, rules, timespan and condition, not a %s", n.Kind)
		return
	}
	c := &CorrelationSpec{line: n.Line}
	r.Correlation = c
	c.Type = p.correlationType(n)
	p.correlationKeys(n)
	switch c.Rules = p.names(n, "rules"); {
	case n.Get("rules") != nil && n.Get("rules").Kind == yamldoc.Map: // was said
	case len(c.Rules) == 0:
		p.missing(n, "rules", "a correlation needs the ids or names of the rules it is over")
	case len(c.Rules) > memory.MaxInputs:
		p.rep.errorf("SG009", n.Get("rules"), "the correlation is over %d rules; at most %d are read", len(c.Rules), memory.MaxInputs)
	}
	c.GroupBy = p.names(n, "group-by")
	c.Timespan = p.timespan(n, "timespan")
	c.Aliases = p.aliases(n.Get("aliases"))
	p.correlationCondition(n, c)
	for _, g := range []*yamldoc.Node{doc.Get("generate"), n.Get("generate")} {
		if g != nil && g.Kind != yamldoc.Bool && g.Kind != yamldoc.Null {
			p.rep.errorf("SG009", g, "generate %s; want true or false", quote(g.Text))
		}
		c.Generate = c.Generate || g != nil && g.Bool()
	}
	if p.rep.list.Err() == nil {
		// Its rules judge CloudTrail, so a step that is for such rules is for it, too.
		r.source = cloudTrail
		p.pipelines(&detection{})
		r.source = LogSource{}
	}
}

// correlationKeys warns of keys that no version of the specification has.
func (p *parser) correlationKeys(n *yamldoc.Node) {
	for _, k := range n.Keys {
		if slices.Contains(correlationKeys, k.Text) {
			continue
		}
		p.warn.add(diagnostic.Diagnostic{
			Code: "SGW11", Severity: diagnostic.Warning,
			Message: fmt.Sprintf("%s is not known in a correlation", quote(k.Text)),
			Why:     "It has no effect; the key may be misspelt.",
			Fix:     nearest.Of(k.Text, correlationKeys),
		}, k)
	}
}

// names are a text or a list of texts, which change what the rule means: other
// things are errors.
func (p *parser) names(n *yamldoc.Node, key string) []string {
	v := n.Get(key)
	if v == nil {
		return nil
	}
	bad := v.Kind == yamldoc.Map
	for _, x := range v.Values {
		bad = bad || x.Kind == yamldoc.Map || x.Kind == yamldoc.List || x.Kind == yamldoc.Null
	}
	if bad {
		p.rep.errorf("SG009", v, "%s must be a name or a list of names", key)
		return nil
	}
	return p.texts(n, key)
}

func (p *parser) correlationType(n *yamldoc.Node) string {
	s := p.text(n, "type")
	switch {
	case s == "":
		p.missing(n, "type", "want one of "+strings.Join(correlationTypes, ", "))
	case !slices.Contains(correlationTypes, s):
		p.rep.errorf("SG009", n.Get("type"), "correlation type %s is not known; want one of %s", quote(s), strings.Join(correlationTypes, ", "))
	}
	return s
}

// timespan reads a duration such as 30s, 5m, 2h, 1d; M is a month of 30.44
// days, y a year of 365.25.
func (p *parser) timespan(n *yamldoc.Node, key string) time.Duration {
	s := p.text(n, key)
	if s == "" {
		p.missing(n, key, "want a number and a unit, such as 5m")
		return 0
	}
	d, ok := parseTimespan(s)
	if !ok {
		p.rep.errorf("SG009", n.Get(key), "%s %s is no duration; want a number and one of s, m, h, d, w, M, y, such as 5m", key, quote(s))
	}
	return d
}

func parseTimespan(s string) (time.Duration, bool) {
	const day = 24 * time.Hour
	units := map[byte]time.Duration{
		's': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': day, 'w': 7 * day,
		'M': 3044 * day / 100, 'y': 36525 * day / 100,
	}
	const mostDigits = 6
	digits := strings.TrimRight(s, "smhdwMy")
	if len(digits) != len(s)-1 || len(digits) > mostDigits {
		return 0, false
	}
	n := 0
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	unit := units[s[len(s)-1]]
	const longest = 36525 * day // a century
	if n == 0 || time.Duration(n) > longest/unit {
		return 0, false
	}
	return time.Duration(n) * unit, true
}

// aliases are looked at again by Link: a rule may be called by its name here and
// by its id among the rules.
func (p *parser) aliases(n *yamldoc.Node) map[string]map[string]string {
	if n == nil || n.Kind == yamldoc.Null {
		return nil
	}
	if n.Kind != yamldoc.Map {
		p.rep.errorf("SG009", n, "aliases must map each alias to rule: field, not a %s", n.Kind)
		return nil
	}
	out := map[string]map[string]string{}
	for i, k := range n.Keys {
		fields := map[string]string{}
		if n.Values[i].Kind != yamldoc.Map {
			p.rep.errorf("SG009", n.Values[i], "alias %s must map rule names to fields", quote(k.Text))
			continue
		}
		for j, rule := range n.Values[i].Keys {
			fields[rule.Text] = n.Values[i].Values[j].Text
		}
		out[k.Text] = fields
	}
	return out
}

func (c *CorrelationSpec) temporal() bool { return strings.HasPrefix(c.Type, "temporal") }

func (p *parser) correlationCondition(n *yamldoc.Node, c *CorrelationSpec) {
	v := n.Get("condition")
	switch {
	case v == nil || v.Kind == yamldoc.Null:
		if !c.temporal() {
			p.missing(n, "condition", "want a comparison such as gte: 10")
		}
	case v.Kind == yamldoc.Map:
		p.bounds(v, c)
	case v.Kind == yamldoc.List || !c.temporal():
		p.rep.errorf("SG009", v, "the condition of a %s correlation must be a mapping such as gte: 10", c.Type)
	default:
		p.extendedCondition(v, c)
	}
}

func (p *parser) bounds(v *yamldoc.Node, c *CorrelationSpec) {
	for i, k := range v.Keys {
		x := v.Values[i]
		switch {
		case slices.Contains(operators, k.Text):
			p.bound(k.Text, x, c)
		case k.Text == "field":
			c.Fields = p.names(v, "field")
		case k.Text == "percentile":
			d, ok := yamlNumber(x.Text)
			if c.Percentile = int(d.Value); !ok || d.Value < 0 || d.Value > 100 || float64(c.Percentile) != d.Value {
				p.rep.errorf("SG009", x, "percentile %s; want a whole number from 0 to 100", quote(x.Text))
			}
		default:
			p.rep.errorf("SG009", k, "%s is not known in a correlation's condition; want %s, field or percentile", quote(k.Text), strings.Join(operators, ", "))
		}
	}
	const mostBounds = 2 // a range
	if len(c.Bounds) == 0 || len(c.Bounds) > mostBounds {
		p.rep.errorf("SG009", v, "the condition has %d comparisons; want one, or two for a range", len(c.Bounds))
	}
	if strings.HasPrefix(c.Type, "value_") && len(c.Fields) == 0 {
		p.rep.errorf("SG009", v, "a %s correlation needs a field in its condition", c.Type)
	}
	if len(c.Fields) > 1 && c.Type != "value_count" {
		p.rep.errorf("SG009", v.Get("field"), "a %s correlation has one field; only value_count counts several together", c.Type)
	}
	if c.Type == ordered && !c.wantsAll() {
		p.rep.errorf("SG009", v, "a temporal_ordered correlation needs all of its %d rules in order; want no condition, or temporal for some of them in any order", len(c.Rules))
	}
	if c.Type == "value_percentile" && v.Get("percentile") == nil {
		p.rep.errorf("SG009", v, "a value_percentile correlation needs a percentile in its condition, such as percentile: 95")
	}
}

const ordered = "temporal_ordered"

// wantsAll tells whether the bounds ask for all rules and not for fewer.
func (c *CorrelationSpec) wantsAll() bool {
	s := memory.Spec{Bounds: c.bounds()}
	return s.Within(float64(len(c.Rules))) && !s.Within(float64(len(c.Rules)-1))
}

func (p *parser) bound(op string, x *yamldoc.Node, c *CorrelationSpec) {
	d, ok := yamlNumber(x.Text)
	if !ok || x.Kind != yamldoc.Number && x.Kind != yamldoc.String {
		p.rep.errorf("SG009", x, "%s %s; want a number", op, quote(x.Text))
		return
	}
	b := Bound{Number: d, Not: op == "neq"}
	switch op {
	case "gt":
		b.Op = detect.NumGreater
	case "gte":
		b.Op = detect.NumGreaterEqual
	case "lt":
		b.Op = detect.NumLess
	case "lte":
		b.Op = detect.NumLessEqual
	}
	c.Bounds = append(c.Bounds, b)
}

// extendedCondition checks a boolean expression over rule names: every rule of
// the correlation must be in it, and no other.
func (p *parser) extendedCondition(v *yamldoc.Node, c *CorrelationSpec) {
	x, aggregation, err := parseCondition(v.Text)
	if err == nil && aggregation != "" {
		err = fmt.Errorf("unexpected \"|\"")
	}
	if err != nil {
		p.rep.errorf("SG009", v, "condition %s: %v", quote(v.Text), err)
		return
	}
	c.Expression = v.Text
	names := map[string]bool{}
	plain := ruleNames(x, names)
	switch {
	case !plain:
		p.rep.errorf("SG009", v, "condition %s: want rule names, and, or, not and parentheses only", quote(v.Text))
		return
	case c.Type == ordered && !joins(x):
		p.rep.errorf("SG009", v, "condition %s: a temporal_ordered correlation needs all of its rules in order; want and between them, or the type temporal", quote(v.Text))
		return
	}
	for name := range names {
		if !slices.Contains(c.Rules, name) {
			p.rep.errorf("SG008", v, "condition %s names rule %s, which the correlation is not over", quote(v.Text), quote(name))
		}
	}
	for _, name := range c.Rules {
		if !names[name] {
			p.rep.errorf("SG009", v, "condition %s leaves out rule %s", quote(v.Text), quote(name))
		}
	}
}

// joins tells whether x is names with and between them.
func joins(x expr) bool {
	switch x := x.(type) {
	case *nameExpr:
		return true
	case *joinExpr:
		return !x.or && !slices.ContainsFunc(x.xs, func(y expr) bool { return !joins(y) })
	}
	return false
}

// ruleNames gathers the names in x; it is false when x holds a quantifier.
func ruleNames(x expr, into map[string]bool) bool {
	switch x := x.(type) {
	case *nameExpr:
		into[x.name] = true
		return true
	case *notExpr:
		return ruleNames(x.x, into)
	case *joinExpr:
		for _, y := range x.xs {
			if !ruleNames(y, into) {
				return false
			}
		}
		return true
	}
	return false
}
