package lint

import (
	"iter"

	"github.com/trailwarden/trailwarden/detect"
)

// literal is one text operand of a match.
type literal struct {
	op      detect.TextOp
	value   string
	fold    bool
	negated bool
}

// literals are the text operands of m, in the author's order. A glob counts by
// its literal ends: "Get*" is the prefix "Get".
func literals(m detect.Match, negated bool) iter.Seq[literal] {
	return func(yield func(literal) bool) { walkLiterals(m, negated, yield) }
}

func walkLiterals(m detect.Match, negated bool, yield func(literal) bool) bool {
	switch m := m.(type) {
	case detect.MatchAll:
		return eachLiteral(m, negated, yield)
	case detect.MatchAny:
		return eachLiteral(m, negated, yield)
	case detect.MatchNot:
		return walkLiterals(m.X, !negated, yield)
	case detect.Text:
		for _, v := range m.Values {
			if !yield(literal{m.Op, v, m.Fold, negated}) {
				return false
			}
		}
	case detect.Glob:
		if l, ok := globLiteral(m); ok {
			l.negated = negated
			return yield(l)
		}
	}
	return true
}

func eachLiteral(ms []detect.Match, negated bool, yield func(literal) bool) bool {
	for _, m := range ms {
		if !walkLiterals(m, negated, yield) {
			return false
		}
	}
	return true
}

// globLiteral reads a glob of one literal with runs at its ends.
func globLiteral(g detect.Glob) (literal, bool) {
	l := literal{op: detect.Equal, fold: g.Fold}
	for i, p := range g.Pieces {
		switch {
		case p.Kind == detect.Literal && l.value == "":
			l.value = p.Text
		case p.Kind == detect.AnyRun && i == 0:
			l.op = detect.HasSuffix
		case p.Kind == detect.AnyRun && i == len(g.Pieces)-1 && l.op == detect.Equal:
			l.op = detect.HasPrefix
		case p.Kind == detect.AnyRun && i == len(g.Pieces)-1:
			l.op = detect.Contains
		default:
			return literal{}, false
		}
	}
	return l, l.value != ""
}

// patterns are the regular expressions of m.
func patterns(m detect.Match) iter.Seq[detect.Regexp] {
	return func(yield func(detect.Regexp) bool) { walkPatterns(m, yield) }
}

func walkPatterns(m detect.Match, yield func(detect.Regexp) bool) bool {
	var parts []detect.Match
	switch m := m.(type) {
	case detect.MatchAll:
		parts = m
	case detect.MatchAny:
		parts = m
	case detect.MatchNot:
		parts = []detect.Match{m.X}
	case detect.Regexp:
		return yield(m)
	}
	for _, p := range parts {
		if !walkPatterns(p, yield) {
			return false
		}
	}
	return true
}

// kindsAsked is every kind of value that some part of m can accept.
func kindsAsked(m detect.Match) detect.Kinds {
	var k detect.Kinds
	switch m := m.(type) {
	case detect.MatchAll:
		k = detect.Anything
		for _, p := range m {
			k &= kindsAsked(p)
		}
	case detect.MatchAny:
		for _, p := range m {
			k |= kindsAsked(p)
		}
	case detect.MatchNot:
		k = detect.Anything
	case detect.Is:
		k = detect.Kinds(m)
	case detect.Text:
		k = m.Kinds
	case detect.Glob:
		k = m.Kinds
	case detect.Regexp:
		k = m.Kinds
	case detect.Num:
		k = m.Kinds | detect.Numbers
	case detect.CIDR:
		k = m.Kinds
	case detect.TimePart:
		k = detect.Strings
	}
	return k
}
