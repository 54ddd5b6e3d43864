package detect

import (
	"bytes"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/jsonscan"
)

// place is what a matcher knows of one spot in the record at hand.
type place struct {
	now   uint32 // record that val and next are about
	read  uint32 // record in which val's members were handed to the kids
	kids  int32  // then: first kid that has a value, or noSpot
	next  int32  // next such kid of the same parent, or noSpot
	below odd    // then: what is odd on the way to val's members
	val   cloudtrail.Value
}

// odd says why the values in the trie may not be the whole answer for a path.
type odd uint8

const (
	oddDots  odd = 1 << iota // an object on the way has a key with a dot
	oddArray                 // an array is on the way
	oddCase                  // a key differs from one that is asked for in case alone
)

// selection is the range of m.found that a selector selected in record now.
type selection struct {
	now uint32
	span
}

// span is a range of indexes.
type span struct{ from, to int32 }

// selected is the range of m.found that holds what selector i selects, read
// once per record.
func (m *Matcher) selected(i int32) (from, to int32) {
	s := &m.selections[i]
	if s.now == m.now {
		return s.from, s.to
	}
	from = int32(len(m.found))
	m.read(&m.engine.selectors[i])
	to = int32(len(m.found))
	*s = selection{m.now, span{from, to}}
	return from, to
}

func (m *Matcher) read(s *selector) {
	switch s.reach {
	case reachSelf:
		m.end(s, m.rec.Value(), noMembership)
	case reachField:
		if v := m.rec.Field(s.field); v.Exists() {
			m.end(s, v, noMembership)
		} else if s.path.Fold {
			m.readTrie(s)
		}
	case reachEnvelope:
		m.arrive(s, m.envelope(s.path.Steps[0].Key))
	case reachTrie:
		m.readTrie(s)
	case reachWalk:
		m.walkFromRoot(s)
	}
}

func (m *Matcher) arrive(s *selector, v cloudtrail.Value) {
	if v.Exists() {
		m.end(s, v, noMembership)
	}
}

func (m *Matcher) readTrie(s *selector) {
	v, o := m.at(s.spot)
	p := &s.path
	if o&oddDots != 0 && p.Dotted != DottedNever || o&oddArray != 0 && p.Cross || o&oddCase != 0 && p.Fold {
		m.walk(s, m.rec.Value(), p.Steps, noMembership)
		return
	}
	m.arrive(s, v)
}

// at is the value at a spot and what is odd on the way.
func (m *Matcher) at(i int32) (cloudtrail.Value, odd) {
	s, p := &m.engine.spots[i], &m.places[i]
	if s.parent == rootSpot {
		if p.now != m.now {
			p.now, p.val = m.now, m.own(s)
		}
		return p.val, m.rootOdd() | m.ownNear(s)
	}
	if s.caller != cloudtrail.NoCallerField {
		if raw, ok := m.rec.CallerRaw(s.caller); ok {
			return cloudtrail.ValueOf(raw), m.rootOdd()
		}
	}
	_, below := m.kids(s.parent)
	if p.now == m.now {
		return p.val, below
	}
	return cloudtrail.Value{}, below
}

// knowsCaller tells whether the values of spots with a CallerField are known
// without a walk.
func (m *Matcher) knowsCaller() bool {
	_, ok := m.rec.CallerRaw(cloudtrail.NoCallerField)
	return ok
}

// kids is the first of the spots below spot i that have a value in the record,
// linked by next, and what is odd on the way to any of them.
func (m *Matcher) kids(i int32) (first int32, below odd) {
	p := &m.places[i]
	if p.read == m.now {
		return p.kids, p.below
	}
	val, odd := m.at(i)
	p.read, p.below, p.kids = m.now, odd, noSpot
	switch val.Kind() {
	case cloudtrail.Object:
		m.hand(i, val)
	case cloudtrail.Array:
		p.below |= oddArray
	}
	return p.kids, p.below
}

// hand gives the members of the object at spot i to the kids that paths ask for.
// Objects at one place mostly have the same members in the same order, so each
// is first compared with the one that stood in its place before.
func (m *Matcher) hand(i int32, object cloudtrail.Value) {
	order := m.orders[i]
	if order == nil {
		order = new([orderLength]usual)
		m.orders[i] = order
	}
	at := 0
	object.Members(func(raw []byte, v cloudtrail.Value) bool {
		u := &order[at%orderLength]
		at++
		if u.length == 0 || string(u.key[:u.length]) != string(raw) {
			*u = m.usual(&m.engine.spots[i], raw)
		}
		if u.odd != 0 {
			m.places[i].below |= u.odd
		}
		if u.kid != noSpot {
			m.give(i, u.kid, v)
		}
		return true
	})
}

// usual is a member's key at a spot, as it is written, and what it means there.
type usual struct {
	key    [27]byte
	length uint8 // of the key; 0 when nothing is known, or it is long
	odd    odd   // oddDots, oddCase
	kid    int32
}

// orderLength is how many members of an object are expected in their places.
const orderLength = 16

func (m *Matcher) usual(s *spot, raw []byte) (u usual) {
	if len(raw) <= len(u.key) {
		u.length = uint8(copy(u.key[:], raw))
	}
	key, dots := m.key(raw)
	u.kid = s.kid(key, m.engine.spots)
	if dots {
		u.odd |= oddDots
	}
	if s.byFold != nil && m.near(s, key, u.kid) {
		u.odd |= oddCase
	}
	return u
}

func (m *Matcher) give(parent, kid int32, v cloudtrail.Value) {
	p := &m.places[kid]
	if p.now != m.now {
		up := &m.places[parent]
		p.now, p.next, up.kids = m.now, up.kids, kid
	}
	p.val = v
}

// near tells whether a case-insensitive path may mean key by another spelling
// than kid's.
func (m *Matcher) near(s *spot, key []byte, kid int32) bool {
	if kid != noSpot && m.engine.spots[kid].sole || s.foldLengths>>(uint(len(key))&63)&1 == 0 && isASCII(key) {
		return false
	}
	m.keyFold = appendFolded(m.keyFold[:0], key)
	for _, k := range s.byFold[string(m.keyFold)] {
		if k != kid {
			return true
		}
	}
	return false
}

// key is a member's key with escapes resolved, and whether it has a dot.
func (m *Matcher) key(raw []byte) (key []byte, dots bool) {
	for _, c := range raw {
		if c == '\\' || c >= utf8.RuneSelf {
			m.keyText = jsonscan.Unescape(m.keyText[:0], raw)
			return m.keyText, bytes.IndexByte(m.keyText, '.') >= 0
		}
		dots = dots || c == '.'
	}
	return raw, dots
}

func (s *spot) kid(key []byte, all []spot) int32 {
	if s.byKey != nil {
		if i, ok := s.byKey[string(key)]; ok {
			return i
		}
		return noSpot
	}
	for i := s.table[keyHash(key)]; i != rootSpot; i = all[i].next { // no kid is the root
		if all[i].key == string(key) {
			return i
		}
	}
	return noSpot
}
