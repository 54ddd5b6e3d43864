package detect

import (
	"net/netip"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// run judges the rules of p.
func (m *Matcher) run(p *program) {
	m.hits = append(m.hits, p.certain...)
	for _, i := range p.rest {
		m.tryOnce(&p.entries[i])
	}
	for i := range p.groups {
		m.look(p, &p.groups[i])
	}
	for i := range p.sites {
		s := &p.sites[i]
		v, odd := m.at(s.spot)
		m.visit(p, s, v, odd)
	}
	for i := range p.branches {
		m.branch(p, &p.branches[i])
	}
}

func (m *Matcher) branch(p *program, br *branch) {
	if br.callers && m.knowsCaller() {
		for i := range br.sites {
			v, odd := m.at(br.sites[i].spot)
			m.visit(p, &br.sites[i], v, odd)
		}
		return
	}
	kid, odd := m.kids(br.spot)
	if odd != 0 { // paths may end elsewhere than in the members found
		for i := range br.sites {
			m.visit(p, &br.sites[i], cloudtrail.Value{}, odd)
		}
		return
	}
	for ; kid != noSpot; kid = m.places[kid].next {
		if i, ok := br.at[kid]; ok {
			m.visit(p, &br.sites[i], m.places[kid].val, 0)
		}
	}
}

// visit looks up v, the value at s, or what each path selects where that may
// be something else.
func (m *Matcher) visit(p *program, s *site, v cloudtrail.Value, odd odd) {
	kind := v.Kind()
	if odd != 0 || isContainer(kind) {
		for i := range s.groups {
			m.look(p, &s.groups[i])
		}
		return
	}
	if kind != cloudtrail.Missing {
		f := found{val: v, kind: kind}
		m.lookUp(p, &s.merged, &f)
	}
}

func (m *Matcher) look(p *program, g *group) {
	from, to := m.selected(g.sel)
	for j := from; j < to; j++ {
		f := m.found[j] // judging may select more values and so move m.found
		m.lookUp(p, g, &f)
	}
}

// lookUp judges the entries of g that are filed under f.
func (m *Matcher) lookUp(p *program, g *group, f *found) {
	for _, i := range g.present {
		m.try(&p.entries[i])
	}
	visit := func(i int32) bool {
		m.try(&p.entries[i])
		return true
	}
	if g.plain != nil && g.kinds[0].Has(f.kind) {
		g.plain.each(m.text(f), visit)
	}
	if g.folded != nil && g.kinds[1].Has(f.kind) && !g.folded.tooShort(m.text(f)) {
		g.folded.each(m.folded(f), visit)
	}
	if g.ranges != nil && g.ranges.kinds.Has(f.kind) {
		if a, ok := m.addr(f); ok {
			g.ranges.each(a, visit)
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

// tryOnce is try of an entry that is filed nowhere: nothing else leads to its rule
// in this record.
func (m *Matcher) tryOnce(e *entry) {
	if m.collecting {
		m.try(e)
		return
	}
	if m.satisfies(e) {
		m.hits = append(m.hits, e.rule)
	}
}

// satisfies tells whether the record at hand satisfies what is left of a rule.
func (m *Matcher) satisfies(e *entry) bool {
	if e.literal >= 0 {
		return m.atom(e.literal>>1) == (e.literal&1 == 0)
	}
	return m.eval(e.tree)
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
	if m.satisfies(e) {
		m.hits = append(m.hits, e.rule)
	}
}
