package sigma

import (
	"errors"
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// parsedCondition is one member of the condition list.
type parsedCondition struct {
	x           expr
	aggregation string // legacy, what follows "|"
	at          *yamldoc.Node
}

// conditions parses the detection's conditions and holds the names in them
// against its search identifiers.
func (p *parser) conditions(d *detection) []parsedCondition {
	var out []parsedCondition
	used := map[string]bool{}
	references := 0
	for _, n := range d.conditions {
		x, aggregation, err := parseCondition(n.Text)
		if err != nil {
			p.conditionError(n, err)
			continue
		}
		p.resolve(x, d, n, used, &references)
		out = append(out, parsedCondition{x, strings.TrimSpace(aggregation), n})
	}
	if len(p.rep.list) == 0 {
		p.lintUnused(d, used)
	}
	return out
}

func (p *parser) conditionError(n *yamldoc.Node, err error) {
	at := *n
	var s *syntaxError
	if errors.As(err, &s) && n.Plain && !strings.Contains(n.Text, "\n") {
		at.Column += s.at
	}
	p.rep.errorf("SG004", &at, "condition %s: %v", quote(n.Text), err)
}

func (p *parser) resolve(x expr, d *detection, at *yamldoc.Node, used map[string]bool, references *int) {
	switch x := x.(type) {
	case *nameExpr:
		*references++
		used[x.name] = true
		if d.groups[x.name] == nil {
			p.rep.errorf("SG005", at, "condition %s: there is no search identifier %s; there are %s", quote(at.Text), quote(x.name), strings.Join(d.names, ", "))
		}
	case *ofExpr:
		n := 0
		for _, name := range d.names {
			if x.matches(name) {
				used[name] = true
				n++
			}
		}
		if n == 0 {
			p.rep.errorf("SG005", at, "condition %s: pattern %s picks no search identifier; there are %s", quote(at.Text), quote(x.spelling()), strings.Join(d.names, ", "))
		}
		*references += n
	case *notExpr:
		p.resolve(x.x, d, at, used, references)
	case *joinExpr:
		for _, y := range x.xs {
			if *references > maxReferences {
				p.rep.errorf("SG004", at, "the condition refers to search identifiers more than %d times", maxReferences)
				return
			}
			p.resolve(y, d, at, used, references)
		}
	}
}

func (x *ofExpr) spelling() string {
	if x.pattern == "" {
		return "them"
	}
	return x.pattern
}

func (p *parser) lintUnused(d *detection, used map[string]bool) {
	for _, name := range d.names {
		if used[name] {
			continue
		}
		p.warn.add(diagnostic.Diagnostic{
			Code: "SGW3", Severity: diagnostic.Warning,
			Message: fmt.Sprintf("search identifier %s is not used by the condition", quote(name)),
			Why:     "What it says has no effect on what the rule matches.",
		}, d.at[name])
	}
}
