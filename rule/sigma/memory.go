package sigma

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/detect/memory"
)

// Remembers tells whether the rule counts or orders events: a correlation, or a
// rule whose condition ends in count().
func (r *Rule) Remembers() bool { return r.Correlation != nil }

// Over are, after Link, the rules that the correlation is over, in the order of
// Correlation.Rules.
func (r *Rule) Over() []*Rule { return r.over }

// Memory is the correlation for package memory: one input for each rule that it
// is over, those that are correlations themselves without a Node. It is nil when
// the rule is none, or is not active; Link must have been called.
func (r *Rule) Memory() *memory.Spec {
	c := r.Correlation
	if c == nil || r.Inactive != "" {
		return nil
	}
	s := &memory.Spec{Rule: r.name(), By: c.GroupBy, Over: c.Fields, Window: c.Timespan, Percentile: float64(c.Percentile)}
	s.Bounds = c.bounds()
	r.kind(s)
	if r.Kind == Event { // count() over itself
		s.Inputs = []memory.Input{c.input(r, "")}
		return s
	}
	for i, target := range r.over {
		s.Inputs = append(s.Inputs, c.input(target, c.Rules[i]))
	}
	return s
}

func (c *CorrelationSpec) bounds() (all []memory.Bound) {
	for _, b := range c.Bounds {
		all = append(all, memory.Bound{Op: b.Op, Not: b.Not, Value: b.Number.Value})
	}
	return all
}

func (r *Rule) kind(s *memory.Spec) {
	c := r.Correlation
	switch c.Type {
	case "event_count":
		s.Kind = memory.Count
	case "value_count":
		s.Kind = memory.Distinct
	case "value_sum":
		s.Kind = memory.Sum
	case "value_avg":
		s.Kind = memory.Average
	case "value_percentile":
		s.Kind = memory.Percentile
	case "value_median":
		s.Kind, s.Percentile = memory.Percentile, 50
	case "value_min":
		s.Kind, s.Percentile = memory.Percentile, 0
	case "value_max":
		s.Kind, s.Percentile = memory.Percentile, 100
	case ordered:
		s.Kind = memory.Ordered
		for i := range c.Rules {
			s.Steps = append(s.Steps, i)
		}
	case "temporal":
		s.Kind = memory.Inputs
		if x := c.expression(); x != nil {
			s.Kind, s.Expr = memory.Expression, x
		} else if len(s.Bounds) == 0 {
			s.Bounds = memory.AtLeast(float64(len(c.Rules)))
		}
	}
}

// expression is the extended condition, nil when there is none.
func (c *CorrelationSpec) expression() *memory.Expr {
	if c.Expression == "" {
		return nil
	}
	x, _, err := parseCondition(c.Expression) // checked when the rule was read
	if err != nil {
		return nil
	}
	return c.expr(x)
}

func (c *CorrelationSpec) expr(x expr) *memory.Expr {
	switch x := x.(type) {
	case *nameExpr:
		return &memory.Expr{Op: 'i', Input: slices.Index(c.Rules, x.name)}
	case *notExpr:
		return &memory.Expr{Op: 'n', Parts: []*memory.Expr{c.expr(x.x)}}
	case *joinExpr:
		e := &memory.Expr{Op: 'a'}
		if x.or {
			e.Op = 'o'
		}
		for _, y := range x.xs {
			e.Parts = append(e.Parts, c.expr(y))
		}
		return e
	}
	return nil
}

// input is what the correlation takes of target, which it calls ref.
func (c *CorrelationSpec) input(target *Rule, ref string) memory.Input {
	in := memory.Input{Name: target.Title, From: -1}
	if in.Name == "" {
		in.Name = target.name()
	}
	if target.Kind == Event && (ref == "" || !target.Remembers()) {
		in.Node = target.node()
	}
	for _, g := range c.GroupBy {
		in.By = append(in.By, memory.FieldOf(c.field(g, ref)))
	}
	for _, f := range c.Fields {
		in.Value = append(in.Value, memory.FieldOf(c.field(f, ref)))
	}
	if len(c.Fields) > 0 {
		n := memory.FieldOf(c.field(c.Fields[0], ref))
		in.Number = &n
	}
	if c.Type != "value_count" {
		in.Value = nil
	}
	return in
}

// field is what the rule called ref has for a name that may be an alias.
func (c *CorrelationSpec) field(name, ref string) string {
	if f := c.Aliases[name][ref]; f != "" {
		return f
	}
	return name
}

// wake makes a correlation active when what it is over can fill its window.
func (r *Rule) wake() {
	var asleep []string
	for _, t := range r.over {
		if t.Inactive != "" {
			asleep = append(asleep, fmt.Sprintf("%s judges nothing: %s", quote(t.name()), t.Inactive))
		}
	}
	if len(asleep) > 0 && (r.Correlation.temporal() || len(asleep) == len(r.over)) {
		r.Inactive = "the correlation is over rules of which " + strings.Join(asleep, "; ")
	}
}
