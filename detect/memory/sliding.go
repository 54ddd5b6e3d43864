package memory

import (
	"math"
	"slices"
)

// sliding judges, at each instant with a hit, the window that ends there.
type sliding struct {
	s    *Spec
	win  []hit
	agg  *aggregate
	best []int64 // Ordered: latest start of the first i+1 steps
	last int64   // instant judged last
	// chains are in place of best where a later step is compared, see Difference.
	chains [][]chain
	ep     *episode
	done   []episode
	past   []stretch // episodes that are over, for records that come very late
}

func (m *sliding) step(at int64, hits []hit) {
	if m.ep != nil && at-m.last > m.s.window() {
		m.end()
	}
	m.last = at
	m.evict(at - m.s.window())
	m.take(hits)
	m.trim()
	value, holds := m.judge(at)
	switch {
	case !holds:
		m.end()
	case m.ep == nil:
		m.ep = m.s.opening(at, hits[len(hits)-1], value, m.win)
	default:
		m.ep.add(hits...)
		if m.s.Kind != Count { // of which trim keeps enough and no more
			m.ep.value = max(m.ep.value, value)
		}
	}
}

func (m *sliding) end() {
	if m.ep != nil {
		m.past = m.ep.remembered(m.past)
		m.done, m.ep = append(m.done, *m.ep), nil
	}
}

func (m *sliding) evict(before int64) {
	i := 0
	for ; i < len(m.win) && m.win[i].at < before; i++ {
		m.agg.remove(&m.win[i])
	}
	m.win = m.win[i:]
}

func (m *sliding) take(hits []hit) {
	m.win = append(m.win, hits...)
	for i := range hits {
		m.agg.add(&hits[i])
	}
	switch {
	case m.s.Kind != Ordered:
	case m.s.Differ != nil:
		m.compared(hits)
	default:
		m.follow(hits)
	}
}

// trim drops the oldest hits that no longer matter: those beyond the number
// that is enough, while the episode that they belong to is counted, and those
// over the limit.
func (m *sliding) trim() {
	most := MaxWindowHits
	if n, ok := m.s.enough(); ok && m.s.Kind == Count && m.ep != nil {
		most = n
	}
	for len(m.win) > most {
		m.agg.remove(&m.win[0])
		m.win = m.win[1:]
	}
}

// follow moves the chains of an ordered sequence on. Hits of one instant may
// follow each other in any order, but one record is one step of a chain only.
func (m *sliding) follow(hits []hit) {
	steps := m.s.Steps
	if m.best == nil {
		m.best = slices.Repeat([]int64{math.MinInt64}, len(steps))
	}
	before := slices.Clone(m.best)
	hits = m.useful(hits)
	for i := range steps {
		start := m.last
		if i > 0 {
			start = before[i-1]
		}
		if start == math.MinInt64 || len(hits) == 0 {
			continue
		}
		a := assignment{s: m.s, hits: hits, taken: make([]int, len(hits))}
		for j := i; j < len(steps) && a.place(j); j++ {
			m.best[j] = max(m.best[j], start)
			if len(hits) == 1 {
				break
			}
		}
	}
}

// useful leaves out hits of an instant with very many: of each input, there is
// no use for more records than there are steps.
func (m *sliding) useful(hits []hit) []hit {
	if len(hits) <= len(m.s.Steps) {
		return hits
	}
	var had [MaxInputs]int
	var out []hit
	for _, h := range hits {
		use := false
		for in := range m.s.Inputs {
			if h.inputs>>in&1 == 1 {
				use = use || had[in] < len(m.s.Steps)
				had[in]++
			}
		}
		if use {
			out = append(out, h)
		}
	}
	return out
}

// assignment is which records of an instant are which steps.
type assignment struct {
	s     *Spec
	hits  []hit
	value string // of the step that others are compared with
	taken []int  // the step that a record is, plus one
}

// place finds a record for step j, moving other steps to other records where
// that helps.
func (a *assignment) place(j int) bool { return a.find(j, make([]bool, len(a.hits))) }

func (a *assignment) find(j int, tried []bool) bool {
	for r := range a.hits {
		if tried[r] || !a.s.fits(&a.hits[r], j, a.value) {
			continue
		}
		tried[r] = true
		if a.taken[r] == 0 || a.find(a.taken[r]-1, tried) {
			a.taken[r] = j + 1
			return true
		}
	}
	return false
}

func (m *sliding) judge(at int64) (value float64, holds bool) {
	switch m.s.Kind {
	case Ordered:
		return float64(m.agg.n), m.best[len(m.best)-1] >= at-m.s.window()
	case Expression:
		return float64(m.agg.n), m.s.Expr.holds(m.agg.present())
	}
	v, ok := m.agg.value(m.win)
	return v, ok && m.s.Within(v)
}

func (m *sliding) until(clock int64) {
	if m.last+m.s.window() < clock {
		m.end()
		m.win, m.best, m.chains, m.agg = nil, nil, nil, newAggregate(m.s)
	}
	m.past = forgotten(m.past, clock)
}

func (m *sliding) ended() (all []episode) { all, m.done = m.done, nil; return all }

func (m *sliding) open() []episode {
	if m.ep == nil {
		return nil
	}
	return []episode{m.ep.clone()}
}

func (m *sliding) due() int64 {
	if len(m.win) == 0 && m.ep == nil && len(m.past) > 0 {
		return m.past[0].last + recall + 1
	}
	return m.last + m.s.window() + 1
}

func (m *sliding) empty() bool { return len(m.win) == 0 && m.ep == nil && len(m.past) == 0 }

func (m *sliding) code(c *codec) {
	c.int(&m.last)
	c.hits(&m.win)
	c.optional(&m.ep)
	list(c, &m.best, func(p *int64) { c.int(p) })
	list(c, &m.past, func(p *stretch) { c.int(&p.first); c.int(&p.last) })
	if m.s.Differ != nil {
		list(c, &m.chains, func(all *[]chain) {
			list(c, all, func(p *chain) { c.int(&p.start); c.text(&p.value) })
		})
	}
	for i := range m.win {
		if c.reading {
			m.agg.add(&m.win[i])
		}
	}
}
