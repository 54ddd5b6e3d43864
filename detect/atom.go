package detect

import (
	"encoding/binary"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

type atomKind uint8

const (
	atomTest atomKind = iota
	atomCompare
	atomConsistent
)

// atom is one test of a record, shared by all rules that make it.
type atom struct {
	kind  atomKind
	level level // which fields decide it
	text  TextOp
	fold  bool
	kinds Kinds
	// memo is 1 and the number of the field that alone decides it, or 0;
	// memoTest is its place in the memory for that field.
	memo     uint8
	direct   direct
	field    cloudtrail.FieldID     // directField: of the record
	caller   cloudtrail.CallerField // directCaller
	sel      int32
	right    int32 // atomCompare: the other path
	cost     int32 // how late to judge it; only the order matters
	memoTest int32
	check    check
	terms    []term // atomConsistent
	keys     []key  // one of these is found in any record that satisfies the atom
}

func (c *compiler) atomOf(p Path, m Match) int32 {
	sel := c.intern(p)
	c.id = appendMatch(binary.AppendUvarint(append(c.id[:0], byte(atomTest)), uint64(sel)), m)
	if i, ok := c.atomBy[string(c.id)]; ok {
		return i
	}
	cost := c.cost(sel) + matchCost(m)
	if memoOf(&c.list[sel]) >= 0 {
		cost = min(cost, memoCost)
	}
	return c.add(atom{
		kind: atomTest, sel: sel, check: compileMatch(m),
		level: c.list[sel].level,
		cost:  int32(min(cost, maxCost)),
		keys:  keysOf(sel, m),
	})
}

// maxCost bounds the cost of one test.
const maxCost = 1 << 20

func (c *compiler) compare(n Compare) int32 {
	left, right := c.intern(n.Left), c.intern(n.Right)
	c.id = append(c.id[:0], byte(atomCompare), byte(n.Op), flag(n.Fold), byte(n.Kinds))
	c.id = binary.AppendUvarint(binary.AppendUvarint(c.id, uint64(left)), uint64(right))
	if i, ok := c.atomBy[string(c.id)]; ok {
		return i
	}
	return c.add(atom{
		kind: atomCompare, sel: left, right: right, text: n.Op, fold: n.Fold, kinds: n.Kinds,
		level: both(c.list[left].level, c.list[right].level),
		cost:  int32(c.cost(left) + c.cost(right)),
		keys:  present(left),
	})
}

// add adds an atom, which c.id identifies and which is not there yet.
func (c *compiler) add(a atom) int32 {
	i := int32(len(c.atoms))
	c.atoms = append(c.atoms, a)
	c.atomBy[string(c.id)] = i
	c.pos = append(c.pos, c.newExpr(exprAtom, i))
	c.neg = append(c.neg, nil)
	return i
}

func (c *compiler) cost(sel int32) int {
	s := &c.list[sel]
	switch s.reach {
	case reachField:
		return 1
	case reachEnvelope:
		return 2
	case reachTrie:
		return 4 + len(s.path.Steps)
	}
	return 100
}

func matchCost(m Match) int {
	switch m := m.(type) {
	case MatchAll:
		return matchesCost(m)
	case MatchAny:
		return matchesCost(m)
	case MatchNot:
		return matchCost(m.X)
	case Regexp:
		return 60
	case Glob, TimePart:
		return 10
	case Text:
		if m.Op == Contains || m.Fold {
			return 5
		}
		return 1
	}
	return 2
}

func matchesCost(ms []Match) int {
	sum := 0
	for _, m := range ms {
		sum += matchCost(m)
	}
	return sum
}

// atom judges atom i once per record.
func (m *Matcher) atom(i int32) bool {
	if v := m.verdicts[i]; v>>1 == m.now {
		return v&1 == 1
	}
	a := &m.engine.atoms[i]
	var is, known bool
	switch a.kind {
	case atomTest:
		switch {
		case a.memo != 0:
			is, known = m.memoized(a)
		case a.direct != notDirect:
			is, known = m.directly(a)
		}
		if !known {
			is = m.test(a)
		}
	case atomCompare:
		is = m.compare(a)
	case atomConsistent:
		is = m.consistent(a.terms)
	}
	m.verdicts[i] = m.now<<1 | uint32(flag(is))
	return is
}

func (m *Matcher) test(a *atom) bool {
	from, to := m.selected(a.sel)
	for i := from; i < to; i++ {
		if m.holds(&a.check, &m.found[i]) {
			return true
		}
	}
	return false
}

func (m *Matcher) compare(a *atom) bool {
	left, leftEnd := m.selected(a.sel)
	right, rightEnd := m.selected(a.right)
	for i := left; i < leftEnd; i++ {
		l := &m.found[i]
		if !a.kinds.Has(l.kind) {
			continue
		}
		for j := right; j < rightEnd; j++ {
			r := &m.found[j]
			if !a.kinds.Has(r.kind) {
				continue
			}
			if a.fold && relates(a.text, m.folded(l), m.folded(r)) || !a.fold && relates(a.text, m.text(l), m.text(r)) {
				return true
			}
		}
	}
	return false
}
