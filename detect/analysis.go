package detect

import (
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// maxAnalysis bounds the work for one path: cases times tests of the tree.
const maxAnalysis = 1 << 20

// analysis is what Constant knows of a tree.
type analysis struct {
	paths []*analysedPath
	byKey map[string]*analysedPath
	atoms map[string]int // tests by key, and how often
	order []string       // atoms in order
	size  int            // operands of all tests
}

// analysedPath is a path that selects at most one value, and one case for each
// way in which the tree's tests can tell its values apart.
type analysedPath struct {
	path  Path
	key   string
	cases []*instance
	texts []string // operands
	nums  []Decimal
}

func analyse(n Node) *analysis {
	a := &analysis{byKey: map[string]*analysedPath{}, atoms: map[string]int{}}
	a.collect(n)
	for _, p := range a.paths {
		p.makeCases()
	}
	return a
}

func (a *analysis) opaque() []string {
	if len(a.order)*a.size > maxAnalysis {
		return nil
	}
	return a.order
}

func (a *analysis) collect(n Node) {
	switch n := n.(type) {
	case All:
		for _, x := range n {
			a.collect(x)
		}
	case Any:
		for _, x := range n {
			a.collect(x)
		}
	case Not:
		a.collect(n.X)
	case Test:
		a.note(n.Path, n.Match)
	case Consistent:
		for _, t := range n.Terms {
			a.note(t.Path, Exists)
			if t.Match != nil {
				a.note(t.Path, t.Match)
			}
		}
	}
}

func (a *analysis) note(p Path, m Match) {
	key := string(appendPath(nil, plainer(p)))
	atom := string(appendMatch([]byte(key), m))
	if a.atoms[atom]++; a.atoms[atom] == 2 { // only a repeated test can cancel out
		a.order = append(a.order, atom)
	}
	a.size++
	if !singleValued(p) {
		return
	}
	at := a.byKey[key]
	if at == nil {
		at = &analysedPath{path: p, key: key}
		a.byKey[key] = at
		a.paths = append(a.paths, at)
	}
	at.operands(m)
	a.size += len(at.texts)
}

// operands collects what m compares with.
func (p *analysedPath) operands(m Match) {
	switch m := m.(type) {
	case MatchAll:
		for _, x := range m {
			p.operands(x)
		}
	case MatchAny:
		for _, x := range m {
			p.operands(x)
		}
	case MatchNot:
		p.operands(m.X)
	case Text:
		p.texts = append(p.texts, m.Values...)
		if m.Fold { // a text that only a folding test equals
			for _, v := range m.Values {
				p.texts = append(p.texts, strings.ToUpper(v), strings.ToLower(v), FoldText(v))
			}
		}
	case Num:
		p.texts = append(p.texts, m.Value.Text)
		p.nums = append(p.nums, m.Value)
	}
}

// singleValued tells whether p selects at most one value, by its form or
// because CloudTrail documents a field that is no array on the way.
func singleValued(p Path) bool {
	if p.Root != RootRecord || len(p.Steps) == 0 || !onlyKeys(p.Steps) {
		return false
	}
	if !p.Cross && p.Dotted != DottedUnion && p.End == EndSelf {
		return true
	}
	first := cloudtrail.FieldIDOf(p.Steps[0].Key)
	switch first {
	case cloudtrail.UserIdentity, cloudtrail.TLSDetails:
		return len(p.Steps) > 1
	case cloudtrail.EventVersion, cloudtrail.EventTime, cloudtrail.EventSource, cloudtrail.EventName,
		cloudtrail.AWSRegion, cloudtrail.SourceIPAddress, cloudtrail.UserAgent, cloudtrail.ErrorCode,
		cloudtrail.ErrorMessage, cloudtrail.RequestID, cloudtrail.EventID, cloudtrail.EventType,
		cloudtrail.APIVersion, cloudtrail.ManagementEvent, cloudtrail.ReadOnly, cloudtrail.RecipientAccountID,
		cloudtrail.SharedEventID, cloudtrail.VPCEndpointID, cloudtrail.EventCategory:
		return len(p.Steps) == 1
	}
	return false
}
