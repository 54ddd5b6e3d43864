package sigma

import (
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// filterSpec says which rules a filter narrows; its condition is the filter
// rule's own predicate.
type filterSpec struct {
	any   bool     // every rule for a covered log source
	rules []string // ids or names
	at    *yamldoc.Node
}

// filterRule reads a filter. Its search identifiers live in a namespace of
// their own, as a filter is compiled by itself and only then joined to rules.
func (p *parser) filterRule(doc *yamldoc.Node) {
	r := p.rule
	r.Kind = Filter
	p.metadata(doc)
	r.LogSource = p.logSource(doc)
	r.source = r.LogSource
	r.Inactive = "a filter judges nothing by itself; it narrows other rules"
	n := doc.Get("filter")
	if n.Kind != yamldoc.Map {
		p.rep.errorf("SG001", n, "filter must be a mapping of rules, search identifiers and a condition, not a %s", n.Kind)
		return
	}
	r.filter = p.filterRules(n)
	d := p.detection(n, "rules")
	if c := n.Get("condition"); c != nil && c.Kind == yamldoc.List {
		p.rep.errorf("SG004", c, "a filter has one condition, a text, not a list")
	}
	conditions := p.conditions(d)
	if p.rep.list.Err() != nil {
		return
	}
	if conditions[0].aggregation != "" {
		p.rep.errorf("SG011", conditions[0].at, "a filter cannot aggregate: %q", "| "+conditions[0].aggregation)
		return
	}
	p.lintSense(conditions[0])
	p.compile(d, conditions)
}

func (p *parser) filterRules(n *yamldoc.Node) *filterSpec {
	rules := n.Get("rules")
	if rules == nil || rules.Kind == yamldoc.Null || rules.Kind == yamldoc.Map {
		at := n
		if rules != nil {
			at = rules
		}
		p.rep.errorf("SG010", at, "the filter does not say which rules it is for; give \"rules\" a list of ids or names, or \"any\"")
		return nil
	}
	f := &filterSpec{at: rules}
	switch {
	case rules.Kind != yamldoc.List && strings.EqualFold(rules.Text, "any"), rules.Kind == yamldoc.List && len(rules.Values) == 0:
		f.any = true
	case rules.Kind != yamldoc.List:
		f.rules = []string{rules.Text}
	default:
		for _, v := range rules.Values {
			if v.Kind == yamldoc.Map || v.Kind == yamldoc.List || v.Text == "" {
				p.rep.errorf("SG010", v, "the rules of a filter are ids or names, not a %s", v.Kind)
				return nil
			}
			f.rules = append(f.rules, v.Text)
		}
	}
	return f
}

// lintSense warns of a filter that would keep just what it means to leave out.
func (p *parser) lintSense(c parsedCondition) {
	if negates(c.x) {
		return
	}
	p.warn.add(diagnostic.Diagnostic{
		Code: "SGW7", Severity: diagnostic.Warning,
		Message: "the filter's condition has no \"not\"",
		Why:     "A filter's condition is joined to the rule's by \"and\": without \"not\" the rule matches only what the filter describes.",
		Fix:     "condition: not (" + c.at.Text + ")",
	}, c.at)
}

func negates(x expr) bool {
	switch x := x.(type) {
	case *notExpr:
		return true
	case *joinExpr:
		return slices.ContainsFunc(x.xs, negates)
	}
	return false
}

// appliesTo tells whether f narrows r.
func (f *Rule) appliesTo(r *Rule) bool {
	return r.Kind == Event && f.LogSource.covers(r.LogSource) && (f.filter.any || slices.ContainsFunc(f.filter.rules, r.isCalled))
}

// isCalled tells whether a filter or correlation means r by ref.
func (r *Rule) isCalled(ref string) bool {
	return ref != "" && (strings.EqualFold(ref, r.ID) || ref == r.Name)
}

// filterWith joins the filters' conditions to the rule's.
func (r *Rule) filterWith(filters []*Rule) {
	nodes := []detect.Node{r.own}
	for _, f := range filters {
		if f.appliesTo(r) {
			nodes = append(nodes, f.own)
		}
	}
	r.filtered = join(false, nodes)
}
