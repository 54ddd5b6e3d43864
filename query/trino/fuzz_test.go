package trino_test

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/query/trino"
)

// FuzzFunctions calls every function with whatever a record can hold: each gives
// a value of its type, NULL or an error, and text stays text.
func FuzzFunctions(f *testing.F) {
	for _, s := range [][2]string{
		{`{"a":{"b":[1,2.50,null,"x\u00e9"]}}`, `$.a.b[1]`}, {`{"a-b":true}`, `$["a-b"]`}, {`[1,[2,[3]]]`, `$[*][0]`}, {`{"a":1`, `lax $.a`},
		{`203.0.113.9`, `10.0.0.0/8`}, {`2001:db8::1`, `2001:db8::/32`}, {`https://u:p@example.com:8443/a%20b?x=1&y=%zz#f`, `x`},
		{"ff", "PROTOCOL"}, {"4012888888881881", "["}, {"\xff\xfe", "$"}, {"%80%E2%82", "%"}, {`"\ud800"`, `strict $[last]`},
		{`{"a":[{"b":1},{"b":"x"}]}`, `lax $.a[0 to last] ? (@.b > 0 && !exists(@.c) || @.b starts with "x").b.type()`}, {"3.81 d", "2.3MB"}, {"1e300", "-7"},
	} {
		f.Add(s[0], s[1], int64(2), 1.5)
	}
	f.Fuzz(func(t *testing.T, a, b string, n int64, x float64) {
		valid := utf8.ValidString(a) && utf8.ValidString(b)
		for _, fn := range trino.Functions() {
			args := arguments(fn.Args, []string{a, b, a}, n, x)
			got, err := fn.Call(args)
			if err == nil && !fits(got, fn.Result) {
				t.Errorf("%s(%q) is a %T", fn.Name, args, got)
			}
			if s, ok := got.(string); ok && valid && !utf8.ValidString(s) {
				t.Errorf("%s(%q) = %q, which is no text", fn.Name, args, s)
			}
		}
	})
}

func arguments(kinds []trino.Type, texts []string, n int64, x float64) []any {
	args := make([]any, len(kinds))
	for i, kind := range kinds {
		switch kind {
		case trino.Text:
			args[i], texts = texts[0], texts[1:]
		case trino.Integer:
			args[i] = n
		case trino.Double:
			args[i] = x
		case trino.Boolean:
			args[i] = n%2 == 0
		}
	}
	return args
}

func fits(v any, kind trino.Type) bool {
	switch v.(type) {
	case nil:
		return true
	case string:
		return kind == trino.Text
	case int64:
		return kind == trino.Integer
	case float64:
		return kind == trino.Double
	case bool:
		return kind == trino.Boolean
	}
	return false
}

// FuzzJSONScalar holds a member of an object to what encoding/json says of it.
func FuzzJSONScalar(f *testing.F) {
	for _, s := range []string{`{"a":"x"}`, `{"a":"\u0041\n"}`, `{"a":true,"b":[]}`, `{"a":null}`, `{"a":{}}`, `{"b":{"a":"no"},"a":"yes"}`, `{"a":"\ud83d\ude00"}`, `[`, ``} {
		f.Add(s)
	}
	var scalar trino.Function
	for _, fn := range trino.Functions() {
		if fn.Name == "ct_json_extract_scalar" {
			scalar = fn
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		var object map[string]any
		if !utf8.ValidString(text) || json.Unmarshal([]byte(text), &object) != nil {
			return
		}
		want, isText := object["a"].(string)
		got, err := scalar.Call([]any{text, "$.a"})
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if isText && got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
		switch object["a"].(type) {
		case nil, map[string]any, []any:
			if got != nil {
				t.Errorf("%q: %q, want NULL", text, got)
			}
		}
	})
}
