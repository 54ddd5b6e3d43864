package read

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/trailwarden/trailwarden/infra/value"
)

// json takes note of what a file of Terraform's JSON syntax declares
// ("Configuration language: JSON configuration syntax"): a property for each type
// of block, below it one for each label, and texts that are templates.
func (m *module) json(name string, text []byte) ([]block, error) {
	r, err := value.ParseJSON(text)
	if err != nil {
		return nil, err
	}
	if len(r.Problems) > 0 {
		p := r.Problems[0]
		return nil, &value.Error{Line: p.Line, Column: p.Column, Message: "no JSON"}
	}
	m.declareJSON(name, r.Value)
	var all []block
	for _, kind := range properties(r.Value) {
		if aside(kind.name) {
			continue
		}
		labelled(kind.value, labels(kind.name), nil, func(labels []string, at value.Key, body *value.Value) {
			read := block{kind.name, labels, func(depth int) *value.Value {
				v := *m.jsonValue(name, body, depth)
				v.Line, v.Column = at.Line, at.Column
				return &v
			}, nil}
			if each := body.Get("for_each"); each != nil {
				read.each = func(depth int) *value.Value { return m.jsonValue(name, each, depth+1) }
			}
			all = append(all, read)
		})
	}
	return all, nil
}

// labels is how many labels a type of block has.
func labels(kind string) int {
	switch kind {
	case "resource", "data", "ephemeral":
		return 2
	case "locals", "terraform":
		return 0
	}
	return 1
}

// property is one property of one object, or of the objects of a list.
type property struct {
	name  string
	at    value.Key
	value *value.Value
}

func properties(v *value.Value) []property {
	var all []property
	for _, x := range v.Each() {
		for i, k := range x.Keys {
			if k.Name != "//" { // a comment
				all = append(all, property{k.Name, k, x.Items[i]})
			}
		}
	}
	return all
}

// labelled visits the bodies below n further labels.
func labelled(v *value.Value, n int, above []string, visit func(labels []string, at value.Key, body *value.Value)) {
	for _, p := range properties(v) {
		path := append(above[:len(above):len(above)], p.name)
		if n > 1 {
			labelled(p.value, n-1, path, visit)
			continue
		}
		for _, body := range p.value.Each() {
			if body.Kind == value.Map {
				visit(path, p.at, body)
			}
		}
	}
}

// declareJSON takes note of variables, locals and policy documents. The default
// of a variable is what it is; texts in it are no templates.
func (m *module) declareJSON(file string, v *value.Value) {
	labelled(v.Get("variable"), 1, nil, func(labels []string, _ value.Key, body *value.Value) {
		m.variables[labels[0]] = nil
		if d := body.Get("default"); d != nil {
			m.variables[labels[0]] = func(int) *value.Value { return d }
		}
	})
	for _, p := range properties(v.Get("locals")) {
		m.locals[p.name] = func(depth int) *value.Value { return m.jsonValue(file, p.value, depth) }
	}
	labelled(v.Get("data").Get("aws_iam_policy_document"), 1, nil, func(labels []string, _ value.Key, body *value.Value) {
		m.documents[labels[0]] = func(depth int) *value.Value { return m.jsonValue(file, body, depth) }
	})
}

// jsonValue is a value with its templates evaluated, and what dynamic blocks make.
func (m *module) jsonValue(file string, v *value.Value, depth int) *value.Value {
	switch {
	case depth > 2*value.MaxDepth || !m.budget.take(0):
		return unknown("a value that is nested too deep", v.Line, v.Column)
	case v.Kind == value.Text:
		return m.jsonText(file, v, depth)
	case v.Kind == value.List:
		out := &value.Value{Kind: value.List, Line: v.Line, Column: v.Column}
		for _, x := range v.Items {
			out.Items = append(out.Items, m.jsonValue(file, x, depth+1))
		}
		return out
	case v.Kind != value.Map:
		return v
	}
	out := &value.Value{Kind: value.Map, Line: v.Line, Column: v.Column}
	put := func(k value.Key, x *value.Value) {
		out.Keys, out.Items = append(out.Keys, k), append(out.Items, m.jsonValue(file, x, depth+1))
	}
	for i, k := range v.Keys {
		switch x := v.Items[i]; {
		case k.Name == "//":
		case k.Name == "dynamic" && x.Only() != nil && x.Only().Kind == value.Map:
			for _, p := range properties(x) {
				if content := p.value.Get("content"); content != nil {
					put(p.at, content)
				}
			}
		default:
			put(k, x)
		}
	}
	return out
}

// jsonText is a text as the template that it is.
func (m *module) jsonText(file string, v *value.Value, depth int) *value.Value {
	if !strings.Contains(v.Text, "${") && !strings.Contains(v.Text, "%{") {
		return v
	}
	none := unknown("a template", v.Line, v.Column)
	source := []byte(v.Text)
	tokens, _ := hclsyntax.LexTemplate(source, file, hcl.InitialPos)
	if bounded(source, tokens) != nil || !m.budget.take(len(source)) {
		return none
	}
	// The name is the text itself: conditions are known by what stands in it.
	m.text[v.Text] = source
	e, diags := hclsyntax.ParseTemplate(source, v.Text, hcl.Pos{Line: 1, Column: 1})
	if diags.HasErrors() {
		return none
	}
	within := m.within
	defer func() { m.within = within }()
	m.within = &hcl.Pos{Line: v.Line, Column: v.Column}
	return m.value(e, depth+1)
}
