package sigma

import (
	"slices"

	"github.com/trailwarden/trailwarden/internal/yamldoc"
)

// group is a part of a search identifier: items or groups joined by "and" (a
// mapping) or "or" (a list).
type group struct {
	parts []part
	or    bool
}

// part is an *item or a *group.
type part interface{ isPart() }

func (*item) isPart()  {}
func (*group) isPart() {}

// detection is the detection section of a rule or the filter section of a
// filter: named search identifiers and what the condition makes of them.
type detection struct {
	names      []string // in the order written
	groups     map[string]*group
	at         map[string]*yamldoc.Node
	conditions []*yamldoc.Node
	added      []addedCondition // by pipelines, the last outermost
}

// eventRule reads a detection rule.
func (p *parser) eventRule(doc *yamldoc.Node) {
	r := p.rule
	p.metadata(doc)
	r.LogSource = p.logSource(doc)
	r.source = r.LogSource
	n := doc.Get("detection")
	switch {
	case n == nil || n.Kind == yamldoc.Null:
		p.missing(doc, "detection", "it holds the search identifiers and the condition")
		return
	case n.Kind != yamldoc.Map:
		p.rep.errorf("SG001", n, "detection must be a mapping of search identifiers and a condition, not a %s", n.Kind)
		return
	}
	d := p.detection(n, "timeframe")
	exprs := p.conditions(d)
	if p.rep.list.Err() != nil {
		return
	}
	p.aggregation(exprs, n.Get("timeframe"), doc.Get("timeframe"))
	p.compile(d, exprs)
}

// detection reads the search identifiers; keys in skip are none.
func (p *parser) detection(n *yamldoc.Node, skip ...string) *detection {
	d := &detection{groups: map[string]*group{}, at: map[string]*yamldoc.Node{}}
	for i, k := range n.Keys {
		v := n.Values[i]
		switch {
		case k.Text == "condition":
			d.conditions = p.conditionNodes(v)
			continue
		case slices.Contains(skip, k.Text):
			continue
		}
		d.names = append(d.names, k.Text)
		d.at[k.Text] = k
		d.groups[k.Text] = p.identifier(k, v)
	}
	if len(d.names) == 0 {
		p.rep.errorf("SG002", n, "there is no search identifier; expected one or more beside the condition, such as selection")
	}
	if n.Get("condition") == nil {
		p.rep.errorf("SG002", n, "\"condition\" is missing; with one search identifier it is just its name")
	}
	return d
}

// identifier reads one search identifier: a mapping, a list or a keyword.
func (p *parser) identifier(k, v *yamldoc.Node) *group {
	if v.Kind == yamldoc.Null || v.Kind == yamldoc.Map && len(v.Keys) == 0 || v.Kind == yamldoc.List && len(v.Values) == 0 {
		p.rep.errorf("SG002", k, "search identifier %s is empty; expected field: value, a list of such mappings, or keywords", quote(k.Text))
		return &group{}
	}
	return p.group(v)
}

func (p *parser) group(v *yamldoc.Node) *group {
	switch v.Kind {
	case yamldoc.Map:
		return p.mapping(v)
	case yamldoc.List:
		return p.list(v)
	}
	return &group{parts: p.keywords([]*yamldoc.Node{v}, v)}
}

func (p *parser) mapping(v *yamldoc.Node) *group {
	g := &group{}
	for i, k := range v.Keys {
		if it := p.newItem(k, v.Values[i]); it != nil {
			g.parts = append(g.parts, it)
		}
	}
	if len(v.Keys) == 0 {
		p.rep.errorf("SG002", v, "empty mapping; expected field: value")
	}
	return g
}

// list is any of its members; the scalars among them are keywords.
func (p *parser) list(v *yamldoc.Node) *group {
	g := &group{or: true}
	var words []*yamldoc.Node
	for _, x := range v.Values {
		switch {
		case x.Kind == yamldoc.List && len(x.Values) == 0:
			p.rep.errorf("SG002", x, "empty list; expected mappings or keywords")
		case x.Kind == yamldoc.Map || x.Kind == yamldoc.List:
			g.parts = append(g.parts, p.group(x))
		default:
			words = append(words, x)
		}
	}
	if len(words) > 0 {
		g.parts = append(g.parts, p.keywords(words, v)...)
	}
	return g
}

func (p *parser) keywords(words []*yamldoc.Node, at *yamldoc.Node) []part {
	it := &item{at: at}
	for _, w := range words {
		if w.Kind == yamldoc.Null {
			p.rep.errorf("SG002", w, "null among keywords; a keyword is text to search for in the whole event, and null needs a field")
			return nil
		}
		it.values = append(it.values, []value{newValue(w, false, false)})
	}
	return []part{it}
}

// addedCondition is a detection that a pipeline joins to the condition by "and".
type addedCondition struct {
	group   *group
	negated bool
}
