package explain

import (
	"fmt"

	"github.com/trailwarden/trailwarden/detect"
)

// condition puts a predicate in words.
func condition(n detect.Node) *Condition {
	switch n := n.(type) {
	case detect.All:
		return several(KindAll, "all of these hold", n, joinAll(n, nil), true)
	case detect.Any:
		return several(KindAny, "at least one of these holds", n, joinAny(n, nil), false)
	case detect.Not:
		return negation(n)
	case detect.Consistent:
		return together(n)
	case detect.Test:
		return test(n, n, false)
	case detect.Compare:
		return &Condition{Kind: KindTest, Words: compare(n, false), Written: n.Src, node: n, path: n.Left, other: &n.Right}
	case detect.Const:
		return constant(n, bool(n))
	}
	return &Condition{Kind: KindConstant, Words: fmt.Sprintf("unknown condition %T", n), node: detect.Const(false)}
}

func constant(n detect.Node, truth bool) *Condition {
	words := "this never holds"
	if truth {
		words = "this always holds"
	}
	return &Condition{Kind: KindConstant, Words: words, node: n}
}

// several is a condition of parts; empty is the truth of having none.
func several(kind Kind, words string, n detect.Node, parts []detect.Node, empty bool) *Condition {
	switch {
	case len(parts) == 0:
		return constant(n, empty)
	case len(parts) == 1 && (kind == KindAll || kind == KindAny):
		return condition(parts[0])
	}
	c := &Condition{Kind: kind, Words: words, node: n}
	for _, p := range parts {
		c.Parts = append(c.Parts, condition(p))
	}
	return c
}

// joinAll lifts conjunctions inside a conjunction.
func joinAll(n detect.All, to []detect.Node) []detect.Node {
	for _, x := range n {
		if all, ok := x.(detect.All); ok {
			to = joinAll(all, to)
			continue
		}
		to = append(to, x)
	}
	return to
}

func joinAny(n detect.Any, to []detect.Node) []detect.Node {
	for _, x := range n {
		if any, ok := x.(detect.Any); ok {
			to = joinAny(any, to)
			continue
		}
		to = append(to, x)
	}
	return to
}

func negation(n detect.Not) *Condition {
	switch x := n.X.(type) {
	case detect.Not:
		return condition(x.X)
	case detect.Const:
		return constant(n, !bool(x))
	case detect.Test:
		return test(n, x, true)
	case detect.Compare:
		return &Condition{Kind: KindTest, Words: compare(x, true), Written: x.Src, node: n, path: x.Left, other: &x.Right}
	case detect.All:
		if parts := joinAll(x, nil); len(parts) != 1 {
			return several(KindNotAll, "these do not all hold", n, parts, false)
		}
		return condition(detect.Not{X: joinAll(x, nil)[0]})
	case detect.Any:
		if parts := joinAny(x, nil); len(parts) != 1 {
			return several(KindNone, "none of these holds", n, parts, true)
		}
		return condition(detect.Not{X: joinAny(x, nil)[0]})
	}
	c := condition(n.X)
	return &Condition{Kind: KindNone, Words: "this does not hold", node: n, Parts: []*Condition{c}}
}

// together is EventBridge's conjunction over lists.
func together(n detect.Consistent) *Condition {
	c := &Condition{Kind: KindTogether, Words: "all of these hold, in the same element of any list they share", node: n}
	for _, t := range n.Terms {
		c.Parts = append(c.Parts, condition(alone(t)))
	}
	if len(c.Parts) == 0 {
		return constant(n, true)
	}
	return c
}

// alone is a term without regard to the others.
func alone(t detect.Term) detect.Node {
	here := detect.Test{Path: t.Path, Match: t.Match, Src: t.Src}
	absent := detect.Not{X: detect.Test{Path: t.Path, Match: detect.Exists, Src: t.Src}}
	switch {
	case t.Match == nil && t.Absent:
		return absent
	case t.Match == nil:
		return detect.Const(false)
	case t.Absent:
		return detect.Any{here, absent}
	}
	return here
}

func test(n detect.Node, t detect.Test, negated bool) *Condition {
	c := &Condition{Kind: KindTest, Written: t.Src, node: n, path: t.Path, match: t.Match}
	field := fieldName(t.Path)
	is, ok := t.Match.(detect.Is)
	not, isNot := t.Match.(detect.MatchNot)
	switch {
	case ok && is == detect.Exists && negated:
		c.Words = field + " is absent"
	case negated:
		c.Words = field + " is absent or " + phrase(t.Match, true)
	case isNot:
		c.Words = field + " has a value that " + phrase(not.X, true)
	default:
		c.Words = field + " " + phrase(t.Match, false)
	}
	return c
}

func compare(n detect.Compare, negated bool) string {
	verb := map[bool]map[detect.TextOp]string{
		false: {detect.Equal: "equals", detect.HasPrefix: "starts with", detect.HasSuffix: "ends with", detect.Contains: "contains"},
		true:  {detect.Equal: "does not equal", detect.HasPrefix: "does not start with", detect.HasSuffix: "does not end with", detect.Contains: "does not contain"},
	}[negated][n.Op]
	return fieldName(n.Left) + " " + verb + " the value of " + fieldName(n.Right) + folding(n.Fold)
}

func folding(fold bool) string {
	if fold {
		return ", ignoring case"
	}
	return ""
}
