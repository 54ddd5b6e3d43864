package memory

import "slices"

// episode is a stretch of time in which a Spec's condition held for a group.
type episode struct {
	at          int64 // when it became true
	first, last int64 // of the records in it
	count       int64
	value       float64 // the aggregate at its highest, or lowest where that is what counts
	low, high   float64 // Rate: what was usual
	subject     string  // FirstSeen: the new value; Alarm: the further actor
	trigger     hit     // the record that made it true
	head, tail  []hit   // the first and the last records, half of MaxRelated each
	values      []string
	upto        int64 // records until then are in count
	sure        int64 // see certain
}

const half = MaxRelated / 2

func (e *episode) add(hits ...hit) {
	for i := range hits {
		h := &hits[i]
		if e.count == 0 {
			e.first, e.last = h.at, h.at
		}
		e.first, e.last = min(e.first, h.at), max(e.last, h.at)
		e.count += h.weight
		e.upto = max(e.upto, h.at)
		x := *h
		x.value = ownValue(h.value) // only the trigger's carries anything
		if len(e.head) < half {
			e.head = append(e.head, x)
		} else {
			if len(e.tail) == half {
				e.tail = append(e.tail[:0], e.tail[1:]...)
			}
			e.tail = append(e.tail, x)
		}
		e.name(x.value)
	}
}

// name notes one of the values in the episode, in the order of their coming.
func (e *episode) name(value string) {
	if value != "" && len(e.values) < MaxRelated && !slices.Contains(e.values, value) {
		e.values = append(e.values, value)
	}
}

// clone is a copy that shares nothing that may change.
func (e *episode) clone() episode {
	c := *e
	c.head, c.tail, c.values = slices.Clone(e.head), slices.Clone(e.tail), slices.Clone(e.values)
	return c
}

// machine is what a Spec knows of one group. Instants come in ascending order.
type machine interface {
	// step takes all hits of one instant.
	step(at int64, hits []hit)
	// until judges and forgets what time alone decides, up to and including
	// clock. No hit at or before clock comes after it.
	until(clock int64)
	// ended hands over the episodes that are over, each once; open is those
	// that are not.
	ended() []episode
	open() []episode
	// due is when until has something to do next; empty tells that nothing is
	// remembered that could still matter.
	due() int64
	empty() bool
	code(c *codec)
}

func (s *Spec) machine() machine {
	switch s.Kind {
	case FirstSeen:
		return &newcomer{s: s}
	case Rate:
		return &pace{s: s}
	case Alarm:
		return newAlarm(s)
	}
	if s.AtClose() {
		return &closing{s: s, agg: newAggregate(s)}
	}
	return &sliding{s: s, agg: newAggregate(s)}
}

// run gives a machine sorted hits.
func run(m machine, hits []hit) {
	for i := 0; i < len(hits); {
		j := i + 1
		for j < len(hits) && hits[j].at == hits[i].at {
			j++
		}
		m.step(hits[i].at, hits[i:j])
		i = j
	}
}

// never is later than any event.
const never = 1 << 62
