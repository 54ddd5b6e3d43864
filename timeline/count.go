package timeline

import (
	"cmp"
	"slices"
	"strings"
)

// counter counts the values of each field, exactly, of at most maxKeys values.
type counter struct {
	fields [8]map[string]*Seen
	total  Seen
	who    map[string]*Session
	beyond int64 // values that were too many to count
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
	one := Seen{Count: 1, First: e.Time, Last: e.Time}
	if e.Error != "" {
		one.Failed = 1
	}
	s.include(&one)
}

// include adds what was seen elsewhere. A zero time is of records without one.
func (s *Seen) include(o *Seen) {
	s.Count += o.Count
	s.Failed += o.Failed
	if !o.First.IsZero() && (s.First.IsZero() || o.First.Before(s.First)) {
		s.First = o.First
	}
	if o.Last.After(s.Last) {
		s.Last = o.Last
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
				c.beyond++
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
			c.beyond++
			return
		}
		s = &Session{Key: e.Key, Seen: Seen{Value: e.Who}}
		c.who[name] = s
	}
	if e.Who != "" && (s.Value == "" || e.Who < s.Value) {
		s.Value = e.Who
	}
	if s.Service == "" || e.service != "" && e.service < s.Service {
		s.Service = e.service
	}
	s.itself = s.itself || e.service == ""
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

// serve adds a key that only a service used to the one session of what that
// service did on behalf of the caller: a call to one service may make it call
// others a hundred times, each time with another key.
func serve(served map[[2]string]*Session, s *Session) {
	of := [2]string{s.Service, s.Value}
	all := served[of]
	if all == nil {
		all = &Session{Service: s.Service, Seen: Seen{Value: s.Value}}
		served[of] = all
	}
	all.Keys++
	all.include(&s.Seen)
}

// timeline puts together what was collected.
func (m *maker) timeline() *Timeline {
	m.bound(cmp.Or(m.o.Most, DefaultMost))
	c := m.line
	t := &Timeline{Subject: m.o.Subject.String(), Events: m.events, More: m.more, Total: c.total, Actors: c.seen(byActor), Actions: c.seen(byAction),
		Services: c.seen(byService), Regions: c.seen(byRegion), Accounts: c.seen(byAccount), IPs: c.seen(byIP), Errors: c.seen(byError), Unfollowed: m.beyond, Uncounted: c.beyond}
	served := map[[2]string]*Session{}
	for _, s := range c.who {
		if g, ok := m.edges[s.Key]; ok {
			s.From, s.By, s.Role, s.Opened = g.from, g.by, g.role, stamp(g.time())
		} else if !s.itself && s.Key != "" {
			serve(served, s)
			continue
		}
		s.Service = ""
		t.Sessions = append(t.Sessions, *s)
	}
	for _, s := range served {
		t.Sessions = append(t.Sessions, *s)
	}
	slices.SortFunc(t.Sessions, func(a, b Session) int {
		return cmp.Or(a.First.Compare(b.First), strings.Compare(a.Key, b.Key), strings.Compare(a.Value, b.Value), strings.Compare(a.Service, b.Service))
	})
	return t
}
