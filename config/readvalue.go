package config

import (
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// value reads a node into the field f of a struct.
func (r *reader) value(at string, v reflect.Value, n *yamldoc.Node, f field) {
	if s, ok := scalarOf(v); ok {
		r.scalar(at, s, n, f)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		r.pointer(at, v, n, f)
	case reflect.Struct:
		r.shorthand(at, v, n, f)
	case reflect.Slice:
		r.slice(at, v, n, f)
	case reflect.Map:
		r.mapping(at, v, n, f)
	case reflect.String:
		r.text(at, v, n, f)
	case reflect.Bool:
		if n.Kind != yamldoc.Bool {
			r.fail(n, CodeValue, "%s: want true or false; found %s", at, shown(n))
			return
		}
		v.SetBool(n.Bool())
	default:
		r.number(at, v, n, f)
	}
}

// shown is a node for a message.
func shown(n *yamldoc.Node) string {
	switch n.Kind {
	case yamldoc.Map, yamldoc.List, yamldoc.Null:
		return "a " + n.Kind.String()
	}
	return quoted(n.Text)
}

func (r *reader) scalar(at string, s scalar, n *yamldoc.Node, f field) {
	if n.Kind != yamldoc.String && n.Kind != yamldoc.Number {
		if x, secret := s.(*Secret); secret {
			*x = Secret{scheme: "?"}
			r.fail(n, CodeValue, "%s: want a reference to a secret, one of %s; found a %s", at, secretForms, n.Kind)
			return
		}
		r.fail(n, CodeValue, "%s: want text; found %s", at, shown(n))
		return
	}
	if err := s.parse(n.Text); err != nil {
		code := CodeValue
		switch x := s.(type) {
		case *Secret:
			code, *x = CodeClear, Secret{scheme: "?"} // it was given, so Check need not miss it
		case *Login:
			code, *x = CodeClear, Login{Kept: Secret{scheme: "?"}}
		}
		r.fail(n, code, "%s: %v", at, err)
		return
	}
	switch x := s.(type) {
	case *Duration:
		if text := f.tag("default"); *x == 0 && text != "" && f.tag("zero") != "true" {
			_ = x.parse(text) // held by a test
			r.add(diagnostic.Warning, n, CodeSense, "", "%s: 0 stands for the default, %s; say how long, or leave it out", at, text)
		}
	case *Secret:
		x.name = r.secretPath(*x)
	case *Login:
		x.Kept.name = r.secretPath(x.Kept)
	}
	if b, ok := s.(*Bytes); ok && !b.within(f) {
		r.fail(n, CodeValue, "%s: want a number of bytes%s; found %s", at, wanted(f), shown(n))
	}
}

// within tells whether b is between the bounds of its key.
func (b Bytes) within(f field) bool {
	var low, high Bytes
	if low.parse(f.tag("min")) == nil && b < low {
		return false
	}
	return high.parse(f.tag("max")) != nil || b <= high
}

// pointer makes the value that a kind's block describes; a block without
// settings is written as {} or left empty.
func (r *reader) pointer(at string, v reflect.Value, n *yamldoc.Node, f field) {
	x := reflect.New(v.Type().Elem())
	v.Set(x)
	if n.Kind == yamldoc.Null {
		n = &yamldoc.Node{Kind: yamldoc.Map, Line: n.Line, Column: n.Column}
	}
	r.value(at, x.Elem(), n, f)
}

// shorthand reads a struct, or the one key that may stand for it.
func (r *reader) shorthand(at string, v reflect.Value, n *yamldoc.Node, f field) {
	key := f.tag("short")
	if key == "" || n.Kind == yamldoc.Map {
		r.structure(at, v, n)
		return
	}
	prefill(v)
	inner, _ := lookup(fields(v.Type()), key)
	r.value(at, v.FieldByIndex(inner.Index), n, inner)
}

func (r *reader) slice(at string, v reflect.Value, n *yamldoc.Node, f field) {
	if f.tag("named") == "true" {
		r.named(at, v, n)
		return
	}
	items := n.Values
	switch {
	case n.Kind == yamldoc.List:
	case plain(v.Type().Elem()) && (n.Kind == yamldoc.String || n.Kind == yamldoc.Number):
		items = []*yamldoc.Node{n} // one text is a list of one
	default:
		r.fail(n, CodeValue, "%s: want a list; found a %s", at, n.Kind)
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), 0, len(items)))
	for i, x := range items {
		item := reflect.New(v.Type().Elem()).Elem()
		r.value(at+"["+strconv.Itoa(i)+"]", item, x, f)
		v.Set(reflect.Append(v, item))
	}
}

// plain tells whether values of a type are written as one text.
func plain(t reflect.Type) bool {
	_, ok := reflect.New(t).Interface().(scalar)
	return ok || t.Kind() != reflect.Struct
}

// named reads a mapping of names into a slice of structs with a Name.
func (r *reader) named(at string, v reflect.Value, n *yamldoc.Node) {
	if n.Kind != yamldoc.Map {
		r.fail(n, CodeValue, "%s: want a mapping of names; found a %s", at, n.Kind)
		return
	}
	for i, k := range n.Keys {
		item := reflect.New(v.Type().Elem()).Elem()
		item.FieldByName("Name").SetString(k.Text)
		if why := badName(k.Text); why != "" && v.Type().Elem() != reflect.TypeFor[Override]() {
			r.fail(k, CodeValue, "%s: name %s: %s", at, quoted(k.Text), why)
		}
		r.structure(join(at, k.Text), item, n.Values[i])
		v.Set(reflect.Append(v, item))
	}
}

// badName says why a name cannot be used: names stand in command lines, in
// metrics and in the store.
func badName(s string) string {
	if s == "" || len(s) > 64 {
		return "want 1 to 64 characters"
	}
	for i, c := range s {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && (i == 0 || !strings.ContainsRune("._-", c)) {
			return "want letters, digits, dots, underscores and hyphens"
		}
	}
	return ""
}

// mapping reads the user's own keys.
func (r *reader) mapping(at string, v reflect.Value, n *yamldoc.Node, f field) {
	if n.Kind != yamldoc.Map {
		r.fail(n, CodeValue, "%s: want a mapping; found a %s", at, n.Kind)
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for i, k := range n.Keys {
		item := reflect.New(v.Type().Elem()).Elem()
		r.value(join(at, k.Text), item, n.Values[i], f)
		v.SetMapIndex(reflect.ValueOf(k.Text), item)
	}
}

func (r *reader) text(at string, v reflect.Value, n *yamldoc.Node, f field) {
	switch n.Kind {
	case yamldoc.String, yamldoc.Number:
	case yamldoc.Bool:
		if f.Type.Kind() != reflect.String { // an item of a list of values
			break
		}
		fallthrough
	default:
		r.fail(n, CodeValue, "%s: want text; found a %s", at, n.Kind)
		return
	}
	text := n.Text
	if enum := f.tag("enum"); enum != "" && !contains(strings.Split(enum, ","), text) {
		r.fail(n, CodeValue, "%v", notOneOf(at, text, strings.Split(enum, ",")))
		return
	}
	if why := looksSecret(text); why != "" && (f.tag("path") == "" || !filepath.IsAbs(text)) {
		r.fail(n, CodeClear, "%s: this looks like %s; a secret does not stand in a configuration: refer to it by %s in the key that is meant for it", at, why, secretForms)
		return
	}
	if variable.MatchString(text) {
		r.fail(n, CodeValue, "%s: this key takes no reference such as %s: it would be taken as it is; write the value itself", at, text)
	}
	if f.tag("path") != "" {
		text = r.path(text)
	}
	v.SetString(text)
}

// variable is a reference to an environment variable. Those to other keepers are
// not told from other texts: ssm:StartSession is an action.
var variable = re2.Own(`^env:[A-Z_][A-Z0-9_]*$`)

// path makes a file's path relative to the configuration's folder.
func (r *reader) path(p string) string {
	if p == "" || filepath.IsAbs(p) || strings.Contains(p, "://") {
		return p
	}
	return filepath.Join(r.dir, p)
}

// secretPath is where a secret is kept: a file is named as any other in the
// configuration is.
func (r *reader) secretPath(s Secret) string {
	if s.scheme == SchemeFile {
		return r.path(s.name)
	}
	return s.name
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func (r *reader) number(at string, v reflect.Value, n *yamldoc.Node, f field) {
	if n.Kind != yamldoc.Number || setText(v, n.Text) != nil || !inRange(v, f) {
		r.fail(n, CodeValue, "%s: want a number%s; found %s", at, wanted(f), shown(n))
	}
}

// wanted is the bounds of a key in words.
func wanted(f field) (text string) {
	if low := f.tag("min"); low != "" {
		text += " from " + low
	}
	if high := f.tag("max"); high != "" {
		text += " to " + high
	}
	return text
}

func inRange(v reflect.Value, f field) bool {
	x := 0.0
	if v.Kind() == reflect.Float64 {
		x = v.Float()
	} else {
		x = float64(v.Int())
	}
	low, err := strconv.ParseFloat(f.tag("min"), 64)
	if err == nil && x < low {
		return false
	}
	high, err := strconv.ParseFloat(f.tag("max"), 64)
	return err != nil || x <= high
}
