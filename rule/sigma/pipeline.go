package sigma

import (
	"slices"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// Pipeline is a Sigma processing pipeline: it fits rules to the field names
// and log sources of an organisation before they are compiled. It is immutable
// and may serve many rules.
type Pipeline struct {
	Name     string
	Priority int // lower is applied first
	vars     map[string][]string
	steps    []*step
}

// step is one transformation and the conditions under which it is applied.
type step struct {
	id             string
	transformation transformation
	rule           conditionSet[func(*run) bool]
	item           conditionSet[func(*run, *item) bool]
	field          conditionSet[fieldCondition]
}

// fieldCondition judges a field name: an item's, or one that stands by itself
// (a reference, what a correlation groups by), and then it is nil.
type fieldCondition func(r *run, field string, it *item) bool

// transformation changes the rule of a run.
type transformation func(s *step, r *run)

// run is one rule on its way through the pipelines.
type run struct {
	p       *parser
	d       *detection
	vars    map[string][]string
	state   map[string]string
	applied []string
	renamed map[string][]string // field name: ids of the steps that it has from
}

// ParsePipeline reads one processing pipeline. Query post-processing and
// finalizers have no meaning for an engine and are ignored; a transformation
// that is not supported is an error that names it (SG012).
func ParsePipeline(text []byte, file string) (*Pipeline, diagnostic.List) {
	pp := &pipelineParser{rep: reporter{file: file}}
	docs, err := yamldoc.Parse(text)
	switch {
	case err != nil:
		pp.rep.errorf("SG001", chunk{text, 1}.errorPlace(err), "%s", yamlMessage(err))
	case len(docs) != 1 || docs[0].Kind != yamldoc.Map:
		pp.rep.errorf("SG012", nil, "a processing pipeline must be one mapping with name, priority and transformations")
	default:
		pp.pipeline(docs[0])
	}
	if pp.rep.list.Err() != nil {
		return nil, pp.rep.list
	}
	return pp.out, pp.rep.list
}

type pipelineParser struct {
	rep reporter
	out *Pipeline
}

func (pp *pipelineParser) errorf(at *yamldoc.Node, format string, args ...any) {
	pp.rep.errorf("SG012", at, format, args...)
}

func (pp *pipelineParser) pipeline(n *yamldoc.Node) {
	pp.out = &Pipeline{Name: pp.text(n, "name"), vars: map[string][]string{}}
	pp.rep.rule = pp.out.Name
	if v := n.Get("priority"); v != nil {
		var err error
		if pp.out.Priority, err = strconv.Atoi(v.Text); err != nil {
			pp.errorf(v, "priority %s; want a whole number", quote(v.Text))
		}
	}
	if v := n.Get("vars"); v != nil && v.Kind == yamldoc.Map {
		for i, k := range v.Keys {
			pp.out.vars[k.Text] = pp.textList(v.Values[i])
		}
	}
	t := n.Get("transformations")
	if t == nil || t.Kind == yamldoc.Null {
		return
	}
	if t.Kind != yamldoc.List {
		pp.errorf(t, "transformations must be a list, not a %s", t.Kind)
		return
	}
	for _, v := range t.Values {
		if v.Kind != yamldoc.Map {
			pp.errorf(v, "a transformation must be a mapping with a type, not a %s", v.Kind)
			continue
		}
		pp.out.steps = append(pp.out.steps, pp.step(v))
	}
}

func (pp *pipelineParser) step(n *yamldoc.Node) *step {
	s := &step{id: pp.text(n, "id")}
	s.transformation = pp.transformation(n)
	s.rule = conditionsOf(pp, n, "rule", pp.ruleCondition)
	s.item = conditionsOf(pp, n, "detection_item", pp.itemCondition)
	s.field = conditionsOf(pp, n, "field_name", pp.fieldCondition)
	return s
}

func (pp *pipelineParser) text(n *yamldoc.Node, key string) string {
	v := n.Get(key)
	if v == nil {
		return ""
	}
	if v.Kind == yamldoc.Map || v.Kind == yamldoc.List {
		pp.errorf(v, "%s must be text, not a %s", key, v.Kind)
		return ""
	}
	return v.Text
}

// required is the text at key, which must be there.
func (pp *pipelineParser) required(n *yamldoc.Node, key string) string {
	if n.Get(key) == nil {
		pp.errorf(n, "%q is missing", key)
	}
	return pp.text(n, key)
}

// textList reads a text or a list of texts.
func (pp *pipelineParser) textList(n *yamldoc.Node) []string {
	if n == nil {
		return nil
	}
	if n.Kind != yamldoc.List {
		n = &yamldoc.Node{Kind: yamldoc.List, Values: []*yamldoc.Node{n}}
	}
	var out []string
	for _, v := range n.Values {
		if v.Kind == yamldoc.Map || v.Kind == yamldoc.List || v.Kind == yamldoc.Null {
			pp.errorf(v, "want text or a list of texts, not a %s", v.Kind)
			continue
		}
		out = append(out, v.Text)
	}
	return out
}

// pipelines takes the rule through Options.Pipelines.
func (p *parser) pipelines(d *detection) {
	r := &run{p: p, d: d, vars: map[string][]string{}, state: map[string]string{}, renamed: map[string][]string{}}
	ordered := slices.Clone(p.opts.Pipelines)
	slices.SortStableFunc(ordered, func(a, b *Pipeline) int { return a.Priority - b.Priority })
	for _, pl := range ordered {
		for name, values := range pl.vars {
			r.vars[name] = values
		}
	}
	for _, pl := range ordered {
		for _, s := range pl.steps {
			if s.rule.match(func(c func(*run) bool) bool { return c(r) }) {
				s.transformation(s, r)
				r.note(s)
			}
		}
	}
}

func (r *run) note(s *step) {
	if s.id != "" {
		r.applied = append(r.applied, s.id)
	}
}

// takes tells whether the step is for this item: for its field, or for one that
// its values refer to.
func (s *step) takes(r *run, it *item) bool {
	return s.item.match(func(c func(*run, *item) bool) bool { return c(r, it) }) &&
		s.field.match(func(c fieldCondition) bool {
			return c(r, it.field, it) || it.someValue(func(v value) bool { return v.kind == fieldValue && c(r, v.field, nil) })
		})
}

func (s *step) takesField(r *run, field string, it *item) bool {
	return s.field.match(func(c fieldCondition) bool { return c(r, field, it) })
}

// eachTaken replaces every item that the step is for: by the part that change
// gives, or by nothing. The step was applied to the items that change did not
// give back as they were.
func (s *step) eachTaken(r *run, change func(*item) part) {
	for _, name := range r.d.names {
		s.rewrite(r, r.d.groups[name], change)
	}
	for _, a := range r.d.added {
		s.rewrite(r, a.group, change)
	}
}

func (s *step) rewrite(r *run, g *group, change func(*item) part) {
	kept := g.parts[:0:0]
	for _, x := range g.parts {
		switch x := x.(type) {
		case *group:
			s.rewrite(r, x, change)
			kept = append(kept, x)
		case *item:
			if !s.takes(r, x) {
				kept = append(kept, x)
				continue
			}
			y := change(x)
			if y == nil {
				continue
			}
			if y != part(x) {
				s.mark(y)
			}
			kept = append(kept, y)
		}
	}
	g.parts = kept
}

// mark notes on an item, or on each of a group's, that the step was applied.
func (s *step) mark(x part) {
	if s.id == "" {
		return
	}
	switch x := x.(type) {
	case *item:
		x.applied = append(slices.Clip(x.applied), s.id)
	case *group:
		for _, y := range x.parts {
			s.mark(y)
		}
	}
}

// conditionSet is a list of conditions joined by and, or, or an expression.
type conditionSet[C any] struct {
	list   []C
	names  map[string]C
	or     bool
	negate bool
	expr   expr
}

func (c conditionSet[C]) match(holds func(C) bool) bool {
	if len(c.list) == 0 {
		return true
	}
	var result bool
	switch {
	case c.expr != nil:
		result = c.evaluate(c.expr, holds)
	case c.or:
		result = slices.ContainsFunc(c.list, holds)
	default:
		result = !slices.ContainsFunc(c.list, func(x C) bool { return !holds(x) })
	}
	return result != c.negate
}

func (c conditionSet[C]) evaluate(x expr, holds func(C) bool) bool {
	switch x := x.(type) {
	case *nameExpr:
		return holds(c.names[x.name])
	case *notExpr:
		return !c.evaluate(x.x, holds)
	case *joinExpr:
		for _, y := range x.xs {
			if c.evaluate(y, holds) == x.or {
				return x.or
			}
		}
		return !x.or
	}
	return false
}

// conditionsOf reads PREFIX_conditions, PREFIX_cond_op, _not and _expr.
func conditionsOf[C any](pp *pipelineParser, n *yamldoc.Node, prefix string, read func(*yamldoc.Node) C) conditionSet[C] {
	c := conditionSet[C]{names: map[string]C{}}
	c.or = strings.EqualFold(pp.text(n, prefix+"_cond_op"), "or")
	c.negate = n.Get(prefix+"_cond_not") != nil && n.Get(prefix+"_cond_not").Bool()
	list := n.Get(prefix + "_conditions")
	if list == nil || list.Kind == yamldoc.Null {
		return c
	}
	if list.Kind != yamldoc.List && list.Kind != yamldoc.Map {
		pp.errorf(list, "%s_conditions must be a list or a mapping, not a %s", prefix, list.Kind)
		return c
	}
	for i, v := range list.Values {
		if v.Kind != yamldoc.Map {
			pp.errorf(v, "a condition must be a mapping with a type, not a %s", v.Kind)
			continue
		}
		x := read(v)
		c.list = append(c.list, x)
		if list.Kind == yamldoc.Map {
			c.names[list.Keys[i].Text] = x
		}
	}
	if e := n.Get(prefix + "_cond_expr"); e != nil {
		c.expr = pp.expression(e, func(name string) bool { _, ok := c.names[name]; return ok })
	}
	return c
}

// expression reads a boolean expression over names that are known.
func (pp *pipelineParser) expression(e *yamldoc.Node, known func(string) bool) expr {
	x, aggregation, err := parseCondition(e.Text)
	names := map[string]bool{}
	switch {
	case err != nil:
		pp.errorf(e, "expression %s: %v", quote(e.Text), err)
	case aggregation != "" || !ruleNames(x, names):
		pp.errorf(e, "expression %s: want condition names, and, or, not and parentheses only", quote(e.Text))
	}
	for name := range names {
		if !known(name) {
			pp.errorf(e, "expression %s: there is no condition %s", quote(e.Text), quote(name))
		}
	}
	return x
}
