package read

import (
	"strings"

	"github.com/trailwarden/trailwarden/infra/value"
)

// document is an aws_iam_policy_document as the policy it makes (AWS provider,
// data source aws_iam_policy_document).
func (m *module) document(name string, body expression, depth int) *value.Value {
	return m.once(name, func() *value.Value {
		b := body(depth + 1)
		p := &value.Value{Kind: value.Map, Line: b.Line, Column: b.Column}
		put(p, "Version", or(b.Get("version"), text("2012-10-17", b)))
		list := &value.Value{Kind: value.List, Line: b.Line, Column: b.Column}
		for _, s := range items(b, "statement") {
			list.Items = append(list.Items, statement(s))
		}
		for _, source := range []string{"source_policy_documents", "override_policy_documents"} {
			for _, x := range b.Get(source).Each() {
				list.Items = append(list.Items, x.Get("Statement").Each()...)
				if x.Kind == value.Unknown {
					list.Items = append(list.Items, x)
				}
			}
		}
		put(p, "Statement", list)
		return p
	})
}

// items are the blocks of a name.
func items(b *value.Value, name string) []*value.Value { return b.Get(name).Each() }

func put(v *value.Value, name string, x *value.Value) {
	if x == nil || x.Kind == value.Null {
		return
	}
	v.Keys = append(v.Keys, value.Key{Name: name, Line: x.Line, Column: x.Column})
	v.Items = append(v.Items, x)
}

func text(s string, at *value.Value) *value.Value {
	return &value.Value{Kind: value.Text, Text: s, Line: at.Line, Column: at.Column}
}

func or(v, w *value.Value) *value.Value {
	if v != nil {
		return v
	}
	return w
}

func statement(s *value.Value) *value.Value {
	if s.Kind == value.Unknown {
		return s
	}
	out := &value.Value{Kind: value.Map, Line: s.Line, Column: s.Column}
	put(out, "Sid", s.Get("sid"))
	put(out, "Effect", or(s.Get("effect"), text("Allow", s)))
	for _, n := range [][2]string{{"actions", "Action"}, {"not_actions", "NotAction"}, {"resources", "Resource"}, {"not_resources", "NotResource"}} {
		put(out, n[1], s.Get(n[0]))
	}
	for _, n := range [][2]string{{"principals", "Principal"}, {"not_principals", "NotPrincipal"}} {
		if len(items(s, n[0])) > 0 {
			put(out, n[1], grouped(items(s, n[0])))
		}
	}
	if c := items(s, "condition"); len(c) > 0 {
		put(out, "Condition", conditions(c))
	}
	return out
}

// grouped are principals blocks as one element.
func grouped(blocks []*value.Value) *value.Value {
	out := &value.Value{Kind: value.Map, Line: blocks[0].Line, Column: blocks[0].Column}
	for _, b := range blocks {
		if b.Get("type").String() == "*" {
			return text("*", or(b.Get("identifiers"), b))
		}
		put(out, b.Get("type").String(), b.Get("identifiers"))
	}
	return out
}

func conditions(blocks []*value.Value) *value.Value {
	out := &value.Value{Kind: value.Map, Line: blocks[0].Line, Column: blocks[0].Column}
	for _, b := range blocks {
		operator := &value.Value{Kind: value.Map, Line: b.Line, Column: b.Column}
		put(operator, strings.TrimSpace(b.Get("variable").String()), b.Get("values"))
		put(out, b.Get("test").String(), operator)
	}
	return out
}
