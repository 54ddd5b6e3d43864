package detect

import "encoding/binary"

type atomKind uint8

const (
	atomTest atomKind = iota
	atomCompare
	atomConsistent
)

// atom is one test of a record, shared by all rules that make it.
type atom struct {
	kind  atomKind
	sel   int32
	check check
	right int32 // atomCompare: the other path
	text  TextOp
	fold  bool
	kinds Kinds
	terms []term // atomConsistent
	level level  // which fields decide it
	cost  int    // how late to judge it; only the order matters
	// memo is 1 and the number of the field that alone decides it, or 0;
	// memoTest is its place in the memory for that field.
	memo     uint8
	memoTest int32
	keys     []key // one of these is found in any record that satisfies the atom
}

func (c *compiler) atomOf(p Path, m Match) int32 {
	sel := c.intern(p)
	id := appendMatch(binary.AppendUvarint([]byte{byte(atomTest)}, uint64(sel)), m)
	return c.add(string(id), func() atom {
		cost := c.cost(sel) + matchCost(m)
		if memoOf(&c.list[sel]) >= 0 {
			cost = min(cost, memoCost)
		}
		return atom{
			kind: atomTest, sel: sel, check: compileMatch(m),
			level: c.list[sel].level,
			cost:  cost,
			keys:  keysOf(sel, m),
		}
	})
}

func (c *compiler) compare(n Compare) int32 {
	left, right := c.intern(n.Left), c.intern(n.Right)
	id := binary.AppendUvarint(binary.AppendUvarint([]byte{byte(atomCompare)}, uint64(left)), uint64(right))
	id = append(id, byte(n.Op), flag(n.Fold), byte(n.Kinds))
	return c.add(string(id), func() atom {
		return atom{
			kind: atomCompare, sel: left, right: right, text: n.Op, fold: n.Fold, kinds: n.Kinds,
			level: both(c.list[left].level, c.list[right].level),
			cost:  c.cost(left) + c.cost(right),
			keys:  []key{{sel: left, kind: keyPresent}},
		}
	})
}

func (c *compiler) add(id string, make func() atom) int32 {
	if i, ok := c.atomBy[id]; ok {
		return i
	}
	i := int32(len(c.atoms))
	c.atoms = append(c.atoms, make())
	c.atomBy[id] = i
	c.pos = append(c.pos, &expr{op: exprAtom, atom: i})
	c.neg = append(c.neg, &expr{op: exprNot, atom: i})
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
		if a.memo != 0 {
			is, known = m.memoized(a)
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
