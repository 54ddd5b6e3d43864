package detect

import "github.com/trailwarden/trailwarden/cloudtrail"

// own is a field of the record itself.
func (m *Matcher) own(s *spot) cloudtrail.Value {
	if s.field != cloudtrail.NoField {
		return m.rec.Field(s.field)
	}
	return m.rec.Get(s.key)
}

// ownNear tells whether a documented field differs from s's key in case alone.
func (m *Matcher) ownNear(s *spot) odd {
	for _, f := range s.near {
		if m.rec.Field(f).Exists() {
			return oddCase
		}
	}
	return 0
}

// rootOdd is what is odd about the record's own keys. Documented ones have no
// dots, so only the other ones are looked at.
func (m *Matcher) rootOdd() odd {
	if m.ownOddOf == m.now {
		return m.ownOdd
	}
	m.ownOddOf, m.ownOdd = m.now, 0
	e := m.engine
	root := &e.spots[rootSpot]
	if !e.dotted && root.byFold == nil {
		return 0
	}
	m.rec.Others(func(raw []byte, _ cloudtrail.Value) bool {
		key, dots := m.key(raw)
		if dots {
			m.ownOdd |= oddDots
		}
		if root.byFold != nil && m.near(root, key, root.kid(key, e.spots)) {
			m.ownOdd |= oddCase
		}
		return true
	})
	return m.ownOdd
}
