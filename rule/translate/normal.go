package translate

import (
	"github.com/trailwarden/trailwarden/detect"
)

// form is a predicate in which only atoms are negated: a target that can say
// something weaker of each atom can say something weaker of the whole.
type form interface{ isForm() }

type (
	conj  []form
	disj  []form
	truth bool
	// atom is a test of one simple match, or of a comparison of two fields.
	atom struct {
		test    detect.Test
		compare *detect.Compare
		negated bool
		// one says that the path selects one value at most.
		one bool
	}
)

func (conj) isForm()  {}
func (disj) isForm()  {}
func (truth) isForm() {}
func (atom) isForm()  {}

func both(fs ...form) form {
	var out conj
	for _, f := range fs {
		switch f := f.(type) {
		case truth:
			if !f {
				return truth(false)
			}
		case conj:
			out = append(out, f...)
		default:
			out = append(out, f)
		}
	}
	switch len(out) {
	case 0:
		return truth(true)
	case 1:
		return out[0]
	}
	return out
}

func either(fs ...form) form {
	var out disj
	for _, f := range fs {
		switch f := f.(type) {
		case truth:
			if f {
				return truth(true)
			}
		case disj:
			out = append(out, f...)
		default:
			out = append(out, f)
		}
	}
	switch len(out) {
	case 0:
		return truth(false)
	case 1:
		return out[0]
	}
	return out
}

// join is the conjunction, or where it is negated the disjunction.
func join(and, negated bool, fs []form) form {
	if and != negated {
		return both(fs...)
	}
	return either(fs...)
}

func (t *translation) normal(n detect.Node, negated bool) form {
	if t.size++; t.size > maxSize {
		return truth(true)
	}
	switch n := n.(type) {
	case detect.All:
		return join(true, negated, t.each(n, negated))
	case detect.Any:
		return join(false, negated, t.each(n, negated))
	case detect.Not:
		return t.normal(n.X, !negated)
	case detect.Const:
		return truth(bool(n) != negated)
	case detect.Test:
		return t.test(n, negated)
	case detect.Consistent:
		return t.consistent(n, negated)
	case detect.Compare:
		return atom{test: detect.Test{Path: n.Left, Src: n.Src}, compare: &n, negated: negated}
	}
	t.loseText("a part of the rule is of an unknown kind")
	return truth(true)
}

func (t *translation) each(ns []detect.Node, negated bool) []form {
	out := make([]form, len(ns))
	for i, n := range ns {
		out[i] = t.normal(n, negated)
	}
	return out
}

// test takes a match apart. That some value satisfies one of several matches is
// the same as that some value satisfies one or some value the other; for other
// joints the path must select one value at most.
func (t *translation) test(n detect.Test, negated bool) form {
	t.size++
	kinds, documented := t.kinds(n.Path)
	one := documented || single(n.Path)
	part := func(m detect.Match, negated bool) form {
		return t.test(detect.Test{Path: n.Path, Match: m, Src: n.Src}, negated)
	}
	switch m := n.Match.(type) {
	case detect.MatchAny:
		var out []form
		for _, x := range m {
			out = append(out, part(x, negated))
		}
		return join(false, negated, out)
	case detect.MatchAll:
		if len(m) == 0 {
			return part(detect.Exists, negated)
		}
		if len(m) == 1 {
			return part(m[0], negated)
		}
		if one && (documented || t.res.Target != Filter || !unequal(m)) {
			var out []form
			for _, x := range m {
				out = append(out, part(x, negated))
			}
			return join(true, negated, out)
		}
	case detect.MatchNot:
		if one {
			return join(true, negated, []form{part(detect.Exists, negated), part(m.X, !negated)})
		}
	default:
		if documented {
			m, sure := narrow(n.Match, kinds)
			switch {
			case m == nil:
				return truth(negated)
			case sure:
				m = detect.Exists
			}
			n.Match = m
			n.Path = canonical(n.Path)
		}
	}
	return atom{test: n, negated: negated, one: one}
}

// unequal tells whether a match is the != of filter patterns.
func unequal(m detect.MatchAll) bool {
	if len(m) != 2 {
		return false
	}
	if is, ok := m[0].(detect.Is); !ok || is != detect.Is(detect.Scalars) {
		return false
	}
	_, not := m[1].(detect.MatchNot)
	return not
}

// consistent takes a conjunction over leaves apart where no array can be
// involved; elsewhere what is left is wider.
func (t *translation) consistent(n detect.Consistent, negated bool) form {
	var out []form
	plain := true
	for _, term := range n.Terms {
		_, documented := t.kinds(term.Path)
		plain = plain && documented
	}
	if !plain && t.res.Target == EventBridge && !negated {
		return t.terms(n, negated) // EventBridge joins them so by itself
	}
	if !plain && negated {
		t.loseText("conditions that must not meet in one element of a list are left out")
		return truth(true)
	}
	if !plain {
		t.loseText("conditions that must meet in one element of a list may meet in several")
	}
	out = append(out, t.terms(n, negated))
	return join(true, negated, out)
}

func (t *translation) terms(n detect.Consistent, negated bool) form {
	var out []form
	for _, term := range n.Terms {
		var either []form
		if term.Match != nil {
			either = append(either, t.test(detect.Test{Path: term.Path, Match: term.Match, Src: term.Src}, negated))
		}
		if term.Absent {
			either = append(either, t.test(detect.Test{Path: term.Path, Match: detect.Exists, Src: term.Src}, !negated))
		}
		out = append(out, join(false, negated, either))
	}
	return join(true, negated, out)
}

// single tells whether a path selects one value at most, whatever the record.
func single(p detect.Path) bool {
	if p.Cross || p.Dotted == detect.DottedUnion || p.End != detect.EndSelf {
		return false
	}
	for _, s := range p.Steps {
		if s.Kind == detect.StepElements || s.Kind == detect.StepFields {
			return false
		}
	}
	return true
}

// narrow restricts a simple match to values of some kinds: nil when none
// satisfies it, sure when all do.
func narrow(m detect.Match, kinds detect.Kinds) (out detect.Match, sure bool) {
	switch m := m.(type) {
	case detect.Is:
		return orNil(m, detect.Kinds(m)&kinds), kinds&^detect.Kinds(m) == 0
	case detect.Text:
		m.Kinds &= kinds
		return orNil(m, m.Kinds), false
	case detect.Glob:
		m.Kinds &= kinds
		return orNil(m, m.Kinds), false
	case detect.Regexp:
		m.Kinds &= kinds
		return orNil(m, m.Kinds), false
	case detect.Num:
		m.Kinds &= kinds
		return orNil(m, m.Kinds&(detect.Numbers|detect.Strings)), false
	case detect.CIDR:
		m.Kinds &= kinds
		return orNil(m, m.Kinds), false
	case detect.TimePart:
		return orNil(m, kinds&detect.Strings), false
	}
	return m, false
}

func orNil(m detect.Match, kinds detect.Kinds) detect.Match {
	if kinds == 0 {
		return nil
	}
	return m
}
