package sigma

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// compile applies pipelines and placeholders and builds the predicate, or says
// why the rule stays inactive.
func (p *parser) compile(d *detection, conditions []parsedCondition) {
	p.pipelines(d)
	p.placeholders(d)
	p.collectFields(d)
	if p.rep.list.Err() != nil {
		return
	}
	b := newBuilder(d)
	nodes := make([]detect.Node, len(conditions))
	for i, c := range conditions {
		nodes[i] = b.condition(c.x)
	}
	own := join(true, nodes)
	for _, a := range d.added {
		n := groupNode(a.group)
		if n != nil && a.negated {
			n = detect.Not{X: n}
		}
		own = join(false, []detect.Node{n, own})
	}
	if len(p.unresolved) == 0 {
		p.rule.own = own
	}
	if own == nil {
		p.inactive("a processing pipeline left nothing of the rule's detection")
	}
	if r := p.rule; r.Kind == Event {
		p.inactive(r.source.inactive())
	}
}

// inactive keeps the first reason.
func (p *parser) inactive(reason string) {
	if p.rule.Inactive == "" {
		p.rule.Inactive = reason
	}
}

// placeholders puts the configured values in; a rule with one that has none is
// inactive.
func (p *parser) placeholders(d *detection) {
	d.eachItem(func(it *item) {
		it.replacePlaceholders(func(name string) ([]string, bool) {
			values, ok := p.opts.Placeholders[name]
			return values, ok
		}, false)
		p.checkExpansion(it)
	})
	if len(p.unresolved) == 0 {
		return
	}
	names := strings.Join(p.unresolved, "%, %")
	p.inactive(fmt.Sprintf("no values are configured for placeholder %%%s%%", names))
	p.rep.add(diagnostic.Diagnostic{
		Code: "SG007", Severity: diagnostic.Warning,
		Message: fmt.Sprintf("no values are configured for placeholder %%%s%%", names),
		Why:     "The rule judges nothing until they are: give the placeholder its values in the configuration.",
	}, p.unresolvedAt)
}

// checkExpansion notes placeholders that are left and regular expressions that
// are complete only now.
func (p *parser) checkExpansion(it *item) {
	if it.overflow {
		p.rep.errorf("SG007", it.at, "%s: its placeholders make more than %d values", quote(it.key), maxExpansion)
	}
	for _, alternatives := range it.values {
		for _, v := range alternatives {
			for _, x := range v.pieces {
				if x.kind == placeholder && !slices.Contains(p.unresolved, x.text) {
					p.unresolved = append(p.unresolved, x.text)
					if p.unresolvedAt == nil {
						p.unresolvedAt = it.at
					}
				}
			}
			if v.kind == regexpValue && it.expanded && !v.hasPlaceholder() {
				p.checkRegexp(it, v)
			}
		}
	}
}

func (p *parser) collectFields(d *detection) {
	d.eachItem(func(it *item) {
		if !it.keyword() {
			p.rule.fields = append(p.rule.fields, usedField{it.field, it.at})
		}
		for _, alternatives := range it.values {
			for _, v := range alternatives {
				if v.kind == fieldValue {
					p.rule.fields = append(p.rule.fields, usedField{v.field, it.at})
				}
			}
		}
	})
}

// eachItem visits the detection's items in the order written.
func (d *detection) eachItem(visit func(*item)) {
	for _, name := range d.names {
		eachItem(d.groups[name], visit)
	}
	for _, a := range d.added {
		eachItem(a.group, visit)
	}
}

func eachItem(g *group, visit func(*item)) {
	for _, part := range g.parts {
		switch part := part.(type) {
		case *item:
			visit(part)
		case *group:
			eachItem(part, visit)
		}
	}
}
