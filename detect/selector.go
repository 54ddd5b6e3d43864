package detect

import (
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// reach is the cheapest way that a path can be followed.
type reach uint8

const (
	reachSelf     reach = iota // the record itself
	reachField                 // one documented field of the record, by the trie when it is odd
	reachEnvelope              // one field of the envelope
	reachTrie                  // object keys only: by the trie of spots
	reachWalk                  // step by step
)

// selector is a compiled Path. Equal paths share one.
type selector struct {
	path  Path
	reach reach
	field cloudtrail.FieldID
	spot  int32 // reachTrie, reachField: where the path ends
	level level // which fields decide what is selected
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
	field  cloudtrail.FieldID // under the root: set when the name is documented
	// near are, under the root and when a case-insensitive path passes, the
	// documented fields whose names differ from key in case alone.
	near []cloudtrail.FieldID
	kids []int32
	// The kids by key: a table of chains through next, until there are many.
	table [tableSize]int32
	next  int32
	byKey map[string]int32
	// byFold has the kids that case-insensitive paths pass through, by folded
	// key; foldLengths has bit n%64 set when one of those keys has n bytes.
	byFold      map[string][]int32
	foldLengths uint64
	// caller: the record may know the value without a walk through userIdentity.
	caller cloudtrail.CallerField
	// sole: a member with exactly this key means no other spot in any case.
	sole bool
}

// tableSize is the size of a spot's table of kids, and tableKids how many it
// serves.
const (
	tableSize = 16
	tableKids = 48
)

func keyHash(key []byte) int {
	n := len(key)
	if n == 0 {
		return 0
	}
	return (n + 3*int(key[0]) + 5*int(key[n-1])) % tableSize
}

const (
	noSpot int32 = iota - 1
	rootSpot
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
	key   []byte // of the path at hand
	bySpt map[spotKey]int32
	// dotted: some path of several keys cares for literal keys with dots.
	dotted bool
}

func newSelectors() *selectors {
	return &selectors{spots: []spot{{}}, byKey: map[string]int32{}, bySpt: map[spotKey]int32{}}
}

// intern is the number of p's selector.
func (s *selectors) intern(p Path) int32 {
	p = plainer(p)
	s.key = appendPath(s.key[:0], p)
	if i, ok := s.byKey[string(s.key)]; ok {
		return i
	}
	sel := selector{path: p, reach: reachWalk}
	switch {
	case p.Root == RootEnvelope:
		sel.reach = reachEnvelope
		if len(p.Steps) != 1 || p.Steps[0].Kind != StepKey {
			sel.reach = reachWalk
		}
		if sel.reach == reachEnvelope {
			sel.level, sel.field = envelopeLevel(p.Steps[0].Key)
		}
	case len(p.Steps) == 0:
		sel.reach = reachSelf
	case onlyKeys(p.Steps):
		s.place(&sel)
	}
	sel.prepare()
	i := int32(len(s.list))
	s.list = append(s.list, sel)
	s.byKey[string(s.key)] = i
	return i
}

// place puts a path of keys into the trie.
func (s *selectors) place(sel *selector) {
	p := sel.path
	first := cloudtrail.FieldIDOf(p.Steps[0].Key)
	sel.reach, sel.spot = reachTrie, rootSpot
	for _, st := range p.Steps {
		sel.spot = s.kid(sel.spot, st.Key, p.Fold)
	}
	s.dotted = s.dotted || p.Dotted != DottedNever
	if len(p.Steps) == 1 && first != cloudtrail.NoField {
		sel.reach, sel.field = reachField, first
		sel.level = levelOf(first)
	}
	if len(p.Steps) > 1 {
		sel.level = pathLevel(p.Steps)
	}
}

func (s *selectors) kid(parent int32, key string, fold bool) int32 {
	k := spotKey{parent, key}
	i, ok := s.bySpt[k]
	if !ok {
		i = int32(len(s.spots))
		s.bySpt[k] = i
		n := spot{parent: parent, key: key}
		if parent == rootSpot {
			n.field = cloudtrail.FieldIDOf(key)
		} else {
			n.caller = s.callerAt(parent, key)
		}
		s.spots = append(s.spots, n)
		s.spots[parent].adopt(i, s.spots)
	}
	if fold {
		s.spots[parent].adoptFolded(i, FoldText(key))
		if parent == rootSpot {
			s.spots[i].near = cloudtrail.FieldIDsFold(key)
		}
	}
	return i
}

// callerAt is the CallerField that the record knows the value of key under parent
// by.
func (s *selectors) callerAt(parent int32, key string) cloudtrail.CallerField {
	keys := []string{key}
	for ; s.spots[parent].parent != rootSpot; parent = s.spots[parent].parent {
		if keys = append(keys, s.spots[parent].key); len(keys) > cloudtrail.CallerDepth {
			return cloudtrail.NoCallerField // or each key of a long path would walk up all of it
		}
	}
	if s.spots[parent].field != cloudtrail.UserIdentity {
		return cloudtrail.NoCallerField
	}
	slices.Reverse(keys)
	return cloudtrail.CallerFieldOf(keys...)
}

func (p *spot) adopt(kid int32, all []spot) {
	h := keyHash([]byte(all[kid].key))
	all[kid].next, p.table[h] = p.table[h], kid
	p.kids = append(p.kids, kid)
	if len(p.kids) <= tableKids {
		return
	}
	if p.byKey == nil {
		p.byKey = map[string]int32{}
		for _, k := range p.kids {
			p.byKey[all[k].key] = k
		}
	}
	p.byKey[all[kid].key] = kid
}

func (p *spot) adoptFolded(kid int32, folded string) {
	if slices.Contains(p.byFold[folded], kid) {
		return
	}
	if p.byFold == nil {
		p.byFold = map[string][]int32{}
	}
	p.byFold[folded] = append(p.byFold[folded], kid)
	p.foldLengths |= 1 << (uint(len(folded)) & 63)
}

// settle notes which spots are sole, once all paths are known.
func (s *selectors) settle() {
	for i := range s.spots {
		x := &s.spots[i]
		rivals := s.spots[x.parent].byFold[FoldText(x.key)]
		x.sole = !slices.ContainsFunc(rivals, func(k int32) bool { return k != int32(i) })
	}
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
