package detect

import (
	"fmt"
	"slices"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// Constant tells whether n has the same truth for every record, and why. It is
// sound, not complete: ok is true only when that is certain, on records whose
// documented fields are as CloudTrail documents them (eventName is no array).
//
// It looks at one path at a time: whether the tree can still change when that
// path has any value, or none. So it finds `a = x and a = y`, `not a = x or not
// a = y`, `a > 5 and a < 3`, and a part joined with its own negation.
func Constant(n Node) (value bool, why string, ok bool) {
	a := analyse(n)
	if v := a.truth(n, nil); v != unknown {
		return v == yes, "it does not depend on the record", true
	}
	for _, p := range a.paths {
		if v := a.over(n, p, p.cases); v != unknown {
			return v == yes, fmt.Sprintf("%s, whatever %s is, present or not", v, p.path), true
		}
	}
	for _, atom := range a.opaque() {
		if v := a.both(n, atom); v != unknown {
			return v == yes, fmt.Sprintf("%s, because a part of it is joined with its own opposite", v), true
		}
	}
	return false, "", false
}

// ConstantGiven tells whether n has the same truth in every record in which
// path is a text, though not in every record: `a != x or a != y` in languages
// where a comparison of a missing field is false. It is as sound as Constant.
func ConstantGiven(n Node) (value bool, path Path, why string, ok bool) {
	if _, _, all := Constant(n); all {
		return false, Path{}, "", false
	}
	a := analyse(n)
	for _, p := range a.paths {
		texts := slices.DeleteFunc(slices.Clone(p.cases), func(c *instance) bool { return c.kind != cloudtrail.String })
		if v := a.over(n, p, texts); v != unknown && len(texts) > 0 {
			return v == yes, p.path, fmt.Sprintf("%s whatever text %s is", v, p.path), true
		}
	}
	return false, Path{}, "", false
}

// maybe is a truth value that may be unknown.
type maybe uint8

const (
	unknown maybe = iota
	no
	yes
)

func (v maybe) String() string {
	return [...]string{"it is undecided", "it is never true", "it is always true"}[v]
}

func known(b bool) maybe {
	if b {
		return yes
	}
	return no
}

func (v maybe) not() maybe {
	switch v {
	case yes:
		return no
	case no:
		return yes
	}
	return unknown
}

// assumption gives truth to the tests of one path, or to one test.
type assumption struct {
	path string    // key of the path, or
	atom string    // key of the test
	is   maybe     // truth of the test
	val  *instance // value of the path; nil: there is none
}

// over is n's truth when it is the same for all cases of p.
func (a *analysis) over(n Node, p *analysedPath, cases []*instance) maybe {
	if len(cases)*a.size > maxAnalysis {
		return unknown
	}
	out := unknown
	for _, c := range cases {
		s := &assumption{path: p.key, val: c}
		if c.kind == cloudtrail.Missing {
			s.val = nil
		}
		v := a.truth(n, s)
		if v == unknown || out != unknown && v != out {
			return unknown
		}
		out = v
	}
	return out
}

func (a *analysis) both(n Node, atom string) maybe {
	v := a.truth(n, &assumption{atom: atom, is: yes})
	if v == a.truth(n, &assumption{atom: atom, is: no}) {
		return v
	}
	return unknown
}

// truth is n's truth in three-valued logic under s; nil assumes nothing.
func (a *analysis) truth(n Node, s *assumption) maybe {
	switch n := n.(type) {
	case All:
		return a.join(n, s, no)
	case Any:
		return a.join(n, s, yes)
	case Not:
		return a.truth(n.X, s).not()
	case Const:
		return known(bool(n))
	case Test:
		return a.test(n.Path, n.Match, s)
	case Consistent:
		return a.terms(n.Terms, s)
	}
	return unknown
}

// join is decisive when some part is, its opposite when all parts are.
func (a *analysis) join(ns []Node, s *assumption, decisive maybe) maybe {
	out := decisive.not()
	for _, x := range ns {
		switch v := a.truth(x, s); v {
		case decisive:
			return decisive
		case unknown:
			out = unknown
		}
	}
	return out
}

func (a *analysis) test(p Path, m Match, s *assumption) maybe {
	if s == nil {
		return unknown
	}
	key := string(appendPath(nil, plainer(p)))
	if s.path == key {
		if s.val == nil {
			return no
		}
		return s.val.satisfies(m)
	}
	if s.atom != "" && s.atom == string(appendMatch([]byte(key), m)) {
		return s.is
	}
	return unknown
}

// terms is no when a term cannot hold on its own; more is not claimed, except
// of a single term.
func (a *analysis) terms(ts []Term, s *assumption) maybe {
	out := yes
	for _, t := range ts {
		v := no
		if t.Match != nil {
			v = a.test(t.Path, t.Match, s)
		}
		if t.Absent && v != yes {
			v = a.orAbsent(v, t.Path, s, len(ts) == 1)
		}
		if v == no {
			return no
		}
		if v == unknown || len(ts) > 1 {
			out = unknown
		}
	}
	return out
}

// orAbsent is v, the truth of a term's match, or whether its path selects
// nothing. A leaf that is there may still be out of reach of the other terms'
// choices, unless the path selects at most one.
func (a *analysis) orAbsent(v maybe, p Path, s *assumption, alone bool) maybe {
	switch there := a.test(p, Exists, s); {
	case there == no:
		return yes
	case there == yes && (alone || s.path != ""):
		return v
	}
	return unknown
}
