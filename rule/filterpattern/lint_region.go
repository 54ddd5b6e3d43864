package filterpattern

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/rule/region"
)

// readVerbs start the names of calls that people take for reads.
var readVerbs = []string{"Get", "List", "Describe", "Assume", "BatchGet", "Batch", "Head", "Lookup", "Search", "Query", "Select", "Test", "Simulate", "View", "Check", "Filter", "Scan"}

// isPrefixRead tells $.eventName != Get* and the like.
func isPrefixRead(x expr) bool {
	c, ok := is(x, notEqual, "eventName")
	if !ok || c.val.kind != textOperand {
		return false
	}
	text, start, end := c.val.literal()
	if start || !end {
		return false
	}
	for _, v := range readVerbs {
		if strings.TrimSuffix(text, "-") == v {
			return true
		}
	}
	return false
}

const prefixWhy = "the prefix hides calls that matter (GetSecretValue, GetSessionToken, AssumeRole) and counts reads with other verbs (BatchGet, Head, Lookup, Search, Simulate); the record's own readOnly tells reads. Calls that hand out secrets are reads too: give them a filter of their own"

// prefixReads offers readOnly in place of name prefixes.
func (l *linter) prefixReads(root expr) {
	var found *comparison
	each(root, func(c *comparison) {
		if found == nil && isPrefixRead(c) {
			found = c
		}
	})
	if found == nil {
		return
	}
	l.warn(found.at, CodeReads, fmt.Sprintf("%s tells reads by the prefix of their name", found), prefixWhy, printJSON(withReadOnly(root)))
}

// withReadOnly replaces the prefix tests among conditions joined by && by one
// test of readOnly.
func withReadOnly(x expr) expr {
	switch x := x.(type) {
	case *or:
		out := &or{parens: x.parens}
		for _, y := range x.x {
			out.x = append(out.x, withReadOnly(y))
		}
		return out
	case *and:
		var out []expr
		replaced := false
		for _, y := range conjuncts(x) {
			if !isPrefixRead(y) {
				out = append(out, withReadOnly(y))
				continue
			}
			if !replaced {
				out, replaced = append(out, notReadOnly()), true
			}
		}
		return joinAnd(out...)
	}
	if isPrefixRead(x) {
		return notReadOnly()
	}
	return x
}

func notReadOnly() expr {
	sel := selectorOf("readOnly")
	return &or{x: []expr{&comparison{sel: sel, op: notExists}, &comparison{sel: sel, op: notEqual, val: operand{text: "true"}}}, parens: true}
}

// guard is a filter that looks for unapproved regions: conditions joined by &&.
type guard struct {
	at       int
	approved []string // region terms
	prefixes *comparison
	readOnly bool
	failures bool   // errorCode is asked about
	others   []expr // what else it asks
}

// findGuard recognizes a filter for unapproved regions and gives it corrected:
// the region guard's own conditions, and whatever else the filter asked. It is
// nil for other filters.
func findGuard(x expr, faults *collector) expr {
	g := guard{at: -1}
	for _, y := range conjuncts(x) {
		g.conjunct(y)
	}
	if len(g.approved) == 0 {
		return nil
	}
	corrected := g.corrected()
	if corrected == nil {
		return nil
	}
	if g.prefixes != nil {
		faults.warn(g.prefixes.at, CodeReads, prefixWhy, "%s tells reads by the prefix of their name", g.prefixes)
	}
	if !g.knowsGlobal() && !g.regional() {
		faults.warn(g.at, CodeGlobal,
			"IAM, STS's global endpoint, Organizations, Route 53 and others record in us-east-1 or us-west-2 wherever the caller is, and console sign-ins in us-east-2, eu-north-1 or ap-southeast-2 too; the filter takes them for activity there",
			"the filter for regions other than %s knows no global services and no sign-in endpoints", join(g.approved))
	}
	if !g.failures {
		faults.found = append(faults.found, fault{diagnostic.Note, g.at, CodeFailures,
			"failed calls count like successful ones", "a denied attempt may be less urgent than a success; to leave failures out, add && $.errorCode NOT EXISTS"})
	}
	return corrected
}

func (g *guard) conjunct(y expr) {
	if c, ok := is(y, notEqual, "awsRegion"); ok && c.val.kind == textOperand && !strings.HasPrefix(c.val.text, "*") && c.val.text != "" {
		g.approved = append(g.approved, c.val.text)
		if g.at < 0 {
			g.at = c.at
		}
		return
	}
	switch {
	case isPrefixRead(y):
		if g.prefixes == nil {
			g.prefixes = y.(*comparison)
		}
	case asksReadOnly(y):
		g.readOnly = true
	default:
		each(y, func(c *comparison) { g.failures = g.failures || c.sel.String() == "$.errorCode" })
		g.others = append(g.others, y)
	}
}

// asksReadOnly tells the ways to write "no read".
func asksReadOnly(x expr) bool {
	asked := false
	for _, y := range alternatives(x) {
		c, ok := y.(*comparison)
		if !ok || c.sel.String() != "$.readOnly" {
			return false
		}
		switch {
		case c.op == isFalse, c.op == notEqual && c.val.text == "true", c.op == equal && c.val.text == "false":
			asked = true
		case c.op != notExists:
			return false
		}
	}
	return asked
}

// knowsGlobal tells whether the filter leaves some event sources out.
func (g *guard) knowsGlobal() bool {
	known := false
	for _, y := range g.others {
		each(y, func(c *comparison) { known = known || c.sel.String() == "$.eventSource" })
	}
	return known
}

// regional tells whether the filter asks by name for calls that only services
// with regions have.
func (g *guard) regional() bool {
	return slices.ContainsFunc(g.others, func(y expr) bool {
		return !slices.ContainsFunc(alternatives(y), func(z expr) bool {
			c, ok := is(z, equal, "eventName")
			return !ok || !exact(c.val) || !hasRegions(c.val.text)
		})
	})
}

// hasRegions tells whether some service has the API, and none without regions.
func hasRegions(api string) bool {
	cat := catalog.Default()
	known := false
	for s := range cat.Services() {
		if _, here := s.APIs[api]; !here {
			continue
		}
		global := slices.ContainsFunc(cat.GlobalServices(), func(g catalog.GlobalService) bool { return g.Source == s.Source })
		if global || s.Source == catalog.STSSource || s.Source == cat.SignIn().Source {
			return false
		}
		known = true
	}
	return known
}

// corrected is the region guard's filter for the same approved regions, joined
// with the guard's other conditions; nil when a region does not exist.
func (g *guard) corrected() expr {
	policy, err := region.New(g.approved...)
	if err != nil {
		return nil
	}
	if g.prefixes == nil && !g.readOnly {
		policy.Reads = region.Judge
	}
	if g.knowsGlobal() || g.regional() {
		policy.Global = region.Judge // it has exceptions of its own, or needs none
	}
	p, list := Parse(policy.FilterPattern().Text)
	if len(list) > 0 {
		return nil
	}
	return joinAnd(append([]expr{p.root}, g.others...)...)
}

// optional warns of != on fields that records may lack, unless the pattern asks
// for the field's presence or absence too.
func (l *linter) optional(root, corrected expr, rebuilt bool) {
	if l.cat == nil {
		return
	}
	seen := map[string]bool{}
	walkGuarded(root, nil, func(c *comparison) {
		path := c.sel.names()
		known, optional, _ := l.cat.Field(path)
		if path == "" || l.full() || !known || !optional && plain(c.sel) || seen[c.String()] {
			return
		}
		seen[c.String()] = true
		fix := printJSON(rewrite(corrected, func(x *comparison) expr {
			if x == c || rebuilt && x.String() == c.String() {
				return joinOr(&comparison{sel: c.sel, op: notExists}, c)
			}
			return x
		}))
		l.warn(c.at, CodeOptional, fmt.Sprintf("%s is false of records without %s, which is optional", c, c.sel),
			"!= does not match a missing field, so such records silently drop out; if they are wanted, say absent or different", fix)
	})
}

// walkGuarded visits each != whose field no expression around it asks the
// presence of.
func walkGuarded(x expr, asked []string, visit func(*comparison)) {
	switch x := x.(type) {
	case *and:
		asked = askedFor(conjuncts(x), asked, func(op operator) bool { return op != notEqual && op != notExists })
		for _, y := range x.x {
			walkGuarded(y, asked, visit)
		}
	case *or:
		asked = askedFor(alternatives(x), asked, func(op operator) bool { return op == notExists })
		for _, y := range x.x {
			walkGuarded(y, asked, visit)
		}
	case *comparison:
		if x.op != notEqual || x.val.kind == textOperand && x.val.any() {
			return
		}
		if !slices.Contains(asked, x.sel.String()) {
			visit(x)
		}
	}
}

func askedFor(parts []expr, asked []string, counts func(operator) bool) []string {
	out := asked[:len(asked):len(asked)]
	for _, y := range parts {
		if c, ok := y.(*comparison); ok && counts(c.op) {
			out = append(out, c.sel.String())
		}
	}
	return out
}
