package detect

import (
	"math"
	"slices"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// classes number records by their values in the few-valued places of one level.
// All tests of the level say the same of all records of a class. So a record's
// values are looked up once, in one table of as many combinations as there are,
// and what they leave of the rules of a program is found by a number. Were the
// texts looked up for each program, as many tables as there are pairs of
// eventSource and eventName would have to stay near the processor.
type classes struct {
	level   level
	fields  []cloudtrail.FieldID     // of levelFew
	spots   []int32                  // of levelWho
	callers []cloudtrail.CallerField // at the spots
	atoms   []int32                  // that the places decide; none when there are too many to ask them all
	known   byTexts[uint32]
	// alike are the classes by what the atoms said: most values make no difference,
	// and so share one class.
	alike map[string]uint32
	last  uint32 // class that was given last; none is 0

	now   uint32 // record that class and ok are about
	class uint32
	ok    bool
}

// Bounds of the memory for the classes of one level; what is full is emptied.
const (
	maxClassAtoms = 256
	maxClassTexts = 4 << 10
	maxClasses    = 4 << 10
	maxClassText  = 200 // bytes of the values; longer ones are not remembered
)

// levelsOfFew are the levels that have classes.
var levelsOfFew = [...]level{classOfFew: levelFew, classOfWho: levelWho}

// The places of levels in levelsOfFew.
const (
	classOfFew = iota
	classOfWho
)

// assignClasses finds the places of each level.
func (e *Engine) assignClasses() {
	for i, l := range levelsOfFew {
		c := &e.classes[i]
		c.level = l
		for j := range e.atoms {
			a := &e.atoms[j]
			if a.level != l {
				continue
			}
			c.atoms = append(c.atoms, int32(j))
			c.note(&e.selectors[a.sel])
			if a.kind == atomCompare {
				c.note(&e.selectors[a.right])
			}
		}
		for _, s := range c.spots {
			c.callers = append(c.callers, e.spots[s].caller)
		}
		if len(c.atoms) > maxClassAtoms {
			c.atoms = nil
		}
	}
}

// note notes the place that s reads.
func (c *classes) note(s *selector) {
	if c.level == levelWho {
		c.spots = appendNew(c.spots, s.spot)
	} else {
		c.fields = appendNew(c.fields, s.field)
	}
}

// appendNew appends x unless it is there: there are few.
func appendNew[T comparable](all []T, x T) []T {
	if slices.Contains(all, x) {
		return all
	}
	return append(all, x)
}

// class is the class of the record at hand, of those that c numbers. ok is false
// when its values do not decide what tests of the level say.
func (m *Matcher) class(c *classes) (class uint32, ok bool) {
	if c.now != m.now {
		c.now = m.now
		c.class, c.ok = m.classify(c)
	}
	return c.class, c.ok
}

func (m *Matcher) classify(c *classes) (class uint32, ok bool) {
	var space [max(len(fewValued), len(whoValued))][]byte
	texts, ok := m.classTexts(c, space[:0])
	if !ok {
		return 0, false
	}
	h := m.hashKey.hashTexts(texts)
	if class, ok = c.known.get(h, texts); ok {
		return class, true
	}
	if c.known.used >= maxClassTexts {
		c.known.forget()
	}
	class = m.newClass(c)
	c.known.put(h, texts, class)
	return class, true
}

// newClass is the class of a record with values that were not there before.
func (m *Matcher) newClass(c *classes) uint32 {
	if c.last == math.MaxUint32 { // numbers begin anew, so none must be remembered
		m.unlearn()
		c.last, c.alike = 0, nil
		c.known.forget()
	}
	if len(c.atoms) == 0 {
		c.last++
		return c.last
	}
	said := make([]byte, len(c.atoms))
	for i, a := range c.atoms {
		said[i] = flag(m.atom(a))
	}
	class, ok := c.alike[string(said)]
	if !ok {
		if c.alike == nil || len(c.alike) >= maxClasses {
			c.alike = map[string]uint32{}
		}
		c.last++
		class = c.last
		c.alike[string(said)] = class
	}
	return class
}

// classTexts appends the values of c's places to texts. ok is false when they do
// not decide: containers, long values, a field in another case that a path may
// mean.
func (m *Matcher) classTexts(c *classes, texts [][]byte) (_ [][]byte, ok bool) {
	n := 0
	for _, id := range c.fields {
		raw := m.rec.FieldRaw(id)
		if len(raw) > 0 && (raw[0] == '{' || raw[0] == '[') {
			return nil, false
		}
		n += len(raw) + 1
		texts = append(texts, raw)
	}
	if len(c.spots) > 0 && m.knowsCaller() && m.rootOdd() == 0 {
		for _, i := range c.callers {
			raw, _ := m.rec.CallerRaw(i)
			n += len(raw) + 1
			texts = append(texts, raw)
		}
		return texts, n <= maxClassText
	}
	for _, i := range c.spots {
		v, odd := m.at(i)
		if odd != 0 || isContainer(v.Kind()) {
			return nil, false
		}
		n += len(v.Raw()) + 1
		texts = append(texts, v.Raw())
	}
	return texts, n <= maxClassText && m.rootOdd()&oddCase == 0
}

// byClass remembers what a class leaves of the rules of a program; nil means that
// nothing is left.
type byClass struct {
	slots []classSlot // open addressing; a power of two, at most half of it used
	used  int
}

type classSlot struct {
	class uint32 // 0 when the slot is free
	left  *program
}

const leastClasses = 8

// find is the slot of a class, or the free one where it belongs. Classes are
// numbered one after the other, so their numbers are good enough a hash.
func (t *byClass) find(class uint32) *classSlot {
	mask := uint32(len(t.slots) - 1)
	for i := class & mask; ; i = (i + 1) & mask {
		if s := &t.slots[i]; s.class == class || s.class == 0 {
			return s
		}
	}
}

func (t *byClass) get(class uint32) (left *program, ok bool) {
	if len(t.slots) == 0 {
		return nil, false
	}
	s := t.find(class)
	return s.left, s.class != 0
}

// put remembers what a class leaves that is not known.
func (t *byClass) put(class uint32, left *program) {
	if t.used++; 2*t.used > len(t.slots) {
		old := t.slots
		t.slots = make([]classSlot, max(leastClasses, 2*len(old)))
		for _, s := range old {
			if s.class != 0 {
				*t.find(s.class) = s
			}
		}
	}
	*t.find(class) = classSlot{class, left}
}

// forget empties t.
func (t *byClass) forget() { *t = byClass{} }
