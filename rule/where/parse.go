package where

import (
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

type parser struct {
	list  diagnostic.List
	known *Reader // of tests made before; may be nil
}

func (p *parser) fail(n *yamldoc.Node, code, fix, format string, args ...any) {
	p.list = append(p.list, diagnostic.Diagnostic{
		Code: code, Line: n.Line, Column: n.Column, Message: fmt.Sprintf(format, args...), Fix: fix,
	})
}

// condition reads a mapping whose entries are joined by AND.
func (p *parser) condition(n *yamldoc.Node) detect.Node {
	if n.Kind != yamldoc.Map {
		fix := ""
		if n.Kind == yamldoc.List {
			fix = "all: [ … ]"
		}
		p.fail(n, CodeType, fix, "a condition is a mapping such as {eventName: {equals: CreateUser}}, all, any or not; found a %s", n.Kind)
		return detect.Const(false)
	}
	if len(n.Keys) == 0 {
		p.fail(n, CodeEmpty, "", "an empty condition would hold for every record; name a field, all, any or not")
	}
	if len(n.Keys) == 1 {
		return p.entry(n.Keys[0], n.Values[0])
	}
	all := make(detect.All, len(n.Keys))
	for i, k := range n.Keys {
		all[i] = p.entry(k, n.Values[i])
	}
	return all
}

func (p *parser) entry(k, v *yamldoc.Node) detect.Node {
	switch k.Text {
	case "all":
		return detect.All(p.conditions(k, v))
	case "any":
		return detect.Any(p.conditions(k, v))
	case "not":
		return detect.Not{X: p.condition(v)}
	}
	return p.field(k, v)
}

func (p *parser) conditions(k, v *yamldoc.Node) []detect.Node {
	if v.Kind != yamldoc.List {
		p.fail(v, CodeType, "", "%s takes a list of conditions; found a %s", k.Text, v.Kind)
		return nil
	}
	if len(v.Values) == 0 {
		always := map[string]string{"all": "every", "any": "no"}[k.Text]
		p.fail(v, CodeEmpty, "", "an empty %s holds for %s record; give it conditions", k.Text, always)
	}
	nodes := make([]detect.Node, len(v.Values))
	for i, x := range v.Values {
		nodes[i] = p.condition(x)
	}
	return nodes
}

// field reads the tests under one field path.
func (p *parser) field(k, v *yamldoc.Node) detect.Node {
	test, id := p.known.find(k, v)
	if test != nil {
		return test
	}
	said := len(p.list)
	test = p.newField(k, v)
	if len(p.list) == said { // what is said is said of each rule
		p.known.keep(id, test)
	}
	return test
}

func (p *parser) newField(k, v *yamldoc.Node) detect.Node {
	path, ok := p.path(k)
	if !ok {
		return detect.Const(false)
	}
	if v.Kind != yamldoc.Map {
		p.bareValue(k, v)
		return detect.Const(false)
	}
	if len(v.Keys) == 0 {
		p.fail(v, CodeEmpty, k.Text+": {exists: true}", "no test under %s", k.Text)
	}
	f := fieldTests{parser: p, name: k.Text}
	f.read(v)
	return f.node(path, k.Text+": "+p.source(v))
}

// bareValue explains the short form that people try first.
func (p *parser) bareValue(k, v *yamldoc.Node) {
	test := "equals"
	if v.Kind == yamldoc.List {
		test = "in"
	}
	if v.Kind == yamldoc.Null {
		p.fail(v, CodeType, k.Text+": {exists: false}", "%s needs a test; write {null: true} for a null value, {exists: false} for a missing one", k.Text)
		return
	}
	p.fail(v, CodeType, fmt.Sprintf("%s: {%s: %s}", k.Text, test, p.source(v)), "%s needs a test beside its value, such as %s", k.Text, test)
}

var indexed = re2.Own(`\[(\d+|\*)?\]`)

// path reads a dotted field path.
func (p *parser) path(k *yamldoc.Node) (detect.Path, bool) {
	text := k.Text
	fix := ""
	switch {
	case strings.HasPrefix(text, "$."):
		fix = text[2:]
		p.fail(k, CodePath, fix, "field %q: paths start at the record, without $", text)
	case strings.IndexByte(text, '[') >= 0 && indexed.MatchString(text):
		fix = indexed.ReplaceAllString(text, "")
		p.fail(k, CodePath, fix, "field %q: arrays are entered by themselves, any element counts; leave the brackets out", text)
	case text == "" || strings.HasPrefix(text, ".") || strings.HasSuffix(text, ".") || strings.Contains(text, ".."):
		p.fail(k, CodePath, "", "field %q: want names joined by single dots, such as userIdentity.type", text)
	case strings.ContainsAny(text, " \t\n|"):
		p.fail(k, CodePath, "", "field %q: a field path holds no blanks and no |; tests go below it, such as {prefix: Delete}", text)
	default:
		names := strings.Split(text, ".")
		path := detect.Keys(names...)
		path.End = detect.EndElements
		if len(names) > 1 {
			path.Cross, path.Dotted = true, detect.DottedUnion
		}
		return path, true
	}
	return detect.Path{}, false
}

// maxSource bounds a test's text in explanations, in bytes.
const maxSource = 400

// source is n as a person would write it in one line.
func (p *parser) source(n *yamldoc.Node) string {
	var room []byte
	if p.known != nil {
		room = p.known.source[:0]
	}
	room = appendSource(room, n)
	if p.known != nil {
		p.known.source = room
	}
	if len(room) > maxSource {
		return strings.ToValidUTF8(string(room[:maxSource]), "") + "…"
	}
	return string(room)
}

func appendSource(dst []byte, n *yamldoc.Node) []byte {
	if len(dst) > maxSource {
		return dst
	}
	switch n.Kind {
	case yamldoc.Map:
		dst = append(dst, '{')
		for i, k := range n.Keys {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = appendSource(append(append(dst, k.Text...), ": "...), n.Values[i])
		}
		return append(dst, '}')
	case yamldoc.List:
		dst = append(dst, '[')
		for i, v := range n.Values {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = appendSource(dst, v)
		}
		return append(dst, ']')
	case yamldoc.String:
		if !n.Plain {
			return n.AppendJSON(dst)
		}
	}
	return append(dst, n.Text...)
}
