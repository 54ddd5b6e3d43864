package value_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/infra/value"
)

// TestWhatPublishingMakesOfJSONIsReadPast reads texts that are JSON to a person
// and not to a parser, and holds each to what it means and to what is said.
func TestWhatPublishingMakesOfJSONIsReadPast(t *testing.T) {
	for _, c := range []struct {
		name, text, want string
		problems         []string
	}{
		{"as it should be", `{"a": [1, true, null, "x\u00e9\n"]}`, `{"a":[1,true,null,"xé\n"]}`, nil},
		{"typographic quotes on both sides", `{“a”: “x”}`, `{"a":"x"}`, []string{value.Quotes, value.Quotes, value.Quotes, value.Quotes}},
		{"a typographic quote that opens only", `{"a": “arn:aws:s3:::b/*"}`, `{"a":"arn:aws:s3:::b/*"}`, []string{value.Quotes}},
		{"a typographic quote that closes only", "{\"a\": \"x”,\n\"b\": 1}", `{"a":"x","b":1}`, []string{value.Quotes}},
		{"typographic quotes inside are text", `{"a": "say “x” now"}`, `{"a":"say “x” now"}`, nil},
		{"no-break spaces", "{\u00a0\u00a0\"a\":\u00a01}", `{"a":1}`, []string{value.Space, value.Space}},
		{"what is left of an entity", "{\nnbsp;  \"a\": 1}", `{"a":1}`, []string{value.Space}},
		{"a comma too many", `{"a": [1, 2,],}`, `{"a":[1,2]}`, []string{value.Comma, value.Comma}},
		{"a comma too few", "{\"a\": 1\n\"b\": 2}", `{"a":1,"b":2}`, []string{value.Comma}},
		{"single quotes", `{'a': 'x'}`, `{"a":"x"}`, []string{value.Single, value.Single}},
		{"a key twice, of which the last counts", `{"a": 1, "a": 2}`, `{"a":1,"a":2}`, []string{value.Twice}},
		{"more behind the end", `{"a": 1} }`, `{"a":1}`, []string{value.Trailing}},
		{"surrogates", `"\ud83d\ude00"`, `"😀"`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := value.ParseJSON([]byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if got := show(r.Value); got != c.want {
				t.Errorf("read %s, want %s", got, c.want)
			}
			var slugs []string
			for _, p := range r.Problems {
				slugs = append(slugs, p.Slug)
			}
			if !slices.Equal(slugs, c.problems) {
				t.Errorf("said %q, want %q", slugs, c.problems)
			}
		})
	}
}

// show is a value as JSON.
func show(v *value.Value) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	switch v.Kind {
	case value.Text:
		e.Encode(v.Text)
	case value.List:
		parts := []string{}
		for _, x := range v.Items {
			parts = append(parts, show(x))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case value.Map:
		parts := []string{}
		for i, x := range v.Items {
			k, _ := json.Marshal(v.Keys[i].Name)
			parts = append(parts, string(k)+":"+show(x))
		}
		return "{" + strings.Join(parts, ",") + "}"
	case value.Null:
		return "null"
	case value.Unknown:
		return "?"
	default:
		return v.Text
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// TestHostileJSONIsRefused has texts that would cost more than they are worth.
func TestHostileJSONIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"deep":            strings.Repeat("[", 1<<20),
		"deep objects":    strings.Repeat(`{"a":`, 1<<18),
		"too long":        `"` + strings.Repeat("x", value.MaxBytes) + `"`,
		"too many values": "[" + strings.Repeat("1,", value.MaxValues+1) + "1]",
		"not closed":      `{"a": "` + strings.Repeat("x", 1<<20),
		"empty":           "",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := value.ParseJSON([]byte(text)); err == nil {
				t.Error("was read")
			}
		})
	}
}

// FuzzParseJSON holds the reader to encoding/json where the text is JSON: the
// same value, and nothing to say but keys that are given twice.
func FuzzParseJSON(f *testing.F) {
	for _, s := range []string{`{"a": [1, -2.5e3, true, null, "\u00e9\\"]}`, `{“a”: 'x',}`, `"\ud83d\ude00"`, "[[]]", "{\u00a0}", `{"a" "b"}`, "1E1000", strings.Repeat("9", 300)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := value.ParseJSON(text)
		var want any
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		if !json.Valid(text) || d.Decode(&want) != nil || bytes.ContainsRune(text, '\ufffd') {
			return
		}
		if err != nil {
			if !strings.Contains(err.Error(), "deeper") {
				t.Fatalf("JSON was refused: %v", err)
			}
			return
		}
		for _, p := range r.Problems {
			if p.Slug != value.Twice {
				t.Fatalf("said %+v of JSON", p)
			}
		}
		var got any
		d = json.NewDecoder(strings.NewReader(show(r.Value)))
		d.UseNumber()
		if err := d.Decode(&got); err != nil {
			t.Fatal(err)
		}
		a, _ := json.Marshal(want)
		b, _ := json.Marshal(got)
		if !bytes.Equal(a, b) {
			t.Fatalf("read %s, want %s", b, a)
		}
	})
}
