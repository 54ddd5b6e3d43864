package memory

// track is a machine that has run ahead of the settled time, over the hits that
// are pending. A hit that comes in order is one step more; for one that comes
// between others the track goes back to the mark before it.
type track struct {
	m     machine
	ran   int       // pending hits that it has seen
	clock int64     // no hit up to then is expected
	ended []episode // since the settled time
	marks []mark
}

// mark is a track as it was.
type mark struct {
	ran, ended int
	clock      int64
	state      []byte
}

// track is the group's track, made if there is none.
func (g *group) track(s *Spec) *track {
	if g.live == nil {
		g.live = &track{m: g.ahead(s), clock: g.settled}
	}
	return g.live
}

// ahead is a copy of the machine as of the settled time.
func (g *group) ahead(s *Spec) machine {
	if g.base != nil {
		return s.restored(encoded(g.base))
	}
	return s.restored(g.idle)
}

// knowledge is what a group of FirstSeen knows with all its pending hits.
func (g *group) knowledge(s *Spec) (*newcomer, bool) {
	if s.Kind != FirstSeen {
		return nil, false
	}
	n, ok := g.track(s).m.(*newcomer)
	return n, ok
}

// follow runs over what is new from the given place on, and gives the number of
// ended episodes that are the same as before.
func (t *track) follow(s *Spec, g *group, from int) (same int) {
	if from < len(g.pending) && (from < t.ran || g.pending[from].at <= t.clock) {
		t.rewind(s, g, from)
	}
	same = len(t.ended)
	for t.ran < len(g.pending) {
		t.mark(g.sizes.marks)
		end := t.ran + 1
		for end < len(g.pending) && g.pending[end].at == g.pending[t.ran].at {
			end++
		}
		t.m.step(g.pending[t.ran].at, g.pending[t.ran:end])
		t.ran = end
	}
	t.collect()
	return same
}

func (t *track) collect() { t.ended = append(t.ended, t.m.ended()...) }

// until judges what time alone decides: of an alarm up to now, which further
// hits may take back, else up to the settled time.
func (t *track) until(s *Spec, settled, clock int64) {
	if s.Kind == Alarm {
		settled = clock
	}
	t.m.until(settled)
	t.clock = max(t.clock, settled)
	t.collect()
}

// hitBytes is about what a hit takes in a machine.
const hitBytes = 32

// mark sets a mark after so many hits, or, where a machine is large, when as
// much was added as it takes.
func (t *track) mark(hits int) {
	last, size := 0, 0
	if n := len(t.marks); n > 0 {
		last, size = t.marks[n-1].ran, len(t.marks[n-1].state)
	}
	if t.ran-last < max(hits, size/hitBytes) {
		return
	}
	t.collect()
	t.marks = append(t.marks, mark{t.ran, len(t.ended), t.clock, encoded(t.m)})
}

// rewind goes back to before the pending hit at the given place.
func (t *track) rewind(s *Spec, g *group, place int) {
	for n := len(t.marks); n > 0; n-- {
		if k := &t.marks[n-1]; k.ran <= place && k.clock < g.pending[place].at {
			t.m, t.ran, t.clock, t.ended = s.restored(k.state), k.ran, k.clock, t.ended[:k.ended]
			return
		}
		t.marks = t.marks[:n-1]
	}
	t.m, t.ran, t.clock, t.ended = g.ahead(s), 0, g.settled, t.ended[:0]
}

// forget drops the first n pending hits, which are settled.
func (t *track) forget(n int) {
	t.ran -= n
	t.keep(func(k *mark) bool { k.ran -= n; return k.ran > 0 })
}

// shift drops the first n ended episodes, which are final.
func (t *track) shift(n int) {
	if n == 0 {
		return
	}
	t.ended = append([]episode(nil), t.ended[n:]...)
	t.keep(func(k *mark) bool { k.ended -= n; return k.ended >= 0 })
}

func (t *track) keep(want func(*mark) bool) {
	kept := t.marks[:0]
	for i := range t.marks {
		if want(&t.marks[i]) {
			kept = append(kept, t.marks[i])
		}
	}
	clear(t.marks[len(kept):])
	t.marks = kept
}
