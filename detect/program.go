package detect

import (
	"maps"
	"math/bits"
	"net/netip"
	"slices"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// program judges a set of rules: it looks up their keys in the record and
// judges only the rules that are filed under one it finds. Rules without a key
// are always judged.
type program struct {
	entries  []entry
	few, who *few     // further rules, which read places with few values; may be nil
	certain  []int32  // rules that are true; what stands above and here is one line of the processor's cache, and mostly all
	rest     []int32  // entries without a key
	groups   []group  // of selectors that are neither in sites nor in branches
	sites    []site   // of the record's own fields
	branches []branch // of what lies deeper
}

// site holds the groups of all paths that end at one spot. They differ in what
// they do with arrays, dots and case, so where the spot has a scalar and
// nothing on the way is odd they select the same, and merged has them all.
type site struct {
	spot   int32
	merged group
	groups []group
}

// branch holds the sites below the object at a spot: only those that the
// record has a value for are looked at.
type branch struct {
	spot    int32
	sites   []site
	at      map[int32]int32 // index in sites, by spot
	callers bool            // each site is of a CallerField
}

// entry is a rule and what is left to judge of it.
type entry struct {
	rule int32
	// literal is twice the atom's number, and one more when the tree is its
	// negation; -1 when the tree is no literal. Most are, and then the processor
	// does not have to fetch the tree to know.
	literal int32
	tree    *expr
}

func newEntry(rule int32, tree *expr) entry {
	e := entry{rule, -1, tree}
	switch tree.op {
	case exprAtom:
		e.literal = 2 * tree.atom
	case exprNot:
		e.literal = 2*tree.atom + 1
	}
	return e
}

// group holds the entries filed under keys of one selector.
type group struct {
	sel     int32
	present []int32
	plain   *operands
	folded  *operands
	kinds   [2]Kinds // of plain, folded
	ranges  *ranges
}

// ranges files entries by address range, with one lookup per length of prefix.
type ranges struct {
	kinds   Kinds
	lengths []int
	at      map[netip.Prefix][]int32
}

// fewEntries is the number of entries up to which looking keys up does not pay.
const fewEntries = 4

// builder makes programs.
type builder struct {
	atoms     []atom
	selectors []selector
	spots     []spot
	headOnly  bool          // only keys on eventSource and eventName
	shared    []int32       // by hash of a key: how many entries could be filed under it, or more
	groupOf   map[int32]int // by selector, in groups
	siteOf    map[int32]int // by spot of several selectors, in groups: the merged ones
	groups    []group
}

// build files p's entries.
func (b *builder) build(p *program) *program {
	entries := p.entries
	b.groupOf, b.siteOf, b.groups = map[int32]int{}, map[int32]int{}, nil
	b.count(entries)
	for i, e := range entries {
		ks, _ := b.keys(e.tree)
		if ks == nil || len(entries) <= fewEntries || len(entries) <= maxRemembered && b.remembered(ks) {
			p.rest = append(p.rest, int32(i))
			continue
		}
		for _, k := range ks {
			b.file(b.groupFor(b.groupOf, k.sel, k.sel), k, int32(i))
		}
	}
	b.merge(entries, p.rest)
	b.arrange(p)
	return p
}

// merge files the entries of spots where several paths end in a group for all
// of them, too. rest are the entries that are not filed.
func (b *builder) merge(entries []entry, rest []int32) {
	paths := map[int32]int{}
	several := false
	for sel := range b.groupOf {
		spot := b.selectors[sel].spot
		paths[spot]++
		several = several || paths[spot] > 1 && spot != rootSpot
	}
	if !several {
		return
	}
	for i, e := range entries {
		if len(rest) > 0 && rest[0] == int32(i) {
			rest = rest[1:]
			continue
		}
		ks, _ := b.keys(e.tree)
		for _, k := range ks {
			if spot := b.selectors[k.sel].spot; spot != rootSpot && paths[spot] > 1 {
				b.file(b.groupFor(b.siteOf, spot, k.sel), k, int32(i))
			}
		}
	}
}

// maxRemembered is the number of entries up to which those whose keys are
// remembered tests are judged without a look-up.
const maxRemembered = 32

// remembered tells whether what the keys look at is in the fields whose verdicts
// are remembered.
func (b *builder) remembered(ks []key) bool {
	return !slices.ContainsFunc(ks, func(k key) bool { return memoOf(&b.selectors[k.sel]) < 0 })
}

func (b *builder) groupFor(at map[int32]int, id, sel int32) *group {
	i, ok := at[id]
	if !ok {
		i = len(b.groups)
		at[id] = i
		b.groups = append(b.groups, group{sel: sel})
	}
	return &b.groups[i]
}

// arrange puts the groups where the record's values will lead to them.
func (b *builder) arrange(p *program) {
	sites := map[int32]*site{}
	for _, sel := range slices.Sorted(maps.Keys(b.groupOf)) {
		g, spot := b.groups[b.groupOf[sel]], b.selectors[sel].spot
		if spot == rootSpot {
			p.groups = append(p.groups, g)
			continue
		}
		if sites[spot] == nil {
			sites[spot] = &site{spot: spot, merged: g}
			if i, ok := b.siteOf[spot]; ok {
				sites[spot].merged = b.groups[i]
			}
		}
		sites[spot].groups = append(sites[spot].groups, g)
	}
	branches := map[int32]*branch{}
	for _, spot := range slices.Sorted(maps.Keys(sites)) {
		parent := b.spots[spot].parent
		if parent == rootSpot {
			p.sites = append(p.sites, *sites[spot])
			continue
		}
		br := branches[parent]
		if br == nil {
			br = &branch{spot: parent, at: map[int32]int32{}, callers: true}
			branches[parent] = br
		}
		br.at[spot] = int32(len(br.sites))
		br.callers = br.callers && b.spots[spot].caller != cloudtrail.NoCallerField
		br.sites = append(br.sites, *sites[spot])
	}
	for _, parent := range slices.Sorted(maps.Keys(branches)) {
		p.branches = append(p.branches, *branches[parent])
	}
}

// count counts how many entries could be filed under each key. Keys whose
// hashes meet count together, which happens seldom and costs little.
func (b *builder) count(entries []entry) {
	b.shared = nil
	if len(entries) <= fewEntries {
		return
	}
	b.shared = make([]int32, 1<<min(bits.Len(uint(8*len(entries))), 20))
	var visit func(e *expr)
	visit = func(e *expr) {
		if e.op == exprAtom {
			for _, k := range b.atoms[e.atom].keys {
				b.shared[int(k.hash)&(len(b.shared)-1)]++
			}
		}
		for _, k := range e.kids {
			visit(k)
		}
	}
	for _, e := range entries {
		visit(e.tree)
	}
}

// sharing is how many entries could be filed under k, about.
func (b *builder) sharing(k key) int {
	if len(b.shared) == 0 {
		return 0
	}
	return int(b.shared[int(k.hash)&(len(b.shared)-1)])
}

func (b *builder) file(g *group, k key, i int32) {
	switch k.kind {
	case keyPresent:
		g.present = append(g.present, i)
	case keyRange:
		g.fileRange(k, i)
	default:
		set, n := &g.plain, 0
		if k.fold {
			set, n = &g.folded, 1
		}
		if *set == nil {
			*set = new(operands)
		}
		(*set).add(TextOp(k.kind-keyText), k.text, i)
		g.kinds[n] |= k.kinds
	}
}

func (g *group) fileRange(k key, i int32) {
	if g.ranges == nil {
		g.ranges = &ranges{at: map[netip.Prefix][]int32{}}
	}
	r := g.ranges
	r.kinds |= k.kinds
	prefix, err := netip.ParsePrefix(k.text)
	if err != nil {
		return // it was made of one
	}
	if !slices.Contains(r.lengths, prefix.Bits()) {
		r.lengths = append(r.lengths, prefix.Bits())
	}
	r.at[prefix] = append(r.at[prefix], i)
}
