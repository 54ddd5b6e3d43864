package memory

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Difference asks of an Ordered Spec that a value is another in some steps than
// it was in an earlier one. The inputs of all these have the field in Value, so
// that a record without it is none of their hits; each is of one step only.
type Difference struct {
	From  int   // the place in Spec.Steps of the step that others are compared with
	Steps []int // the places of those others, ascending and after From
}

// MaxDiffering is the most steps of a sequence with a Difference.
const MaxDiffering = 8

// carries tells whether the value of From matters after the step at place j.
func (d *Difference) carries(j int) bool {
	return j >= d.From && j < d.Steps[len(d.Steps)-1]
}

// room is how many chains that end with the step at place j are worth keeping:
// each step to come rules out one value.
func (d *Difference) room(j int) int {
	n := 1
	for _, k := range d.Steps {
		if k > j {
			n++
		}
	}
	return n
}

// chain is a beginning of a sequence: when it starts, and the value that steps
// to come must differ from.
type chain struct {
	start int64
	value string
}

// fits tells whether a record may be the step at place j, where value is that of
// the step that others are compared with.
func (s *Spec) fits(h *hit, j int, value string) bool {
	switch d := s.Differ; {
	case h.inputs>>s.Steps[j]&1 == 0:
		return false
	case d == nil:
		return true
	case j == d.From:
		return h.value == value
	default:
		return h.value != value || !slices.Contains(d.Steps, j)
	}
}

// compared moves the chains of a sequence with a Difference on, as follow does
// of others. Of the chains that end with one step only those are kept that start
// latest, with as many different values as later steps can rule out.
func (m *sliding) compared(hits []hit) {
	n := len(m.s.Steps)
	if len(m.best) != n || len(m.chains) != n {
		m.best, m.chains = slices.Repeat([]int64{math.MinInt64}, n), make([][]chain, n)
	}
	before := sliding{s: m.s, last: m.last, best: slices.Clone(m.best), chains: slices.Clone(m.chains)}
	hits = m.telling(hits)
	for i := range n {
		for _, c := range before.upTo(i) {
			m.extend(i, c, hits)
		}
	}
}

// upTo are the chains that the step at place i may follow.
func (m *sliding) upTo(i int) []chain {
	switch {
	case i == 0:
		return []chain{{start: m.last}}
	case m.s.Differ.carries(i - 1):
		return m.chains[i-1]
	case m.best[i-1] == math.MinInt64:
		return nil
	}
	return []chain{{start: m.best[i-1]}}
}

// extend has the hits of an instant follow a chain, from the step at place i on.
func (m *sliding) extend(i int, c chain, hits []hit) {
	d := m.s.Differ
	if i > d.From {
		m.advance(i, len(m.s.Steps), c, hits)
		return
	}
	m.advance(i, d.From, c, hits)
	tried := map[string]bool{}
	for k := range hits {
		if v := hits[k].value; hits[k].inputs>>m.s.Steps[d.From]&1 == 1 && !tried[v] {
			tried[v] = true
			m.advance(i, len(m.s.Steps), chain{c.start, v}, hits)
		}
	}
}

// advance notes the chains that the hits make of c, up to the place end.
func (m *sliding) advance(i, end int, c chain, hits []hit) {
	a := assignment{s: m.s, hits: hits, value: c.value, taken: make([]int, len(hits))}
	for j := i; j < end && j < i+len(hits) && a.place(j); j++ {
		if m.s.Differ.carries(j) {
			m.chains[j] = noted(m.chains[j], c, m.s.Differ.room(j))
		} else {
			m.best[j] = max(m.best[j], c.start)
		}
	}
}

// noted is all with c among them, at most room, the latest first, each with a
// value of its own.
func noted(all []chain, c chain, room int) []chain {
	out := make([]chain, 0, len(all)+1)
	for _, x := range all {
		if x.value == c.value {
			c.start = max(c.start, x.start)
		} else {
			out = append(out, x)
		}
	}
	i, _ := slices.BinarySearchFunc(out, c.start, func(x chain, start int64) int {
		if x.start > start {
			return -1
		}
		return 1
	})
	out = slices.Insert(out, i, c)
	return out[:min(len(out), room)]
}

// telling leaves out hits of an instant with very many: of records that match
// the same inputs there is no use for more values than steps can take or rule
// out, nor for more of one value than there are steps.
func (m *sliding) telling(hits []hit) []hit {
	steps, differing := len(m.s.Steps), len(m.s.Differ.Steps)
	if len(hits) <= steps {
		return hits
	}
	values := map[uint64]map[string]int{} // by inputs: how many of each value
	var out []hit
	for _, h := range hits {
		had := values[h.inputs]
		if had == nil {
			had = map[string]int{}
			values[h.inputs] = had
		}
		n, known := had[h.value]
		if n == steps || !known && len(had) > steps+2*differing {
			continue
		}
		had[h.value]++
		out = append(out, h)
	}
	return out
}

// pair finds the latest record of a differing step in a window, and the latest
// record that it differs from; the hits are sorted.
func (s *Spec) pair(win []hit) (a, b *hit) {
	from, steps := uint64(1)<<s.Steps[s.Differ.From], uint64(0)
	for _, j := range s.Differ.Steps {
		steps |= 1 << s.Steps[j]
	}
	var last, other *hit // of From: the latest, and the latest with another value
	for i := 0; i < len(win); {
		next := i
		for ; next < len(win) && win[next].at == win[i].at; next++ {
			if h := &win[next]; h.inputs&from != 0 {
				if last != nil && last.value != h.value {
					other = last
				}
				last = h
			}
		}
		for ; i < next; i++ {
			h, of := &win[i], last
			if h.inputs&steps == 0 {
				continue
			}
			if of != nil && of.value == h.value {
				of = other
			}
			if of != nil {
				a, b = of, h
			}
		}
	}
	return a, b
}

// words says of the step at place j what it must differ in.
func (d *Difference) words(s *Spec, j int) string {
	if d == nil || !slices.Contains(d.Steps, j) {
		return ""
	}
	return " with another " + strings.Join(s.Over, " / ") + " than " + s.input(s.Steps[d.From])
}

// differed names the values that differ.
func (s *Spec) differed(d *Detection) string {
	if s.Differ == nil || len(d.Values) < 2 {
		return ""
	}
	return fmt.Sprintf("; %s %s, then %s", strings.Join(s.Over, " / "), d.Values[0], d.Values[1])
}

// opening is the episode that begins at an instant whose last hit is given.
func (s *Spec) opening(at int64, last hit, value float64, win []hit) *episode {
	e := &episode{at: at, trigger: last, value: value}
	if s.Differ != nil {
		if a, b := s.pair(win); b != nil {
			e.trigger = *b
			e.name(a.value)
			e.name(b.value)
		}
	}
	e.add(win...)
	return e
}
