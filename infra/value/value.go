// Package value is what configuration of every form comes to when it is read
// without being run: a tree of values that know their place, and that say so
// when they cannot be known.
//
// JSON, YAML with CloudFormation's functions, Terraform's language and shell
// scripts are all read into this tree, so that a check is written once.
package value

import (
	"slices"
	"strings"
)

// Limits of what is read into one tree.
const (
	MaxBytes  = 2 << 20 // bytes of one file
	MaxDepth  = 64      // nesting levels
	MaxValues = 200_000 // values of one file
)

// Kind is the type of a value.
type Kind uint8

// The kinds. Unknown is a value that only a deployment decides.
const (
	Unknown Kind = iota
	Null
	Bool
	Number // Text keeps the literal
	Text
	List
	Map
)

// Value is one value. The zero Value is unknown.
type Value struct {
	Kind Kind
	// Text is a scalar's text. What cannot be known of it is written ${name},
	// and named in Refs.
	Text string
	// Refs are the names that an unknown value, or the unknown parts of a text,
	// refer to: a resource's address or logical name, a variable, a function.
	Refs []string
	// Keys are a map's keys, parallel to Items; a list has Items only.
	Keys  []Key
	Items []*Value

	// File is where the value stands, when that is another file than the one that
	// refers to it.
	File         string
	Line, Column int // 1-based, in bytes
	// Lines tells that the text's own lines stand in the file from Line and Column
	// on, the further ones indented by Indent columns more than in Text: a heredoc, a
	// YAML block. Where it is false the whole text has the place of the value.
	Lines  bool
	Indent int
}

// Key is a key of a map.
type Key struct {
	Name         string
	Line, Column int
}

// Get is the value of the last key of that name, or nil. Asked of a list it
// asks the list's only item: Terraform has blocks where others have objects.
func (v *Value) Get(name string) *Value {
	v = v.Only()
	if v == nil || v.Kind != Map {
		return nil
	}
	for i := len(v.Keys) - 1; i >= 0; i-- {
		if v.Keys[i].Name == name {
			return v.Items[i]
		}
	}
	return nil
}

// Path is Get along names.
func (v *Value) Path(names ...string) *Value {
	for _, n := range names {
		v = v.Get(n)
	}
	return v
}

// Only is the only item of a list of one, and any other value itself.
func (v *Value) Only() *Value {
	if v != nil && v.Kind == List && len(v.Items) == 1 {
		return v.Items[0]
	}
	return v
}

// Each are the items of a list; any other value is taken for a list of one, and
// nil for an empty one, as IAM policies and Terraform's blocks have it.
func (v *Value) Each() []*Value {
	switch {
	case v == nil || v.Kind == Null:
		return nil
	case v.Kind == List:
		return v.Items
	}
	return []*Value{v}
}

// String is a text's text, "" for anything else. It may have parts that are not
// known; see Known.
func (v *Value) String() string {
	if v == nil || v.Kind != Text && v.Kind != Number && v.Kind != Bool {
		return ""
	}
	return v.Text
}

// Known tells whether all of the value itself is known; of a list or map only
// that it is one.
func (v *Value) Known() bool {
	return v != nil && v.Kind != Unknown && len(v.Refs) == 0
}

// Truth tells whether a value is known to be true, or to be false. The texts
// "true" and "false" count: CloudFormation and the command line have them.
func (v *Value) Truth() (isTrue, isFalse bool) {
	s := strings.ToLower(v.String())
	return s == "true", s == "false"
}

// Same tells whether two values are known to be the same text, or refer to the
// same thing: the bucket of one resource and that of another.
func (v *Value) Same(w *Value) bool {
	if v == nil || w == nil {
		return false
	}
	if v.Known() && w.Known() {
		return v.Text != "" && bare(v.Text) == bare(w.Text)
	}
	return len(v.Refs) == 1 && slices.Equal(v.Refs, w.Refs)
}

// bare is a bucket's, topic's or function's name, or the ARN it came as.
func bare(s string) string { return strings.TrimPrefix(s, "arn:aws:s3:::") }

// Strings are the texts of a list of texts, or of one text.
func (v *Value) Strings() []string {
	var all []string
	for _, x := range v.Each() {
		if s := x.String(); s != "" {
			all = append(all, s)
		}
	}
	return all
}

// Walk calls visit with v and everything below it, with the path of keys and
// numbers that leads there, as a JSON pointer.
func (v *Value) Walk(visit func(pointer string, v *Value)) { v.walk("", visit) }

func (v *Value) walk(pointer string, visit func(string, *Value)) {
	if v == nil {
		return
	}
	visit(pointer, v)
	for i, x := range v.Items {
		if v.Kind == Map {
			x.walk(pointer+"/"+Escape(v.Keys[i].Name), visit)
		} else {
			x.walk(pointer+"/"+itoa(i), visit)
		}
	}
}

// Escape is a key in a JSON pointer (RFC 6901).
func Escape(key string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}
