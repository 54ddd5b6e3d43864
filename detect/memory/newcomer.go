package memory

import (
	"cmp"
	"maps"
	"slices"
)

// newcomer is FirstSeen: when a group had each value last.
type newcomer struct {
	s       *Spec
	known   bool
	started int64 // first hit of the group
	last    int64 // last hit of the group
	seen    map[string]int64
	whole   int64 // no value that was seen before then is less than a window older
	done    []episode
}

// forget is how long a group may be silent before all of it is forgotten, in
// milliseconds: much longer than its values, so that a group that sleeps does
// not have to be learnt anew.
func (s *Spec) forget() int64 {
	const quarter = 90 * 24 * 3600 * 1000
	return max(4*s.window(), quarter)
}

func (m *newcomer) step(at int64, hits []hit) {
	if !m.known || at-m.last > m.s.forget() {
		m.begin(at)
	}
	for i := range hits {
		h := &hits[i]
		before, seen := m.seen[h.value]
		m.seen[h.value] = at
		if (!seen || at-before > m.s.window()) && at-m.started >= m.s.Warmup.Milliseconds() {
			ep := episode{at: at, trigger: *h, subject: h.value, sure: m.sure(before, seen)}
			ep.add(*h)
			m.done = append(m.done, ep)
		}
	}
	m.last = at
	if len(m.seen) > MaxValues {
		m.prune()
	}
}

func (m *newcomer) begin(at int64) {
	m.known, m.started, m.whole, m.seen = true, at, at, map[string]int64{}
}

// sure is until when an earlier record with the same value could still keep it
// from being news: in the time in which the group is only watched, or within the
// window of when the value came before.
func (m *newcomer) sure(before int64, seen bool) (until int64) {
	if w := m.s.Warmup.Milliseconds(); w > 0 {
		until = m.started + w - 1
	}
	if seen {
		until = max(until, before+m.s.window())
	}
	return until
}

// shorten takes from hits whose value is known, and so no news, the reference to
// the record, which no detection will name. One that was known in the same
// instant may still come before the other.
func (m *newcomer) shorten(hits []hit) {
	for i := range hits {
		h := &hits[i]
		if before, seen := m.seen[h.value]; seen && before < h.at && h.at-before <= m.s.window() {
			h.ref = ""
		}
	}
}

// prune drops the tenth of the values that was unseen for the longest time.
func (m *newcomer) prune() {
	all := slices.SortedFunc(maps.Keys(m.seen), func(a, b string) int {
		return cmp.Or(cmp.Compare(m.seen[a], m.seen[b]), cmp.Compare(a, b))
	})
	for _, v := range all[:len(all)/10] {
		m.whole = max(m.whole, m.seen[v]+m.s.window()+1)
		delete(m.seen, v)
	}
}

func (m *newcomer) until(clock int64) {
	switch {
	case !m.known:
	case m.last+m.s.forget() < clock:
		m.known, m.seen = false, nil
	case m.last+m.s.window() < clock:
		clear(m.seen)
		m.whole = max(m.whole, m.last+m.s.window()+1)
	}
}

func (m *newcomer) ended() (all []episode) { all, m.done = m.done, nil; return all }
func (m *newcomer) open() []episode        { return nil }
func (m *newcomer) due() int64             { return m.last + m.s.forget() + 1 }
func (m *newcomer) empty() bool            { return !m.known }

func (m *newcomer) code(c *codec) {
	c.bool(&m.known)
	c.int(&m.started)
	c.int(&m.last)
	c.int(&m.whole)
	values := slices.Sorted(maps.Keys(m.seen))
	list(c, &values, func(s *string) { c.text(s) })
	if c.reading {
		m.seen = make(map[string]int64, len(values))
	}
	for _, v := range values {
		ago := m.last - m.seen[v]
		c.int(&ago)
		m.seen[v] = m.last - ago
	}
}
