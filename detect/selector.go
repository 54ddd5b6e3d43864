package detect

import (
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// reach is the cheapest way that a path can be followed.
type reach uint8

const (
	reachSelf     reach = iota // the record itself
	reachField                 // one documented field of the record
	reachEnvelope              // one field of the envelope
	reachTrie                  // object keys only: by the trie of spots
	reachWalk                  // step by step
)

// selector is a compiled Path. Equal paths share one.
type selector struct {
	path  Path
	reach reach
	field cloudtrail.FieldID
	spot  int32 // reachTrie: where the path ends
	head  bool  // decided by eventSource and eventName, when both are strings
	track bool  // a Consistent node asks in which array elements values sit
	// joins[i][n-2] is steps i to i+n joined by dots, where they may be.
	joins [][]string
}

// longPath is the number of steps from which joined keys are made anew each time.
const longPath = 16

// joined is the first n of steps, a tail of the path's, as one key.
func (s *selector) joined(steps []Step, n int) string {
	if n == 1 {
		return steps[0].Key
	}
	if s.joins == nil {
		return joined(steps[:n])
	}
	return s.joins[len(s.path.Steps)-len(steps)][n-2]
}

func (s *selector) prepare() {
	p := &s.path
	if p.Dotted == DottedNever || len(p.Steps) > longPath {
		return
	}
	s.joins = make([][]string, len(p.Steps))
	for i := range p.Steps {
		for n := 2; p.Steps[i].Kind == StepKey && n <= p.run(p.Steps[i:]); n++ {
			s.joins[i] = append(s.joins[i], joined(p.Steps[i:i+n]))
		}
	}
}

// spot is a place in a record that some path passes through, named by its key
// under its parent. Each object on the way is read once per record, whatever
// the number of paths below it.
type spot struct {
	parent int32
	key    string
	field  cloudtrail.FieldID // set under a root
	root   bool
	fold   bool // keys without exact match fall back to case-insensitive ones
	kids   []int32
	byKey  map[string]int32   // set once there are many kids
	byFold map[string][]int32 // fold only: kids by folded key
	twins  bool               // fold only: two kids differ in case alone
	// foldLengths has bit n%64 set when some kid's folded key has n bytes.
	foldLengths uint64
	folds       []cloudtrail.FieldID // under a root, fold only: documented near-names
}

// fewKids is the number of kids up to which a scan beats a map.
const fewKids = 4

const (
	exactRoot int32 = iota
	foldRoot
)

type spotKey struct {
	parent int32
	key    string
}

// selectors collects the paths of an engine while it is compiled.
type selectors struct {
	list  []selector
	spots []spot
	byKey map[string]int32
	bySpt map[spotKey]int32
	// dotted: some path of several keys cares for literal keys with dots.
	dotted bool
}

func newSelectors() *selectors {
	return &selectors{
		spots: []spot{{root: true}, {root: true, fold: true, byFold: map[string][]int32{}}},
		byKey: map[string]int32{},
		bySpt: map[spotKey]int32{},
	}
}

// intern is the number of p's selector.
func (s *selectors) intern(p Path) int32 {
	p = plainer(p)
	key := string(appendPath(nil, p))
	if i, ok := s.byKey[key]; ok {
		return i
	}
	sel := selector{path: p, reach: reachWalk}
	switch {
	case p.Root == RootEnvelope:
		sel.reach = reachEnvelope
		if len(p.Steps) != 1 || p.Steps[0].Kind != StepKey {
			sel.reach = reachWalk
		}
		sel.head = sel.reach == reachEnvelope && envelopeHead(p.Steps[0].Key)
	case len(p.Steps) == 0:
		sel.reach = reachSelf
	case onlyKeys(p.Steps):
		s.place(&sel)
	}
	sel.prepare()
	i := int32(len(s.list))
	s.list = append(s.list, sel)
	s.byKey[key] = i
	return i
}

func envelopeHead(name string) bool {
	return name == "source" || name == "version" || name == "resources"
}

func (s *selectors) place(sel *selector) {
	p := sel.path
	first := cloudtrail.FieldIDOf(p.Steps[0].Key)
	if len(p.Steps) == 1 {
		sel.head = first == cloudtrail.EventSource || first == cloudtrail.EventName
		if first != cloudtrail.NoField && !p.Fold {
			sel.reach, sel.field = reachField, first
			return
		}
	}
	sel.reach, sel.spot = reachTrie, exactRoot
	if p.Fold {
		sel.spot = foldRoot
	}
	for _, st := range p.Steps {
		sel.spot = s.kid(sel.spot, st.Key)
	}
	s.dotted = s.dotted || p.Dotted != DottedNever
}

func (s *selectors) kid(parent int32, key string) int32 {
	k := spotKey{parent, key}
	if i, ok := s.bySpt[k]; ok {
		return i
	}
	up := s.spots[parent]
	n := spot{parent: parent, key: key, fold: up.fold}
	if up.root {
		n.field = cloudtrail.FieldIDOf(key)
		if n.fold {
			n.folds = cloudtrail.FieldIDsFold(key)
		}
	}
	if n.fold {
		n.byFold = map[string][]int32{}
	}
	i := int32(len(s.spots))
	s.spots = append(s.spots, n)
	s.bySpt[k] = i
	s.spots[parent].adopt(i, key, s.spots)
	return i
}

func (p *spot) adopt(kid int32, key string, all []spot) {
	p.kids = append(p.kids, kid)
	if p.byFold != nil {
		f := FoldText(key)
		p.byFold[f] = append(p.byFold[f], kid)
		p.twins = p.twins || len(p.byFold[f]) > 1
		p.foldLengths |= 1 << (uint(len(f)) & 63)
	}
	if len(p.kids) <= fewKids {
		return
	}
	if p.byKey == nil {
		p.byKey = map[string]int32{}
		for _, k := range p.kids {
			p.byKey[all[k].key] = k
		}
	}
	p.byKey[key] = kid
}

func onlyKeys(steps []Step) bool {
	for _, st := range steps {
		if st.Kind != StepKey {
			return false
		}
	}
	return true
}

// plainer is p without the flags that cannot matter: a record is an object, so
// nothing is crossed before its first key, and one key has nothing to join.
func plainer(p Path) Path {
	switch {
	case p.Root == RootEnvelope && len(p.Steps) <= 1, len(p.Steps) == 0:
		p.Cross, p.Dotted, p.Fold = false, DottedNever, false
	case len(p.Steps) == 1:
		p.Cross, p.Dotted = false, DottedNever
		p.Fold = p.Fold && p.Steps[0].Kind == StepKey
	}
	return p
}

func joined(steps []Step) string {
	if len(steps) == 1 {
		return steps[0].Key
	}
	var b strings.Builder
	for i, st := range steps {
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(st.Key)
	}
	return b.String()
}
