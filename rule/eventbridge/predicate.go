package eventbridge

import (
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
)

// Predicate judges CloudTrail records as they stand in log files. What the
// pattern says of detail is asked of the record; source, detail-type, account,
// region, time, id, version and resources are those of the envelope in which
// EventBridge would have delivered it.
func (p *Pattern) Predicate() detect.Node {
	return p.tree(func(path string) detect.Path {
		if rest, ok := strings.CutPrefix(path, "detail."); ok {
			return flatPath(detect.RootRecord, rest)
		}
		return flatPath(detect.RootEnvelope, path)
	})
}

// Event judges JSON events as they stand: EventBridge events with their
// envelope, or any other object.
func (p *Pattern) Event() detect.Node {
	return p.tree(func(path string) detect.Path { return flatPath(detect.RootRecord, path) })
}

// IsRecord tells whether an event is a bare CloudTrail record, which Predicate
// judges inside the envelope. Every other event, EventBridge events that carry a
// record in their detail included, is judged by Event.
func IsRecord(ev *cloudtrail.Record) bool {
	if ev.Get("detail-type").Exists() && ev.Get("source").Exists() || !ev.Get("eventVersion").Exists() {
		return false
	}
	return ev.Get("eventCategory").Kind() == cloudtrail.String || strings.Contains(ev.Get("eventSource").Str(), ".amazonaws.")
}

// flatPath is a path of the flattened event: dots in keys and steps into
// objects are the same, arrays add nothing.
func flatPath(root detect.Root, path string) detect.Path {
	p := detect.Path{Root: root, Cross: true, Dotted: detect.DottedUnion, End: detect.EndLeaves}
	for _, k := range strings.Split(path, ".") {
		p.Steps = append(p.Steps, detect.Key(k))
	}
	return p
}

// tree is the disjunction of the alternatives. What all of them share is
// pulled out.
func (p *Pattern) tree(locate func(string) detect.Path) detect.Node {
	b := builder{locate: locate, terms: map[*leaf]detect.Term{}, rank: p.ranks()}
	split := make([][]group, len(p.alts))
	count := map[string]int{}
	for i, a := range p.alts {
		split[i] = b.groups(a)
		for _, g := range split[i] {
			count[g.key]++
		}
	}
	var common detect.All
	var either detect.Any
	for i, groups := range split {
		var own detect.All
		for _, g := range groups {
			switch shared := count[g.key] == len(p.alts); {
			case !shared:
				own = append(own, b.node(g))
			case i == 0:
				common = append(common, b.node(g))
			}
		}
		either = append(either, unwrap(own))
	}
	for _, n := range either {
		if all, ok := n.(detect.All); ok && len(all) == 0 {
			return unwrap(common) // an alternative that asks for nothing more
		}
	}
	return unwrap(append(common, unwrapAny(either)))
}

func unwrap(all detect.All) detect.Node {
	if len(all) == 1 {
		return all[0]
	}
	return all
}

func unwrapAny(either detect.Any) detect.Node {
	if len(either) == 1 {
		return either[0]
	}
	return either
}

// group is leaves of one alternative that may lie in one array, in visiting
// order. Only those must agree on the array's element, because an array adds
// nothing to a path: leaves inside one array share their path's first name.
type group struct {
	key    string
	leaves []*leaf
}

// head is where a path starts and its first name.
type head struct {
	root detect.Root
	name string
}

type builder struct {
	locate func(string) detect.Path
	terms  map[*leaf]detect.Term
	rank   map[string]int // of each path in visiting order
}

// ranks numbers all paths of the pattern in visiting order.
func (p *Pattern) ranks() map[string]int {
	rank := map[string]int{}
	var paths []string
	for _, a := range p.alts {
		for path := range a {
			if _, ok := rank[path]; !ok {
				rank[path] = 0
				paths = append(paths, path)
			}
		}
	}
	slices.SortFunc(paths, compareUTF16)
	for i, path := range paths {
		rank[path] = i
	}
	return rank
}

func (b builder) groups(a alternative) []group {
	order := make([]*leaf, len(b.rank))
	for path, l := range a {
		order[b.rank[path]] = l
	}
	var out []group
	at := map[head]int{}
	for _, l := range order {
		if l == nil {
			continue
		}
		if _, ok := b.terms[l]; !ok {
			b.terms[l] = l.term(b.locate(l.path))
		}
		path := b.terms[l].Path
		first := head{path.Root, path.Steps[0].Key}
		i, ok := at[first]
		if !ok {
			i = len(out)
			at[first] = i
			out = append(out, group{})
		}
		out[i].leaves = append(out[i].leaves, l)
	}
	for i := range out {
		out[i].key = identity(out[i].leaves)
	}
	return out
}

// identity distinguishes groups: a leaf is known by its place in the text.
func identity(leaves []*leaf) string {
	var b strings.Builder
	for _, l := range leaves {
		for n := l.pos; ; n >>= 7 {
			if b.WriteByte(byte(n&0x7f | 0x80)); n < 0x80 {
				break
			}
		}
		b.WriteByte(0)
	}
	return b.String()
}

// compareUTF16 orders paths as Java orders strings; the order in which the
// Event Ruler visits fields decides what {"exists": false} looks at.
func compareUTF16(a, b string) int {
	return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
}

func (b builder) node(g group) detect.Node {
	if len(g.leaves) > 1 {
		c := detect.Consistent{Terms: make([]detect.Term, len(g.leaves))}
		for i, l := range g.leaves {
			c.Terms[i] = b.terms[l]
		}
		return c
	}
	t := b.terms[g.leaves[0]]
	absent := detect.Not{X: detect.Test{Path: t.Path, Match: detect.Exists, Src: t.Src}}
	switch {
	case t.Match == nil:
		return absent
	case t.Absent:
		return detect.Any{detect.Test{Path: t.Path, Match: t.Match, Src: t.Src}, absent}
	}
	return detect.Test{Path: t.Path, Match: t.Match, Src: t.Src}
}

// term merges the leaf's matchers; plain strings become one set.
func (l *leaf) term(path detect.Path) detect.Term {
	t := detect.Term{Path: path, Src: l.src()}
	var exact []string
	var rest detect.MatchAny
	for _, m := range l.matchers {
		x, ok := m.match.(detect.Text)
		switch {
		case m.absent:
			t.Absent = true
		case ok && x.Op == detect.Equal && !x.Fold && x.Kinds == detect.Strings:
			exact = append(exact, x.Values...)
		default:
			rest = append(rest, m.match)
		}
	}
	if exact != nil {
		rest = append(detect.MatchAny{text(detect.Equal, false, exact...)}, rest...)
	}
	switch len(rest) {
	case 0:
	case 1:
		t.Match = rest[0]
	default:
		t.Match = rest
	}
	return t
}

// src is the leaf as its author wrote it, on one line.
func (l *leaf) src() string {
	srcs := make([]string, len(l.matchers))
	for i, m := range l.matchers {
		srcs[i] = m.src
	}
	return l.path + ": [" + strings.Join(srcs, ",") + "]"
}
