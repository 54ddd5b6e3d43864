package filterpattern

import (
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/detect"
)

// tautologies turns a != x || a != y, which every value satisfies, into
// a != x && a != y.
func tautologies(x expr, faults *collector) expr {
	switch x := x.(type) {
	case *and:
		out := &and{parens: x.parens}
		for _, y := range x.x {
			out.x = append(out.x, tautologies(y, faults))
		}
		return out
	case *or:
		return tautology(x, faults)
	}
	return x
}

func tautology(x *or, faults *collector) expr {
	parts := alternatives(x)
	groups := map[string][]expr{}
	for i, y := range parts {
		c, ok := y.(*comparison)
		if !ok {
			parts[i] = tautologies(y, faults)
		} else if c.op == notEqual && !c.sel.wild() {
			groups[c.sel.String()] = append(groups[c.sel.String()], y)
		}
	}
	var out []expr
	done := map[string]bool{}
	for _, y := range parts {
		c, ok := y.(*comparison)
		if !ok || c.op != notEqual || len(groups[c.sel.String()]) < 2 {
			out = append(out, y)
			continue
		}
		key := c.sel.String()
		if !done[key] {
			done[key] = true
			out = append(out, mendGroup(key, groups[key], faults)...)
		}
	}
	if len(out) == 1 {
		return out[0]
	}
	return &or{out, x.parens}
}

// mendGroup joins alternatives of the form key != … by && if two of them exclude
// each other's operand.
func mendGroup(key string, group []expr, faults *collector) []expr {
	a, b := disjointPair(group)
	if a == nil {
		return group
	}
	named := ""
	if faults.renamed() {
		named = "with the right field names, "
	}
	faults.warn(a.at, CodeAlways,
		"no value equals both, so one of the two is always true and the OR excludes nothing",
		"%s%s || %s is true of every record that has %s; && is meant", named, a, b, key)
	return []expr{joinAnd(group...)}
}

// disjointPair finds two comparisons whose operands no value equals both of.
// Long lists are sampled: the first few against each other.
func disjointPair(group []expr) (a, b *comparison) {
	group = group[:min(len(group), 64)]
	for i, x := range group {
		for _, y := range group[i+1:] {
			a, b := x.(*comparison), y.(*comparison)
			if disjoint(a.val, b.val) {
				return a, b
			}
		}
	}
	return nil, nil
}

// disjoint tells for certain that no value equals both operands.
func disjoint(a, b operand) bool {
	if a.kind == regexOperand || b.kind == regexOperand || a.any() || b.any() {
		return false
	}
	if a.kind == numberOperand && b.kind == numberOperand {
		return !a.num.Relates(detect.NumEqual, b.num)
	}
	s, aStart, aEnd := a.literal()
	t, bStart, bEnd := b.literal()
	switch {
	case !aStart && !aEnd:
		return !fits(s, t, bStart, bEnd)
	case !bStart && !bEnd:
		return !fits(t, s, aStart, aEnd)
	case !aStart && !bStart:
		return !strings.HasPrefix(s, t) && !strings.HasPrefix(t, s)
	case !aEnd && !bEnd:
		return !strings.HasSuffix(s, t) && !strings.HasSuffix(t, s)
	}
	return false
}

func fits(text, pattern string, start, end bool) bool {
	switch {
	case start && end:
		return strings.Contains(text, pattern)
	case start:
		return strings.HasSuffix(text, pattern)
	case end:
		return strings.HasPrefix(text, pattern)
	}
	return text == pattern
}

// contradictions finds conditions joined by && that no record satisfies, and
// alternatives of which one always holds.
func (l *linter) contradictions(x expr) {
	switch x := x.(type) {
	case *and:
		l.clashes(conjuncts(x))
		for _, y := range x.x {
			l.contradictions(y)
		}
	case *or:
		l.covers(alternatives(x))
		for _, y := range x.x {
			l.contradictions(y)
		}
	case *comparison:
		if x.op == notEqual && x.val.kind == textOperand && x.val.any() {
			l.warn(x.at, CodeAlways, fmt.Sprintf("%s is never true: every value matches *", x),
				"a field that is missing satisfies no !=; ask for its absence with NOT EXISTS", l.replaced(x, &comparison{sel: x.sel, op: notExists}))
		}
	}
}

func (l *linter) clashes(parts []expr) {
	seen := map[string][]*comparison{}
	for _, y := range parts {
		b, ok := y.(*comparison)
		if !ok || b.sel.wild() {
			continue
		}
		key := b.sel.String()
		for _, a := range seen[key] {
			if !clash(a, b) {
				continue
			}
			fix := ""
			if a.op == equal && b.op == equal {
				fix = l.replaced(a, nil, b)
			}
			l.warn(a.at, CodeAlways, fmt.Sprintf("%s && %s is never true", a, b), "no record satisfies both, so the filter never matches", fix)
			return
		}
		if len(seen[key]) < 64 {
			seen[key] = append(seen[key], b)
		}
	}
}

// clash tells for certain that no value satisfies both comparisons of one field.
func clash(a, b *comparison) bool {
	switch {
	case a.op == equal && b.op == equal:
		return disjoint(a.val, b.val)
	case a.op == equal && b.op == notEqual, a.op == notEqual && b.op == equal:
		return same(a.val, b.val)
	case a.op == notExists || b.op == notExists:
		return a.op != b.op
	case a.op == isNull || b.op == isNull:
		return a.op != b.op
	}
	return a.op == isTrue && b.op == isFalse || a.op == isFalse && b.op == isTrue
}

func same(a, b operand) bool { return a.kind == b.kind && a.text == b.text }

// covers finds a = x || a != x, true of every record that has a.
func (l *linter) covers(parts []expr) {
	seen := map[string]*comparison{}
	for _, y := range parts {
		b, ok := y.(*comparison)
		if !ok || b.op != equal && b.op != notEqual {
			continue
		}
		key := b.sel.String() + " " + b.val.String()
		if a := seen[key]; a != nil && a.op != b.op {
			l.warn(a.at, CodeAlways, fmt.Sprintf("%s || %s is true of every record that has %s", a, b, a.sel), "the condition decides nothing", "")
			return
		}
		seen[key] = b
	}
}

// replaced is the pattern with comparison old replaced; with others, old and
// they are joined by || where old stood.
func (l *linter) replaced(old, by *comparison, others ...*comparison) string {
	return printJSON(prune(rewrite(l.pattern.root, func(c *comparison) expr {
		switch {
		case c == old && by != nil:
			return by
		case c == old:
			parts := []expr{old}
			for _, o := range others {
				parts = append(parts, o)
			}
			return joinOr(parts...)
		}
		for _, o := range others {
			if c == o {
				return nil
			}
		}
		return c
	})))
}

// prune drops the holes that a rewrite left.
func prune(x expr) expr {
	parts, isOr := []expr(nil), false
	switch x := x.(type) {
	case *and:
		parts = x.x
	case *or:
		parts, isOr = x.x, true
	default:
		return x
	}
	var out []expr
	for _, y := range parts {
		if y != nil {
			if y = prune(y); y != nil {
				out = append(out, y)
			}
		}
	}
	switch {
	case len(out) == 0:
		return nil
	case isOr:
		return joinOr(out...)
	}
	return joinAnd(out...)
}
