package read

import (
	"cmp"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/trailwarden/trailwarden/infra/value"
)

// inOrder are attributes in the order of the file.
func inOrder(attributes hclsyntax.Attributes) []*hclsyntax.Attribute {
	all := make([]*hclsyntax.Attribute, 0, len(attributes))
	for _, a := range attributes {
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b *hclsyntax.Attribute) int { return cmp.Compare(a.SrcRange.Start.Byte, b.SrcRange.Start.Byte) })
	return all
}

// start is where an expression begins; one in a text of JSON stands where the
// text does.
func (m *module) start(r hcl.Range) hcl.Pos {
	if m.within != nil {
		return *m.within
	}
	return r.Start
}

// value is what an expression is known to be.
func (m *module) value(e hclsyntax.Expression, depth int) *value.Value {
	at := m.start(e.Range())
	if depth > 2*value.MaxDepth || !m.budget.take(0) {
		return unknown("an expression that is nested too deep", at.Line, at.Column)
	}
	switch e := e.(type) {
	case *hclsyntax.LiteralValueExpr:
		return literal(e.Val, at)
	case *hclsyntax.TemplateExpr:
		return m.template(e, depth)
	case *hclsyntax.TemplateWrapExpr:
		return placed(m.value(e.Wrapped, depth+1), at)
	case *hclsyntax.ParenthesesExpr:
		return m.value(e.Expression, depth+1)
	case *hclsyntax.ObjectConsExpr:
		return m.object(e, depth)
	case *hclsyntax.TupleConsExpr:
		v := &value.Value{Kind: value.List, Line: at.Line, Column: at.Column}
		for _, x := range e.Exprs {
			v.Items = append(v.Items, m.value(x, depth+1))
		}
		return v
	case *hclsyntax.ScopeTraversalExpr:
		return placed(m.traverse(e.Traversal, depth), at)
	case *hclsyntax.FunctionCallExpr:
		return m.call(e, depth)
	case *hclsyntax.ConditionalExpr:
		return m.conditional(e, depth)
	case *hclsyntax.ObjectConsKeyExpr:
		return m.key(e, depth)
	case *hclsyntax.ForExpr:
		return m.loop(e, depth)
	case *hclsyntax.TemplateJoinExpr:
		if v := m.value(e.Tuple, depth+1); v.Kind == value.List {
			return m.budget.join(v.Items, at.Line, at.Column)
		}
	}
	return unknown(described(e), at.Line, at.Column)
}

// described names an expression that is not evaluated.
func described(e hclsyntax.Expression) string {
	switch e := e.(type) {
	case *hclsyntax.ForExpr:
		return "a for expression"
	case *hclsyntax.SplatExpr:
		return "a splat expression"
	case *hclsyntax.RelativeTraversalExpr, *hclsyntax.IndexExpr:
		for _, t := range e.Variables() {
			return address(t)
		}
	}
	return "an expression"
}

// placed is a value as if it stood at the place; values that stand elsewhere in
// the file keep their inner places.
func placed(v *value.Value, at hcl.Pos) *value.Value {
	if v.Kind == value.Map || v.Kind == value.List || v.Lines {
		return v
	}
	c := *v
	c.Line, c.Column = at.Line, at.Column
	return &c
}

func literal(v cty.Value, at hcl.Pos) *value.Value {
	out := &value.Value{Line: at.Line, Column: at.Column}
	switch {
	case v.IsNull():
		out.Kind = value.Null
	case !v.IsKnown():
		out.Refs = []string{"?"}
	case v.Type() == cty.Bool:
		out.Kind, out.Text = value.Bool, map[bool]string{true: "true", false: "false"}[v.True()]
	case v.Type() == cty.Number:
		out.Kind, out.Text = value.Number, v.AsBigFloat().Text('g', 20)
	case v.Type() == cty.String:
		out.Kind, out.Text = value.Text, v.AsString()
	}
	return out
}

func (m *module) template(e *hclsyntax.TemplateExpr, depth int) *value.Value {
	at := m.start(e.SrcRange)
	parts := make([]*value.Value, 0, len(e.Parts))
	for _, p := range e.Parts {
		parts = append(parts, m.value(p, depth+1))
	}
	v := m.budget.join(parts, at.Line, at.Column)
	if len(parts) > 0 && m.within == nil && e.SrcRange.End.Line > at.Line+1 { // a heredoc: its text begins on the line below
		first := e.Parts[0].Range().Start
		v.Line, v.Column, v.Lines = first.Line, first.Column, true
		if strings.HasPrefix(strings.TrimSpace(v.Text), "{") && strings.HasPrefix(v.Text, "\n") {
			v.Column = 1
		}
		v.Indent = max(0, first.Column-1)
	}
	return v
}

func (m *module) object(e *hclsyntax.ObjectConsExpr, depth int) *value.Value {
	at := m.start(e.SrcRange)
	v := &value.Value{Kind: value.Map, Line: at.Line, Column: at.Column}
	for _, item := range e.Items {
		k := m.value(item.KeyExpr, depth+1)
		v.Keys = append(v.Keys, value.Key{Name: k.String(), Line: k.Line, Column: k.Column})
		v.Items = append(v.Items, m.value(item.ValueExpr, depth+1))
	}
	return v
}

// key is a key of an object: a bare name is its own text.
func (m *module) key(e *hclsyntax.ObjectConsKeyExpr, depth int) *value.Value {
	at := m.start(e.Range())
	if name := hcl.ExprAsKeyword(e.Wrapped); name != "" && !e.ForceNonLiteral {
		return &value.Value{Kind: value.Text, Text: name, Line: at.Line, Column: at.Column}
	}
	return m.value(e.Wrapped, depth+1)
}

// conditional is one side when the condition is known, or the other has no value;
// which of two values holds is a matter of cases.
func (m *module) conditional(e *hclsyntax.ConditionalExpr, depth int) *value.Value {
	isTrue, isFalse := m.value(e.Condition, depth+1).Truth()
	switch {
	case isTrue:
		return m.value(e.TrueResult, depth+1)
	case isFalse:
		return m.value(e.FalseResult, depth+1)
	}
	yes, no := m.value(e.TrueResult, depth+1), m.value(e.FalseResult, depth+1)
	switch {
	case yes.Kind == value.Null:
		return no
	case no.Kind == value.Null:
		return yes
	}
	switch side, decided := m.side(e.Condition); {
	case !decided:
		at := m.start(e.SrcRange)
		return unknown("a condition", at.Line, at.Column)
	case side:
		return yes
	}
	return no
}

// side is the side of a condition, which is known by its text.
func (m *module) side(e hclsyntax.Expression) (yes, decided bool) {
	negated := false
	for {
		if p, ok := e.(*hclsyntax.ParenthesesExpr); ok {
			e = p.Expression
		} else if not, ok := e.(*hclsyntax.UnaryOpExpr); ok && not.Op == hclsyntax.OpLogicalNot {
			e, negated = not.Val, !negated
		} else {
			break
		}
	}
	r := e.Range()
	yes, decided = m.cases.side(string(r.SliceBytes(m.text[r.Filename])))
	return yes != negated, decided
}

// loop is a for expression over what is known.
func (m *module) loop(e *hclsyntax.ForExpr, depth int) *value.Value {
	at := m.start(e.SrcRange)
	none := unknown(described(e), at.Line, at.Column)
	over := m.value(e.CollExpr, depth+1)
	if over.Kind != value.List && over.Kind != value.Map || e.Group {
		return none
	}
	outer := m.scope
	defer func() { m.scope = outer }()
	out := &value.Value{Kind: value.List, Line: at.Line, Column: at.Column}
	if e.KeyExpr != nil {
		out.Kind = value.Map
	}
	for i, item := range over.Items {
		m.scope = maps.Clone(outer)
		if m.scope == nil {
			m.scope = map[string]*value.Value{}
		}
		m.scope[e.ValVar] = item
		if e.KeyVar != "" {
			m.scope[e.KeyVar] = key(over, i)
		}
		if e.CondExpr != nil {
			switch isTrue, isFalse := m.value(e.CondExpr, depth+1).Truth(); {
			case isFalse:
				continue
			case !isTrue:
				return none
			}
		}
		if e.KeyExpr != nil {
			k := m.value(e.KeyExpr, depth+1)
			out.Keys = append(out.Keys, value.Key{Name: k.String(), Line: k.Line, Column: k.Column})
		}
		out.Items = append(out.Items, m.value(e.ValExpr, depth+1))
	}
	return out
}

// key is the key of a map's item, or the number of a list's.
func key(v *value.Value, i int) *value.Value {
	if v.Kind == value.Map {
		return text(v.Keys[i].Name, v.Items[i])
	}
	return &value.Value{Kind: value.Number, Text: strconv.Itoa(i), Line: v.Items[i].Line, Column: v.Items[i].Column}
}

// traverse looks a reference up.
func (m *module) traverse(t hcl.Traversal, depth int) *value.Value {
	name := address(t)
	root, second := t.RootName(), attribute(t, 1)
	switch {
	case m.scope[root] != nil:
		return follow(name, m.scope[root], t[1:])
	case root == "var" && m.variables[second] != nil:
		return m.lookup("var."+second, m.variables[second], t[2:], depth)
	case root == "local" && m.locals[second] != nil:
		return m.lookup("local."+second, m.locals[second], t[2:], depth)
	case root == "data" && second == "aws_iam_policy_document" && m.documents[attribute(t, 2)] != nil:
		return m.document(name, m.documents[attribute(t, 2)], depth)
	}
	return unknown(name, 0, 0)
}

// lookup evaluates a variable's default or a local once, and follows the rest of
// the path into it.
func (m *module) lookup(name string, e expression, rest hcl.Traversal, depth int) *value.Value {
	return follow(name, m.once(name, func() *value.Value { return e(depth + 1) }), rest)
}

// follow follows a path into a value.
func follow(name string, v *value.Value, rest hcl.Traversal) *value.Value {
	for _, step := range rest {
		var next *value.Value
		switch step := step.(type) {
		case hcl.TraverseAttr:
			next = v.Get(step.Name)
		case hcl.TraverseIndex:
			next = indexed(v, step.Key)
		}
		if next == nil {
			return unknown(name, 0, 0)
		}
		v = next
	}
	return v
}

// indexed is what stands at a key of a map, or at a number of a list.
func indexed(v *value.Value, k cty.Value) *value.Value {
	switch {
	case k.Type() == cty.String && v.Kind == value.Map:
		return v.Get(k.AsString())
	case k.Type() == cty.Number && v.Kind == value.List:
		if i, exact := k.AsBigFloat().Int64(); exact == big.Exact && i >= 0 && i < int64(len(v.Items)) {
			return v.Items[i]
		}
	}
	return nil
}

// once evaluates what has a name one time; what refers to itself is unknown.
func (m *module) once(name string, evaluate func() *value.Value) *value.Value {
	if v := m.known[name]; v != nil {
		if m.budget.values < 0 {
			return unknown(name, 0, 0)
		}
		n := 0
		v.Walk(func(string, *value.Value) { n++ })
		if m.budget.values -= n; m.budget.values < 0 {
			return unknown(name, 0, 0) // many names for much make too much
		}
		return v
	}
	if m.busy[name] {
		return unknown(name, 0, 0)
	}
	scope, within := m.scope, m.within
	m.busy[name], m.scope, m.within = true, nil, nil // it stands elsewhere
	v := evaluate()
	m.scope, m.within = scope, within
	delete(m.busy, name)
	m.known[name] = v
	return v
}

// address is the name of what a reference leads to: a resource, a data source,
// a variable, without the attribute that is asked of it.
func address(t hcl.Traversal) string {
	n := 2
	switch t.RootName() {
	case "data", "module":
		n = 3
	case "each", "self", "path", "count", "terraform":
		n = len(t)
	}
	parts := []string{t.RootName()}
	for i := 1; i < n && i < len(t); i++ {
		if a := attribute(t, i); a != "" {
			parts = append(parts, a)
		}
	}
	return strings.Join(parts, ".")
}

func attribute(t hcl.Traversal, i int) string {
	if i < len(t) {
		if a, ok := t[i].(hcl.TraverseAttr); ok {
			return a.Name
		}
	}
	return ""
}

// call evaluates the functions that policies and patterns are written with.
func (m *module) call(e *hclsyntax.FunctionCallExpr, depth int) *value.Value {
	at := m.start(e.Range())
	args := make([]*value.Value, 0, len(e.Args))
	for _, a := range e.Args {
		args = append(args, m.value(a, depth+1))
	}
	none := unknown(e.Name+"()", at.Line, at.Column)
	switch {
	case len(args) == 0 || e.ExpandFinal:
		return none
	case len(args) == 1 && slices.Contains([]string{"jsonencode", "tolist", "toset", "tostring", "tomap", "nonsensitive", "sensitive"}, e.Name):
		return args[0]
	case e.Name == "concat":
		return concat(args, at)
	case e.Name == "merge":
		return merge(args, at)
	case e.Name == "join" && len(args) == 2:
		return m.join(args, at)
	case e.Name == "jsondecode" && len(args) == 1:
		if r, ok := args[0].Decode(); ok {
			return r.Value
		}
	}
	return none
}

func concat(args []*value.Value, at hcl.Pos) *value.Value {
	v := &value.Value{Kind: value.List, Line: at.Line, Column: at.Column}
	for _, a := range args {
		if a.Kind == value.List {
			v.Items = append(v.Items, a.Items...)
		} else {
			v.Items = append(v.Items, a)
		}
	}
	return v
}

func merge(args []*value.Value, at hcl.Pos) *value.Value {
	v := &value.Value{Kind: value.Map, Line: at.Line, Column: at.Column}
	for _, a := range args {
		v.Keys, v.Items = append(v.Keys, a.Keys...), append(v.Items, a.Items...)
		if a.Kind != value.Map {
			return unknown("merge()", at.Line, at.Column)
		}
	}
	return v
}

func (m *module) join(args []*value.Value, at hcl.Pos) *value.Value {
	if args[1].Kind != value.List {
		return unknown("join()", at.Line, at.Column)
	}
	var parts []*value.Value
	for i, x := range args[1].Items {
		if i > 0 {
			parts = append(parts, args[0])
		}
		parts = append(parts, x)
	}
	return m.budget.join(parts, at.Line, at.Column)
}
