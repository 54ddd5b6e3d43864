package config

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
)

// Schema is the JSON Schema (draft 2020-12) of trailwarden.yaml, made from the
// Go types. The file schema/trailwarden.schema.json holds the same.
func Schema() []byte {
	s := structSchema(reflect.TypeFor[Config]())
	root := object{
		{"$schema", "https://json-schema.org/draft/2020-12/schema"},
		{"$id", "https://raw.githubusercontent.com/trailwarden/trailwarden/main/schema/trailwarden.schema.json"},
		{"title", "trailwarden.yaml"},
		{"description", "Configuration of Trailwarden: what is watched, by which rules, and who is told of it."},
	}
	b, err := json.MarshalIndent(append(root, s...), "", "  ")
	if err != nil {
		panic("config: the schema cannot be written: " + err.Error()) // of constants only
	}
	return append(b, '\n')
}

// object is a JSON object whose keys keep their order.
type object []property

type property struct {
	key   string
	value any
}

// MarshalJSON writes the keys in order.
func (o object) MarshalJSON() ([]byte, error) {
	var b strings.Builder
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		key, _ := json.Marshal(m.key)
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return []byte(b.String()), nil
}

// structSchema is the schema of a mapping with the struct's keys.
func structSchema(t reflect.Type) object {
	var properties object
	var need, kinds []string
	for _, f := range fields(t) {
		properties = append(properties, property{f.key, fieldSchema(f)})
		if f.tag("need") == "true" {
			need = append(need, f.key)
		}
		if f.tag("kind") == "true" {
			kinds = append(kinds, f.key)
		}
	}
	s := object{{"type", "object"}, {"additionalProperties", false}, {"properties", properties}}
	if len(need) > 0 {
		s = append(s, property{"required", need})
	}
	if len(kinds) > 0 {
		var one []object
		for _, k := range kinds {
			one = append(one, object{{"required", []string{k}}})
		}
		s = append(s, property{"oneOf", one})
	}
	return s
}

// fieldSchema is a key's schema with its description and default.
func fieldSchema(f field) object {
	s := object{{"description", f.tag("doc")}}
	if d, ok := f.Tag.Lookup("default"); ok {
		s = append(s, property{"default", defaultValue(f, d)})
	}
	return append(s, typeSchema(f.Type, f)...)
}

func defaultValue(f field, text string) any {
	if _, ok := reflect.New(f.Type).Interface().(scalar); ok {
		return text
	}
	switch f.Type.Kind() {
	case reflect.Bool:
		return text == "true"
	case reflect.Int, reflect.Int64, reflect.Float64:
		return json.Number(text)
	case reflect.Slice:
		return strings.Split(text, ",")
	}
	return text
}

func typeSchema(t reflect.Type, f field) object {
	if s, ok := reflect.New(t).Interface().(scalar); ok {
		return scalarSchema(s.form())
	}
	switch t.Kind() {
	case reflect.Pointer:
		return pointerSchema(t, f)
	case reflect.Struct:
		return shortSchema(t, f)
	case reflect.Slice:
		return listSchema(t, f)
	case reflect.Map:
		return object{{"type", "object"}, {"additionalProperties", typeSchema(t.Elem(), f)}}
	case reflect.Bool:
		return object{{"type", "boolean"}}
	case reflect.String:
		return textSchema(f)
	}
	return numberSchema(t, f)
}

func scalarSchema(f form) object {
	var s object
	if len(f.types) == 1 {
		s = object{{"type", f.types[0]}}
	} else {
		s = object{{"type", f.types}}
	}
	if f.pattern != "" {
		s = append(s, property{"pattern", f.pattern})
	}
	if len(f.enum) > 0 {
		s = append(s, property{"enum", f.enum})
	}
	if len(f.examples) > 0 {
		s = append(s, property{"examples", f.examples})
	}
	return s
}

// pointerSchema is a block that may be empty when nothing in it is needed.
func pointerSchema(t reflect.Type, f field) object {
	s := shortSchema(t.Elem(), f)
	if f.tag("short") != "" {
		return s
	}
	for _, m := range s {
		if m.key == "required" || m.key == "oneOf" {
			return s
		}
	}
	s[0].value = []string{"object", "null"}
	return s
}

// shortSchema is a mapping, or the value of the one key that may stand for it.
func shortSchema(t reflect.Type, f field) object {
	key := f.tag("short")
	if key == "" {
		return structSchema(t)
	}
	inner, _ := lookup(fields(t), key)
	return object{{"anyOf", []object{typeSchema(inner.Type, inner), structSchema(t)}}}
}

// nameForm is the form of the names that users give; see badName.
const nameForm = `^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`

func listSchema(t reflect.Type, f field) object {
	if f.tag("named") == "true" {
		s := object{{"type", "object"}}
		if t.Elem() != reflect.TypeFor[Override]() {
			s = append(s, property{"propertyNames", object{{"pattern", nameForm}}})
		}
		return append(s, property{"additionalProperties", structSchema(t.Elem())})
	}
	items := typeSchema(t.Elem(), f)
	list := object{{"type", "array"}, {"items", items}}
	if !plain(t.Elem()) {
		return list
	}
	return object{{"anyOf", []object{list, items}}}
}

func textSchema(f field) object {
	if enum := f.tag("enum"); enum != "" {
		return object{{"enum", strings.Split(enum, ",")}}
	}
	if f.Type.Kind() != reflect.String {
		return object{{"type", []string{"string", "number", "boolean"}}}
	}
	return object{{"type", []string{"string", "number"}}}
}

func numberSchema(t reflect.Type, f field) object {
	s := object{{"type", "integer"}}
	if t.Kind() == reflect.Float64 {
		s = object{{"type", "number"}}
	}
	for _, bound := range []struct{ tag, key string }{{"min", "minimum"}, {"max", "maximum"}} {
		if x, err := strconv.ParseFloat(f.tag(bound.tag), 64); err == nil {
			s = append(s, property{bound.key, x})
		}
	}
	return s
}

// Key is one key of the configuration, for documentation.
type Key struct {
	Path    string // sinks.NAME.slack.webhook
	Doc     string
	Default string
	Needed  bool
}

// Keys are all keys, in the order of the documentation.
func Keys() []Key { return keysBelow("", reflect.TypeFor[Config]()) }

func keysBelow(at string, t reflect.Type) (out []Key) {
	for _, f := range fields(t) {
		k := Key{Path: join(at, f.key), Doc: f.tag("doc"), Default: f.tag("default"), Needed: f.tag("need") == "true"}
		out = append(out, k)
		inner, below := f.Type, k.Path
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		switch {
		case f.tag("named") == "true":
			inner, below = inner.Elem(), join(k.Path, "NAME")
		case inner.Kind() == reflect.Slice && inner.Elem().Kind() == reflect.Struct:
			inner, below = inner.Elem(), k.Path+"[]"
		}
		if !plain(inner) {
			out = append(out, keysBelow(below, inner)...)
		}
	}
	return out
}
