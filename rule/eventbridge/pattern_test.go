package eventbridge_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/rule/eventbridge"
)

// judge asks the engine and its naive twin, which must agree.
func judge(t testing.TB, n detect.Node, event string) bool {
	t.Helper()
	rec, err := cloudtrail.ParseRecord([]byte(event))
	if err != nil {
		t.Fatalf("event %s: %v", event, err)
	}
	want, err := detect.Naive(n, []byte(event))
	if err != nil {
		t.Fatalf("event %s: %v", event, err)
	}
	got := false
	detect.Compile([]detect.Node{n}).NewMatcher().Match(rec, func(int) { got = true })
	if got != want {
		t.Fatalf("engine says %t, its naive twin %t, for %s", got, want, event)
	}
	return got
}

func parse(t testing.TB, pattern string) *eventbridge.Pattern {
	t.Helper()
	p, diags := eventbridge.Parse([]byte(pattern))
	if p == nil {
		t.Fatalf("%s: %v", pattern, diags)
	}
	return p
}

// block is one pattern of testdata/match.txt and its events.
type block struct {
	title, pattern string
	line           int
	yes, no        []string
}

func blocks(t testing.TB) []block {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "match.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var out []block
	s := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; s.Scan(); n++ {
		line := s.Text()
		if title, ok := strings.CutPrefix(line, "= "); ok {
			out = append(out, block{title: title, line: n})
			continue
		}
		b := len(out) - 1
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '+':
			out[b].yes = append(out[b].yes, line[2:])
		case line[0] == '-':
			out[b].no = append(out[b].no, line[2:])
		default:
			out[b].pattern = line
		}
	}
	return out
}

func TestEventsAsTheyStand(t *testing.T) {
	for _, b := range blocks(t) {
		t.Run(fmt.Sprintf("line %d %s", b.line, b.title), func(t *testing.T) {
			n := parse(t, b.pattern).Event()
			for _, e := range b.yes {
				if !judge(t, n, e) {
					t.Errorf("%s does not match %s", b.pattern, e)
				}
			}
			for _, e := range b.no {
				if judge(t, n, e) {
					t.Errorf("%s matches %s", b.pattern, e)
				}
			}
		})
	}
}

func TestInvalidPatternsHaveTheirCodeAndPlace(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "invalid.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.SplitN(line, " ", 3)
		p, diags := eventbridge.Parse([]byte(f[2]))
		if p != nil || diags.Err() == nil {
			t.Errorf("%s is taken as valid", line)
			continue
		}
		d := diags[0]
		if got := fmt.Sprintf("%s %d:%d", d.Code, d.Line, d.Column); got != f[0]+" "+f[1] {
			t.Errorf("%s: reported as %s %s", line, got, d.Message)
		}
		if d.Message == "" || strings.HasSuffix(d.Message, ".") {
			t.Errorf("%s: message %q", line, d.Message)
		}
	}
}

func TestLinesAndColumnsCountWithinThePattern(t *testing.T) {
	_, diags := eventbridge.Parse([]byte("{\n  \"a\": [\"é\",\n    {\"prefix\": 3}\n  ]\n}"))
	if d := diags[0]; d.Line != 3 || d.Column != 16 || d.Code != "EB007" {
		t.Errorf("%+v", d)
	}
}

// TestMistakesAreToldShortlyAndPlainly has patterns whose own text stands in what
// is said of them.
func TestMistakesAreToldShortlyAndPlainly(t *testing.T) {
	long := strings.Repeat("k", 60_000)
	for _, text := range []string{
		`{"` + long + `"}`, `{"a":["` + long + `\q"]}`, `{"a":["\é"]}`, "{\"a\":[\"\\\x1b[31m\"]}", "{\"a\":[\"\\\x00\"]}",
		`{"` + long + `":"x"}`, `{"a":"` + long + `"}`, `{"a":[{"` + long + `":"x"}]}`, `{"a":[{"cidr":"` + long + `/1"}]}`,
	} {
		p, diags := eventbridge.Parse([]byte(text))
		if p != nil {
			t.Fatalf("%.80s is taken as valid", text)
		}
		d := diags[0]
		if len(d.Message) > 300 || len(d.Fix) > 2000 || !utf8.ValidString(d.Message) || strings.ContainsFunc(d.Message, unicode.IsControl) {
			t.Errorf("%.80s: %.500q, fix %.80q", text, d.Message, d.Fix)
		}
	}
}

func TestAnOfferedFieldIsJSON(t *testing.T) {
	for _, value := range []string{`"x"`, `7`, `"` + strings.Repeat("long ", 20) + `"`} {
		for _, key := range []string{`a`, `\u0007`, `\u007f`, `é"`} {
			text := `{"` + strings.ReplaceAll(key, `"`, `\"`) + `":` + value + `}`
			_, diags := eventbridge.Parse([]byte(text))
			if p, again := eventbridge.Parse([]byte("{" + diags[0].Fix + "}")); p == nil {
				t.Errorf("%s: offered %s: %v", text, diags[0].Fix, again)
			}
		}
	}
}

func TestAnOperatorInTheWrongPlaceIsCorrected(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":{"exists":false}}`:                          `"a": [{"exists": false}]`,
		`{"detail":{"b":{"prefix":"Del\u0065te"}}}`:       `"b": [{"prefix": "Del\u0065te"}]`,
		`{"a":{"anything-but":7}}`:                        `"a": [{"anything-but": 7}]`,
		`{"prefix":"x"}`:                                  `"prefix": ["x"]`, // a field of the event itself
		`{"a":[{"cidr":["10.0.0.0/8","::/8"]}]}`:          `{"cidr": "10.0.0.0/8"}, {"cidr": "::/8"}`,
		`{"a":[{"prefix":["x", "y"]}]}`:                   `{"prefix": "x"}, {"prefix": "y"}`,
		`{"a":[{"wildcard":["x", 1]}]}`:                   "",
		`{"a":[{"prefix":{"equals-ignore-case":["x"]}}]}`: "",
	} {
		_, diags := eventbridge.Parse([]byte(text))
		if diags.Err() == nil || diags[0].Fix != want {
			t.Errorf("%s: %v, fix %q; want %q", text, diags, diags[0].Fix, want)
		}
	}
}

func TestOrIsExplainedBothWays(t *testing.T) {
	_, diags := eventbridge.Parse([]byte(`{"$or":[{"a":["1"]},{"b":{}}]}`))
	if d := diags[0]; d.Code != "EB006" || !strings.Contains(d.Why, "1:26: EB002") {
		t.Errorf("%+v", d)
	}
}

func TestOrCombinationsAreBounded(t *testing.T) {
	or := func(n int) string {
		items := make([]string, n)
		for i := range items {
			items[i] = fmt.Sprintf(`{"f%d":["x"]}`, i)
		}
		return "[" + strings.Join(items, ",") + "]"
	}
	pattern := func(last int) string {
		return `{"a":{"$or":` + or(10) + `},"b":{"$or":` + or(10) + `},"c":{"$or":` + or(last) + `}}`
	}
	p, diags := eventbridge.Parse([]byte(pattern(10)))
	if p == nil {
		t.Fatalf("1000 combinations: %v", diags)
	}
	if !judge(t, p.Event(), `{"a":{"f9":"x"},"b":{"f0":"x"},"c":{"f5":"x"}}`) || judge(t, p.Event(), `{"a":{"f9":"x"},"b":{"f0":"x"}}`) {
		t.Error("1000 combinations judge wrongly")
	}
	if _, diags := eventbridge.Parse([]byte(pattern(11))); diags.Err() == nil || diags[0].Code != "EB012" {
		t.Errorf("1100 combinations: %v", diags)
	}
}

// TestAlternativesShareWhatTheyHaveInCommon counts memory: 2 kB of a pattern with
// a thousand combinations held 15 MB, and a file may have many.
func TestAlternativesShareWhatTheyHaveInCommon(t *testing.T) {
	or := func(name string) string {
		items := make([]string, 10)
		for i := range items {
			items[i] = fmt.Sprintf(`{"%s%d":["x"]}`, name, i)
		}
		return `"$or":[` + strings.Join(items, ",") + "]"
	}
	var fields strings.Builder
	for i := range 200 {
		fmt.Fprintf(&fields, `"f%d":[1],`, i)
	}
	text := "{" + fields.String() + or("a") + `,"b":{` + or("b") + `},"c":{` + or("c") + `},"g":[2]}`
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	p := parse(t, text)
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 4<<20 {
		t.Errorf("%d bytes to read %d of a pattern", got, len(text))
	}
	event := strings.ReplaceAll(fields.String(), "[1]", "1") + `"g":2,"a4":"x","b":{"b9":"x"},"c":{`
	if !judge(t, p.Event(), "{"+event+`"c0":"x"}}`) || judge(t, p.Event(), "{"+event+`"d0":"x"}}`) {
		t.Error("a thousand combinations judge wrongly")
	}
}

func TestWarnings(t *testing.T) {
	for _, c := range []struct{ name, code, pattern string }{
		{"none", "", `{"source":["aws.s3"]}`},
		{"duplicate leaf", "EBW01", `{"a":["x"],"a":["y"]}`},
		{"duplicate object", "EBW01", `{"a":{"b":["x"]},"a":{"c":["y"]}}`},
		{"leaf replaced through dots", "EBW01", `{"a":{"b":["x"]},"a.b":["y"]}`},
		{"leaf replaced in $or", "EBW01", `{"a":["x"],"$or":[{"a":["y"]},{"b":["z"]}]}`},
		{"beyond the documented range", "EBW02", `{"a":[{"numeric":[">",5000000001]}]}`},
		{"too many decimals", "EBW02", `{"a":[{"anything-but":0.1234567}]}`},
		{"within the documented range", "", `{"a":[{"numeric":[">",0.123456,"<",5e9]}]}`},
		{"ambiguous wildcard", "EBW03", `{"a":[{"wildcard":"*:*:*:*:x"}]}`},
		{"ambiguous wildcard of few asterisks", "EBW03", `{"a":[{"wildcard":"*aaaaaaaaaaaa*"}]}`},
		{"ambiguous wildcard, a little less than a refused one", "EBW03", `{"a":[{"wildcard":"*a*a*a*a*b*"}]}`},
		{"wildcard as ambiguous as an accepted one", "", `{"a":[{"wildcard":"*ab*b*b*"}]}`},
		{"plain wildcard", "", `{"a":[{"wildcard":"arn:aws:*:*:*:role/*"}]}`},
		{"over the default quota", "EBW04", `{"a":["` + strings.Repeat("x", 2100) + `"]}`},
		{"$or as a field", "EBW06", `{"$or":[{"cidr":"10.0.0.0/24"}]}`},
	} {
		p, diags := eventbridge.Parse([]byte(c.pattern))
		switch {
		case p == nil:
			t.Errorf("%s: %v", c.name, diags)
		case c.code == "" && len(diags) > 0, c.code != "" && (len(diags) != 1 || diags[0].Code != c.code):
			t.Errorf("%s: %v, want %q", c.name, diags, c.code)
		}
	}
}

func TestOversizedAndDeepPatternsAreRefused(t *testing.T) {
	for name, c := range map[string]struct{ code, text string }{
		"10 MB of values":   {"EB013", `{"a":["` + strings.Repeat("x", 10<<20) + `"]}`},
		"10 MB of brackets": {"EB013", strings.Repeat("[", 10<<20)},
		"4,097 characters":  {"EB013", `{"a":["` + strings.Repeat("x", 4097-10) + `"]}`},
		"deep":              {"EB001", strings.Repeat(`{"a":`, 1001)},
	} {
		if p, diags := eventbridge.Parse([]byte(c.text)); p != nil || diags[0].Code != c.code {
			t.Errorf("%s: %v", name, diags)
		}
	}
	if _, diags := eventbridge.Parse([]byte(`{"a":[` + strings.Repeat(" ", 5000) + `"x"]}`)); diags.Err() != nil {
		t.Errorf("white space counts: %v", diags)
	}
	nested := strings.Repeat(`{"":`, 990) + `["x"]` + strings.Repeat("}", 990)
	if p, diags := eventbridge.Parse([]byte(nested)); len(nested) < 4096 && p == nil {
		t.Errorf("990 levels: %v", diags)
	}
}

func TestStringIsThePatternItself(t *testing.T) {
	p := parse(t, "\ufeff{ \"a\" : [ 3.0e2 , \"x y\" ],\n\"a\":[1] }")
	if got := p.String(); got != `{"a":[3.0e2,"x y"],"a":[1]}` {
		t.Error(got)
	}
}
