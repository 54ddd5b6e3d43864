package detect

import (
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// instance stands for values of one kind that the tests of a tree cannot tell
// apart, as far as the analysis can tell: one text, or all texts that no test
// names.
type instance struct {
	kind cloudtrail.Kind
	text string // the one text, unless other is set
	// other: no text that a test names. Strings among them either fold to
	// folded, or, when it is empty, to nothing that a named text folds to.
	// Numbers among them either equal number or, when that is not exact, are
	// beyond a double.
	other  bool
	folded string
	number Decimal
}

func (p *analysedPath) makeCases() {
	slices.Sort(p.texts)
	p.texts = slices.Compact(p.texts)
	add := func(c instance) { p.cases = append(p.cases, &c) }
	for _, k := range []cloudtrail.Kind{cloudtrail.Missing, cloudtrail.Object, cloudtrail.Array} {
		add(instance{kind: k, other: true})
	}
	for _, s := range []string{"true", "false"} {
		add(instance{kind: cloudtrail.Bool, text: s})
	}
	add(instance{kind: cloudtrail.Null, text: "null"})
	add(instance{kind: cloudtrail.String, other: true})
	folds := map[string]bool{}
	for _, s := range p.texts {
		add(instance{kind: cloudtrail.String, text: s})
		if isJSONNumber(s) {
			add(instance{kind: cloudtrail.Number, text: s})
		}
		if f := FoldText(s); f != "" && !folds[f] {
			folds[f] = true
			add(instance{kind: cloudtrail.String, other: true, folded: f})
		}
	}
	for _, n := range p.numbers() {
		add(instance{kind: cloudtrail.Number, other: true, number: n})
	}
}

// numbers are one number for every interval that the operands cut the line
// into, the operands themselves, and one beyond a double.
func (p *analysedPath) numbers() []Decimal {
	var vs []float64
	for _, n := range p.nums {
		if n.Exact {
			vs = append(vs, n.Value)
		}
	}
	slices.Sort(vs)
	vs = slices.Compact(vs)
	out := []Decimal{{}}
	exact := func(v float64) { out = append(out, Decimal{Value: v, Exact: true}) }
	if len(vs) == 0 {
		exact(0)
		return out
	}
	exact(vs[0] - max(1, abs(vs[0])))
	for i, v := range vs {
		exact(v)
		if i+1 < len(vs) {
			if mid := v/2 + vs[i+1]/2; v < mid && mid < vs[i+1] {
				exact(mid)
			}
		}
	}
	last := vs[len(vs)-1]
	exact(last + max(1, abs(last)))
	return out
}

func abs(v float64) float64 { return max(v, -v) }

// satisfies tells whether every value that c stands for satisfies m, or none.
func (c *instance) satisfies(m Match) maybe {
	switch m := m.(type) {
	case MatchAll:
		return c.join(m, no)
	case MatchAny:
		return c.join(m, yes)
	case MatchNot:
		return c.satisfies(m.X).not()
	case Is:
		return known(Kinds(m).Has(c.kind))
	}
	if !c.other {
		return known(matches(m, &tree{kind: c.kind, text: c.text}))
	}
	switch m := m.(type) {
	case Text:
		return c.relates(m)
	case Num:
		return c.compares(m)
	case Glob:
		return c.unlessKind(m.Kinds)
	case Regexp:
		return c.unlessKind(m.Kinds)
	case CIDR:
		return c.unlessKind(m.Kinds)
	case TimePart:
		return c.unlessKind(Strings)
	}
	return unknown
}

func (c *instance) unlessKind(ks Kinds) maybe {
	if ks.Has(c.kind) {
		return unknown
	}
	return no
}

func (c *instance) join(ms []Match, decisive maybe) maybe {
	out := decisive.not()
	for _, x := range ms {
		switch v := c.satisfies(x); v {
		case decisive:
			return decisive
		case unknown:
			out = unknown
		}
	}
	return out
}

// relates judges a Text test on values that no test names.
func (c *instance) relates(m Text) maybe {
	if !m.Kinds.Has(c.kind) {
		return no
	}
	switch {
	case isContainer(c.kind):
		for _, v := range m.Values { // their text starts with a bracket
			if m.Op != Equal || v != "" && (v[0] == '{' || v[0] == '[') {
				return unknown
			}
		}
		return no
	case m.Op == Equal && !m.Fold, c.kind == cloudtrail.Number && !inNumbers(m.Values):
		return no
	case c.kind == cloudtrail.String && m.Fold && c.folded != "":
		return known(matches(m, &tree{kind: c.kind, text: c.folded}))
	case c.kind == cloudtrail.String && m.Fold && m.Op == Equal:
		return no
	}
	return unknown
}

// inNumbers tells whether the text of some number has one of values in it.
func inNumbers(values []string) bool {
	return slices.ContainsFunc(values, func(v string) bool { return strings.Trim(v, "+-.0123456789eE") == "" })
}

// compares judges a Num test on values that no test names.
func (c *instance) compares(m Num) maybe {
	if !m.Kinds.Has(c.kind) || isContainer(c.kind) {
		return no
	}
	if c.kind == cloudtrail.Number && m.Wide && (!c.number.Exact || !m.Value.Exact) {
		return unknown // numbers beyond a double are many
	}
	if c.kind == cloudtrail.Number {
		return known(c.number.Exact && m.Value.Exact && c.number.compare(m.Op, m.Value))
	}
	return unknown // a string may hold a number
}
