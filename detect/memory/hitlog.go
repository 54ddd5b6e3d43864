package memory

import (
	"bytes"
	"math"
	"slices"
)

// hitLog is the hits of all Specs as they came. A hit is a few numbers: of its
// record, which all its hits share, of its group and of its value. They are put
// together by group only when they are judged, and only where a group has enough
// of them.
type hitLog struct {
	groups, values *interned
	times          []int64 // of the records, milliseconds
	keys           []uint64
	refs           []byte  // of the records, one behind the other
	ends           []int64 // of each in refs
	specs          []specLog
}

// specLog is the hits of one Spec. Columns that its form lacks are empty.
type specLog struct {
	record, group, value []uint32
	input                []uint8
	number               []float64
}

func newHitLog(specs int) *hitLog {
	return &hitLog{groups: newInterned(), values: newInterned(), specs: make([]specLog, specs)}
}

// bytes is the memory that l takes, about.
func (l *hitLog) bytes() int {
	n := l.groups.bytes() + l.values.bytes() + 24*cap(l.times) + cap(l.refs)
	for i := range l.specs {
		s := &l.specs[i]
		n += 4*(cap(s.record)+cap(s.group)+cap(s.value)) + cap(s.input) + 8*cap(s.number)
	}
	return n
}

// mostLogged bounds the numbers of records, groups and values.
const mostLogged = math.MaxUint32 / 4

func (l *hitLog) full() bool {
	return max(len(l.times), l.groups.len(), l.values.len()) >= mostLogged
}

func (l *hitLog) ref(n uint32) []byte {
	from := int64(0)
	if n > 0 {
		from = l.ends[n-1]
	}
	return l.refs[from:l.ends[n]]
}

// record begins a record, if it is not the one before.
func (l *hitLog) record(at int64, key uint64, ref []byte) {
	if n := len(l.times) - 1; n >= 0 && l.times[n] == at && l.keys[n] == key && bytes.Equal(l.ref(uint32(n)), ref) {
		return
	}
	l.times, l.keys = append(l.times, at), append(l.keys, key)
	l.refs = append(l.refs, ref...)
	l.ends = append(l.ends, int64(len(l.refs)))
}

// add files a hit of the record in hand.
func (l *hitLog) add(spec int, f form, input int, group, value uint32, number float64) {
	s := &l.specs[spec]
	s.record, s.group = append(s.record, uint32(len(l.times)-1)), append(s.group, group)
	if f.values {
		s.value = append(s.value, value)
	}
	if f.inputs {
		s.input = append(s.input, uint8(input))
	}
	if f.numbers {
		s.number = append(s.number, number)
	}
}

// hit is hit n of a Spec.
func (l *hitLog) hit(s *specLog, n uint32) hit {
	r := s.record[n]
	h := hit{at: l.times[r], key: l.keys[r], inputs: 1, weight: 1, ref: string(l.ref(r))}
	if s.value != nil {
		h.value = string(l.values.at(s.value[n]))
	}
	if s.input != nil {
		h.inputs = 1 << s.input[n]
	}
	if s.number != nil {
		h.number = s.number[n]
	}
	return h
}

// each visits the groups of a Spec that have at least so many hits, with the
// numbers of those; the slice is valid during the call.
func (l *hitLog) each(spec, least int, visit func(group []byte, hits []uint32)) {
	s := &l.specs[spec]
	starts := make([]uint32, l.groups.len()+1)
	for _, g := range s.group {
		starts[g]++
	}
	sum := uint32(0)
	for g, n := range starts {
		if starts[g] = sum; n >= uint32(max(least, 1)) {
			sum += n
		} else if n > 0 {
			starts[g] = tooFew
		}
	}
	order := make([]uint32, sum)
	for n, g := range s.group {
		if at := starts[g]; at != tooFew {
			order[at] = uint32(n)
			starts[g]++
		}
	}
	from := uint32(0)
	for g, end := range starts[:l.groups.len()] {
		if end != tooFew && end > from {
			visit(l.groups.at(uint32(g)), order[from:end])
			from = end
		}
	}
}

const tooFew = math.MaxUint32

// mayHold is Spec.mayHold of hits in the log.
func (l *hitLog) mayHold(spec *Spec, s *specLog, hits []uint32, buf *[]int64) bool {
	switch spec.Kind {
	case Ordered:
		var has, want uint64
		for _, in := range spec.Steps {
			want |= 1 << in
		}
		for _, n := range hits {
			if s.input != nil {
				has |= 1 << s.input[n]
			} else {
				has = 1
			}
		}
		return has&want == want
	case Count, Distinct:
		n, ok := spec.enough()
		if !ok || n < 2 || spec.AtClose() {
			return true
		}
		times := (*buf)[:0]
		for _, i := range hits {
			times = append(times, l.times[s.record[i]])
		}
		*buf = times
		return spec.crowded(times, n)
	}
	return true
}

// read gives the hits of a group, sorted.
func (l *hitLog) read(s *specLog, numbers []uint32, into []hit) []hit {
	into = slices.Grow(into, len(numbers))
	for _, n := range numbers {
		into = append(into, l.hit(s, n))
	}
	return sorted(into)
}
