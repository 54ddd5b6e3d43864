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
	b := p.builder(locate)
	orders := make([][]*leaf, len(p.alts))
	for i, a := range p.alts {
		orders[i] = b.order(a)
	}
	differ := b.differing(orders)
	common := b.nodes(orders[0], func(h head) bool { return !differ[h] })
	var either detect.Any
	for _, order := range orders {
		own := b.nodes(order, func(h head) bool { return differ[h] })
		if len(own) == 0 {
			return unwrap(common) // an alternative that asks for nothing more
		}
		either = append(either, unwrap(own))
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

// head is where a path starts and its first name. Leaves may lie in one array,
// and must then agree on its element, only if they have one head, because an
// array adds nothing to a path.
type head struct {
	root detect.Root
	name string
}

type builder struct {
	locate func(string) detect.Path
	terms  map[*leaf]detect.Term
	rank   map[string]int // of each path in visiting order
	heads  []head         // by rank
}

// builder numbers all paths of the pattern in visiting order.
func (p *Pattern) builder(locate func(string) detect.Path) builder {
	b := builder{locate: locate, terms: map[*leaf]detect.Term{}, rank: map[string]int{}}
	var paths []string
	seen := map[*layer]bool{}
	for _, a := range p.alts {
		for ; a != nil; a = a.before {
			if seen[a.layer] {
				continue
			}
			seen[a.layer] = true
			for path := range a.layer.leaves {
				if _, ok := b.rank[path]; !ok {
					b.rank[path] = 0
					paths = append(paths, path)
				}
			}
		}
	}
	slices.SortFunc(paths, compareUTF16)
	for i, path := range paths {
		b.rank[path] = i
		at := locate(path)
		b.heads = append(b.heads, head{at.Root, at.Steps[0].Key})
	}
	return b
}

// order is an alternative's leaves in visiting order, nil where it has none at a
// path.
func (b builder) order(a *alternative) []*leaf {
	order := make([]*leaf, len(b.rank))
	for ; a != nil; a = a.before {
		for path, l := range a.layer.leaves {
			if i := b.rank[path]; order[i] == nil {
				order[i] = l
			}
		}
	}
	return order
}

// differing are the heads below which the alternatives differ.
func (b builder) differing(orders [][]*leaf) map[head]bool {
	differ := map[head]bool{}
	for i, h := range b.heads {
		for _, order := range orders[1:] {
			if order[i] != orders[0][i] {
				differ[h] = true
				break
			}
		}
	}
	return differ
}

// nodes are the conditions of an alternative on some heads, one for each.
func (b builder) nodes(order []*leaf, on func(head) bool) detect.All {
	var groups [][]*leaf
	at := map[head]int{}
	for rank, l := range order {
		h := b.heads[rank]
		if l == nil || !on(h) {
			continue
		}
		if _, ok := b.terms[l]; !ok {
			b.terms[l] = l.term(b.locate(l.path))
		}
		i, ok := at[h]
		if !ok {
			i = len(groups)
			at[h] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], l)
	}
	nodes := make(detect.All, len(groups))
	for i, g := range groups {
		nodes[i] = b.node(g)
	}
	return nodes
}

// compareUTF16 orders paths as Java orders strings; the order in which the
// Event Ruler visits fields decides what {"exists": false} looks at.
func compareUTF16(a, b string) int {
	return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
}

func (b builder) node(leaves []*leaf) detect.Node {
	if len(leaves) > 1 {
		c := detect.Consistent{Terms: make([]detect.Term, len(leaves))}
		for i, l := range leaves {
			c.Terms[i] = b.terms[l]
		}
		return c
	}
	t := b.terms[leaves[0]]
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
