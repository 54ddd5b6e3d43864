package jsonscan_test

import (
	"encoding/json"
	"testing"

	"github.com/trailwarden/trailwarden/internal/jsonscan"
)

func TestOnlyEscapesThatJSONAsksForRemain(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"nothing escaped":            {`{"a":["b",1]}`, `{"a":["b",1]}`},
		"escapes asked for":          {`["\"\\\b\f\n\r\t\u0001"]`, `["\"\\\b\f\n\r\t\u0001"]`},
		"HTML, as Go writes it":      {`["\u003ca\u003e \u0026"]`, `["<a> &"]`},
		"slashes, as PHP writes it":  {`["a\/b"]`, `["a/b"]`},
		"not ASCII, as Python does":  {`["\u00e9\ud83d\ude00"]`, `["é😀"]`},
		"characters asked for":       {`["\u0022\u005c\u000A\u001F\u007f"]`, "[\"\\\"\\\\\\n\\u001f\x7f\"]"},
		"a lone surrogate":           {`["\ud83d"]`, "[\"\ufffd\"]"},
		"an escaped backslash and u": {`["\\u0026"]`, `["\\u0026"]`},
		"in a name":                  {`{"\u0061":{"b\/":"\\\/"}}`, `{"a":{"b/":"\\/"}}`},
		"not closed":                 {`["a\u0026`, `["a\u0026`},
	} {
		t.Run(name, func(t *testing.T) {
			got := string(jsonscan.Unescaped(nil, []byte(c.text)))
			if got != c.want {
				t.Errorf("%s: %s, want %s", c.text, got, c.want)
			}
			if json.Valid([]byte(c.text)) && !json.Valid([]byte(got)) {
				t.Errorf("%s is no JSON", got)
			}
		})
	}
}
