// Package yamldoc reads YAML written by people into nodes that know their line,
// refusing what no rule or configuration needs: alias bombs, huge or very deep
// files, and the same key twice.
package yamldoc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	// The maintained successor of gopkg.in/yaml.v3; its node tree keeps lines,
	// styles and number literals, which rule languages need.
	"go.yaml.in/yaml/v3"
)

// Limits of one document.
const (
	MaxBytes = 2 << 20 // bytes of YAML text
	MaxDepth = 64      // nesting levels
	MaxNodes = 200_000 // nodes after aliases are expanded

	MaxDocuments = 100_000 // documents of a file that Documents and Items read
)

// Kind is the type of a node.
type Kind uint8

// The node kinds. A scalar's kind is what YAML 1.2's core schema makes of it.
const (
	Null Kind = iota
	Bool
	Number // Text keeps the literal
	String
	Map
	List
)

// String names the kind as error messages do.
func (k Kind) String() string {
	return [...]string{"null", "boolean", "number", "string", "mapping", "list"}[k]
}

// Node is one YAML value.
type Node struct {
	Kind         Kind
	Text         string // scalar text as written (a string's content)
	Line, Column int    // 1-based
	Plain        bool   // a scalar without quotes
	Block        bool   // a scalar after | or >; its text starts on the line below
	Tag          string // a tag of the document's own, such as CloudFormation's !Ref
	Keys         []*Node
	Values       []*Node // map values, parallel to Keys; or list items
}

// Error is a fault with its place.
type Error struct {
	Line    int // 1-based, 0 unknown
	Message string
}

// Error is "line N: message".
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Message
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Message)
}

// Parse reads every document of text. Errors are of type *Error.
func Parse(text []byte) ([]*Node, error) {
	if err := tooLong(text); err != nil {
		return nil, err
	}
	return new(Reader).parse(text, string(text), 1)
}

func tooLong(text []byte) error {
	if len(text) <= MaxBytes {
		return nil
	}
	return &Error{0, fmt.Sprintf("%d bytes of YAML; at most %d are read", len(text), MaxBytes)}
}

// parse reads text, given in both forms, whose first line is number first.
func (r *Reader) parse(text []byte, same string, first int) ([]*Node, error) {
	if err := tooLong(text); err != nil {
		return nil, err
	}
	if docs, ok := r.parseSimple(same, first); ok {
		return docs, nil
	}
	docs, err := parseAny(text)
	for _, n := range docs {
		n.moveDown(first - 1)
	}
	return docs, err
}

// parseAny reads every form of YAML.
func parseAny(text []byte) ([]*Node, error) {
	d := yaml.NewDecoder(bytes.NewReader(text))
	var docs []*Node
	c := converter{}
	for {
		var y yaml.Node
		err := d.Decode(&y)
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err != nil {
			return nil, yamlError(text, err)
		}
		n, cerr := c.convert(&y, 0)
		if cerr != nil {
			return nil, cerr
		}
		docs = append(docs, n)
	}
}

type converter struct{ nodes int }

func (c *converter) convert(y *yaml.Node, depth int) (*Node, *Error) {
	if c.nodes++; c.nodes > MaxNodes {
		return nil, &Error{y.Line, fmt.Sprintf("more than %d values once aliases are expanded", MaxNodes)}
	}
	if depth > MaxDepth {
		return nil, &Error{y.Line, fmt.Sprintf("nested deeper than %d levels", MaxDepth)}
	}
	n := &Node{Line: y.Line, Column: y.Column}
	if strings.HasPrefix(y.Tag, "!") && !strings.HasPrefix(y.Tag, "!!") {
		n.Tag = y.Tag
	}
	switch y.Kind {
	case yaml.DocumentNode:
		if len(y.Content) == 0 {
			return n, nil
		}
		return c.convert(y.Content[0], depth)
	case yaml.AliasNode:
		return c.convert(y.Alias, depth+1)
	case yaml.MappingNode:
		n.Kind = Map
		return n, c.mapping(n, y, depth)
	case yaml.SequenceNode:
		n.Kind = List
		for _, x := range y.Content {
			v, err := c.convert(x, depth+1)
			if err != nil {
				return nil, err
			}
			n.Values = append(n.Values, v)
		}
	case yaml.ScalarNode:
		n.Text = y.Value
		n.Plain = y.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
		n.Block = y.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0
		n.Kind = scalarKind(y)
	}
	return n, nil
}

func (c *converter) mapping(n *Node, y *yaml.Node, depth int) *Error {
	seen := make(map[string]int, len(y.Content)/2)
	for i := 0; i+1 < len(y.Content); i += 2 {
		k, err := c.convert(y.Content[i], depth+1)
		if err != nil {
			return err
		}
		if k.Kind == Map || k.Kind == List {
			return &Error{k.Line, "a key must be text, not a " + k.Kind.String()}
		}
		if y.Content[i].Tag == "!!merge" {
			return &Error{k.Line, "merge keys (<<) are not supported; write the keys out"}
		}
		if line, dup := seen[k.Text]; dup {
			return &Error{k.Line, fmt.Sprintf("key %q is already given in line %d; the earlier value would be lost", k.Text, line)}
		}
		seen[k.Text] = k.Line
		v, err := c.convert(y.Content[i+1], depth+1)
		if err != nil {
			return err
		}
		n.Keys, n.Values = append(n.Keys, k), append(n.Values, v)
	}
	return nil
}

func scalarKind(y *yaml.Node) Kind {
	switch y.ShortTag() {
	case "!!null":
		return Null
	case "!!bool":
		return Bool
	case "!!int", "!!float":
		return Number
	}
	return String // timestamps too: rules mean their text
}

// Get is the value of key in a map, or nil.
func (n *Node) Get(key string) *Node {
	if n == nil || n.Kind != Map {
		return nil
	}
	for i, k := range n.Keys {
		if k.Text == key {
			return n.Values[i]
		}
	}
	return nil
}

// Bool is the truth of a boolean scalar.
func (n *Node) Bool() bool {
	v, _ := strconv.ParseBool(n.Text)
	return n.Kind == Bool && v
}

// AppendJSON appends the node as JSON, keys in order. Numbers keep their
// literal where JSON allows it; others (hex, infinity) become strings.
func (n *Node) AppendJSON(dst []byte) []byte {
	switch n.Kind {
	case Null:
		return append(dst, "null"...)
	case Bool:
		return strconv.AppendBool(dst, n.Bool())
	case Number:
		if jsonNumber(n.Text) {
			return append(dst, n.Text...)
		}
		return appendString(dst, n.Text)
	case Map:
		dst = append(dst, '{')
		for i, k := range n.Keys {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendString(dst, k.Text), ':')
			dst = n.Values[i].AppendJSON(dst)
		}
		return append(dst, '}')
	case List:
		dst = append(dst, '[')
		for i, v := range n.Values {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = v.AppendJSON(dst)
		}
		return append(dst, ']')
	}
	return appendString(dst, n.Text)
}
