package detect

import (
	"bytes"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/jsonscan"
)

// place is what a matcher knows of one spot in the record at hand.
type place struct {
	now   uint32 // record that val, found and odd are about
	read  uint32 // record in which val's members were handed to the kids
	val   cloudtrail.Value
	exact bool // val was found by exact key
	odd   odd  // of the way down to val
	below odd  // of the way down to val's members
}

// odd says why a value may not be the whole answer for a path.
type odd uint8

const (
	oddDots  odd = 1 << iota // an object on the way has a key with a dot
	oddArray                 // an array on the way
)

// selection is the range of m.found that a selector selected.
type selection struct {
	now      uint32
	from, to int32
}

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
	*s = selection{m.now, from, to}
	return from, to
}

func (m *Matcher) read(s *selector) {
	switch s.reach {
	case reachSelf:
		m.end(s, m.rec.Value(), noMembership)
	case reachField:
		m.arrive(s, m.rec.Field(s.field))
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
	if o&oddDots != 0 && s.path.Dotted != DottedNever || o&oddArray != 0 && s.path.Cross {
		m.walk(s, m.rec.Value(), s.path.Steps, noMembership)
		return
	}
	m.arrive(s, v)
}

// at is the value at a spot and what was odd on the way.
func (m *Matcher) at(i int32) (cloudtrail.Value, odd) {
	p := &m.places[i]
	if p.now == m.now {
		return p.val, p.odd
	}
	s := &m.engine.spots[i]
	if m.engine.spots[s.parent].root {
		*p = place{now: m.now, val: m.own(s), odd: m.rootOdd()}
		return p.val, p.odd
	}
	up := &m.places[s.parent]
	upVal, upOdd := m.at(s.parent)
	if up.read != m.now {
		up.read = m.now
		up.below = upOdd
		switch upVal.Kind() {
		case cloudtrail.Object:
			m.hand(s.parent, upVal)
		case cloudtrail.Array:
			up.below |= oddArray
		}
	}
	if p.now == m.now {
		p.odd = up.below
		return p.val, p.odd
	}
	return cloudtrail.Value{}, up.below
}

// hand gives the members of the object at spot i to the kids that paths ask for.
func (m *Matcher) hand(i int32, object cloudtrail.Value) {
	s := &m.engine.spots[i]
	dots := odd(0)
	object.Members(func(raw []byte, v cloudtrail.Value) bool {
		key := m.key(raw)
		if bytes.IndexByte(key, '.') >= 0 {
			dots = oddDots
		}
		kid := s.kid(key, m.engine.spots)
		if kid >= 0 {
			m.places[kid] = place{now: m.now, val: v, exact: true, read: m.places[kid].read}
		}
		if s.fold && (kid < 0 || s.twins) && s.mayFold(key) {
			m.handFolded(s, key, v)
		}
		return true
	})
	m.places[i].below |= dots
}

// handFolded gives v to the kids whose keys differ from its key in case alone.
func (m *Matcher) handFolded(s *spot, key []byte, v cloudtrail.Value) {
	m.keyFold = appendFolded(m.keyFold[:0], key)
	for _, kid := range s.byFold[string(m.keyFold)] {
		p := &m.places[kid]
		if p.now == m.now && p.exact {
			continue
		}
		if string(key) == m.engine.spots[kid].key {
			continue
		}
		*p = place{now: m.now, val: v, read: p.read}
	}
}

// key is a member's key with escapes resolved.
func (m *Matcher) key(raw []byte) []byte {
	for _, c := range raw {
		if c == '\\' || c >= utf8.RuneSelf {
			m.keyText = jsonscan.Unescape(m.keyText[:0], raw)
			return m.keyText
		}
	}
	return raw
}

// mayFold rules out most keys by their length.
func (s *spot) mayFold(key []byte) bool {
	return s.foldLengths>>(uint(len(key))&63)&1 == 1 || !isASCII(key)
}

func (s *spot) kid(key []byte, all []spot) int32 {
	if s.byKey != nil {
		if i, ok := s.byKey[string(key)]; ok {
			return i
		}
		return -1
	}
	for _, i := range s.kids {
		if all[i].key == string(key) {
			return i
		}
	}
	return -1
}
