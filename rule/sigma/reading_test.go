package sigma_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/constant"
	"go/token"
	"go/types"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// reading is a second understanding of Sigma, written straight from the
// specification for tests: it shares nothing with the package but the YAML
// library, decodes with encoding/json and interprets the rule on each event.
type reading struct {
	idents    map[string]any
	condition []string
	event     *event
}

// event is decoded once for all readings.
type event struct {
	raw     json.RawMessage
	members map[string]json.RawMessage
}

func newEvent(raw []byte) *event {
	e := &event{raw: raw}
	if err := json.Unmarshal(raw, &e.members); err != nil {
		panic(err)
	}
	return e
}

// expressions are compiled once each, for speed only.
var expressions = map[string]*regexp.Regexp{}

func expression(source string) *regexp.Regexp {
	if expressions[source] == nil {
		expressions[source] = regexp.MustCompile(source)
	}
	return expressions[source]
}

func read(rule []byte) (*reading, error) {
	var doc struct{ Detection map[string]any }
	if err := yaml.Unmarshal(rule, &doc); err != nil {
		return nil, err
	}
	r := &reading{idents: map[string]any{}}
	for name, v := range doc.Detection {
		switch {
		case name == "condition":
			for _, c := range listOf(v) {
				r.condition = append(r.condition, fmt.Sprint(c))
			}
		case name != "timeframe":
			r.idents[name] = v
		}
	}
	return r, nil
}

func listOf(v any) []any {
	if l, ok := v.([]any); ok {
		return l
	}
	return []any{v}
}

// matches writes each condition as a Go expression and has go/types work it out.
func (r *reading) matches(e *event) bool {
	r.event = e
	for _, c := range r.condition {
		tv, err := types.Eval(token.NewFileSet(), nil, token.NoPos, r.goExpression(c))
		if err != nil {
			panic(fmt.Sprintf("%s: %v", c, err))
		}
		if constant.BoolVal(tv.Value) {
			return true
		}
	}
	return false
}

var conditionWord = regexp.MustCompile(`(?i)\b(1|any|all)\s+of\s+([\w*-]+)|[\w-]+`)

func (r *reading) goExpression(condition string) string {
	return conditionWord.ReplaceAllStringFunc(condition, func(w string) string {
		m := conditionWord.FindStringSubmatch(w)
		switch strings.ToLower(w) {
		case "and":
			return "&&"
		case "or":
			return "||"
		case "not":
			return "!"
		}
		if m[2] == "" {
			return fmt.Sprint(r.ident(r.idents[w]))
		}
		op := " || "
		if strings.EqualFold(m[1], "all") {
			op = " && "
		}
		var terms []string
		for name, v := range r.idents {
			if picks(m[2], name) {
				terms = append(terms, fmt.Sprint(r.ident(v)))
			}
		}
		return "(" + strings.Join(terms, op) + ")"
	})
}

func picks(pattern, name string) bool {
	if strings.EqualFold(pattern, "them") {
		pattern = "*"
	}
	if name[0] == '_' && pattern[0] != '_' {
		return false
	}
	re := "^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$"
	return expression(re).MatchString(name)
}

func (r *reading) ident(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if !r.test(k, x) {
				return false
			}
		}
		return true
	case []any:
		return slices.ContainsFunc(v, r.ident)
	}
	return r.test("", v)
}

func (r *reading) test(key string, operand any) bool {
	parts := strings.Split(key, "|")
	field, mods := parts[0], parts[1:]
	operands := listOf(operand)
	if len(operands) == 0 {
		operands = []any{nil}
	}
	result := slices.Contains(mods, "all")
	for _, o := range operands {
		ok := r.one(field, mods, o)
		if slices.Contains(mods, "all") {
			result = result && ok
		} else {
			result = result || ok
		}
	}
	return result != slices.Contains(mods, "neq")
}

func (r *reading) one(field string, mods []string, operand any) bool {
	var values []json.RawMessage
	if field == "" {
		values = []json.RawMessage{r.event.raw}
	} else {
		values = below(r.event.members, strings.Split(field, "."))
	}
	switch {
	case slices.Contains(mods, "exists"):
		return (len(values) > 0) == operand.(bool)
	case operand == nil:
		return len(values) == 0 || slices.ContainsFunc(values, isNull)
	case slices.Contains(mods, "fieldref"):
		return r.refers(values, below(r.event.members, strings.Split(operand.(string), ".")), mods)
	}
	return slices.ContainsFunc(values, func(v json.RawMessage) bool {
		return !isNull(v) && holds(v, mods, operand, field == "")
	})
}

func (r *reading) refers(left, right []json.RawMessage, mods []string) bool {
	for _, a := range left {
		for _, b := range right {
			if isNull(a) || isNull(b) {
				continue
			}
			pattern := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`).Replace(textOf(b))
			if wildcard(textOf(a), pattern, mods, false) {
				return true
			}
		}
	}
	return false
}

func holds(v json.RawMessage, mods []string, operand any, keyword bool) bool {
	text := textOf(v)
	switch {
	case slices.Contains(mods, "re"):
		flags := ""
		for _, m := range mods {
			if m == "i" || m == "m" || m == "s" {
				flags += m
			}
		}
		if flags != "" {
			flags = "(?" + flags + ")"
		}
		return expression(flags + fmt.Sprint(operand)).MatchString(text)
	case slices.Contains(mods, "cidr"):
		a, err := netip.ParseAddr(text)
		return err == nil && netip.MustParsePrefix(operand.(string)).Contains(a)
	}
	for _, m := range mods {
		if rel, ok := relations[m]; ok {
			f, ok := number(v)
			return ok && rel(f, asFloat(operand))
		}
	}
	plain := !keyword && !slices.ContainsFunc(mods, func(m string) bool {
		return m == "contains" || m == "startswith" || m == "endswith" || m == "cased"
	})
	switch o := operand.(type) {
	case bool:
		if plain {
			return (v[0] == '"' || v[0] == 't' || v[0] == 'f') && strings.EqualFold(text, strconv.FormatBool(o))
		}
	case int, float64:
		if plain {
			f, ok := number(v)
			return ok && f == asFloat(o)
		}
	}
	return spells(v, fmt.Sprint(operand), mods, keyword)
}

var jsonString = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// spells tells whether v's text fits the pattern, or a text anywhere in it holds
// what the pattern looks for.
func spells(v json.RawMessage, pattern string, mods []string, keyword bool) bool {
	text := textOf(v)
	if wildcard(text, pattern, mods, keyword) {
		return true
	}
	anywhere := keyword || slices.Contains(mods, "contains") || strings.HasPrefix(pattern, "*") && strings.HasSuffix(pattern, "*")
	return anywhere && (v[0] == '{' || v[0] == '[') && slices.ContainsFunc(jsonString.FindAllString(text, -1), func(s string) bool {
		return wildcard(textOf(json.RawMessage(s)), pattern, append(slices.Clone(mods), "contains"), keyword)
	})
}

var relations = map[string]func(a, b float64) bool{
	"lt":  func(a, b float64) bool { return a < b },
	"lte": func(a, b float64) bool { return a <= b },
	"gt":  func(a, b float64) bool { return a > b },
	"gte": func(a, b float64) bool { return a >= b },
}

func asFloat(v any) float64 {
	f, err := strconv.ParseFloat(fmt.Sprint(v), 64)
	if err != nil {
		panic(err)
	}
	return f
}

var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

func number(v json.RawMessage) (float64, bool) {
	if v[0] == '{' || v[0] == '[' || !jsonNumber.MatchString(textOf(v)) {
		return 0, false
	}
	return asFloat(textOf(v)), true
}

// wildcard translates the pattern to a regular expression.
func wildcard(text, pattern string, mods []string, keyword bool) bool {
	re := ""
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '*':
			re += ".*"
		case c == '?':
			re += "."
		case c == '\\' && i+1 < len(pattern) && strings.IndexByte(`*?\`, pattern[i+1]) >= 0:
			i++
			re += regexp.QuoteMeta(pattern[i : i+1])
		case c < 0x80:
			re += regexp.QuoteMeta(string(rune(c)))
		default:
			re += string([]byte{c})
		}
	}
	if keyword || slices.Contains(mods, "contains") || slices.Contains(mods, "endswith") {
		re = ".*" + re
	}
	if keyword || slices.Contains(mods, "contains") || slices.Contains(mods, "startswith") {
		re += ".*"
	}
	flags := "(?is)"
	if slices.Contains(mods, "cased") {
		flags = "(?s)"
	}
	return expression(flags + `\A(?:` + re + `)\z`).MatchString(text)
}

func isNull(v json.RawMessage) bool { return string(v) == "null" }

// textOf is a string's characters, a container's compact JSON, or the literal.
func textOf(v json.RawMessage) string {
	if v[0] == '"' {
		var s string
		if err := json.Unmarshal(v, &s); err != nil {
			panic(err)
		}
		return s
	}
	var b bytes.Buffer
	if err := json.Compact(&b, v); err != nil {
		panic(err)
	}
	return b.String()
}

func elements(v json.RawMessage) []json.RawMessage {
	var l []json.RawMessage
	if err := json.Unmarshal(v, &l); err != nil {
		panic(err)
	}
	return l
}

// selected are the values at the dotted path.
func selected(v json.RawMessage, keys []string) []json.RawMessage {
	v = bytes.TrimSpace(v)
	container := func(x json.RawMessage) bool { return x[0] == '{' || x[0] == '[' }
	if len(keys) == 0 {
		if v[0] == '[' {
			if l := elements(v); len(l) > 0 && !slices.ContainsFunc(l, container) {
				return l
			}
		}
		return []json.RawMessage{v}
	}
	var out []json.RawMessage
	switch v[0] {
	case '[':
		for _, x := range elements(v) {
			out = append(out, selected(x, keys)...)
		}
	case '{':
		var members map[string]json.RawMessage
		if err := json.Unmarshal(v, &members); err != nil {
			panic(err)
		}
		return below(members, keys)
	}
	return out
}

func below(members map[string]json.RawMessage, keys []string) []json.RawMessage {
	for n := len(keys); n > 0; n-- {
		if x, ok := member(members, strings.Join(keys[:n], ".")); ok {
			return selected(x, keys[n:])
		}
	}
	return nil
}

func member(members map[string]json.RawMessage, key string) (json.RawMessage, bool) {
	if x, ok := members[key]; ok {
		return x, true
	}
	for k, x := range members {
		if strings.EqualFold(k, key) {
			return x, true
		}
	}
	return nil, false
}
