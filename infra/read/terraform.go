package read

import (
	"fmt"
	"maps"
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
}

// Address is the name by which a configuration refers to the block.
func (b Block) Address() string {
	if b.Type == "resource" {
		return strings.Join(b.Labels, ".")
	}
	return strings.Join(append([]string{b.Type}, b.Labels...), ".")
}

// Terraform reads files of one module in Terraform's language ("Configuration
// language: syntax" and "expressions"): names, in order, give the blocks of each
// file. Variables have their defaults; locals and policy documents are put in
// place; whatever a provider or a caller decides is unknown. A file that cannot
// be read has an error instead, an *value.Error.
func Terraform(files map[string][]byte) (map[string][]Block, map[string]error) {
	m := &module{variables: map[string]hclsyntax.Expression{}, locals: map[string]hclsyntax.Expression{}, documents: map[string]*hclsyntax.Body{},
		budget: newBudget(), busy: map[string]bool{}, known: map[string]*value.Value{}}
	bodies, faults := map[string]*hclsyntax.Body{}, map[string]error{}
	names := slices.Sorted(maps.Keys(files))
	for _, name := range names {
		body, err := parseHCL(name, files[name])
		if err != nil {
			faults[name] = err
			continue
		}
		bodies[name] = body
		m.declare(body)
	}
	blocks := map[string][]Block{}
	for _, name := range names {
		if bodies[name] == nil {
			continue
		}
		for _, b := range bodies[name].Blocks {
			switch b.Type {
			case "variable", "locals", "output", "terraform", "moved", "import", "check", "removed":
				continue
			}
			body := m.body(b.Body, 0)
			body.Line, body.Column = b.TypeRange.Start.Line, b.TypeRange.Start.Column
			blocks[name] = append(blocks[name], Block{b.Type, b.Labels, body})
		}
	}
	return blocks, faults
}

// maxOperators bounds operators whose parsing nests without brackets.
const maxOperators = 2000

func parseHCL(name string, text []byte) (*hclsyntax.Body, error) {
	if err := bounded(name, text); err != nil {
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
func bounded(name string, text []byte) error {
	if len(text) > value.MaxBytes {
		return &value.Error{Message: fmt.Sprintf("%d bytes; at most %d are read", len(text), value.MaxBytes)}
	}
	tokens, _ := hclsyntax.LexConfig(text, name, hcl.InitialPos)
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
	variables map[string]hclsyntax.Expression // by name; nil without a default
	locals    map[string]hclsyntax.Expression
	documents map[string]*hclsyntax.Body // aws_iam_policy_document by name
	known     map[string]*value.Value    // what was looked up already
	busy      map[string]bool            // what is being looked up: cycles end here
	budget    *budget
}

// declare takes note of variables, locals and policy documents.
func (m *module) declare(body *hclsyntax.Body) {
	for _, b := range body.Blocks {
		switch {
		case b.Type == "variable" && len(b.Labels) == 1:
			m.variables[b.Labels[0]] = nil
			if a := b.Body.Attributes["default"]; a != nil {
				m.variables[b.Labels[0]] = a.Expr
			}
		case b.Type == "locals":
			for name, a := range b.Body.Attributes {
				m.locals[name] = a.Expr
			}
		case b.Type == "data" && len(b.Labels) == 2 && b.Labels[0] == "aws_iam_policy_document":
			m.documents[b.Labels[1]] = b.Body
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
			name, item = c.Labels[0], unknown("dynamic blocks", c.TypeRange.Start.Line, c.TypeRange.Start.Column)
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
