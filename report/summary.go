package report

import (
	"cmp"
	"slices"
	"time"
)

// maxGroups bounds the different values of one summary, because every record
// can bring an actor of its own.
const maxGroups = 50_000

// Summary counts findings by rule, account, region and actor, with the time of
// the first and the last event of each.
type Summary struct {
	Rules, Accounts, Regions, Actors Groups
	Severities                       map[string]int64
	Findings                         int64
}

// NewSummary is an empty Summary.
func NewSummary() *Summary {
	s := &Summary{Severities: map[string]int64{}}
	for _, g := range []*Groups{&s.Rules, &s.Accounts, &s.Regions, &s.Actors} {
		g.by = map[string]*Group{}
	}
	return s
}

// Add counts one finding.
func (s *Summary) Add(f *Finding) {
	at, _ := time.Parse(time.RFC3339, f.EventTime)
	s.Findings++
	s.Severities[f.Severity]++
	rule := s.Rules.add(f.Rule, at)
	rule.Severity = f.Severity
	s.Accounts.add(f.Account, at)
	s.Regions.add(f.AWSRegion, at)
	s.Actors.add(f.Actor, at)
}

// Group is one value and the findings that have it.
type Group struct {
	Name        string // "" when the record does not tell
	Severity    string // of a rule
	Count       int64
	First, Last time.Time // event times, UTC; zero when no event had a valid one
}

// Groups are the values of one field.
type Groups struct {
	by   map[string]*Group
	rest Group // findings of values beyond maxGroups
}

func (g *Groups) add(name string, at time.Time) *Group {
	x := g.by[name]
	if x == nil {
		if x = &g.rest; len(g.by) < maxGroups {
			x = &Group{Name: name}
			g.by[name] = x
		}
	}
	x.Count++
	if !at.IsZero() {
		if x.First.IsZero() || at.Before(x.First) {
			x.First = at
		}
		if at.After(x.Last) {
			x.Last = at
		}
	}
	return x
}

// Top is the values with most findings first, rules of higher severity before
// others, at most n of them, and how many values were left out.
func (g *Groups) Top(n int) (top []Group, left int) {
	for _, x := range g.by {
		top = append(top, *x)
	}
	slices.SortFunc(top, func(a, b Group) int {
		return cmp.Or(rank(a)-rank(b), -cmp.Compare(a.Count, b.Count), cmp.Compare(a.Name, b.Name))
	})
	if len(top) > n {
		top, left = top[:n], len(top)-n
	}
	return top, left
}

// rank orders groups of rules by severity; other groups have none.
func rank(g Group) int { return slices.Index(severities, g.Severity) }

// More tells whether values beyond the bound were counted together.
func (g *Groups) More() bool { return g.rest.Count > 0 }
