package memory

import "slices"

// What comes later than the bound on lateness finds a time that is judged: what
// was told of it stays, and the records it was told of are gone. What can still
// be said of a late record without taking anything back and without saying it
// twice depends on the kind of the Spec.
//
//   - Where hits only ever make the condition true, late ones are judged among
//     themselves. A stretch that overlaps one that was told is not told again: it
//     may be the same records by another path.
//   - FirstSeen judges a late record by what the group knows: a value that it
//     never had is news, whenever it comes. It is remembered as if it had come
//     in time, and its detection has the ID that it would have had.
//   - Everything else needs all records of its time: Absence, Rate, Alarm, and
//     conditions that a record more can make false. Late hits of these are
//     counted.

// lateHit sees to a hit that came too late; it is true for one that is to be
// judged among such hits.
func (e *Engine) lateHit(x *Hit, h hit) bool {
	s := e.specs[x.Spec]
	if s.Kind != FirstSeen && !s.lateLane() {
		return false
	}
	g := e.group(x.Spec, string(x.Group), false)
	e.touched[g] = true
	if s.Kind == FirstSeen {
		g.belated = append(g.belated, h)
		return false
	}
	return true
}

// amend judges late hits of FirstSeen by what the group knows.
func (g *group) amend(s *Spec, settled int64, j *judgement) {
	if len(g.belated) == 0 {
		return
	}
	m, ok := g.machine(s).(*newcomer)
	late := s.merging().sorted(g.belated)
	g.belated = nil
	for i := 0; ok && i < len(late); i++ {
		h := &late[i]
		if slices.ContainsFunc(g.pending, func(p hit) bool { return p.value == h.value }) {
			continue // told as of that later record
		}
		if e := m.belated(h, settled); e != nil {
			d := s.detection(g.spec, g.key, e, false)
			d.Late = true
			j.news = append(j.news, d)
		}
	}
	g.amended, g.live = true, nil
	j.due = g.due()
}

// belated learns a value that came too late, and gives the episode of one that
// is news for certain.
func (m *newcomer) belated(h *hit, settled int64) *episode {
	apart := m.s.forget() - m.s.window() // what a group had before it was forgotten is out of the window
	switch {
	case !m.known:
		if settled-h.at > apart {
			return nil
		}
		m.begin(h.at)
		m.last = h.at
	case h.at < m.started:
		if m.started-h.at > apart {
			return nil
		}
		if m.whole == m.started {
			m.whole = h.at
		}
		m.started = h.at
	}
	before, seen := m.seen[h.value]
	if seen && h.at <= before {
		return nil // it was news then, or was none
	}
	m.seen[h.value], m.last = h.at, max(m.last, h.at)
	isNew := !seen && h.at >= m.whole || seen && h.at-before > m.s.window()
	if !isNew || h.at-m.started < m.s.Warmup.Milliseconds() {
		return nil
	}
	e := &episode{at: h.at, trigger: *h, subject: h.value}
	e.add(*h)
	return e
}

// stretch is the time of the records of a detection that was told.
type stretch struct{ first, last int64 }

const (
	recall       = 7 * 24 * 3600 * 1000 // milliseconds for which stretches are remembered
	maxStretches = 16                   // of one group
)

func (e *episode) remembered(told []stretch) []stretch {
	told = append(told, stretch{e.first, e.last})
	return told[max(0, len(told)-maxStretches):]
}

func forgotten(told []stretch, clock int64) []stretch {
	for len(told) > 0 && told[0].last+recall < clock {
		told = told[1:]
	}
	return told
}

// judgeLate judges hits that came too late among themselves, until no more come
// for so long as they could come in time. When they are very many, the older
// half is settled.
func (e *Engine) judgeLate(g *group, s *Spec, lateness int64) []Detection {
	settled := g.settled
	if n := len(g.pending); n > MaxWindowHits {
		settled = g.pending[n/2].at
	}
	news := g.unheard(s, g.judge(s, g.spec, settled, e.time.latest).news)
	if own := e.groups[g.spec][g.key]; own != nil {
		news = own.unheard(s, news)
	}
	end := g.arrived + s.window() + lateness
	if end <= e.time.latest {
		end = g.conclude(s, e.time.latest)
	}
	e.schedule(g, end)
	return news
}

// conclude leaves of late hits only the stretches that were told, and gives the
// time at which those can go.
func (g *group) conclude(s *Spec, clock int64) (due int64) {
	m := new(sliding)
	if before, ok := g.machine(s).(*sliding); ok {
		m.past = before.past
	}
	m.s, m.agg = s, newAggregate(s)
	t := g.track(s)
	for _, list := range [][]episode{t.ended, t.m.open()} {
		for i := range list {
			m.past = list[i].remembered(m.past)
		}
	}
	m.past = forgotten(m.past, clock)
	g.pending, g.told, g.base, g.idle, g.live = nil, nil, nil, nil, nil
	if g.amended = len(m.past) > 0; !g.amended {
		return never
	}
	g.base = m
	return m.due()
}

// unheard leaves of what late hits bring that which the group did not tell
// before.
func (g *group) unheard(s *Spec, late []Detection) []Detection {
	m, ok := g.machine(s).(*sliding)
	if !ok || len(late) == 0 {
		return late
	}
	told := slices.Clone(m.past)
	if m.ep != nil {
		told = append(told, stretch{m.ep.first, m.ep.last})
	}
	news := late[:0]
	for _, d := range late {
		first, last := d.First.UnixMilli(), d.Last.UnixMilli()
		if d.Withdrawn || !slices.ContainsFunc(told, func(t stretch) bool { return first <= t.last && t.first <= last }) {
			news = append(news, d)
		}
	}
	return news
}
