package timeline

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// counter counts the values of each field, exactly, of at most maxKeys values.
type counter struct {
	fields [8]map[string]*Seen
	total  Seen
	who    map[string]*Session
}

const (
	byActor = iota
	byAction
	byService
	byRegion
	byAccount
	byIP
	byError
)

func newCounter() *counter {
	c := &counter{who: map[string]*Session{}}
	for i := range c.fields {
		c.fields[i] = map[string]*Seen{}
	}
	return c
}

func (s *Seen) see(e *Event) {
	s.Count++
	if e.Error != "" {
		s.Failed++
	}
	if e.Time.IsZero() {
		return
	}
	if s.First.IsZero() || e.Time.Before(s.First) {
		s.First = e.Time
	}
	if e.Time.After(s.Last) {
		s.Last = e.Time
	}
}

func (c *counter) add(e *Event) {
	c.total.see(e)
	for i, value := range []string{e.Who, e.Service + ":" + e.Action, e.Service, e.Region, e.Account, e.IP, e.Error} {
		if value == "" {
			continue
		}
		s := c.fields[i][value]
		if s == nil {
			if len(c.fields[i]) >= maxKeys {
				continue
			}
			s = &Seen{Value: value}
			c.fields[i][value] = s
		}
		s.see(e)
	}
	c.session(e)
}

func (c *counter) session(e *Event) {
	name := e.Key
	if name == "" {
		name = "\x00" + e.Who
	}
	s := c.who[name]
	if s == nil {
		if len(c.who) >= maxKeys {
			return
		}
		s = &Session{Key: e.Key, Seen: Seen{Value: e.Who}}
		c.who[name] = s
	}
	if e.Who != "" && (s.Value == "" || e.Who < s.Value) {
		s.Value = e.Who
	}
	s.see(e)
}

func (c *counter) seen(i int) []Seen {
	out := make([]Seen, 0, len(c.fields[i]))
	for _, s := range c.fields[i] {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b Seen) int { return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value)) })
	return out
}

// timeline puts together what was collected.
func (m *maker) timeline() *Timeline {
	m.bound(cmp.Or(m.o.Most, DefaultMost))
	c := m.line
	t := &Timeline{Subject: m.o.Subject.String(), Events: m.events, More: m.more, Total: c.total, Actors: c.seen(byActor), Actions: c.seen(byAction),
		Services: c.seen(byService), Regions: c.seen(byRegion), Accounts: c.seen(byAccount), IPs: c.seen(byIP), Errors: c.seen(byError)}
	for _, s := range c.who {
		if g, ok := m.edges[s.Key]; ok {
			s.From, s.By, s.Role, s.Opened = g.from, g.by, g.role, g.time.UTC().Format(time.RFC3339)
		}
		t.Sessions = append(t.Sessions, *s)
	}
	slices.SortFunc(t.Sessions, func(a, b Session) int {
		return cmp.Or(a.First.Compare(b.First), strings.Compare(a.Key, b.Key), strings.Compare(a.Value, b.Value))
	})
	return t
}
