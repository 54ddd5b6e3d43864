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
	times          column[int64] // of the records, milliseconds
	keys           column[uint64]
	places         column[uint64] // of each record's reference: chunk, from, to
	refs           [][]byte
	refBytes       int
	specs          []specLog
}

// specLog is the hits of one Spec. Columns that its form lacks are empty.
type specLog struct {
	record, group, value column[uint32]
	input                column[uint8]
	number               column[float64]
}

func newHitLog(specs int) *hitLog {
	return &hitLog{groups: newInterned(), values: newInterned(), specs: make([]specLog, specs)}
}

// bytes is the memory that l takes, about.
func (l *hitLog) bytes() int {
	n := l.groups.bytes() + l.values.bytes() + 24*l.times.size() + l.refBytes
	for i := range l.specs {
		s := &l.specs[i]
		n += 4*(s.record.size()+s.group.size()+s.value.size()) + s.input.size() + 8*s.number.size()
	}
	return n
}

// mostLogged bounds the numbers of records, groups and values.
const mostLogged = math.MaxUint32 / 4

func (l *hitLog) full() bool {
	return max(l.times.len(), l.groups.len(), l.values.len()) >= mostLogged
}

// References are in chunks; a place has 20 bits each for where one begins and
// ends there.
const (
	placeBits  = 20
	placeMask  = 1<<placeBits - 1
	chunkBytes = 256 << 10
)

func (l *hitLog) ref(n uint32) []byte {
	p := l.places.at(n)
	return l.refs[p>>(2*placeBits)][p>>placeBits&placeMask : p&placeMask]
}

// record begins a record, if it is not the one before.
func (l *hitLog) record(at int64, key uint64, ref []byte) {
	ref = ref[:min(len(ref), chunkBytes)]
	if n := uint32(l.times.len()); n > 0 && l.times.at(n-1) == at && l.keys.at(n-1) == key && bytes.Equal(l.ref(n-1), ref) {
		return
	}
	l.times.add(at)
	l.keys.add(key)
	i := len(l.refs) - 1
	if i < 0 || cap(l.refs[i])-len(l.refs[i]) < len(ref) {
		l.refs = append(l.refs, make([]byte, 0, max(min(chunkBytes, 1024<<len(l.refs)), len(ref))))
		i++
		l.refBytes += cap(l.refs[i])
	}
	from := len(l.refs[i])
	l.refs[i] = append(l.refs[i], ref...)
	l.places.add(uint64(i)<<(2*placeBits) | uint64(from)<<placeBits | uint64(len(l.refs[i])))
}

// last is the number of the record in hand.
func (l *hitLog) last() uint32 { return uint32(l.times.len() - 1) }

// add files a hit of the record in hand.
func (l *hitLog) add(spec int, f form, input int, group, value uint32, number float64) {
	s := &l.specs[spec]
	s.record.add(l.last())
	s.group.add(group)
	if f.values {
		s.value.add(value)
	}
	if f.inputs {
		s.input.add(uint8(input))
	}
	if f.numbers {
		s.number.add(number)
	}
}

// hit is hit n of a Spec.
func (l *hitLog) hit(s *specLog, n uint32) hit {
	r := s.record.at(n)
	h := hit{at: l.times.at(r), key: l.keys.at(r), inputs: 1, weight: 1, ref: string(l.ref(r))}
	if s.value.len() > 0 {
		h.value = string(l.values.at(s.value.at(n)))
	}
	if s.input.len() > 0 {
		h.inputs = 1 << s.input.at(n)
	}
	if s.number.len() > 0 {
		h.number = s.number.at(n)
	}
	return h
}

// each visits the groups of a Spec that have at least so many hits, with the
// numbers of those; the slice is valid during the call.
func (l *hitLog) each(spec, least int, visit func(group []byte, hits []uint32)) {
	s := &l.specs[spec]
	starts := make([]uint32, l.groups.len()+1)
	s.group.each(func(_, g uint32) { starts[g]++ })
	sum := uint32(0)
	for g, n := range starts {
		if starts[g] = sum; n >= uint32(max(least, 1)) {
			sum += n
		} else if n > 0 {
			starts[g] = tooFew
		}
	}
	order := make([]uint32, sum)
	s.group.each(func(n, g uint32) {
		if at := starts[g]; at != tooFew {
			order[at] = n
			starts[g]++
		}
	})
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
			if s.input.len() > 0 {
				has |= 1 << s.input.at(n)
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
			times = append(times, l.times.at(s.record.at(i)))
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
