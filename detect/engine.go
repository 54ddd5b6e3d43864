package detect

import (
	"hash/maphash"
	"slices"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// Engine judges records by many predicates at once. It is immutable and may be
// shared; each goroutine needs a Matcher of its own.
//
// Every distinct test of all predicates is judged at most once per record and
// every value read at most once. Predicates are filed under tests that they
// need: those that need an eventSource or eventName are resolved once per
// distinct pair of the two, the others are found by looking the record's values
// up among the texts and ranges that they need. So the cost of a record hardly
// depends on how many rules there are that it has nothing to do with.
type Engine struct {
	selectors []selector
	spots     []spot
	atoms     []atom
	rules     int
	dotted    bool
	certain   []int32  // rules that are always true
	headed    *program // rules that need an eventSource or eventName
	others    *program // its few and who have a memory of their own in each matcher
	memoTests [len(memoFields)]int
	classes   [len(levelsOfFew)]classes // none known yet
}

// maxLoose is the number of rules without any key that are resolved per pair;
// of more, every one is judged on every record.
const maxLoose = 1024

// maxAlong is the number of other rules up to which they are resolved per pair
// along with the rest, so that one program remains to be run.
const maxAlong = 64

// maxAtomsAhead bounds the atoms that room is made for before they are counted.
const maxAtomsAhead = 1 << 16

// Compile prepares nodes for matching. The index of a node is its rule number.
// Regular expressions are those of regexp.Compile.
func Compile(nodes []Node) *Engine {
	c := newCompiler(min(len(nodes), maxAtomsAhead))
	all := make([]entry, len(nodes))
	for i, n := range nodes {
		all[i] = newEntry(int32(i), c.expr(n, false))
	}
	c.settle()
	e := &Engine{selectors: c.list, spots: c.spots, atoms: c.atoms, rules: len(nodes), dotted: c.dotted}
	e.memoTests = e.assignMemos()
	e.assignDirect()
	e.assignClasses()
	e.divide(all)
	return e
}

// divide decides which rules are resolved per pair.
func (e *Engine) divide(all []entry) {
	heads := &builder{atoms: e.atoms, selectors: e.selectors, spots: e.spots, headOnly: true}
	any := &builder{atoms: e.atoms, selectors: e.selectors, spots: e.spots}
	var headed, loose, others []entry
	for _, x := range all {
		switch {
		case x.tree == trueExpr:
			e.certain = append(e.certain, x.rule)
		case x.tree == falseExpr:
		case telling(heads.keys(x.tree)):
			headed = append(headed, x)
		case !telling(any.keys(x.tree)) && e.readsHead(x.tree):
			loose = append(loose, x)
		default:
			others = append(others, x)
		}
	}
	if len(loose) > maxLoose {
		others, loose = append(others, loose...), nil
	}
	if len(headed)+len(loose) > 0 && len(others) <= maxAlong {
		loose, others = append(loose, others...), nil
	}
	headed = append(headed, loose...)
	rest := &program{}
	rest.entries, rest.few, rest.who = e.split(others)
	e.headed, e.others = heads.build(&program{entries: headed}), any.build(rest)
}

// telling tells whether no key among ks is mere presence.
func telling(ks []key, _ int) bool {
	return ks != nil && !slices.ContainsFunc(ks, func(k key) bool { return k.kind == keyPresent })
}

func (e *Engine) readsHead(x *expr) bool {
	switch x.op {
	case exprAtom, exprNot:
		return e.atoms[x.atom].level == levelPair
	}
	return slices.ContainsFunc(x.kids, e.readsHead)
}

// Matcher judges records, one at a time. It is not for concurrent use. Once it
// has met the kinds of record there are, judging one does not allocate.
type Matcher struct {
	engine *Engine
	rec    *cloudtrail.Record
	now    uint32 // number of the record; caches that bear another are stale

	verdicts   []uint32 // by atom: record number and verdict
	tried      []uint32 // by rule
	selections []selection
	places     []place
	orders     []*[orderLength]usual // by spot, of those that were met

	found       []found
	memberships []membership
	members     []member
	texts       texts
	addrs       addrs
	keyText     []byte
	keyFold     []byte
	ownOddOf    uint32
	ownOdd      odd
	made        map[string]cloudtrail.Value // envelope fields made from others
	madeKey     []byte

	seed       maphash.Seed
	hashKey    hashKey
	memos      [len(memoFields)]memo
	others     program // the engine's, with a memory of its own
	classes    [len(levelsOfFew)]classes
	pairs      pairs
	collecting bool
	candidates []*entry
	hits       []int32
	choice     choice
}

// NewMatcher makes a Matcher with caches of its own.
func (e *Engine) NewMatcher() *Matcher {
	others := *e.others
	others.few, others.who = others.few.fresh(), others.who.fresh()
	return &Matcher{
		engine:     e,
		others:     others,
		classes:    e.classes,
		seed:       maphash.MakeSeed(),
		hashKey:    newHashKey(),
		memos:      newMemos(e.memoTests),
		verdicts:   make([]uint32, len(e.atoms)),
		tried:      make([]uint32, e.rules),
		selections: make([]selection, len(e.selectors)),
		places:     make([]place, len(e.spots)),
		orders:     make([]*[orderLength]usual, len(e.spots)),
	}
}

// Match calls hit with the number of each rule that rec satisfies, ascending.
// The record must be valid JSON.
func (m *Matcher) Match(rec *cloudtrail.Record, hit func(rule int)) {
	m.begin(rec)
	m.hits = append(m.hits, m.engine.certain...)
	m.runAll(&m.others)
	m.runHeaded()
	slices.Sort(m.hits)
	for _, r := range m.hits {
		hit(int(r))
	}
	m.rec = nil
}

func (m *Matcher) runHeaded() {
	if len(m.engine.headed.entries) == 0 {
		return
	}
	p, ok := m.pair()
	switch {
	case !ok:
		m.run(m.engine.headed)
	case p != nil:
		m.runAll(p)
	}
}

// keptValues is the number of selected values, and of memberships, whose space
// a matcher keeps from one record to the next.
const keptValues = 1 << 14

func (m *Matcher) begin(rec *cloudtrail.Record) {
	m.rec = rec
	m.now++
	if m.now == 1<<31-1 {
		m.forget()
	}
	m.texts.reset()
	m.found = emptied(m.found)
	m.memberships = emptied(m.memberships)
	m.members = emptied(m.members)
	m.hits = m.hits[:0]
}

func emptied[T any](s []T) []T {
	if cap(s) > keptValues {
		return nil
	}
	return s[:0]
}

// forget makes every cache stale, so that record numbers can start anew.
func (m *Matcher) forget() {
	m.now, m.ownOddOf = 1, 0
	for i := range m.memos {
		m.memos[i].now = 0
	}
	for i := range m.classes {
		m.classes[i].now = 0
	}
	clear(m.verdicts)
	clear(m.tried)
	clear(m.selections)
	clear(m.places)
}
