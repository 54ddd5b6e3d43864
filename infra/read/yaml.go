package read

import (
	"errors"
	"strings"

	"github.com/trailwarden/trailwarden/infra/value"
	"github.com/trailwarden/trailwarden/internal/yamldoc"
)

// YAML reads every document of a text. CloudFormation's short tags (!Ref, !Sub)
// become the functions that they stand for. Errors are of type *value.Error.
func YAML(text []byte) ([]*value.Value, error) {
	nodes, err := yamldoc.Parse(text)
	if err != nil {
		var e *yamldoc.Error
		if errors.As(err, &e) {
			return nil, &value.Error{Line: e.Line, Column: 1, Message: e.Message}
		}
		return nil, &value.Error{Message: err.Error()}
	}
	var all []*value.Value
	lines := strings.Split(string(text), "\n")
	for _, n := range nodes {
		all = append(all, fromYAML(n, lines))
	}
	return all, nil
}

// fromYAML is a node of a text with these lines.
func fromYAML(n *yamldoc.Node, lines []string) *value.Value {
	v := &value.Value{Line: n.Line, Column: n.Column, Text: n.Text}
	switch n.Kind {
	case yamldoc.Null:
		v.Kind = value.Null
	case yamldoc.Bool:
		v.Kind = value.Bool
	case yamldoc.Number:
		v.Kind = value.Number
	case yamldoc.String:
		v.Kind = value.Text
		if n.Block { // its lines stand below, one level deeper than the key
			v.Lines, v.Line = true, n.Line+1
			if n.Line < len(lines) {
				v.Indent = max(0, blanks(lines[n.Line])-blanks(n.Text))
			}
			v.Column = 1 + v.Indent
		}
	case yamldoc.List:
		v.Kind = value.List
		for _, x := range n.Values {
			v.Items = append(v.Items, fromYAML(x, lines))
		}
	case yamldoc.Map:
		v.Kind = value.Map
		for i, x := range n.Values {
			k := n.Keys[i]
			v.Keys = append(v.Keys, value.Key{Name: k.Text, Line: k.Line, Column: k.Column})
			v.Items = append(v.Items, fromYAML(x, lines))
		}
	}
	return tagged(v, n.Tag)
}

// blanks are the blanks that a text begins with.
func blanks(s string) int { return len(s) - len(strings.TrimLeft(s, " ")) }

// tagged is a value below a tag as the function that the tag stands for.
func tagged(v *value.Value, tag string) *value.Value {
	if len(tag) < 2 {
		return v
	}
	name := "Fn::" + tag[1:]
	if tag == "!Ref" || tag == "!Condition" {
		name = tag[1:]
	}
	return &value.Value{Kind: value.Map, Keys: []value.Key{{Name: name, Line: v.Line, Column: v.Column}},
		Items: []*value.Value{v}, Line: v.Line, Column: v.Column}
}
