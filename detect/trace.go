package detect

import (
	"bytes"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// Bounds of what a trace shows of one test.
const (
	MaxTraceValues = 16  // values of one path
	MaxTraceBytes  = 512 // JSON text of one value
)

// TraceTree is how one node judged a record. Verdict equals what the engine
// and Naive say of the node.
type TraceTree struct {
	Node    Node
	Verdict bool
	// Kids are the parts of All and Any, in order, and the one part of Not. All
	// of them are judged, also those that could not change the verdict.
	Kids []TraceTree
	// Paths are what the paths of a Test (one), a Compare (left and right) or a
	// Consistent (one a term) selected.
	Paths []TracePath
}

// TracePath is what one path selected.
type TracePath struct {
	Path   Path
	Values []TraceValue // the first MaxTraceValues
	More   int          // values left out
}

// TraceValue is one selected value.
type TraceValue struct {
	JSON string // as in the record, the first MaxTraceBytes bytes
	Cut  bool   // JSON is not the whole value
	// Satisfies tells whether the value satisfies the test's match, or the
	// term's on its own. It is not set for Compare.
	Satisfies bool
}

// Trace judges rec by n and keeps every step. The result does not refer to the
// record's memory.
func Trace(n Node, rec *cloudtrail.Record) TraceTree {
	c := newCompiler(0)
	c.expr(n, false)
	t := tracer{c: c}
	t.prepare(n)
	c.settle()
	e := &Engine{selectors: c.list, spots: c.spots, atoms: c.atoms, dotted: c.dotted, headed: &program{}, others: &program{}}
	t.m = e.NewMatcher()
	t.m.begin(rec)
	return t.trace(n)
}

type tracer struct {
	c *compiler
	m *Matcher
}

// prepare interns the paths of parts that compiling n drops as constant.
func (t *tracer) prepare(n Node) {
	switch n := n.(type) {
	case All:
		for _, x := range n {
			t.prepare(x)
		}
	case Any:
		for _, x := range n {
			t.prepare(x)
		}
	case Not:
		t.prepare(n.X)
	default:
		t.c.expr(n, false)
		EachPath(n, func(p Path) { t.c.intern(p) })
	}
}

func (t *tracer) trace(n Node) TraceTree {
	out := TraceTree{Node: n}
	switch n := n.(type) {
	case All:
		out.Verdict = true
		for _, x := range n {
			kid := t.trace(x)
			out.Verdict = out.Verdict && kid.Verdict
			out.Kids = append(out.Kids, kid)
		}
		return out
	case Any:
		for _, x := range n {
			kid := t.trace(x)
			out.Verdict = out.Verdict || kid.Verdict
			out.Kids = append(out.Kids, kid)
		}
		return out
	case Not:
		kid := t.trace(n.X)
		out.Verdict, out.Kids = !kid.Verdict, []TraceTree{kid}
		return out
	case Test:
		out.Paths = []TracePath{t.path(n.Path, n.Match)}
	case Compare:
		out.Paths = []TracePath{t.path(n.Left, nil), t.path(n.Right, nil)}
	case Consistent:
		for _, term := range n.Terms {
			out.Paths = append(out.Paths, t.path(term.Path, term.Match))
		}
	}
	out.Verdict = t.m.eval(t.c.expr(n, false))
	return out
}

func (t *tracer) path(p Path, match Match) TracePath {
	from, to := t.m.selected(t.c.intern(p))
	out := TracePath{Path: p, More: max(0, int(to-from)-MaxTraceValues)}
	var check *check
	if match != nil {
		c := compileMatch(match)
		check = &c
	}
	for i := from; i < to && i < from+MaxTraceValues; i++ {
		f := &t.m.found[i]
		out.Values = append(out.Values, t.value(f, check))
	}
	return out
}

func (t *tracer) value(f *found, check *check) TraceValue {
	raw := f.val.Raw()
	cut := bytes.ToValidUTF8(raw[:min(len(raw), MaxTraceBytes)], nil)
	return TraceValue{
		JSON:      string(cut),
		Cut:       len(raw) > MaxTraceBytes,
		Satisfies: check != nil && t.m.holds(check, f),
	}
}
