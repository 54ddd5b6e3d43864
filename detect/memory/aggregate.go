package memory

import (
	"math"
	"math/bits"
	"slices"
	"strings"
)

// aggregate is the counted value of the hits in a window, kept up as they come
// and go.
type aggregate struct {
	s       *Spec
	n       int
	values  map[string]*int
	whole   float64 // sum of the numbers that are whole: exact in any order
	parts   int     // numbers that are not
	numbers []float64
	inputs  []int
}

func newAggregate(s *Spec) *aggregate {
	a := &aggregate{s: s, inputs: make([]int, len(s.Inputs))}
	if s.Kind == Distinct {
		a.values = map[string]*int{}
	}
	return a
}

func (a *aggregate) add(h *hit) {
	a.n++
	a.count(h.inputs, 1)
	switch a.s.Kind {
	case Distinct:
		value := ownValue(h.value)
		if n := a.values[value]; n != nil {
			*n++
			break
		}
		one := 1
		a.values[strings.Clone(value)] = &one
	case Sum, Average:
		a.number(h.number, 1)
	case Percentile:
		i, _ := slices.BinarySearch(a.numbers, h.number)
		a.numbers = slices.Insert(a.numbers, i, h.number)
	}
}

func (a *aggregate) remove(h *hit) {
	a.n--
	a.count(h.inputs, -1)
	switch a.s.Kind {
	case Distinct:
		value := ownValue(h.value)
		if n := a.values[value]; n != nil {
			if *n--; *n == 0 {
				delete(a.values, value)
			}
		}
	case Sum, Average:
		a.number(h.number, -1)
	case Percentile:
		if i, ok := slices.BinarySearch(a.numbers, h.number); ok {
			a.numbers = slices.Delete(a.numbers, i, i+1)
		}
	}
}

func (a *aggregate) count(inputs uint64, by int) {
	for m := inputs; m != 0; m &= m - 1 {
		if i := bits.TrailingZeros64(m); i < len(a.inputs) {
			a.inputs[i] += by
		}
	}
}

// wholeNumber tells numbers that add up exactly.
func wholeNumber(x float64) bool { return x == math.Trunc(x) && math.Abs(x) < 1<<40 }

func (a *aggregate) number(x, sign float64) {
	if wholeNumber(x) {
		a.whole += sign * x
	} else {
		a.parts += int(sign)
	}
}

// present is the inputs with a hit in the window.
func (a *aggregate) present() uint64 {
	var m uint64
	for i, n := range a.inputs {
		if n > 0 {
			m |= 1 << i
		}
	}
	return m
}

// value is what is compared with the bounds; ok is false when nothing is there
// to average.
func (a *aggregate) value(win []hit) (v float64, ok bool) {
	switch a.s.Kind {
	case Count:
		return float64(a.n), true
	case Distinct:
		return float64(len(a.values)), true
	case Inputs:
		return float64(bits.OnesCount64(a.present())), true
	case Sum:
		return a.sum(win), true
	case Average:
		return a.sum(win) / float64(max(a.n, 1)), a.n > 0
	case Percentile:
		return quantile(a.numbers, a.s.Percentile/100), a.n > 0
	}
	return 0, false
}

// sum adds numbers that are not whole one by one, always in the same order, so
// that the result does not depend on what came and went before.
func (a *aggregate) sum(win []hit) float64 {
	v := a.whole
	for i := range win {
		if a.parts > 0 && !wholeNumber(win[i].number) {
			v += win[i].number
		}
	}
	return v
}

// quantile interpolates linearly between the closest ranks of sorted numbers.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := q * float64(len(sorted)-1)
	low := math.Floor(at)
	i := int(low)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-low)*(sorted[i+1]-sorted[i])
}
