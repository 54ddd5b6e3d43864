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
