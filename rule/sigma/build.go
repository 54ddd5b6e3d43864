package sigma

import (
	"strings"

	"github.com/trailwarden/trailwarden/detect"
)

// builder turns a detection into a predicate. A search identifier that a
// pipeline emptied is absent: it drops out of the condition.
type builder struct {
	d     *detection
	nodes map[string]detect.Node // nil: absent
}

func newBuilder(d *detection) *builder {
	b := &builder{d: d, nodes: make(map[string]detect.Node, len(d.groups))}
	for name, g := range d.groups {
		b.nodes[name] = groupNode(g)
	}
	return b
}

// condition is nil when nothing is left of x.
func (b *builder) condition(x expr) detect.Node {
	switch x := x.(type) {
	case *nameExpr:
		return b.nodes[x.name]
	case *ofExpr:
		var picked []detect.Node
		for _, name := range b.d.names {
			if x.matches(name) {
				picked = append(picked, b.nodes[name])
			}
		}
		return join(!x.all, picked)
	case *notExpr:
		if n := b.condition(x.x); n != nil {
			return detect.Not{X: n}
		}
	case *joinExpr:
		nodes := make([]detect.Node, len(x.xs))
		for i, y := range x.xs {
			nodes[i] = b.condition(y)
		}
		return join(x.or, nodes)
	}
	return nil
}

// join drops absent nodes; it is nil when none is left.
func join(or bool, nodes []detect.Node) detect.Node {
	kept := make([]detect.Node, 0, len(nodes))
	for _, n := range nodes {
		if n != nil {
			kept = append(kept, n)
		}
	}
	switch {
	case len(kept) == 0:
		return nil
	case len(kept) == 1:
		return kept[0]
	case or:
		return detect.Any(kept)
	}
	return detect.All(kept)
}

func groupNode(g *group) detect.Node {
	nodes := make([]detect.Node, len(g.parts))
	for i, part := range g.parts {
		switch part := part.(type) {
		case *item:
			nodes[i] = itemNode(part)
		case *group:
			nodes[i] = groupNode(part)
		}
	}
	return join(g.or, nodes)
}

// itemNode is the test of one item. Without values, as when a placeholder
// stands for an empty list, nothing satisfies it.
func itemNode(it *item) detect.Node {
	groups := it.values
	if !it.all {
		var any []value
		for _, alternatives := range it.values {
			any = append(any, alternatives...)
		}
		groups = [][]value{any}
	}
	var nodes []detect.Node
	for _, alternatives := range groups {
		nodes = append(nodes, anyOf(it, alternatives))
	}
	n := join(false, nodes)
	if n == nil {
		n = detect.Const(false)
	}
	if it.negated {
		return detect.Not{X: n}
	}
	return n
}

// anyOf is true when the item's field satisfies one of the values, and never
// without any.
func anyOf(it *item, values []value) detect.Node {
	path, src := fieldPath(it.field), it.source(values)
	m := matchSet{keyword: it.keyword()}
	var nodes []detect.Node
	for _, v := range values {
		switch {
		case v.kind == nullValue:
			m.add(detect.Is(detect.Nulls))
			nodes = append(nodes, absent(path, src))
		case v.kind == existsValue && !v.truth:
			nodes = append(nodes, absent(path, src))
		case v.kind == fieldValue:
			nodes = append(nodes, compareFields(path, v, src))
		default:
			m.addValue(v)
		}
	}
	if match := m.match(); match != nil {
		test := detect.Test{Path: path, Match: match, Src: src}
		nodes = append([]detect.Node{test}, nodes...)
	}
	if len(nodes) == 0 {
		return detect.Const(false)
	}
	return join(true, nodes)
}

func absent(path detect.Path, src string) detect.Node {
	return detect.Not{X: detect.Test{Path: path, Match: detect.Exists, Src: src}}
}

// fieldPath is where a Sigma field is in a record: a dotted name is one literal
// key first, then nested ones, arrays are entered, and the exact letter case is
// preferred to another. A keyword's is the record itself.
func fieldPath(field string) detect.Path {
	if field == "" {
		return detect.Path{}
	}
	p := detect.Keys(strings.Split(field, ".")...)
	p.Cross, p.Fold = true, true
	p.Dotted, p.End = detect.DottedLiteralFirst, detect.EndScalars
	return p
}

// comparable kinds: a value that has text. null has none.
const textKinds = detect.Scalars | detect.Containers

func compareFields(path detect.Path, v value, src string) detect.Node {
	c := detect.Compare{Left: path, Right: fieldPath(v.field), Fold: !v.cased, Kinds: textKinds, Src: src}
	switch {
	case v.starts && v.ends:
		c.Op = detect.Contains
	case v.starts:
		c.Op = detect.HasPrefix
	case v.ends:
		c.Op = detect.HasSuffix
	}
	return c
}

// maxSource is how much of a test's own text explanations carry, in bytes.
const maxSource = 200

// source is the test as written, values spelled out.
func (it *item) source(values []value) string {
	var b strings.Builder
	if it.key != "" {
		b.WriteString(it.key + ": ")
	}
	for i, v := range values {
		if i > 0 {
			b.WriteString(" | ")
		}
		if b.Len() > maxSource {
			b.WriteString("…")
			break
		}
		b.WriteString(cut(v.String(), maxSource))
	}
	return b.String()
}

func cut(s string, most int) string {
	if r := []rune(s[:min(len(s), 4*most)]); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// String is the value as a rule would spell it.
func (v value) String() string {
	switch v.kind {
	case nullValue:
		return "null"
	case numberValue, compareValue, timePartValue:
		return numberText(v.number)
	case networkValue:
		return v.prefix.String()
	case fieldValue:
		return v.field
	case existsValue, boolValue:
		if v.truth {
			return "true"
		}
		return "false"
	case regexpValue:
		return source(v.pieces)
	}
	return "'" + written(v.pieces) + "'"
}
