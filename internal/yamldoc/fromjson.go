package yamldoc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// ParseJSON reads one JSON value into a Node. Of duplicate keys the last wins,
// as JSON readers have it. Errors are of type *Error.
func ParseJSON(text []byte) (*Node, error) {
	if len(text) > MaxBytes {
		return nil, &Error{0, fmt.Sprintf("%d bytes of JSON; at most %d are read", len(text), MaxBytes)}
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	r := jsonReader{d: d, text: text, line: 1}
	n, err := r.value(0)
	if err != nil {
		return nil, r.fault(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		r.advance()
		return nil, &Error{r.line, "not valid JSON: more text after the value"}
	}
	return n, nil
}

type jsonReader struct {
	d     *json.Decoder
	text  []byte
	line  int
	begin int // offset of the line's first byte
	at    int // offset that line was counted to
}

// advance counts lines up to the end of the last token.
func (r *jsonReader) advance() {
	end := int(r.d.InputOffset())
	for ; r.at < end && r.at < len(r.text); r.at++ {
		if r.text[r.at] == '\n' {
			r.line, r.begin = r.line+1, r.at+1
		}
	}
}

func (r *jsonReader) fault(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	r.advance()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &Error{1 + bytes.Count(r.text, []byte("\n")), "not valid JSON: the text ends too early"}
	}
	if s, ok := errors.AsType[*json.SyntaxError](err); ok {
		r.line = 1 + bytes.Count(r.text[:min(int(s.Offset), len(r.text))], []byte("\n"))
	}
	return &Error{r.line, "not valid JSON: " + err.Error()}
}

func (r *jsonReader) value(depth int) (*Node, error) {
	if depth > MaxDepth {
		return nil, &Error{r.line, fmt.Sprintf("nested deeper than %d levels", MaxDepth)}
	}
	tok, err := r.d.Token()
	if err != nil {
		return nil, err
	}
	r.advance()
	n := &Node{Line: r.line, Column: r.at - r.begin}
	switch t := tok.(type) {
	case json.Delim:
		n.Column = max(1, n.Column)
		if t == '{' {
			n.Kind = Map
			return n, r.members(n, depth)
		}
		n.Kind = List
		return n, r.items(n, depth)
	case string:
		n.Kind, n.Text = String, t
	case json.Number:
		n.Kind, n.Text, n.Plain = Number, t.String(), true
	case bool:
		n.Kind, n.Text, n.Plain = Bool, strconv.FormatBool(t), true
	default:
		n.Kind, n.Text, n.Plain = Null, "null", true
	}
	n.Column = max(1, n.Column-len(n.Text)+1)
	return n, nil
}

func (r *jsonReader) members(n *Node, depth int) error {
	at := map[string]int{}
	for r.d.More() {
		k, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		v, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		if i, dup := at[k.Text]; dup {
			n.Keys[i], n.Values[i] = k, v
			continue
		}
		at[k.Text] = len(n.Keys)
		n.Keys, n.Values = append(n.Keys, k), append(n.Values, v)
	}
	_, err := r.d.Token()
	return err
}

func (r *jsonReader) items(n *Node, depth int) error {
	for r.d.More() {
		v, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		n.Values = append(n.Values, v)
	}
	_, err := r.d.Token()
	return err
}
