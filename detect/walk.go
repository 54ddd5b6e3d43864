package detect

import (
	"bytes"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// The walk follows a path step by step, whatever it holds: wildcards, indexes,
// arrays crossed, keys joined by dots. The trie hands over to it when a record
// has something odd on the way.

func (m *Matcher) walkFromRoot(s *selector) {
	p := &s.path
	if p.Root != RootEnvelope {
		m.walk(s, m.rec.Value(), p.Steps, noMembership)
		return
	}
	if len(p.Steps) == 0 || p.Steps[0].Kind != StepKey {
		return
	}
	if v := m.envelope(p.Steps[0].Key); v.Exists() {
		m.walk(s, v, p.Steps[1:], noMembership)
	}
}

func (m *Matcher) walk(s *selector, v cloudtrail.Value, steps []Step, at int32) {
	if len(steps) == 0 {
		m.end(s, v, at)
		return
	}
	switch steps[0].Kind {
	case StepIndex:
		m.walkIndex(s, v, steps, at)
	case StepElements:
		v.Elements(func(i int, x cloudtrail.Value) bool {
			m.walk(s, x, steps[1:], m.inside(s, v, i, at))
			return true
		})
	case StepFields:
		m.walkFields(s, v, steps, at)
	case StepKey:
		m.walkKey(s, v, steps, at)
	}
}

func (m *Matcher) walkIndex(s *selector, v cloudtrail.Value, steps []Step, at int32) {
	v.Elements(func(i int, x cloudtrail.Value) bool {
		if i == steps[0].Index {
			m.walk(s, x, steps[1:], at)
		}
		return i < steps[0].Index
	})
}

func (m *Matcher) walkKey(s *selector, v cloudtrail.Value, steps []Step, at int32) {
	p := &s.path
	if v.Kind() == cloudtrail.Array && p.Cross {
		v.Elements(func(i int, x cloudtrail.Value) bool {
			if isContainer(x.Kind()) {
				m.walk(s, x, steps, m.inside(s, v, i, at))
			}
			return true
		})
		return
	}
	if v.Kind() != cloudtrail.Object {
		return
	}
	for run := p.run(steps); run > 0; run-- {
		x := p.member(v, s.joined(steps, run))
		if !x.Exists() {
			continue
		}
		m.walk(s, x, steps[run:], at)
		if p.Dotted == DottedLiteralFirst {
			return
		}
	}
}

// run is the number of leading keys that may be joined by dots.
func (p *Path) run(steps []Step) int {
	n := 1
	for p.Dotted != DottedNever && n < len(steps) && steps[n].Kind == StepKey {
		n++
	}
	return n
}

func (p *Path) member(v cloudtrail.Value, key string) cloudtrail.Value {
	if p.Fold {
		return v.GetFold(key)
	}
	return v.Get(key)
}

// walkFields follows every member, of duplicate keys the last.
func (m *Matcher) walkFields(s *selector, v cloudtrail.Value, steps []Step, at int32) {
	if v.Kind() != cloudtrail.Object {
		return
	}
	from := len(m.members)
	v.Members(func(raw []byte, x cloudtrail.Value) bool {
		key, _ := m.key(raw)
		if len(key) > 0 && &key[0] != &raw[0] { // it is in scratch space
			key = bytes.Clone(key)
		}
		m.members = append(m.members, member{key, x})
		return true
	})
	dropReplaced(m.members[from:])
	for i := from; i < len(m.members); i++ {
		if x := m.members[i].val; x.Exists() {
			m.walk(s, x, steps[1:], at)
		}
	}
	m.members = m.members[:from]
}

// member is one member of an object, its key decoded.
type member struct {
	key []byte
	val cloudtrail.Value
}

// fewMembers is the number up to which each pair of keys is compared.
const fewMembers = 32

// dropReplaced empties all but the last of members with the same key.
func dropReplaced(ms []member) {
	if len(ms) > fewMembers {
		last := make(map[string]int, len(ms))
		for i, x := range ms {
			if j, ok := last[string(x.key)]; ok {
				ms[j].val = cloudtrail.Value{}
			}
			last[string(x.key)] = i
		}
		return
	}
	for i := range ms {
		for j := i + 1; j < len(ms); j++ {
			if bytes.Equal(ms[i].key, ms[j].key) {
				ms[i].val = cloudtrail.Value{}
				break
			}
		}
	}
}

// inside is the membership of a value in element i of array, when somebody
// asks for it.
func (m *Matcher) inside(s *selector, array cloudtrail.Value, i int, at int32) int32 {
	if !s.track {
		return noMembership
	}
	m.memberships = append(m.memberships, membership{at, int32(i), &array.Raw()[0]})
	return int32(len(m.memberships) - 1)
}

func isContainer(k cloudtrail.Kind) bool { return k == cloudtrail.Object || k == cloudtrail.Array }

// end selects what the path's End says of the value that it arrived at.
func (m *Matcher) end(s *selector, v cloudtrail.Value, at int32) {
	kind := v.Kind()
	if isContainer(kind) {
		switch s.path.End {
		case EndLeaves:
			m.leaves(s, v, at)
			return
		case EndElements:
			if kind == cloudtrail.Array {
				v.Elements(func(_ int, x cloudtrail.Value) bool {
					m.end(s, x, at)
					return true
				})
				return
			}
		case EndScalars:
			if kind == cloudtrail.Array && m.scalars(v, at) {
				return
			}
		}
	}
	m.found = append(m.found, found{val: v, kind: kind, at: at})
}

// leaves selects the scalars of an array, at any depth; nothing of an object.
func (m *Matcher) leaves(s *selector, v cloudtrail.Value, at int32) {
	v.Elements(func(i int, x cloudtrail.Value) bool {
		if k := x.Kind(); isContainer(k) {
			if k == cloudtrail.Array {
				m.leaves(s, x, m.inside(s, v, i, at))
			}
		} else {
			m.found = append(m.found, found{val: x, kind: k, at: at})
		}
		return true
	})
}

// scalars selects the elements of an array that has some and only scalars.
func (m *Matcher) scalars(v cloudtrail.Value, at int32) bool {
	from := len(m.found)
	only := true
	v.Elements(func(_ int, x cloudtrail.Value) bool {
		k := x.Kind()
		if only = !isContainer(k); only {
			m.found = append(m.found, found{val: x, kind: k, at: at})
		}
		return only
	})
	if !only {
		m.found = m.found[:from]
	}
	return only && len(m.found) > from
}
