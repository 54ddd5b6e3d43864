package memory

import "slices"

// thins tells whether most hits of a group can go without changing what the
// machine says.
func (s *Spec) thins() bool { return s.Kind == FirstSeen || s.Kind == Rate }

// thin drops hits, sorted, that the machine does not need.
func (s *Spec) thin(hits []hit) []hit {
	if s.Kind == Rate {
		return s.thinPeriods(hits)
	}
	return s.thinValues(hits)
}

// thinPeriods keeps the first and last hits of each period and lets one of them
// stand for those between.
func (s *Spec) thinPeriods(hits []hit) []hit {
	out := hits[:0]
	for i := 0; i < len(hits); {
		n := s.period(hits[i].at)
		j := i
		for j < len(hits) && s.period(hits[j].at) == n {
			j++
		}
		if j-i <= MaxRelated {
			out = append(out, hits[i:j]...)
			i = j
			continue
		}
		var between int64
		for k := i + half; k < j-half; k++ {
			between += hits[k].weight
		}
		hits[i+half-1].weight += between
		out = append(append(out, hits[i:i+half]...), hits[j-half:j]...)
		i = j
	}
	return out
}

// thinValues keeps, of each value, so many hits that a pause between two of
// them is longer than the window only where it was so before.
func (s *Spec) thinValues(hits []hit) []hit {
	keep := make([]bool, len(hits))
	type run struct{ kept, last int } // indexes
	runs := map[string]run{}
	for i := range hits {
		h := &hits[i]
		r, known := runs[h.value]
		switch {
		case !known || h.at-hits[r.last].at > s.window():
			if known {
				keep[r.last] = true
			}
			keep[i], r = true, run{i, i}
		case h.at-hits[r.kept].at > s.window():
			keep[r.last] = true
			r = run{r.last, i}
		default:
			r.last = i
		}
		runs[h.value] = r
	}
	for _, r := range runs {
		keep[r.last] = true
	}
	i := -1
	return slices.DeleteFunc(hits, func(hit) bool { i++; return !keep[i] })
}

// fewer drops sightings, sorted, of hits that FirstSeen does not need: what
// thinValues does, for the hits of one value and instant together.
func (g *glance) fewer(seen []sighting) []sighting {
	g.runs = slices.Grow(g.runs[:0], len(seen))[:len(seen)]
	for i := range seen {
		g.sightValue(seen, i)
	}
	for i := range seen { // the last of each value
		if at := g.counts[seen[i].mark]; at != 0 {
			g.runs[at-1].keep = true
			g.counts[seen[i].mark] = 0
		}
	}
	out := seen[:0]
	for i, x := range seen {
		if g.runs[g.runs[i].first].keep {
			out = append(out, x)
		}
	}
	return out
}

// sightRun is what fewer knows at a sighting.
type sightRun struct {
	first uint32 // the first sighting with its value and time
	kept  int64  // time of the last of the value that is kept
	keep  bool
}

// sightValue takes up sighting i; counts has the first sighting of the last
// instant of each value, plus one.
func (g *glance) sightValue(seen []sighting, i int) {
	x, was := &seen[i], g.counts[seen[i].mark]
	r := sightRun{first: uint32(i)}
	window := g.s.window()
	switch {
	case was == 0:
		r.kept, r.keep = x.at, true
	case seen[was-1].at == x.at:
		r = g.runs[was-1]
		r.keep = false // its first speaks for it
		g.runs[i] = r
		return
	case x.at-seen[was-1].at > window:
		g.runs[was-1].keep = true
		r.kept, r.keep = x.at, true
	case x.at-g.runs[was-1].kept > window:
		g.runs[was-1].keep = true
		r.kept = seen[was-1].at
	default:
		r.kept = g.runs[was-1].kept
	}
	g.runs[i] = r
	g.counts[x.mark] = uint32(i) + 1
}
