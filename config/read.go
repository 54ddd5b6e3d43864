package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/internal/nearest"
	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// The codes of what can be wrong with a configuration. They stay the same over
// releases; docs/configure.md explains each.
const (
	CodeSyntax    = "CF001" // no YAML, or more of it than a configuration needs
	CodeKey       = "CF002" // unknown key
	CodeValue     = "CF003" // a value of the wrong type or form
	CodeMissing   = "CF004" // a key that must be there
	CodeKind      = "CF005" // no kind, or two, where one is needed
	CodeClear     = "CF006" // a secret written in clear
	CodeReference = "CF007" // a name that nothing has
	CodeRoute     = "CF008" // a route that no alert reaches
	CodeException = "CF009" // an exception that is over, or nobody's
	CodeNobody    = "CF010" // alerts that nobody is told of
	CodeSense     = "CF011" // values that contradict each other
	CodeUnused    = "CF012" // something that nothing uses
	CodeFile      = "CF013" // a file that cannot be read
	CodeRegion    = "CF014" // a region that the catalogue does not know
	CodeMake      = "CF015" // something that cannot be made of what is written
)

// field is a key of the configuration: a field of one of its structs with the
// tags
//
//	key:"name"         the key; fields without one are not read
//	doc:"…"            what it means, for the schema
//	default:"text"     its value when it is left out
//	zero:"true"        a length of time of which 0 means something of its own; for
//	                   another with a default it stands for that
//	enum:"a,b"         the texts it may be
//	min:"1" max:"10"   of a number, or of bytes
//	need:"true"        it must be there
//	kind:"true"        exactly one of the struct's fields with this tag must be there
//	named:"true"       a mapping of names to elements, each of which gets its Name
//	path:"true"        a file, relative to the configuration's folder
//	path:"read"        one that is read with the configuration; see Config.Reads
//	short:"key"        a struct that may be written as that key's value alone
//	open:"true"        a mapping whose keys are the user's own
type field struct {
	reflect.StructField
	key string
}

func (f field) tag(name string) string { return f.Tag.Get(name) }

// fields are the keys of a struct type, embedded structs included.
func fields(t reflect.Type) (out []field) {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct && f.Tag.Get("key") == "" {
			for _, inner := range fields(f.Type) {
				inner.Index = append(append([]int{}, i), inner.Index...)
				out = append(out, inner)
			}
			continue
		}
		if key := f.Tag.Get("key"); key != "" && f.IsExported() {
			out = append(out, field{f, key})
		}
	}
	return out
}

func keysOf(fs []field) []string {
	var out []string
	for _, f := range fs {
		out = append(out, f.key)
	}
	return out
}

// reader fills Go values from nodes and gathers everything that is wrong.
type reader struct {
	file string
	dir  string
	list diagnostic.List
}

func (r *reader) add(s diagnostic.Severity, n *yamldoc.Node, code, fix, format string, args ...any) {
	d := diagnostic.Diagnostic{Code: code, Severity: s, File: r.file, Message: fmt.Sprintf(format, args...), Fix: fix}
	if n != nil {
		d.Line, d.Column = n.Line, n.Column
	}
	r.list = append(r.list, d)
}

func (r *reader) fail(n *yamldoc.Node, code, format string, args ...any) {
	r.add(diagnostic.Error, n, code, "", format, args...)
}

// prefill sets the defaults of a struct.
func prefill(v reflect.Value) {
	for _, f := range fields(v.Type()) {
		x := v.FieldByIndex(f.Index)
		switch text, ok := f.Tag.Lookup("default"); {
		case ok:
			if err := setText(x, text); err != nil {
				panic("config: default of " + f.key + ": " + err.Error()) // held by a test
			}
		case x.Kind() == reflect.Struct && !isScalar(x):
			prefill(x)
		}
	}
}

func isScalar(v reflect.Value) bool { _, ok := scalarOf(v); return ok }

func scalarOf(v reflect.Value) (scalar, bool) {
	if !v.CanAddr() {
		return nil, false
	}
	s, ok := v.Addr().Interface().(scalar)
	return s, ok
}

// setText sets a value from its text form.
func setText(v reflect.Value, text string) (err error) {
	if s, ok := scalarOf(v); ok {
		return s.parse(text)
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		v.SetBool(text == "true")
	case reflect.Int, reflect.Int64:
		var n int64
		n, err = strconv.ParseInt(text, 10, 64)
		v.SetInt(n)
	case reflect.Float64:
		var x float64
		x, err = strconv.ParseFloat(text, 64)
		v.SetFloat(x)
	case reflect.Slice:
		for s := range strings.SplitSeq(text, ",") {
			v.Set(reflect.Append(v, reflect.ValueOf(s).Convert(v.Type().Elem())))
		}
	default:
		err = fmt.Errorf("no text form of %s", v.Type())
	}
	return err
}

// structure reads a mapping into a struct. at is the path for messages.
func (r *reader) structure(at string, v reflect.Value, n *yamldoc.Node) {
	prefill(v)
	if n.Kind != yamldoc.Map {
		r.fail(n, CodeValue, "%s: want a mapping; found a %s", where(at), n.Kind)
		return
	}
	known := fields(v.Type())
	for i, k := range n.Keys {
		f, ok := lookup(known, k.Text)
		if !ok {
			if kind := kindWith(known, n, k.Text); kind != "" {
				r.add(diagnostic.Error, k, CodeKey, "", "unknown key %s in %s; it belongs into %s", quoted(k.Text), at, join(at, kind))
			} else {
				r.unknown(at, k, keysOf(known))
			}
			continue
		}
		r.value(join(at, k.Text), v.FieldByIndex(f.Index), n.Values[i], f)
	}
	for _, f := range known {
		if f.tag("need") == "true" && n.Get(f.key) == nil {
			r.fail(n, CodeMissing, "%s: %s is missing (%s)", where(at), f.key, strings.TrimSuffix(lowerFirst(f.tag("doc")), "."))
		}
	}
	r.oneKind(at, known, n)
}

func where(at string) string {
	if at == "" {
		return "the configuration"
	}
	return at
}

func join(at, key string) string {
	if at == "" {
		return key
	}
	return at + "." + key
}

func lowerFirst(s string) string {
	upper := func(c byte) bool { return c >= 'A' && c <= 'Z' }
	if len(s) > 1 && upper(s[0]) && !upper(s[1]) {
		return strings.ToLower(s[:1]) + s[1:]
	}
	return s
}

func lookup(fs []field, key string) (field, bool) {
	for _, f := range fs {
		if f.key == key {
			return f, true
		}
	}
	return field{}, false
}

// kindWith is the kind that a block is given as when that kind has the key.
func kindWith(known []field, n *yamldoc.Node, key string) string {
	for _, f := range known {
		if f.tag("kind") != "true" || n.Get(f.key) == nil || f.Type.Kind() != reflect.Pointer {
			continue
		}
		if _, ok := lookup(fields(f.Type.Elem()), key); ok {
			return f.key
		}
	}
	return ""
}

// oneKind holds a struct whose fields are kinds to exactly one of them.
func (r *reader) oneKind(at string, known []field, n *yamldoc.Node) {
	var kinds, given []string
	for _, f := range known {
		if f.tag("kind") != "true" {
			continue
		}
		kinds = append(kinds, f.key)
		if n.Get(f.key) != nil {
			given = append(given, f.key)
		}
	}
	switch {
	case len(kinds) == 0 || len(given) == 1:
	case len(given) == 0:
		r.fail(n, CodeKind, "%s: it does not say what it is; want one of %s", where(at), strings.Join(kinds, ", "))
	default:
		r.fail(n, CodeKind, "%s: it is %s at once; make one of each", where(at), strings.Join(given, " and "))
	}
}

// elsewhere are other systems' names for our keys.
var elsewhere = map[string]string{
	"url": "webhook", "webhook_url": "webhook", "api_key": "routing_key", "level": "severity", "receivers": "sinks",
	"receiver": "sinks", "matchers": "match", "repeat_interval": "repeat", "topicarn": "topic", "topic_arn": "topic",
	"user": "username", "recipients": "to", "sender": "from", "regions": "approved_regions", "until": "expires",
	"ou": "unit", "tags": "tag", "accounts": "account", "port": "address", "host": "address",
}

func (r *reader) unknown(at string, k *yamldoc.Node, known []string) {
	near := nearest.Of(k.Text, known)
	if e := elsewhere[strings.ToLower(k.Text)]; near == "" && e != "" {
		for _, name := range known {
			if name == e {
				near = e
			}
		}
	}
	hint := ""
	if near != "" {
		hint = "; did you mean " + near + "?"
	}
	what := "setting"
	if at != "" {
		what = "key"
	}
	in := ""
	if at != "" {
		in = " in " + at
	}
	r.add(diagnostic.Error, k, CodeKey, near, "unknown %s %s%s%s; known are %s", what, quoted(k.Text), in, hint, strings.Join(known, ", "))
}

func notOneOf(what, text string, known []string) error {
	hint := ""
	if near := nearest.Of(text, known); near != "" {
		hint = "; did you mean " + near + "?"
	}
	return fmt.Errorf("%s %s: want one of %s%s", what, quoted(text), strings.Join(known, ", "), hint)
}
