package detect

import (
	"fmt"
	"slices"
)

// expr is a predicate in negation normal form over numbered atoms: tests that
// many rules may share and that are judged once per record.
type expr struct {
	op   exprOp
	atom int32
	kids []*expr
}

type exprOp uint8

const (
	exprFalse exprOp = iota
	exprTrue
	exprAtom
	exprNot // of an atom
	exprAll
	exprAny
)

var (
	falseExpr = &expr{op: exprFalse}
	trueExpr  = &expr{op: exprTrue}
)

func truth(b bool) *expr {
	if b {
		return trueExpr
	}
	return falseExpr
}

// compiler turns predicates into exprs, sharing paths and atoms.
type compiler struct {
	*selectors
	atoms  []atom
	atomBy map[string]int32
	pos    []*expr // by atom
	neg    []*expr // nil until asked for
	id     []byte  // of the atom at hand
	exprs  []expr  // room for more
}

// newCompiler makes a compiler with room for about so many atoms.
func newCompiler(atoms int) *compiler {
	return &compiler{
		selectors: newSelectors(),
		atoms:     make([]atom, 0, atoms),
		atomBy:    make(map[string]int32, atoms),
		pos:       make([]*expr, 0, atoms),
		neg:       make([]*expr, 0, atoms),
	}
}

// newExpr is an expr without kids.
func (c *compiler) newExpr(op exprOp, atom int32) *expr {
	if len(c.exprs) == 0 {
		c.exprs = make([]expr, exprChunk)
	}
	x := &c.exprs[0]
	c.exprs = c.exprs[1:]
	x.op, x.atom = op, atom
	return x
}

// exprChunk is the number of exprs that room is made for at a time.
const exprChunk = 64

// expr compiles n, or its negation.
func (c *compiler) expr(n Node, negate bool) *expr {
	switch n := n.(type) {
	case All:
		return c.join(exprAll, n, negate)
	case Any:
		return c.join(exprAny, n, negate)
	case Not:
		return c.expr(n.X, !negate)
	case Const:
		return truth(bool(n) != negate)
	case Test:
		return c.test(n.Path, plainMatch(n.Match), negate)
	case Consistent:
		return c.consistent(n, negate)
	case Compare:
		return c.literal(c.compare(n), negate)
	}
	panic(fmt.Sprintf("detect: unknown node %T", n))
}

func (c *compiler) join(op exprOp, ns []Node, negate bool) *expr {
	kids := make([]*expr, len(ns))
	for i, n := range ns {
		kids[i] = c.expr(n, negate)
	}
	return c.combine(opposite(op, negate), kids)
}

func opposite(op exprOp, negate bool) exprOp {
	switch {
	case negate && op == exprAll:
		return exprAny
	case negate:
		return exprAll
	}
	return op
}

// test compiles a Test. "Some value satisfies A or B" is "some value satisfies
// A, or some value satisfies B".
func (c *compiler) test(p Path, m Match, negate bool) *expr {
	if any, ok := m.(MatchAny); ok {
		kids := make([]*expr, len(any))
		for i, x := range any {
			kids[i] = c.test(p, x, negate)
		}
		return c.combine(opposite(exprAny, negate), kids)
	}
	return c.literal(c.atomOf(p, m), negate)
}

func (c *compiler) literal(atom int32, negate bool) *expr {
	if negate {
		if c.neg[atom] == nil {
			c.neg[atom] = c.newExpr(exprNot, atom)
		}
		return c.neg[atom]
	}
	return c.pos[atom]
}

// combine joins kids by op: nested joins are flattened, constants and repeated
// literals dropped, and cheap tests put first.
func (c *compiler) combine(op exprOp, kids []*expr) *expr {
	neutral, decisive := trueExpr, falseExpr
	if op == exprAny {
		neutral, decisive = falseExpr, trueExpr
	}
	out := make([]*expr, 0, len(kids))
	for _, k := range kids {
		switch {
		case k == decisive:
			return decisive
		case k == neutral:
		case k.op == op:
			out = append(out, k.kids...)
		default:
			out = append(out, k)
		}
	}
	out, cancels := distinct(out)
	if cancels {
		return decisive
	}
	slices.SortStableFunc(out, func(a, b *expr) int { return c.order(op, a) - c.order(op, b) })
	switch len(out) {
	case 0:
		return neutral
	case 1:
		return out[0]
	}
	x := c.newExpr(op, 0)
	x.kids = out
	return x
}

// fewKids is the number of parts up to which each pair is compared.
const fewKids = 8

// distinct drops repeated literals, and tells whether one is joined with its
// opposite.
func distinct(kids []*expr) (out []*expr, cancels bool) {
	if len(kids) <= fewKids {
		return distinctFew(kids)
	}
	seen := make(map[int32]exprOp, len(kids))
	out = kids[:0]
	for _, k := range kids {
		if k.op == exprAtom || k.op == exprNot {
			if was, ok := seen[k.atom]; ok {
				if was != k.op {
					return nil, true
				}
				continue
			}
			seen[k.atom] = k.op
		}
		out = append(out, k)
	}
	return out, false
}

func distinctFew(kids []*expr) (out []*expr, cancels bool) {
	out = kids[:0]
next:
	for _, k := range kids {
		if k.op == exprAtom || k.op == exprNot {
			for _, was := range out {
				if (was.op == exprAtom || was.op == exprNot) && was.atom == k.atom {
					if was.op != k.op {
						return nil, true
					}
					continue next
				}
			}
		}
		out = append(out, k)
	}
	return out, false
}

// order sorts by cost: literals of one atom together, and those that are more
// likely to decide before dear ones. In All that is a positive test, in Any its
// opposite.
func (c *compiler) order(op exprOp, e *expr) int {
	cost := c.price(e)
	if (op == exprAll) == (e.op == exprNot) && e.op <= exprNot {
		cost += unlikely
	}
	return cost
}

// unlikely is the handicap of a literal that will probably not decide.
const unlikely = 4

func (c *compiler) price(e *expr) int {
	if e.op == exprAtom || e.op == exprNot {
		return int(c.atoms[e.atom].cost)
	}
	sum := 0
	for _, k := range e.kids {
		sum = min(sum+c.price(k), 1<<20)
	}
	return sum
}

func (m *Matcher) eval(e *expr) bool {
	switch e.op {
	case exprAtom:
		return m.atom(e.atom)
	case exprNot:
		return !m.atom(e.atom)
	case exprAll:
		for _, k := range e.kids {
			if !m.eval(k) {
				return false
			}
		}
		return true
	case exprAny:
		for _, k := range e.kids {
			if m.eval(k) {
				return true
			}
		}
		return false
	}
	return e.op == exprTrue
}

// residual is what is left of e once the atoms that the fields of level l
// decide have been judged on the record at hand. It shares what did not change.
func (m *Matcher) residual(e *expr, l level) *expr {
	switch e.op {
	case exprAtom:
		if m.engine.atoms[e.atom].level == l {
			return truth(m.atom(e.atom))
		}
	case exprNot:
		if m.engine.atoms[e.atom].level == l {
			return truth(!m.atom(e.atom))
		}
	case exprAll, exprAny:
		return m.residualJoin(e, l)
	}
	return e
}

func (m *Matcher) residualJoin(e *expr, l level) *expr {
	neutral, decisive := trueExpr, falseExpr
	if e.op == exprAny {
		neutral, decisive = falseExpr, trueExpr
	}
	var kids []*expr // set once something changed
	for i, k := range e.kids {
		r := m.residual(k, l)
		if r == decisive {
			return decisive
		}
		if r != k && kids == nil {
			kids = append(make([]*expr, 0, len(e.kids)), e.kids[:i]...)
		}
		if kids != nil && r != neutral {
			kids = append(kids, r)
		}
	}
	switch {
	case kids == nil:
		return e
	case len(kids) == 0:
		return neutral
	case len(kids) == 1:
		return kids[0]
	}
	return &expr{op: e.op, kids: kids}
}
