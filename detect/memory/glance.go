package memory

import "github.com/trailwarden/trailwarden/detect"

// glance tells of the sightings of one group after the other whether they can
// make a Spec hold at all. It says no only where the machine would find nothing:
// nearly all groups are of somebody who did nothing out of the ordinary, and
// their hits need not be read.
type glance struct {
	s      *Spec
	counts []uint32 // by number of a value or an input: those in the window in hand
	best   []int64
	runs   []sightRun
	sorter *sorter
}

// newGlance is for a Spec with so many different values.
func newGlance(s *Spec, values int, by *sorter) *glance {
	return &glance{s: s, counts: make([]uint32, max(values, MaxInputs)), sorter: by}
}

// mayHold sorts the sightings by time.
func (g *glance) mayHold(l *hitLog, of *specLog, seen []sighting) bool {
	g.sorter.sort(seen)
	if len(seen) > MaxWindowHits {
		return true // what limits do is the machine's to say
	}
	s := g.s
	n, enough := s.enough()
	switch {
	case s.Kind == Absence:
		return g.unanswered(seen)
	case s.Kind == FirstSeen:
		return seen[len(seen)-1].at-seen[0].at >= s.Warmup.Milliseconds()
	case s.Kind == Rate:
		return g.busy(seen)
	case s.AtClose():
		return true
	case s.Kind == Count:
		return !enough || g.crowded(seen, n)
	case s.Kind == Distinct:
		return !enough || g.crowded(seen, n) && g.different(seen, n)
	case s.Kind == Inputs:
		return !enough || g.different(seen, n)
	case s.Kind == Sum:
		return g.heavy(l, of, seen)
	case s.Kind == Expression:
		return s.Expr.holds(inputsOf(seen))
	case s.Kind == Ordered:
		return g.inOrder(seen)
	}
	return true
}

// crowded tells whether some window has n sightings.
func (g *glance) crowded(seen []sighting, n int) bool {
	for i := n - 1; i < len(seen); i++ {
		if seen[i].at-seen[i-n+1].at <= g.s.window() {
			return true
		}
	}
	return false
}

// different tells whether some window has n different marks.
func (g *glance) different(seen []sighting, n int) bool {
	first, now := 0, 0
	for i := range seen {
		for seen[first].at < seen[i].at-g.s.window() {
			if g.counts[seen[first].mark]--; g.counts[seen[first].mark] == 0 {
				now--
			}
			first++
		}
		if g.counts[seen[i].mark]++; g.counts[seen[i].mark] == 1 {
			now++
		}
		if now >= n {
			g.leave(seen[first : i+1])
			return true
		}
	}
	g.leave(seen[first:])
	return false
}

func (g *glance) leave(window []sighting) {
	for i := range window {
		g.counts[window[i].mark] = 0
	}
}

func inputsOf(seen []sighting) (inputs uint64) {
	for i := range seen {
		inputs |= 1 << seen[i].mark
	}
	return inputs
}

// heavy tells whether the positive numbers of some window add up to enough. What
// is lost in adding and taking away again is far below what is allowed for.
func (g *glance) heavy(l *hitLog, of *specLog, seen []sighting) bool {
	least, ok := g.s.lower()
	if !ok {
		return true
	}
	number := func(i int) float64 { return max(of.number.at(seen[i].n), 0) }
	all := 0.0
	for i := range seen {
		all += number(i)
	}
	first, now, slack := 0, 0.0, all*1e-6
	for i := range seen {
		for seen[first].at < seen[i].at-g.s.window() {
			now -= number(first)
			first++
		}
		if now += number(i); now+slack >= least {
			return true
		}
	}
	return false
}

// busy tells whether some period of the clock has the least records of Rate.
func (g *glance) busy(seen []sighting) bool {
	count, last := 0.0, int64(0)
	for i := range seen {
		if n := g.s.period(seen[i].at); i == 0 || n != last {
			count, last = 0, n
		}
		if count++; count >= g.s.Rate.Least {
			return true
		}
	}
	return false
}

// unanswered tells whether some hit of input 0 has none of input 1 in a later
// instant of its window. Those of the same instant may be of the same record,
// which does not answer itself.
func (g *glance) unanswered(seen []sighting) bool {
	answer := int64(never) // the earliest after the instant in hand
	for i := len(seen) - 1; i >= 0; {
		at, from, next := seen[i].at, i, answer
		for ; i >= 0 && seen[i].at == at; i-- {
			if seen[i].mark == 1 {
				next = at
			}
		}
		for _, x := range seen[i+1 : from+1] {
			if x.mark == 0 && answer-at > g.s.window() {
				return true
			}
		}
		answer = next
	}
	return false
}

// inOrder tells whether the steps of a sequence come in order within a window,
// if each sighting were of another record and those of one instant in whatever
// order suits.
func (g *glance) inOrder(seen []sighting) bool {
	steps, window := g.s.Steps, g.s.window()
	g.best = g.best[:0]
	for range steps {
		g.best = append(g.best, -never)
	}
	for i := 0; i < len(seen); {
		at, inputs, n := seen[i].at, uint64(0), 0
		for ; i < len(seen) && seen[i].at == at; i++ {
			inputs |= 1 << seen[i].mark
			n++
		}
		for range min(n, len(steps)) {
			g.follow(at, inputs)
		}
		if g.best[len(steps)-1] >= at-window {
			return true
		}
	}
	return false
}

// follow moves every chain on by a step at most.
func (g *glance) follow(at int64, inputs uint64) {
	for i := len(g.best) - 1; i >= 0; i-- {
		if inputs>>g.s.Steps[i]&1 == 0 {
			continue
		}
		start := at
		if i > 0 {
			start = g.best[i-1]
		}
		g.best[i] = max(g.best[i], start)
	}
}

// lower is what a value must reach for the bounds, if they say so.
func (s *Spec) lower() (least float64, ok bool) {
	for _, b := range s.Bounds {
		if b.setsFloor() && (!ok || b.Value > least) {
			least, ok = b.Value, true
		}
	}
	return least, ok
}

// setsFloor tells that nothing below the value satisfies b.
func (b Bound) setsFloor() bool {
	return !b.Not && (b.Op == detect.NumGreater || b.Op == detect.NumGreaterEqual || b.Op == detect.NumEqual)
}
