package memory

import (
	"math"
	"slices"
	"sort"
)

// pace is Rate: how many hits the group had in each clock period.
type pace struct {
	s       *Spec
	known   bool
	started int64    // first period of the group, which it may have spent in part
	periods []period // ascending, without empty ones
	now     episode  // hits of the last period
	ep      *episode
	through int64 // last period of ep
	done    []episode
}

type period struct {
	n     int64 // number of the period since 1970
	count int64
}

func (s *Spec) period(at int64) int64 {
	n := at / s.window()
	if at%s.window() < 0 {
		n--
	}
	return n
}

func (m *pace) step(at int64, hits []hit) {
	n := m.s.period(at)
	m.until(n * m.s.window())
	if !m.known {
		m.known, m.started = true, n
	}
	if len(m.periods) == 0 || m.periods[len(m.periods)-1].n != n {
		m.periods = append(m.periods, period{n: n})
		m.now = episode{}
	}
	fired := m.ep != nil && m.through == n
	m.now.add(hits...)
	m.periods[len(m.periods)-1].count = m.now.count
	if fired {
		m.ep.add(hits...)
		m.ep.trigger = hits[len(hits)-1]
	} else if low, high, holds := m.judge(n); holds {
		m.fire(n, low, high)
	}
	if m.ep != nil && m.through == n {
		m.ep.value = max(m.ep.value, float64(m.now.count))
	}
}

// fire joins the period in hand to the episode of the period before it, or opens
// one.
func (m *pace) fire(n int64, low, high float64) {
	if m.ep == nil {
		m.ep = &episode{at: n * m.s.window(), low: low, high: high, sure: m.sure(n)}
	}
	m.through = n
	kept := append(slices.Clone(m.now.head), m.now.tail...)
	var weight int64
	for _, h := range kept {
		weight += h.weight
	}
	m.ep.add(kept...)
	m.ep.count += m.now.count - weight
	m.ep.trigger = kept[len(kept)-1]
}

// judge compares the count of period n with what was usual.
func (m *pace) judge(n int64) (low, high float64, holds bool) {
	r := &m.s.Rate
	if float64(m.now.count) < r.Least || (n-m.started)*m.s.window() < m.s.Warmup.Milliseconds() {
		return 0, 0, false
	}
	past := m.comparable(n)
	if len(past) < 3 {
		return 0, 0, false
	}
	slices.Sort(past)
	low, high = rank(past, 0.05), rank(past, 0.95)
	return low, high, float64(m.now.count) > r.Factor*max(high, 1)
}

// sure is until when a record could still raise what was usual for period n: the
// end of the latest period that it is compared with.
func (m *pace) sure(n int64) int64 {
	latest := m.started
	m.eachComparable(n, func(p int64) { latest = max(latest, p) })
	return (latest+1)*m.s.window() - 1
}

// rank is the value at the given share of sorted counts.
func rank(sorted []int64, q float64) float64 {
	i := q * float64(len(sorted)-1)
	if q < 0.5 {
		return float64(sorted[int(math.Floor(i))])
	}
	return float64(sorted[int(math.Ceil(i))])
}

// comparable are the counts of the earlier periods that period n is compared
// with; the first period of the group, which may be a part of one, is none.
func (m *pace) comparable(n int64) (counts []int64) {
	m.eachComparable(n, func(p int64) { counts = append(counts, m.count(p)) })
	return counts
}

func (m *pace) eachComparable(n int64, visit func(p int64)) {
	const day = 24 * 3600 * 1000
	back, perDay := m.s.Rate.Baseline.Milliseconds()/m.s.window(), int64(day)/m.s.window()
	season, around := int64(1), int64(0)
	switch {
	case perDay == 0:
	case m.s.Rate.Season == Daily:
		season, around = perDay, 1
	case m.s.Rate.Season == Weekly:
		season, around = 7*perDay, 1
	}
	if season == 1 || season <= 2*around {
		around = 0
	}
	for ago := season; ago <= back; ago += season {
		for p := n - ago - around; p <= n-ago+around; p++ {
			if p > m.started && p < n {
				visit(p)
			}
		}
	}
}

func (m *pace) count(n int64) int64 {
	i := sort.Search(len(m.periods), func(i int) bool { return m.periods[i].n >= n })
	if i < len(m.periods) && m.periods[i].n == n {
		return m.periods[i].count
	}
	return 0
}

func (m *pace) until(clock int64) {
	n := m.s.period(clock)
	if m.ep != nil && m.through < n-1 {
		m.done, m.ep = append(m.done, *m.ep), nil
	}
	oldest := n - m.s.Rate.Baseline.Milliseconds()/m.s.window() - 2
	i := 0
	for i < len(m.periods) && m.periods[i].n < oldest {
		i++
	}
	if m.periods = m.periods[i:]; len(m.periods) == 0 {
		m.known = false
	}
}

func (m *pace) ended() (all []episode) { all, m.done = m.done, nil; return all }

func (m *pace) open() []episode {
	if m.ep == nil {
		return nil
	}
	return []episode{m.ep.clone()}
}

func (m *pace) due() int64 {
	if len(m.periods) == 0 {
		return never
	}
	return m.periods[len(m.periods)-1].n*m.s.window() + m.s.Rate.Baseline.Milliseconds() + 3*m.s.window()
}

func (m *pace) empty() bool { return !m.known && m.ep == nil }

func (m *pace) code(c *codec) {
	c.bool(&m.known)
	c.int(&m.started)
	list(c, &m.periods, func(p *period) { c.int(&p.n); c.int(&p.count) })
	c.episode(&m.now)
	c.optional(&m.ep)
	c.int(&m.through)
}
