package athenasql

import (
	"strings"
	"time"
)

// Filter is a test that every row that matters to a query passes. It is either
// All or Any of other filters, or a test of one leaf.
type Filter struct {
	All, Any []*Filter

	// Leaf is the leaf that is tested, named as schema.Projection.Leaves does.
	Leaf string
	Test Test
	// Lower has the text's letters made small before, Upper large.
	Lower, Upper bool
	// Values are the texts to compare with: any of In, the bound of the others,
	// the pattern of Like.
	Values []string
	Escape byte // of Like; 0 none
	// Time is the bound of the tests of the event's time.
	Time time.Time
}

// Test is how a leaf is tested. NULL passes none.
type Test uint8

// The tests.
const (
	In      Test = iota // equal to one of Values
	Like                // SQL's pattern: % any text, _ any character
	AtLeast             // ≥ Values[0], by bytes
	AtMost              // ≤ Values[0]
	Present             // not NULL
	Since               // the event's time ≥ Time; Leaf is empty
	Until               // the event's time ≤ Time
)

func and(a, b *Filter) *Filter {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return &Filter{All: []*Filter{a, b}}
}

// filterOf is what must hold of a row for x to be true; nil when nothing is known.
func (t *translator) filterOf(x expr, s *scope) *Filter {
	switch x := x.(type) {
	case *binary:
		switch x.op {
		case "AND":
			return and(t.filterOf(x.x, s), t.filterOf(x.y, s))
		case "OR":
			a, b := t.filterOf(x.x, s), t.filterOf(x.y, s)
			if a == nil || b == nil {
				return nil
			}
			return &Filter{Any: []*Filter{a, b}}
		}
		return t.comparisonFilter(x, s)
	case *in:
		return t.inFilter(x, s)
	case *like:
		return t.likeFilter(x, s)
	case *between:
		if x.not {
			return nil
		}
		return and(t.comparisonFilter(&binary{x.node, ">=", x.x, x.lo}, s), t.comparisonFilter(&binary{x.node, "<=", x.x, x.hi}, s))
	case *isNull:
		if f, ok := t.leaf(x.x, s); ok && x.not {
			f.Test = Present
			return f
		}
	}
	return nil
}

// leaf finds the leaf that an expression reads, perhaps in small letters.
func (t *translator) leaf(x expr, s *scope) (*Filter, bool) {
	if c, ok := x.(*call); ok && (c.name == "lower" || c.name == "upper") && len(c.args) == 1 {
		f, ok := t.leaf(c.args[0], s)
		if !ok || f.Lower || f.Upper {
			return nil, false
		}
		f.Lower, f.Upper = c.name == "lower", c.name == "upper"
		return f, true
	}
	n, ok := x.(*name)
	if !ok {
		return nil, false
	}
	r, ok := s.find(n.parts)
	if !ok || r.source == nil || !r.source.trail || r.source.renamed {
		return nil, false
	}
	path, kind := r.column, r.typ
	for _, p := range r.rest {
		path, kind = path+"."+strings.ToLower(p.text), kind.fieldOf(p.text)
	}
	return &Filter{Leaf: path}, kind.kind == varchar
}

func (t *translator) inFilter(x *in, s *scope) *Filter {
	f, ok := t.leaf(x.x, s)
	if !ok || x.not || x.query != nil {
		return nil
	}
	for _, e := range x.list {
		v, ok := t.constText(e)
		if !ok {
			return nil
		}
		f.Values = append(f.Values, v)
	}
	return f
}

func (t *translator) likeFilter(x *like, s *scope) *Filter {
	f, ok := t.leaf(x.x, s)
	p, isText := t.constText(x.pattern)
	if !ok || !isText || x.not || x.fold {
		return nil
	}
	f.Test, f.Values = Like, []string{p}
	if x.escape != nil {
		e, ok := t.constText(x.escape)
		if !ok || len(e) != 1 {
			return nil
		}
		f.Escape = e[0]
	}
	return f
}

// flipped are the operators as seen from the other side.
var flipped = map[string]string{"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

func (t *translator) comparisonFilter(x *binary, s *scope) *Filter {
	op, ok := flipped[x.op]
	if !ok {
		return nil
	}
	if f := t.oneSided(x.x, x.op, x.y, s); f != nil {
		return f
	}
	return t.oneSided(x.y, op, x.x, s)
}

// oneSided is the filter of leaf op constant.
func (t *translator) oneSided(x expr, op string, y expr, s *scope) *Filter {
	if t.isEventTime(x, s) {
		return t.timeFilter(op, y, t.wholeDays(x))
	}
	f, ok := t.leaf(x, s)
	if !ok {
		return nil
	}
	v, ok := t.constText(y)
	if !ok {
		return nil
	}
	f.Values = []string{v}
	switch op {
	case "<", "<=":
		f.Test = AtMost
	case ">", ">=":
		f.Test = AtLeast
	}
	if f.Test != In && (f.Lower || f.Upper) {
		return nil
	}
	return f
}

// isEventTime tells whether x is the event's time as a time.
func (t *translator) isEventTime(x expr, s *scope) bool {
	switch x := x.(type) {
	case *call:
		if x.name == "date" && len(x.args) == 1 {
			return t.isEventTime(x.args[0], s)
		}
		if x.name != "from_iso8601_timestamp" || len(x.args) != 1 {
			return false
		}
		f, ok := t.leaf(x.args[0], s)
		return ok && f.Leaf == "eventtime"
	case *cast:
		to, _, err := x.to.resolve()
		return err == nil && to.kind == date && t.isEventTime(x.x, s)
	case *atZone:
		return t.isEventTime(x.x, s)
	}
	return false
}

// wholeDays tells that x is the day of the event's time.
func (t *translator) wholeDays(x expr) bool {
	c, ok := x.(*call)
	_, isCast := x.(*cast)
	return isCast || ok && c.name == "date"
}

// slack keeps the filter from ruling out what fractions of seconds, days or
// zones may move.
const slack = 24 * time.Hour

func (t *translator) timeFilter(op string, y expr, days bool) *Filter {
	at, ok := t.constTime(instant(y))
	if !ok {
		return nil
	}
	early, late := at.Add(-time.Second), at.Add(time.Second)
	if days {
		early, late = at.Add(-slack), at.Add(slack)
	}
	switch op {
	case ">", ">=":
		return &Filter{Test: Since, Time: early}
	case "<", "<=":
		return &Filter{Test: Until, Time: late}
	}
	return and(&Filter{Test: Since, Time: early}, &Filter{Test: Until, Time: late})
}
