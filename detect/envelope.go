package detect

import "github.com/trailwarden/trailwarden/cloudtrail"

// maxMade bounds the envelope fields that a matcher remembers.
const maxMade = 4096

// envelope is cloudtrail.EnvelopeField; fields that are made from another one
// are remembered by its value, since there are few different ones.
func (m *Matcher) envelope(name string) cloudtrail.Value {
	var from cloudtrail.Value
	switch name {
	case "detail-type":
		from = m.rec.Field(cloudtrail.EventType)
	case "source":
		if from = m.rec.Field(cloudtrail.EventSource); len(from.Raw()) <= 2 {
			return cloudtrail.EnvelopeField(m.rec, name) // may come from elsewhere
		}
	case "version", "resources":
	default:
		return cloudtrail.EnvelopeField(m.rec, name)
	}
	if from.Exists() && from.Kind() != cloudtrail.String || len(from.Raw()) > maxPairText {
		return cloudtrail.EnvelopeField(m.rec, name)
	}
	m.madeKey = append(append(m.madeKey[:0], name...), from.Raw()...)
	v, ok := m.made[string(m.madeKey)]
	if !ok {
		v = cloudtrail.EnvelopeField(m.rec, name)
		if m.made == nil || len(m.made) >= maxMade {
			m.made = map[string]cloudtrail.Value{}
		}
		m.made[string(m.madeKey)] = v
	}
	return v
}
