package detect

import (
	"bytes"
	"hash/maphash"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// Who called and with what changes seldom from one record to the next: a
// session makes many calls, and its userIdentity is the same text in each. So
// what tests say of such a field is remembered by the field's text.

// memoFields are the fields whose texts come again and again, though there are
// too many of them to work out a program for each.
var memoFields = [...]cloudtrail.FieldID{cloudtrail.UserIdentity, cloudtrail.UserAgent}

// Bounds of a matcher's memory for one field.
const (
	maxMemoText  = 4 << 10 // bytes of a field's text; longer ones are not remembered
	maxMemoTests = 16 << 10
	memoBytes    = 256 << 10 // about, of verdicts and texts of usual length
	maxMemoSlots = 1 << 7
)

// memoCost is what a remembered test costs, to order tests by.
const memoCost = 2

// memo remembers verdicts by a field's text. A text that falls on the slot of
// another replaces it.
type memo struct {
	field cloudtrail.FieldID
	tests int
	now   uint32    // record that entry is about
	entry *memoSlot // nil when its text is not remembered
	slots []memoSlot
	last  *memoSlot // that was found last
}

type memoSlot struct {
	hash     uint64
	text     []byte
	verdicts []uint8 // by test: 0 not judged yet, else 2 and the verdict
}

// assignMemos gives each test that one of the memoFields alone decides its
// place in the memory for that field, unless it costs less than to look there.
func (e *Engine) assignMemos() (tests [len(memoFields)]int) {
	for i := range e.atoms {
		a := &e.atoms[i]
		if a.kind != atomTest || a.level != levelRest && a.level != levelWho {
			continue
		}
		s := &e.selectors[a.sel]
		n := memoOf(s)
		if n < 0 || tests[n] == maxMemoTests || a.check.apart() || e.spots[s.spot].caller != cloudtrail.NoCallerField && !a.check.dear() {
			continue
		}
		a.memo, a.memoTest = uint8(n+1), int32(tests[n])
		tests[n]++
	}
	return tests
}

// memoOf is the number of the field that alone decides what s selects, unless a
// record is odd; -1 when it is none of them.
func memoOf(s *selector) int {
	if s.reach != reachTrie && s.reach != reachField || s.path.Root != RootRecord {
		return -1
	}
	first := cloudtrail.FieldIDOf(s.path.Steps[0].Key)
	for i, f := range memoFields {
		if f == first {
			return i
		}
	}
	return -1
}

func newMemos(tests [len(memoFields)]int) (ms [len(memoFields)]memo) {
	for i := range ms {
		ms[i].field, ms[i].tests = memoFields[i], tests[i]
	}
	return ms
}

// memoized judges test a by what is remembered. ok is false when it cannot:
// the field is missing or long, or keys with dots or in another case may make
// the paths mean something else.
func (m *Matcher) memoized(a *atom) (is, ok bool) {
	x := &m.memos[a.memo-1]
	if x.now != m.now {
		x.now, x.entry = m.now, nil
		raw := m.rec.FieldRaw(x.field)
		if len(raw) > 0 && len(raw) <= maxMemoText && m.rootOdd() == 0 {
			x.entry = x.again(raw)
			if x.entry == nil {
				x.entry = x.find(m.seed, raw)
				x.last = x.entry
			}
		}
	}
	if x.entry == nil {
		return false, false
	}
	v := &x.entry.verdicts[a.memoTest]
	if *v == 0 {
		*v = 2 | flag(m.test(a))
	}
	return *v&1 == 1, true
}

// again is the slot found last when raw is its text, as in a run of calls of one
// session.
func (x *memo) again(raw []byte) *memoSlot {
	if s := x.last; s != nil && bytes.Equal(s.text, raw) {
		return s
	}
	return nil
}

// find is the slot of a text, emptied when it held another.
func (x *memo) find(seed maphash.Seed, raw []byte) *memoSlot {
	if x.slots == nil {
		n := maxMemoSlots
		for n > 64 && n*(x.tests+512) > memoBytes {
			n /= 2
		}
		x.slots = make([]memoSlot, n)
	}
	h := maphash.Bytes(seed, raw)
	s := &x.slots[h&uint64(len(x.slots)-1)]
	if s.hash == h && bytes.Equal(s.text, raw) {
		return s
	}
	s.hash, s.text = h, append(s.text[:0], raw...)
	if s.verdicts == nil {
		s.verdicts = make([]uint8, x.tests)
	}
	clear(s.verdicts)
	return s
}
