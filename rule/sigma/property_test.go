package sigma_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/internal/seeds"
	"github.com/trailwarden/trailwarden/rule/sigma"
	"pgregory.net/rapid"
)

func init() { seeds.Rapid() }

// Small vocabularies, so that rules and events meet often.
var (
	fieldNames = []string{"a", "b", "a.b", "a.b.c", "A", "c.a", "b.a.c", "ip"}
	texts      = []string{
		"", "x", "X", "xy", "x*", "*y", "x?", `x\*`, `x\\*`, `\`, `x\`, "*", "?*", `*"x"*`, "ä", "10", "true", "10.0.0.1", "[]", `{"c":*`, `x"y`, `"x`,
	}
	leaves = []string{
		`""`, `"x"`, `"X"`, `"xy"`, `"yx"`, `"x*"`, `"x\\"`, `"\\"`, `"Ä"`, `"10"`, `10`, `10.0`, `9`, `true`, `"True"`, `false`, `null`,
		`"10.0.0.1"`, `"x\ny"`, `"x\"y"`, `"\"x\""`, `"{\"c\": \"x\"}"`, `[]`, `{}`,
	}
)

// drawValue draws an event value, containers down to depth.
func drawValue(t *rapid.T, depth int) string {
	kind := rapid.IntRange(0, 5).Draw(t, "kind")
	if depth == 0 || kind < 3 {
		return rapid.SampledFrom(leaves).Draw(t, "leaf")
	}
	var parts []string
	if kind == 3 {
		for range rapid.IntRange(0, 3).Draw(t, "elements") {
			parts = append(parts, drawValue(t, depth-1))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return drawObject(t, depth-1)
}

func drawObject(t *rapid.T, depth int) string {
	keys := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "a.b", "b.c", "ip"}), 0, 4, rapid.ID).Draw(t, "keys")
	var parts []string
	for _, k := range keys {
		parts = append(parts, fmt.Sprintf("%q : %s", k, drawValue(t, depth)))
	}
	return "{" + strings.Join(parts, " ,") + "}"
}

// drawItem draws one entry of a search identifier as JSON, which is YAML.
func drawItem(t *rapid.T) (key string, operand any) {
	field := rapid.SampledFrom(fieldNames).Draw(t, "field")
	neq := rapid.SampledFrom([]string{"", "", "", "|neq"}).Draw(t, "neq")
	text := rapid.SampledFrom(texts)
	switch rapid.IntRange(0, 9).Draw(t, "form") {
	case 0:
		return field + "|exists", rapid.Bool().Draw(t, "exists")
	case 1:
		return field + neq, nil
	case 2:
		return field + rapid.SampledFrom([]string{"|lt", "|lte", "|gt", "|gte"}).Draw(t, "op") + neq, rapid.IntRange(8, 11).Draw(t, "number")
	case 3:
		return field + "|cidr" + neq, "10.0.0.0/24"
	case 4:
		return field + "|re" + rapid.SampledFrom([]string{"", "|i", "|s", "|m|i"}).Draw(t, "flags") + neq, rapid.SampledFrom([]string{"x", "^x$", "x.y", "[0-9]+", `"c"`}).Draw(t, "regexp")
	case 5:
		rel := rapid.SampledFrom([]string{"", "|startswith", "|endswith", "|contains", "|cased"}).Draw(t, "relation")
		return field + "|fieldref" + rel + neq, rapid.SampledFrom(fieldNames).Draw(t, "other")
	case 6:
		return field + neq, rapid.SampledFrom([]any{10, 9, true, false}).Draw(t, "scalar")
	case 7:
		mods := rapid.SampledFrom([]string{"", "|contains", "|startswith", "|cased"}).Draw(t, "relation")
		return field + mods + neq, text.Draw(t, "text")
	}
	mods := rapid.SampledFrom([]string{"", "|contains", "|endswith", "|contains|all", "|all", "|startswith|cased"}).Draw(t, "relation")
	return field + mods + neq, rapid.SliceOfN(text, 1, 3).Draw(t, "texts")
}

func drawIdentifier(t *rapid.T) any {
	if rapid.IntRange(0, 5).Draw(t, "keywords") == 0 {
		return rapid.SliceOfN(rapid.SampledFrom([]string{"x", "y*x", "10", `"a":`}), 1, 2).Draw(t, "words")
	}
	draw := func() map[string]any {
		m := map[string]any{}
		for range rapid.IntRange(1, 2).Draw(t, "items") {
			k, v := drawItem(t)
			m[k] = v
		}
		return m
	}
	if rapid.Bool().Draw(t, "one") {
		return draw()
	}
	return []any{draw(), draw()}
}

func drawCondition(t *rapid.T, depth int) string {
	switch n := rapid.IntRange(0, 7).Draw(t, "condition"); {
	case depth > 0 && n < 2:
		return drawCondition(t, depth-1) + rapid.SampledFrom([]string{" and ", " or ", " AND "}).Draw(t, "op") + drawCondition(t, depth-1)
	case depth > 0 && n == 2:
		return "not (" + drawCondition(t, depth-1) + ")"
	case depth > 0 && n == 3:
		return "(" + drawCondition(t, depth-1) + ")"
	}
	return rapid.SampledFrom([]string{
		"sel_a", "sel_b", "_c", "not sel_a", "1 of sel_*", "all of sel_*", "1 of them", "all of them", "any of _*", "not 1 of *_b",
	}).Draw(t, "atom")
}

func TestRandomRulesMeanTheSameToASecondReading(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rule, err := json.Marshal(map[string]any{"detection": map[string]any{
			"sel_a": drawIdentifier(rt), "sel_b": drawIdentifier(rt), "_c": drawIdentifier(rt),
			"condition": drawCondition(rt, 2),
		}})
		if err != nil {
			rt.Fatal(err)
		}
		r, list := sigma.Parse(rule, sigma.Options{Fragment: true})
		if list.Err() != nil {
			rt.Fatalf("%v in %s", list, rule)
		}
		second, err := read(rule)
		if err != nil {
			rt.Fatal(err)
		}
		for range 8 {
			event := drawObject(rt, 3)
			if got, want := matches(t, r, event), second.matches(newEvent([]byte(event))); got != want {
				rt.Fatalf("%v, the second reading says %v\nrule  %s\nevent %s", got, want, rule, event)
			}
		}
	})
}

// TestEscapedTextMatchesItself: whatever a text holds, escaped it matches that
// text and only it (and its other letter cases).
func TestEscapedTextMatchesItself(t *testing.T) {
	escape := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`)
	alphabet := rapid.SampledFrom([]rune(`\*?%aB "'é`))
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringOfN(alphabet, 0, 8, -1).Draw(rt, "text")
		other := rapid.StringOfN(alphabet, 0, 8, -1).Draw(rt, "other")
		rule, err := json.Marshal(map[string]any{"detection": map[string]any{
			"sel": map[string]any{"f|cased": escape.Replace(text)}, "condition": "sel",
		}})
		if err != nil {
			rt.Fatal(err)
		}
		r, list := sigma.Parse(rule, sigma.Options{Fragment: true})
		if list.Err() != nil {
			rt.Fatal(list)
		}
		for _, s := range []string{text, other} {
			event, err := json.Marshal(map[string]string{"f": s})
			if err != nil {
				rt.Fatal(err)
			}
			if matches(t, r, string(event)) != (s == text) {
				rt.Fatalf("rule %s, event %s", rule, event)
			}
		}
	})
}

// TestBase64OffsetFindsTheValueAnywhere: encoded inside any longer bytes, the
// value is found.
func TestBase64OffsetFindsTheValueAnywhere(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		value := rapid.StringMatching(`[a-z /:é-]{3,12}`).Draw(rt, "value")
		around := rapid.SliceOfN(rapid.Byte(), 0, 5)
		whole := append(append(around.Draw(rt, "before"), value...), around.Draw(rt, "after")...)
		rule, err := json.Marshal(map[string]any{"detection": map[string]any{
			"sel": map[string]any{"f|base64offset|contains": value}, "condition": "sel",
		}})
		if err != nil {
			rt.Fatal(err)
		}
		r, list := sigma.Parse(rule, sigma.Options{Fragment: true})
		if list.Err() != nil {
			rt.Fatal(list)
		}
		event, err := json.Marshal(map[string][]byte{"f": whole}) // encoding/json writes bytes as Base64
		if err != nil {
			rt.Fatal(err)
		}
		if !matches(t, r, string(event)) {
			rt.Fatalf("rule %s, event %s", rule, event)
		}
	})
}
