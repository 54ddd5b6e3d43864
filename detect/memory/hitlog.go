package memory

import (
	"math"
	"slices"
	"strings"
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
	refs           []*strings.Builder
	refBytes       int
	specs          []specLog
}

// specLog is the hits of one Spec. Columns that its form lacks are empty.
type specLog struct {
	pairs  column[uint64] // group and record
	value  column[uint32]
	input  column[uint8]
	number column[float64]
	steps  bool // as in its form
}

// Of a pair, the group is above the record.
const recordBits = 32

func newHitLog(specs int) *hitLog {
	return &hitLog{groups: newInterned(), values: newInterned(), specs: make([]specLog, specs)}
}

// bytes is the memory that l takes, about.
func (l *hitLog) bytes() int {
	n := l.groups.bytes() + l.values.bytes() + 24*l.times.size() + l.refBytes
	for i := range l.specs {
		s := &l.specs[i]
		n += 8*s.pairs.size() + 4*s.value.size() + s.input.size() + 8*s.number.size()
	}
	return n
}

// mostLogged bounds the numbers of records, groups and values.
const mostLogged = math.MaxUint32 / 4

func (l *hitLog) full() bool {
	return l.times.len() >= mostLogged || l.groups.full() || l.values.full()
}

// References are in chunks; a place has 20 bits each for where one begins and
// ends there.
const (
	placeBits  = 20
	placeMask  = 1<<placeBits - 1
	chunkBytes = 256 << 10
)

// ref is the reference of a record; it shares the log's memory.
func (l *hitLog) ref(n uint32) string {
	p := l.places.at(n)
	return l.refs[p>>(2*placeBits)].String()[p>>placeBits&placeMask : p&placeMask]
}

// record begins a record, if it is not the one before.
func (l *hitLog) record(at int64, key uint64, ref []byte) {
	ref = ref[:min(len(ref), chunkBytes)]
	if n := uint32(l.times.len()); n > 0 && l.times.at(n-1) == at && l.keys.at(n-1) == key && l.ref(n-1) == string(ref) {
		return
	}
	l.times.add(at)
	l.keys.add(key)
	i := len(l.refs) - 1
	if i < 0 || l.refs[i].Cap()-l.refs[i].Len() < len(ref) {
		chunk := new(strings.Builder)
		chunk.Grow(max(min(chunkBytes, 1024<<len(l.refs)), len(ref)))
		l.refs = append(l.refs, chunk)
		i++
		l.refBytes += chunk.Cap()
	}
	chunk := l.refs[i]
	from := chunk.Len()
	chunk.Write(ref)
	l.places.add(uint64(i)<<(2*placeBits) | uint64(from)<<placeBits | uint64(chunk.Len()))
}

// add files a hit of the record in hand.
func (l *hitLog) add(spec int, f form, input int, group, value uint32, number float64) {
	s := &l.specs[spec]
	s.pairs.add(uint64(group)<<recordBits | uint64(l.times.len()-1))
	if f.values {
		s.value.add(value)
		s.steps = f.steps
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
	r := uint32(s.pairs.at(n))
	h := hit{at: l.times.at(r), key: l.keys.at(r), inputs: 1, weight: 1, ref: l.ref(r)}
	if s.value.len() > 0 {
		h.value = l.values.at(s.value.at(n))
	}
	if s.input.len() > 0 {
		h.inputs = 1 << s.input.at(n)
	}
	if s.number.len() > 0 {
		h.number = s.number.at(n)
	}
	return h
}

// read gives hits of a group, sorted; the sightings are in order of time.
func (l *hitLog) read(spec *Spec, s *specLog, seen []sighting, into []hit) []hit {
	into = slices.Grow(into, len(seen))
	for i := range seen {
		into = append(into, l.hit(s, seen[i].n))
	}
	return spec.merging().sortedInstants(into)
}

// sighting is the little of a hit in the log that tells of most groups that
// nothing of note happened in them.
type sighting struct {
	at int64
	n  uint32 // of the hit
	// mark is the number of its value, or its input of a Spec without values and
	// of one of steps.
	mark uint32
}

// mostSeen bounds how many sightings are put together at a time, unless one
// group has more.
const mostSeen = 4 << 20

// grouping puts the hits of a Spec in the log together by group.
type grouping struct {
	counts []uint32 // hits of each group, then where its next one goes
	seen   []sighting
}

// each visits the groups of a Spec that have at least so many hits; the slice is
// valid during the call. Nobody may add hits meanwhile.
func (g *grouping) each(l *hitLog, spec, least int, visit func(group string, seen []sighting)) {
	s := &l.specs[spec]
	if s.pairs.len() == 0 {
		return
	}
	g.count(l, s)
	for from := 0; from < len(g.counts); {
		to := g.gather(l, s, from, uint32(max(least, 1)))
		start := uint32(0)
		for i, end := range g.counts[from:to] {
			if end != tooFew && end > start {
				visit(l.groups.at(uint32(from+i)), g.seen[start:end])
				start = end
			}
		}
		from = to
	}
}

const tooFew = math.MaxUint32

func (g *grouping) count(l *hitLog, s *specLog) {
	g.counts = slices.Grow(g.counts[:0], l.groups.len())[:l.groups.len()]
	clear(g.counts)
	s.pairs.each(func(_ uint32, p uint64) { g.counts[p>>recordBits]++ })
}

// gather puts together the hits of the groups from one on, in the order of
// their groups, and gives the first group that it leaves for the next time.
func (g *grouping) gather(l *hitLog, s *specLog, from int, least uint32) (to int) {
	sum := uint32(0)
	for to = from; to < len(g.counts); to++ {
		n := g.counts[to]
		if n < least {
			g.counts[to] = tooFew
			continue
		}
		if sum > 0 && sum+n > mostSeen {
			break
		}
		g.counts[to] = sum
		sum += n
	}
	g.seen = slices.Grow(g.seen[:0], int(sum))[:sum]
	s.pairs.each(func(n uint32, p uint64) {
		group := int(p >> recordBits)
		if group < from || group >= to || g.counts[group] == tooFew {
			return
		}
		x := sighting{at: l.times.at(uint32(p)), n: n}
		switch {
		case s.value.len() > 0 && !s.steps:
			x.mark = s.value.at(n)
		case s.input.len() > 0:
			x.mark = uint32(s.input.at(n))
		}
		g.seen[g.counts[group]] = x
		g.counts[group]++
	})
	return to
}
