package read

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/trailwarden/trailwarden/infra/value"
)

// Block is one resource, data source or other block of a Terraform file.
type Block struct {
	Type   string // "resource", "data", "provider", …
	Labels []string
	Body   *value.Value // attributes and blocks by their names; blocks are lists
	// Cases are the body in each case of conditions that choose between two values,
	// and for each item of for_each; there are none where it has neither.
	Cases []*value.Value
}

// Address is the name by which a configuration refers to the block.
func (b Block) Address() string {
	if b.Type == "resource" {
		return strings.Join(b.Labels, ".")
	}
	return strings.Join(append([]string{b.Type}, b.Labels...), ".")
}

// Terraform reads files of one module in Terraform's language ("Configuration
// language: syntax" and "expressions"), or as JSON where a name ends in .json:
// names, in order, give the blocks of each file. Variables have their defaults;
// locals and policy documents are put in place; whatever a provider or a caller
// decides is unknown. A file that cannot be read has an error instead, an
// *value.Error.
func Terraform(files map[string][]byte) (map[string][]Block, map[string]error) {
	m := &module{variables: map[string]expression{}, locals: map[string]expression{}, documents: map[string]expression{}, text: map[string][]byte{}}
	m.begin(newBudget(), newCases())
	found, faults := map[string][]block{}, map[string]error{}
	names := slices.Sorted(maps.Keys(files))
	for _, name := range names {
		read := m.hcl
		if strings.HasSuffix(strings.ToLower(name), ".json") {
			read = m.json
		}
		all, err := read(name, files[name])
		if err != nil {
			faults[name] = err
			continue
		}
		found[name] = all
	}
	blocks := map[string][]Block{}
	for _, name := range names {
		for _, b := range found[name] {
			blocks[name] = append(blocks[name], Block{b.kind, b.labels, b.body(0), m.instances(b)})
		}
	}
	budget := newBudget() // of its own, so that cases take nothing from what is known without them
	for _, sides := range m.cases.all() {
		m.begin(budget, &cases{sides, map[string]bool{}})
		for _, name := range names {
			for i, b := range found[name] {
				of := &blocks[name][i]
				if body := b.body(0); !reflect.DeepEqual(body, of.Body) {
					of.Cases = append(of.Cases, body)
				}
				of.Cases = append(of.Cases, m.instances(b)...)
			}
		}
	}
	return blocks, faults
}

// instances are a block's body for each item of its for_each, as far as they are
// known.
func (m *module) instances(b block) []*value.Value {
	if b.each == nil {
		return nil
	}
	var all []*value.Value
	each := b.each(0)
	for i, item := range each.Items {
		if i == maxCases {
			break
		}
		key := item
		if each.Kind == value.Map {
			key = text(each.Keys[i].Name, item)
		}
		m.scope = map[string]*value.Value{"each": {Kind: value.Map, Keys: []value.Key{{Name: "key"}, {Name: "value"}}, Items: []*value.Value{key, item}}}
		all = append(all, b.body(0))
	}
	m.scope = nil
	return all
}

// expression evaluates something of a module.
type expression func(depth int) *value.Value

// block is a block before it is evaluated.
type block struct {
	kind   string
	labels []string
	body   expression
	each   expression // its for_each, nil without
}

// aside tells whether a type of block says nothing of what is made.
func aside(kind string) bool {
	switch kind {
	case "variable", "locals", "output", "terraform", "moved", "import", "check", "removed":
		return true
	}
	return false
}

// hcl takes note of what a file in Terraform's own syntax declares.
func (m *module) hcl(name string, text []byte) ([]block, error) {
	body, err := parseHCL(name, text)
	if err != nil {
		return nil, err
	}
	m.text[name] = text
	m.declare(body)
	var all []block
	for _, b := range body.Blocks {
		if aside(b.Type) {
			continue
		}
		read := block{b.Type, b.Labels, func(depth int) *value.Value {
			v := m.body(b.Body, depth)
			v.Line, v.Column = b.TypeRange.Start.Line, b.TypeRange.Start.Column
			return v
		}, nil}
		if each := b.Body.Attributes["for_each"]; each != nil {
			read.each = func(depth int) *value.Value { return m.value(each.Expr, depth+1) }
		}
		all = append(all, read)
	}
	return all, nil
}

// maxOperators bounds operators whose parsing nests without brackets.
const maxOperators = 2000

func parseHCL(name string, text []byte) (*hclsyntax.Body, error) {
	tokens, _ := hclsyntax.LexConfig(text, name, hcl.InitialPos)
	if err := bounded(text, tokens); err != nil {
		return nil, err
	}
	f, diags := hclsyntax.ParseConfig(text, name, hcl.InitialPos)
	if diags.HasErrors() {
		for _, d := range diags {
			if d.Severity == hcl.DiagError && d.Subject != nil {
				return nil, &value.Error{Line: d.Subject.Start.Line, Column: d.Subject.Start.Column, Message: d.Summary + ": " + d.Detail}
			}
		}
		return nil, &value.Error{Message: diags.Error()}
	}
	body, ok := f.Body.(*hclsyntax.Body)
	if !ok {
		return nil, &value.Error{Message: "no body"}
	}
	return body, nil
}

// bounded refuses text that the parser, which calls itself for every level,
// could not read within its stack.
func bounded(text []byte, tokens hclsyntax.Tokens) error {
	if len(text) > value.MaxBytes {
		return &value.Error{Message: fmt.Sprintf("%d bytes; at most %d are read", len(text), value.MaxBytes)}
	}
	depth, operators := 0, 0
	for _, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl, hclsyntax.TokenOQuote, hclsyntax.TokenOHeredoc:
			depth++
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd, hclsyntax.TokenCQuote, hclsyntax.TokenCHeredoc:
			depth--
		case hclsyntax.TokenQuestion, hclsyntax.TokenBang, hclsyntax.TokenMinus:
			operators++
		}
		if depth > 2*value.MaxDepth {
			return &value.Error{Line: t.Range.Start.Line, Column: t.Range.Start.Column, Message: fmt.Sprintf("nested deeper than %d levels", 2*value.MaxDepth)}
		}
		if operators > maxOperators {
			return &value.Error{Line: t.Range.Start.Line, Column: t.Range.Start.Column, Message: fmt.Sprintf("more than %d operators of one operand or three", maxOperators)}
		}
	}
	return nil
}

// module is what expressions of one module can refer to.
type module struct {
	variables map[string]expression // by name; nil without a default
	locals    map[string]expression
	documents map[string]expression // aws_iam_policy_document by name
	text      map[string][]byte     // what was parsed, by file
	scope     map[string]*value.Value
	within    *hcl.Pos                // the place of the JSON text whose expression is evaluated
	known     map[string]*value.Value // what was looked up already
	busy      map[string]bool         // what is being looked up: cycles end here
	budget    *budget
	cases     *cases
}

// begin begins to evaluate anew.
func (m *module) begin(b *budget, c *cases) {
	m.known, m.busy, m.budget, m.cases = map[string]*value.Value{}, map[string]bool{}, b, c
}

// declare takes note of variables, locals and policy documents.
func (m *module) declare(body *hclsyntax.Body) {
	of := func(e hclsyntax.Expression) expression {
		return func(depth int) *value.Value { return m.value(e, depth) }
	}
	for _, b := range body.Blocks {
		switch {
		case b.Type == "variable" && len(b.Labels) == 1:
			m.variables[b.Labels[0]] = nil
			if a := b.Body.Attributes["default"]; a != nil {
				m.variables[b.Labels[0]] = of(a.Expr)
			}
		case b.Type == "locals":
			for name, a := range b.Body.Attributes {
				m.locals[name] = of(a.Expr)
			}
		case b.Type == "data" && len(b.Labels) == 2 && b.Labels[0] == "aws_iam_policy_document":
			m.documents[b.Labels[1]] = func(depth int) *value.Value { return m.body(b.Body, depth) }
		}
	}
}

// body is a block's attributes and blocks as one map, in the order of the file.
func (m *module) body(b *hclsyntax.Body, depth int) *value.Value {
	v := &value.Value{Kind: value.Map, Line: b.SrcRange.Start.Line, Column: b.SrcRange.Start.Column}
	if depth > value.MaxDepth || !m.budget.take(0) {
		return unknown("a block that is nested too deep", v.Line, v.Column)
	}
	for _, a := range inOrder(b.Attributes) {
		v.Keys = append(v.Keys, value.Key{Name: a.Name, Line: a.NameRange.Start.Line, Column: a.NameRange.Start.Column})
		v.Items = append(v.Items, m.value(a.Expr, depth+1))
	}
	lists := map[string]*value.Value{}
	for _, c := range b.Blocks {
		name, item := c.Type, (*value.Value)(nil)
		if c.Type == "dynamic" && len(c.Labels) == 1 {
			name, item = c.Labels[0], m.dynamic(c, depth)
		} else {
			item = m.body(c.Body, depth+1)
			item.Line, item.Column = c.TypeRange.Start.Line, c.TypeRange.Start.Column
		}
		list := lists[name]
		if list == nil {
			list = &value.Value{Kind: value.List, Line: item.Line, Column: item.Column}
			lists[name] = list
			v.Keys = append(v.Keys, value.Key{Name: name, Line: item.Line, Column: item.Column})
			v.Items = append(v.Items, list)
		}
		list.Items = append(list.Items, item)
	}
	return v
}

// dynamic is what a dynamic block makes for each item: what depends on the item
// is unknown.
func (m *module) dynamic(b *hclsyntax.Block, depth int) *value.Value {
	for _, c := range b.Body.Blocks {
		if c.Type == "content" {
			item := m.body(c.Body, depth+1)
			item.Line, item.Column = c.TypeRange.Start.Line, c.TypeRange.Start.Column
			return item
		}
	}
	return unknown("dynamic blocks", b.TypeRange.Start.Line, b.TypeRange.Start.Column)
}
