package memory

import "slices"

// closing judges windows once they are over: each instant with a hit opens one
// that closes Window later.
type closing struct {
	s     *Spec
	win   []hit // whose windows are not over
	agg   *aggregate
	last  int64 // close of the window judged last
	first bool  // last is set
	ep    *episode
	done  []episode
}

func (m *closing) step(at int64, hits []hit) {
	m.until(at - 1)
	m.win = append(m.win, hits...)
	for i := range hits {
		m.agg.add(&hits[i])
	}
	for len(m.win) > MaxWindowHits {
		m.agg.remove(&m.win[0])
		m.win = m.win[1:]
	}
}

func (m *closing) until(clock int64) {
	for len(m.win) > 0 && m.win[0].at+m.s.window() <= clock {
		m.close(m.win[0].at + m.s.window())
	}
	if len(m.win) == 0 {
		m.end()
	}
}

// close judges the window of the oldest instant, whose end is at.
func (m *closing) close(at int64) {
	n := 1
	for n < len(m.win) && m.win[n].at == m.win[0].at {
		n++
	}
	opener, rest := slices.Clone(m.win[:n]), m.win[n:]
	var holds, asked bool
	var value float64
	switch m.s.Kind {
	case Absence:
		opener, holds = m.unanswered(opener)
		asked = len(opener) > 0
	case Expression:
		value, holds, asked = float64(m.agg.n), m.s.Expr.holds(m.agg.present()), true
	}
	for i := range m.win[:n] {
		m.agg.remove(&m.win[i])
	}
	if !asked && m.s.Kind != Absence {
		value, _ = m.agg.value(rest)
		holds, asked = m.s.Within(value), true
	}
	m.win = rest
	if asked {
		m.judged(at, opener, rest, value, holds)
	}
}

// unanswered is the hits of input 0 in the instant, and whether no other record
// of input 1 is in their window.
func (m *closing) unanswered(instant []hit) (asking []hit, alone bool) {
	alone = true
	for _, h := range instant {
		if h.inputs&1 == 0 {
			continue
		}
		asking = append(asking, h)
		answers := m.agg.inputs[1]
		if h.inputs>>1&1 == 1 {
			answers--
		}
		alone = alone && answers == 0
	}
	return asking, alone
}

func (m *closing) judged(at int64, opener, rest []hit, value float64, holds bool) {
	if m.first && at-m.last > m.s.window() {
		m.end()
	}
	m.last, m.first = at, true
	switch {
	case !holds:
		m.end()
		return
	case m.ep == nil:
		m.ep = &episode{at: at, trigger: opener[len(opener)-1], value: value, upto: opener[0].at - 1}
	}
	m.ep.value = min(m.ep.value, value)
	from := m.ep.upto
	m.ep.add(after(opener, from)...)
	if m.s.Kind != Absence {
		m.ep.add(after(rest, from)...)
	}
}

func after(hits []hit, at int64) []hit {
	i := 0
	for i < len(hits) && hits[i].at <= at {
		i++
	}
	return hits[i:]
}

func (m *closing) end() {
	if m.ep != nil {
		m.done, m.ep = append(m.done, *m.ep), nil
	}
}

func (m *closing) ended() (all []episode) { all, m.done = m.done, nil; return all }

func (m *closing) open() []episode {
	if m.ep == nil {
		return nil
	}
	return []episode{m.ep.clone()}
}

func (m *closing) due() int64 {
	if len(m.win) == 0 {
		return never
	}
	return m.win[0].at + m.s.window()
}

func (m *closing) empty() bool { return len(m.win) == 0 && m.ep == nil }

func (m *closing) code(c *codec) {
	c.int(&m.last)
	c.bool(&m.first)
	c.hits(&m.win)
	c.optional(&m.ep)
	for i := range m.win {
		if c.reading {
			m.agg.add(&m.win[i])
		}
	}
}
