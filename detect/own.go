package detect

import (
	"bytes"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// own is a field of the record itself.
func (m *Matcher) own(s *spot) cloudtrail.Value {
	var v cloudtrail.Value
	if s.field != cloudtrail.NoField {
		v = m.rec.Field(s.field)
	} else {
		v = m.rec.Get(s.key)
	}
	if !v.Exists() && s.fold {
		return m.ownFolded(s)
	}
	return v
}

// ownFolded is the record's own field whose name equals s's key ignoring case;
// of several, the last.
func (m *Matcher) ownFolded(s *spot) cloudtrail.Value {
	var found cloudtrail.Value
	several := false
	for _, f := range s.folds {
		if v := m.rec.Field(f); v.Exists() {
			several = found.Exists()
			found = v
		}
	}
	documented := found.Exists()
	m.rec.Others(func(raw []byte, v cloudtrail.Value) bool {
		if strings.EqualFold(string(m.key(raw)), s.key) {
			several = several || documented
			found = v
		}
		return true
	})
	if several {
		return m.rec.Value().GetFold(s.key)
	}
	return found
}

// rootOdd tells whether the record's own keys have dots, which documented ones
// never do.
func (m *Matcher) rootOdd() odd {
	if !m.engine.dotted {
		return 0
	}
	if m.dotsOf != m.now {
		m.dotsOf, m.dots = m.now, 0
		m.rec.Others(func(raw []byte, _ cloudtrail.Value) bool {
			if bytes.IndexByte(m.key(raw), '.') >= 0 {
				m.dots = oddDots
			}
			return m.dots == 0
		})
	}
	return m.dots
}
