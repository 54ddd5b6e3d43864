package detect

import (
	"net/netip"
	"slices"
)

// program judges a set of rules: it looks up their keys in the record and
// judges only the rules that are filed under one it finds. Rules without a key
// are always judged.
type program struct {
	entries []entry
	certain []int32 // rules that are true
	groups  []group // by selector
	rest    []int32 // entries without a key
}

// entry is a rule and what is left to judge of it.
type entry struct {
	rule int32
	tree *expr
}

// group holds the entries filed under keys of one selector.
type group struct {
	sel     int32
	present []int32
	plain   *operands
	folded  *operands
	kinds   [2]Kinds // of plain, folded
	ranges  *ranges
}

// ranges files entries by address range, with one lookup per length of prefix.
type ranges struct {
	kinds   Kinds
	lengths []int
	at      map[netip.Prefix][]int32
}

// fewEntries is the number of entries up to which looking keys up does not pay.
const fewEntries = 4

// builder makes programs.
type builder struct {
	atoms     []atom
	selectors []selector
	headOnly  bool // only keys on eventSource and eventName
	shared    map[key]int
	groupOf   map[int32]int
	out       *program
}

func (b *builder) build(entries []entry) *program {
	b.out = &program{entries: entries}
	b.groupOf = map[int32]int{}
	b.count(entries)
	for i, e := range entries {
		ks, _ := b.keys(e.tree)
		if ks == nil || len(entries) <= fewEntries {
			b.out.rest = append(b.out.rest, int32(i))
			continue
		}
		for _, k := range ks {
			b.file(k, int32(i))
		}
	}
	slices.SortFunc(b.out.groups, func(x, y group) int {
		return int(b.selectors[x.sel].reach) - int(b.selectors[y.sel].reach)
	})
	return b.out
}

// count counts how many entries could be filed under each key.
func (b *builder) count(entries []entry) {
	b.shared = map[key]int{}
	if len(entries) <= fewEntries {
		return
	}
	var visit func(e *expr)
	visit = func(e *expr) {
		if e.op == exprAtom {
			for _, k := range b.atoms[e.atom].keys {
				b.shared[k]++
			}
		}
		for _, k := range e.kids {
			visit(k)
		}
	}
	for _, e := range entries {
		visit(e.tree)
	}
}

func (b *builder) file(k key, i int32) {
	at, ok := b.groupOf[k.sel]
	if !ok {
		at = len(b.out.groups)
		b.groupOf[k.sel] = at
		b.out.groups = append(b.out.groups, group{sel: k.sel})
	}
	g := &b.out.groups[at]
	switch k.kind {
	case keyPresent:
		g.present = append(g.present, i)
	case keyRange:
		g.fileRange(k, i)
	default:
		set, n := &g.plain, 0
		if k.fold {
			set, n = &g.folded, 1
		}
		if *set == nil {
			*set = new(operands)
		}
		(*set).add(TextOp(k.kind-keyText), k.text, i)
		g.kinds[n] |= k.kinds
	}
}

func (g *group) fileRange(k key, i int32) {
	if g.ranges == nil {
		g.ranges = &ranges{at: map[netip.Prefix][]int32{}}
	}
	r := g.ranges
	r.kinds |= k.kinds
	if !slices.Contains(r.lengths, k.prefix.Bits()) {
		r.lengths = append(r.lengths, k.prefix.Bits())
	}
	r.at[k.prefix] = append(r.at[k.prefix], i)
}

// run judges the rules of p.
func (m *Matcher) run(p *program) {
	m.hits = append(m.hits, p.certain...)
	for _, i := range p.rest {
		m.try(&p.entries[i])
	}
	for i := range p.groups {
		m.look(p, &p.groups[i])
	}
}

func (m *Matcher) look(p *program, g *group) {
	from, to := m.selected(g.sel)
	if from == to {
		return
	}
	for _, i := range g.present {
		m.try(&p.entries[i])
	}
	visit := func(i int32) bool {
		m.try(&p.entries[i])
		return true
	}
	for j := from; j < to; j++ {
		// Judging may select more values and so move m.found.
		if kind := m.found[j].kind; g.plain != nil && g.kinds[0].Has(kind) {
			g.plain.each(m.text(&m.found[j]), visit)
		}
		if g.folded != nil && g.kinds[1].Has(m.found[j].kind) {
			g.folded.each(m.folded(&m.found[j]), visit)
		}
		if g.ranges != nil && g.ranges.kinds.Has(m.found[j].kind) {
			if a, ok := m.addr(&m.found[j]); ok {
				g.ranges.each(a, visit)
			}
		}
	}
}

func (r *ranges) each(a netip.Addr, visit func(i int32) bool) {
	for _, n := range r.lengths {
		if n > a.BitLen() {
			continue
		}
		if p, err := a.Prefix(n); err == nil {
			for _, i := range r.at[p] {
				visit(i)
			}
		}
	}
}

// try judges a rule once per record, or notes it as a candidate.
func (m *Matcher) try(e *entry) {
	if m.tried[e.rule] == m.now {
		return
	}
	m.tried[e.rule] = m.now
	if m.collecting {
		m.candidates = append(m.candidates, e)
		return
	}
	if m.eval(e.tree) {
		m.hits = append(m.hits, e.rule)
	}
}
