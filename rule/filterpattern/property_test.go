package filterpattern_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/internal/seeds"
	"github.com/trailwarden/trailwarden/rule/filterpattern"
)

// truth reads the table of comparisons from its description, on decoded JSON.
func truth(values []any, op, operand string) bool {
	if op == "NOT EXISTS" {
		return len(values) == 0
	}
	for _, v := range values {
		if one(v, op, operand) {
			return true
		}
	}
	return false
}

func one(v any, op, operand string) bool {
	switch op {
	case "IS NULL":
		return v == nil
	case "IS TRUE":
		return v == true
	case "IS FALSE":
		return v == false
	}
	var text string
	switch v := v.(type) {
	case string:
		text = v
	case bool:
		text = fmt.Sprint(v)
	case json.Number:
		text = v.String()
	default:
		return false
	}
	switch op {
	case "=":
		return equals(v, text, operand)
	case "!=":
		return !equals(v, text, operand)
	}
	x, err := strconv.ParseFloat(text, 64)
	y, err2 := strconv.ParseFloat(strings.Trim(operand, `"`), 64)
	_, isBool := v.(bool)
	if err != nil || err2 != nil || isBool {
		return false
	}
	return map[string]bool{"<": x < y, "<=": x <= y, ">": x > y, ">=": x >= y}[op]
}

func equals(v any, text, operand string) bool {
	if re, ok := strings.CutPrefix(operand, "%"); ok {
		return regexp.MustCompile(strings.TrimSuffix(re, "%")).MatchString(text)
	}
	if y, err := strconv.ParseFloat(operand, 64); err == nil {
		if n, ok := v.(json.Number); ok {
			x, err := n.Float64()
			return err == nil && x == y
		}
		return text == operand
	}
	operand = strings.Trim(operand, `"`)
	glob := regexp.QuoteMeta(operand)
	if strings.HasPrefix(glob, `\*`) {
		glob = "(?s).*" + glob[2:]
	}
	if strings.HasSuffix(glob, `\*`) {
		glob = glob[:len(glob)-2] + "(?s:.*)"
	}
	return regexp.MustCompile("^(?:" + glob + ")$").MatchString(text)
}

// pick resolves a selector of the generator: names, [n], [*] and .*.
func pick(v any, selector string) []any {
	if selector == "" {
		return []any{v}
	}
	step, rest := selector[:2], selector[2:]
	if selector[0] == '[' {
		step, rest = selector[:3], selector[3:]
	}
	var next []any
	switch object, _ := v.(map[string]any); {
	case step == "[*]":
		next, _ = v.([]any)
	case step[0] == '[':
		if a, _ := v.([]any); len(a) > int(step[1]-'0') {
			next = a[step[1]-'0':][:1]
		}
	case step == ".*":
		for _, x := range object {
			next = append(next, x)
		}
	default:
		if x, ok := object[step[1:]]; ok {
			next = []any{x}
		}
	}
	var out []any
	for _, x := range next {
		out = append(out, pick(x, rest)...)
	}
	return out
}

type generator struct{ *rand.Rand }

func (g generator) of(words ...string) string { return words[g.IntN(len(words))] }

// expression makes a pattern's body and its reading.
func (g generator) expression(depth int, wild, re *int) (string, func(any) bool) {
	if depth > 0 && g.IntN(3) > 0 {
		x, fx := g.expression(depth-1, wild, re)
		y, fy := g.expression(depth-1, wild, re)
		if g.IntN(2) == 0 {
			return "(" + x + ")" + g.of(" && ", "&&", "\n&& ") + "(" + y + ")", func(v any) bool { return fx(v) && fy(v) }
		}
		return "(" + x + ")" + g.of(" || ", "||") + "(" + y + ")", func(v any) bool { return fx(v) || fy(v) }
	}
	selectors := []string{".a", ".b", ".c", ".a.b", ".b.a", ".a[0]", ".b[1].a"}
	if *wild < 3 {
		selectors = append(selectors, ".a[*]", ".b.*", ".a[*].b")
	}
	sel := g.of(selectors...)
	if strings.Contains(sel, "*") {
		*wild++
	}
	op := g.of("=", "=", "!=", "!=", "<", "<=", ">", ">=", "IS NULL", "IS TRUE", "IS FALSE", "NOT EXISTS")
	if op[0] >= 'A' {
		return "$" + sel + " " + op, func(v any) bool { return truth(pick(v, sel), op, "") }
	}
	operands := []string{"1", "1.0", `"1"`, "-2", "1e1", "10", "x", `"x"`, "x*", "*x", "*x*", `"*"`, "true", `"xy"`, "1*", "x*y"}
	if *re < 2 && op != "<" && op != "<=" && op != ">" && op != ">=" {
		operands = append(operands, "%^x%", `%\d%`, "%x|1%")
	}
	operand := g.of(operands...)
	if operand[0] == '%' {
		*re++
	}
	return "$" + sel + g.of(" ", "") + op + g.of(" ", "") + operand, func(v any) bool { return truth(pick(v, sel), op, operand) }
}

func (g generator) value(depth int) string {
	if depth == 0 || g.IntN(2) == 0 {
		return g.of("1", "1.0", "10", "-2", `"1"`, `"x"`, `"xy"`, `"yx"`, `"x*y"`, `"true"`, "true", "false", "null", `""`, `"10.0"`, "[]", "{}")
	}
	if g.IntN(2) == 0 {
		return "[" + g.value(depth-1) + "," + g.value(depth-1) + "]"
	}
	return `{"a":` + g.value(depth-1) + `,"b":` + g.value(depth-1) + "}"
}

func TestPatternsMeanWhatTheTableSays(t *testing.T) {
	seed := seeds.Of(t)
	g := generator{rand.New(rand.NewPCG(seed, 2))}
	for range 500 {
		wild, re := 0, 0
		body, reading := g.expression(3, &wild, &re)
		p, list := filterpattern.Parse("{" + body + "}")
		if p == nil {
			t.Fatalf("{%s}: %v", body, list)
		}
		again, list := filterpattern.Parse(p.String())
		if again == nil || again.String() != p.String() {
			t.Fatalf("%s prints as %s: %v", body, p, list)
		}
		for _, d := range p.Lint(catalog.Default()) {
			if fixed, bad := filterpattern.Parse(d.Fix); d.Fix != "" && fixed == nil {
				t.Fatalf("%s: %s offers %s: %v", body, d.Code, d.Fix, bad)
			}
		}
		for range 20 {
			raw := []byte(`{"a":` + g.value(3) + `,"b":` + g.value(3) + "}")
			var v any
			d := json.NewDecoder(bytes.NewReader(raw))
			d.UseNumber()
			if err := d.Decode(&v); err != nil {
				t.Fatal(err)
			}
			for _, q := range []*filterpattern.Pattern{p, again} {
				if got, err := detect.Naive(q.Predicate(), raw); err != nil || got != reading(v) {
					t.Fatalf("%s on %s: %v (%v)", q, raw, got, err)
				}
			}
		}
	}
}

func TestHostilePatternsAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"10 MB of terms":       strings.Repeat("a ", 5<<20),
		"10 MB of braces":      strings.Repeat("{", 10<<20),
		"10 MB JSON":           "{" + strings.Repeat(`$.a = "x" || `, 800_000) + `$.b = 1}`,
		"deep parentheses":     "{" + strings.Repeat("(", 30_000) + "$.a = 1" + strings.Repeat(")", 30_000) + "}",
		"repeated repeats":     "{ $.a = %" + strings.Repeat("a{1000}", 500) + "% }",
		"long regex":           "%" + strings.Repeat("a|", 25_000) + "a%",
		"many regexes":         "{" + strings.Repeat("$.a = %x% || ", 4_000) + "$.a = 1}",
		"many wildcards":       "{" + strings.Repeat("$.a[*] = 1 || ", 4_000) + "$.a = 1}",
		"NUL":                  "a\x00b",
		"open quotes":          `{ $.a = "` + strings.Repeat(`\"`, 30_000),
		"deep bracket":         "[" + strings.Repeat("(", 60_000),
		"nested repeat counts": "%" + strings.Repeat("[a-z]{900}", 100) + "%",
	} {
		if p, list := filterpattern.Parse(text); p != nil || list.Err() == nil || len(list[0].Message) > 400 {
			t.Errorf("%s: not refused, or at length: %.500v", name, list)
		}
	}
}

// TestOneMistakeMadeTwiceIsPutRightTwice has patterns that are valid once the
// correction is taken over as it stands.
func TestOneMistakeMadeTwiceIsPutRightTwice(t *testing.T) {
	for _, text := range []string{
		`{ ($.eventName = 'ConsoleLogin') && ($.additionalEventData.MFAUsed != 'Yes') }`,
		`{ $.eventName == DeleteTrail && $.awsRegion == us-east-1 }`,
		`{ $.eventName = DeleteTrail AND $.awsRegion = us-east-1 AND $.readOnly IS FALSE }`,
		`{ $.errorCode EXISTS && $.errorMessage EXISTS }`,
		`{ $.errorCode IS NOT NULL && $.errorMessage IS NOT NULL }`,
		`{ $.errorMessage = Failed authentication || $.errorMessage = No username found }`,
		`access-denied not-authorized`,
		`{ eventName = DeleteTrail || eventName = StopLogging }`,
	} {
		p, list := filterpattern.Parse(text)
		if p != nil {
			t.Fatalf("%s is taken as valid", text)
		}
		if fixed, again := filterpattern.Parse(list[0].Fix); fixed == nil {
			t.Errorf("%s: offered %s: %v", text, list[0].Fix, again)
		}
	}
}

func TestALongPatternIsStillLinted(t *testing.T) {
	for name, text := range map[string]string{
		"unknown names": "{" + strings.Repeat(`$.eventName = Nonsens || `, 2_500) + `$.eventName = x }`,
		"optional":      "{" + strings.Repeat(`$.errorCode != a && `, 3_000) + `$.eventName = x }`,
		"no such field": "{" + strings.Repeat(`$.eventNam != a || `, 3_000) + `$.eventName = x }`,
		"many pairs":    "{" + strings.Repeat(`($.awsRegion != a || $.awsRegion != b) && `, 1_000) + `$.eventName = x }`,
		"alternating":   "{" + strings.Repeat(`($.a = 1 && ($.b != 1 || $.b != 2 || `, 45) + "$.c = 3" + strings.Repeat("))", 45) + "}",
	} {
		p, list := filterpattern.Parse(text)
		if p == nil {
			t.Fatal(name, list)
		}
		if got := len(p.Lint(catalog.Default())); got == 0 || got > 200 {
			t.Errorf("%s: %d diagnostics", name, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(blogFilter, `{"awsRegion":"eu-west-1"}`)
	for _, file := range []string{"testdata/matches.txt", "testdata/invalid.txt"} {
		for _, line := range lines(f, file) {
			if rest, ok := strings.CutPrefix(line, "> "); ok {
				f.Add(rest, "ERROR x")
			} else if _, rest, ok := strings.Cut(line, "\t"); ok {
				f.Add(rest, `{"a":[1]}`)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text, message string) {
		p, list := filterpattern.Parse(text)
		if (p == nil) != (list.Err() != nil) {
			t.Fatalf("%v with %v", p, list)
		}
		if p == nil {
			return
		}
		again, list := filterpattern.Parse(p.String())
		if again == nil || again.String() != p.String() || again.Kind() != p.Kind() {
			t.Fatalf("%q prints as %q: %v", text, p.String(), list)
		}
		if p.MatchText([]byte(message)) != again.MatchText([]byte(message)) {
			t.Fatalf("%q and %q differ on %q", text, p.String(), message)
		}
		for _, d := range p.Lint(catalog.Default()) {
			if fixed, bad := filterpattern.Parse(d.Fix); d.Fix != "" && fixed == nil && len(d.Fix) < filterpattern.MaxBytes {
				t.Fatalf("%q: %s offers %q: %v", text, d.Code, d.Fix, bad)
			}
		}
	})
}

func FuzzReadFile(f *testing.F) {
	f.Add([]byte("# a\n{ $.a = 1 }\n## note\n\n# b\nERROR\n"))
	f.Add([]byte(`{"metricFilters":[{"filterName":"x","filterPattern":"{ $.a = 1 }","metricTransformations":[{}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		named, list := filterpattern.ReadFile(text)
		if (len(named) == 0) != (list.Err() != nil) {
			t.Fatalf("%v with %v", named, list)
		}
	})
}
