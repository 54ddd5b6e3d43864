package where_test

import (
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/rule/where"
)

// judge asks the naive twin and the engine, which must agree.
func judge(t *testing.T, c *where.Condition, event string) bool {
	t.Helper()
	naive, err := detect.Naive(c.Predicate(), []byte(event))
	if err != nil {
		t.Fatalf("%s: %v", event, err)
	}
	rec, err := cloudtrail.ParseRecord([]byte(event))
	if err != nil {
		t.Fatal(err)
	}
	compiled := false
	detect.Compile([]detect.Node{c.Predicate()}).NewMatcher().Match(rec, func(int) { compiled = true })
	if compiled != naive {
		t.Errorf("%s: the engine says %v, the naive twin %v", event, compiled, naive)
	}
	return naive
}

// TestMeaning is the table of what each test is true of.
func TestMeaning(t *testing.T) {
	for _, c := range []struct {
		name, condition string
		yes, no         []string
	}{
		{"equals is exact", `{f: {equals: Root}}`, []string{`{"f":"Root"}`}, []string{`{"f":"root"}`, `{"f":"Root "}`, `{}`, `{"f":null}`, `{"F":"Root"}`}},
		{"equals ignoring case", `{f: {equals: Root, ignore_case: true}}`, []string{`{"f":"ROOT"}`}, []string{`{"f":"Roots"}`}},
		{"equals a list is any of it", `{f: {equals: [a, b]}}`, []string{`{"f":"a"}`, `{"f":"b"}`}, []string{`{"f":"c"}`}},
		{"equals the empty text", `{f: {equals: ""}}`, []string{`{"f":""}`}, []string{`{}`, `{"f":null}`, `{"f":" "}`}},
		{"true is the boolean and its text", `{f: {equals: true}}`, []string{`{"f":true}`, `{"f":"true"}`}, []string{`{"f":false}`, `{"f":1}`, `{"f":"True"}`, `{}`}},
		{"so is true in quotes", `{f: {equals: "true"}}`, []string{`{"f":true}`, `{"f":"true"}`}, []string{`{"f":false}`}},
		{"a number is every spelling of it, and its text", `{f: {equals: 300}}`, []string{`{"f":300}`, `{"f":300.0}`, `{"f":3e2}`, `{"f":"300"}`}, []string{`{"f":"300.0"}`, `{"f":301}`, `{"f":null}`}},
		{"account numbers without quotes", `{f: {equals: 123456789012}}`, []string{`{"f":"123456789012"}`, `{"f":123456789012}`}, []string{`{"f":"0123456789012"}`}},
		{"account numbers that start with 0", `{f: {equals: 012345678901}}`, []string{`{"f":"012345678901"}`}, []string{`{"f":"12345678901"}`, `{"f":12345678901}`}},
		{"octal-looking numbers stay text", `{f: {in: [0123]}}`, []string{`{"f":"0123"}`}, []string{`{"f":"83"}`, `{"f":83}`, `{"f":123}`}},
		{"in mixes types", `{f: {in: [a, 1, false]}}`, []string{`{"f":"a"}`, `{"f":1.0}`, `{"f":false}`, `{"f":"false"}`}, []string{`{"f":true}`, `{"f":0}`}},
		{"prefix", `{f: {prefix: [Create, Put]}}`, []string{`{"f":"CreateUser"}`, `{"f":"Put"}`}, []string{`{"f":"createUser"}`, `{"f":"xPut"}`, `{"f":{"Put":1}}`}},
		{"prefix of a number's text", `{f: {prefix: 12}}`, []string{`{"f":"123"}`, `{"f":123}`}, []string{`{"f":21}`}},
		{"suffix ignoring case", `{f: {suffix: .COM, ignore_case: true}}`, []string{`{"f":"x.com"}`}, []string{`{"f":"com"}`}},
		{"contains", `{f: {contains: ":role/"}}`, []string{`{"f":"arn:aws:iam::1:role/x"}`}, []string{`{"f":"role"}`, `{"f":["role"]}`}},
		{"wildcard is the whole text", `{f: {wildcard: "a*b?d"}}`, []string{`{"f":"abcd"}`, `{"f":"a**bxd"}`, `{"f":"ab\nd"}`, `{"f":"abéd"}`}, []string{`{"f":"abd"}`, `{"f":"xabcd"}`, `{"f":"abcdx"}`}},
		{"wildcard escapes", `{f: {wildcard: 'a\*\?\\b\c'}}`, []string{`{"f":"a*?\\b\\c"}`}, []string{`{"f":"axyb\\c"}`}},
		{"wildcard ignoring case", `{f: {wildcard: "*USER", ignore_case: true}}`, []string{`{"f":"CreateUser"}`}, nil},
		{"regex is searched", `{f: {regex: "U.er|Role$"}}`, []string{`{"f":"GetUserX"}`, `{"f":"PassRole"}`}, []string{`{"f":"user"}`, `{"f":"RoleX"}`}},
		{"regex ignoring case", `{f: {regex: ["^x", "^user|^role"], ignore_case: true}}`, []string{`{"f":"ROLES"}`, `{"f":"Xy"}`}, []string{`{"f":"aUser"}`}},
		{"cidr", `{f: {cidr: [203.0.113.5/24, "2001:db8::/32", 10.1.2.3]}}`, []string{`{"f":"203.0.113.200"}`, `{"f":"2001:DB8::1"}`, `{"f":"10.1.2.3"}`}, []string{`{"f":"203.0.114.1"}`, `{"f":"AWS Internal"}`, `{"f":"::ffff:203.0.113.1"}`, `{"f":10}`, `{"f":"10.1.2.4"}`, `{"f":"cloudformation.amazonaws.com"}`}},
		{"exists counts null and containers", `{f: {exists: true}}`, []string{`{"f":null}`, `{"f":[]}`, `{"f":{}}`, `{"f":""}`}, []string{`{}`, `{"g":1}`}},
		{"exists: false is true of missing only", `{f: {exists: false}}`, []string{`{}`}, []string{`{"f":null}`, `{"f":[]}`}},
		{"exists below null", `{f.g: {exists: false}}`, []string{`{"f":null}`, `{}`, `{"f":"x"}`}, []string{`{"f":{"g":null}}`}},
		{"null", `{f: {null: true}}`, []string{`{"f":null}`}, []string{`{}`, `{"f":"null"}`, `{"f":[]}`, `{"f":[null]}`}},
		{"not null is there and something", `{f: {null: false}}`, []string{`{"f":0}`, `{"f":[]}`, `{"f":"null"}`}, []string{`{}`, `{"f":null}`}},
		{"comparisons take numbers and numeric text", `{f: {gte: 1024, lt: 2000.5}}`, []string{`{"f":1024}`, `{"f":"1500"}`, `{"f":2e3}`}, []string{`{"f":1023.9}`, `{"f":2000.5}`, `{"f":"15OO"}`, `{"f":true}`, `{}`, `{"f":null}`}},
		{"numbers beyond a double compare by their digits", `{f: {gt: 12345678901234567890, lte: 12345678901234567892}}`, []string{`{"f":12345678901234567891}`, `{"f":"12345678901234567891.5"}`, `{"f":1234567890123456789.2e1}`}, []string{`{"f":12345678901234567890}`, `{"f":12345678901234567893}`, `{"f":5}`, `{"f":-1e999}`, `{"f":1e999}`}},
		{"numbers of any size meet small ones", `{f: {gt: 1, lt: 1e300}}`, []string{`{"f":12345678901234567890}`, `{"f":"12345678901234567890.5"}`, `{"f":2}`}, []string{`{"f":1e-400}`, `{"f":-12345678901234567890}`, `{"f":1e400}`, `{"f":1.0}`}},
		{"lte and gt", `{f: {gt: -1, lte: 0}}`, []string{`{"f":0}`, `{"f":-0.5}`}, []string{`{"f":-1}`, `{"f":0.1}`}},
		{"tests beside each other hold for one value", `{f: {prefix: a, suffix: z}}`, []string{`{"f":"az"}`, `{"f":["b","a-z"]}`}, []string{`{"f":["ab","yz"]}`}},
		{"an array at the end: any element", `{f: {equals: x}}`, []string{`{"f":["y","x"]}`, `{"f":[["x"]]}`}, []string{`{"f":[]}`, `{"f":[{"x":"x"}]}`}},
		{"arrays on the way are entered", `{f.g: {equals: x}}`, []string{`{"f":[{"g":"y"},{"g":"x"}]}`, `{"f":[[{"g":["x"]}]]}`}, []string{`{"f":["x"]}`}},
		{"not over an array is true of no element", `{not: {f.g: {equals: x}}}`, []string{`{"f":[{"g":"y"}]}`, `{}`}, []string{`{"f":[{"g":"y"},{"g":"x"}]}`}},
		{"a key that holds dots", `{f.g.h: {equals: x}}`, []string{`{"f.g":{"h":"x"}}`, `{"f":{"g.h":"x"}}`, `{"f.g.h":"x"}`, `{"f":{"g":{"h":"x"}}}`}, []string{`{"f":{"g":"x"}}`}},
		{"objects satisfy no text test", `{f: {regex: ""}}`, []string{`{"f":""}`, `{"f":1}`, `{"f":false}`}, []string{`{"f":{}}`, `{"f":null}`, `{"f":[]}`}},
		{"the last of duplicate keys", `{f: {equals: b}}`, []string{`{"f":"a","f":"b"}`}, []string{`{"f":"b","f":"a"}`}},
		{"entries of a mapping are joined by and", `{f: {equals: a}, g: {equals: b}}`, []string{`{"f":"a","g":"b"}`}, []string{`{"f":"a"}`, `{"g":"b"}`}},
		{"all, any, not", `{all: [{f: {exists: true}}, {any: [{f: {equals: a}}, {not: {g: {exists: true}}}]}]}`, []string{`{"f":"a","g":1}`, `{"f":"b"}`}, []string{`{"f":"b","g":1}`, `{}`}},
		{"escapes in the record", `{f: {equals: "é/\n"}}`, []string{`{"f":"\u00e9\/\n"}`}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			cond, list := where.Parse([]byte(c.condition))
			if cond == nil {
				t.Fatal(list)
			}
			for _, e := range c.yes {
				if !judge(t, cond, e) {
					t.Errorf("%s does not hold for %s", c.condition, e)
				}
			}
			for _, e := range c.no {
				if judge(t, cond, e) {
					t.Errorf("%s holds for %s", c.condition, e)
				}
			}
		})
	}
}

func TestErrorsNameLineAndRemedy(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		code string
		line int
		want string // in message or fix
	}{
		"not YAML":            {"a: [", "TW001", 0, "not valid YAML"},
		"two documents":       {"a: {equals: 1}\n---\nb: {equals: 1}", "TW005", 1, "one condition"},
		"a list":              {"- a: {equals: 1}", "TW005", 1, "all: [ … ]"},
		"a bare value":        {"eventName: CreateUser", "TW005", 1, "eventName: {equals: CreateUser}"},
		"a bare list":         {"eventName:\n  - CreateUser\n  - DeleteUser", "TW005", 2, "eventName: {in: [CreateUser, DeleteUser]}"},
		"a bare null":         {"errorCode: null", "TW005", 1, "exists: false"},
		"a misspelt test":     {"all:\n  - a: {equals: 1}\n  - b: {sufix: x}", "TW020", 3, "did you mean suffix?"},
		"Sigma's name":        {"a:\n  endswith: x", "TW020", 2, "did you mean suffix?"},
		"EventBridge's name":  {"a: {anything-but: x}", "TW020", 1, "unknown test"},
		"JSONPath":            {"$.eventName: {equals: x}", "TW021", 1, "without $"},
		"an index":            {"resources[0].ARN: {equals: x}", "TW021", 1, "resources.ARN"},
		"a Sigma modifier":    {"eventName|contains: {equals: x}", "TW021", 1, "no |"},
		"two dots":            {"a..b: {equals: x}", "TW021", 1, "single dots"},
		"exists as text":      {"a: {exists: 'yes'}", "TW022", 1, "true or false"},
		"equals null":         {"a: {equals: null}", "TW022", 1, "{null: true}"},
		"a mapping in a list": {"a: {in: [x, {y: z}]}", "TW022", 1, "found a mapping"},
		"an empty prefix":     {"a: {prefix: ''}", "TW022", 1, "every value"},
		"text for lt":         {"a: {lt: x}", "TW022", 1, "takes a number"},
		"hexadecimal for lt":  {"a: {lt: 0x10}", "TW022", 1, "takes a number"},
		"a list for gt":       {"a: {gt: [1]}", "TW022", 1, "takes a number"},
		"look-ahead":          {"a: {regex: 'User(?!Pool)'}", "TW023", 1, `negative look-ahead "(?!"`},
		"a back-reference":    {`a: {regex: '(a)\1'}`, "TW023", 1, "back-reference"},
		"no address":          {"a: {cidr: 203.0.113.0/33}", "TW024", 1, "address range"},
		"no range":            {"a: {cidr: amazonaws.com}", "TW024", 1, "address range"},
		"an empty mapping":    {"{}", "TW025", 1, "every record"},
		"an empty any":        {"any: []", "TW025", 1, "no record"},
		"an empty all":        {"not: {all: []}", "TW025", 1, "every record"},
		"an empty list":       {"a: {in: []}", "TW025", 1, "matches nothing"},
		"no test":             {"a: {}", "TW025", 1, "no test"},
		"absent and more":     {"a: {exists: false, equals: x}", "TW026", 1, "join the two by any"},
		"case of a number":    {"a: {lt: 1, ignore_case: true}", "TW026", 1, "text test"},
		"a key twice":         {"a: {equals: x}\na: {equals: y}", "TW001", 2, "already given in line 1"},
		"not of a list":       {"not: [{a: {equals: x}}]", "TW005", 1, "all: [ … ]"},
	} {
		t.Run(name, func(t *testing.T) {
			cond, list := where.Parse([]byte(c.text))
			if cond != nil || len(list) == 0 {
				t.Fatalf("accepted: %v", list)
			}
			d := list[0]
			if d.Code != c.code || c.line != 0 && d.Line != c.line || !strings.Contains(d.Message+" "+d.Fix, c.want) {
				t.Errorf("got %v (fix %q), want %s in line %d with %q", d, d.Fix, c.code, c.line, c.want)
			}
		})
	}
}

func TestEveryFaultIsReported(t *testing.T) {
	_, list := where.Parse([]byte("all:\n  - a: {eq: 1}\n  - b: x\n  - c: {regex: '('}\n"))
	if len(list) != 3 || list[0].Line != 2 || list[1].Line != 3 || list[2].Line != 4 {
		t.Error(list)
	}
}

func TestNumbersThatReadersDisagreeAboutAreWarnedOf(t *testing.T) {
	cond, list := where.Parse([]byte("recipientAccountId: {in: [012345678901, 123456789012]}"))
	if cond == nil || len(list) != 1 || list[0].Code != where.CodeSpelling || list[0].Severity != diagnostic.Warning || list[0].Fix != `"012345678901"` {
		t.Error(list)
	}
}

func TestBombsAreRefused(t *testing.T) {
	alias := "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
	for i := 1; i < 9; i++ {
		alias += strings.NewReplacer("J", string(rune('0'+i)), "I", string(rune('0'+i-1))).Replace("aJ: &aJ [*aI,*aI,*aI,*aI,*aI,*aI,*aI,*aI,*aI,*aI]\n")
	}
	for name, text := range map[string]string{
		"aliases":         alias,
		"10 MB":           "a: {equals: " + strings.Repeat("x", 10<<20) + "}",
		"nesting":         strings.Repeat("{not: ", 5000) + "{a: {equals: 1}}" + strings.Repeat("}", 5000),
		"unrolled regex":  "a: {regex: '" + strings.Repeat("(abcdefghij){1000}", 20) + "'}",
		"nested repeats":  "a: {regex: '((a{100}){100}){100}'}",
		"one huge regex":  "a: {regex: '" + strings.Repeat("a|", 1<<19) + "'}",
		"self-made alias": "a: &a {not: *a}",
	} {
		if cond, list := where.Parse([]byte(text)); cond != nil || list.Err() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("all: [{a: {equals: [x, 1]}}, {not: {b.c: {regex: 'x|y', ignore_case: true}}}]", `{"a":"x","b":[{"c":1}]}`)
	f.Add("a: {cidr: 10.0.0.0/8, wildcard: '*?\\*'}", `{"a":["10.0.0.1",null]}`)
	f.Fuzz(func(t *testing.T, text, event string) {
		cond, list := where.Parse([]byte(text))
		if (cond == nil) != (list.Err() != nil) {
			t.Fatalf("condition %v with %v", cond, list)
		}
		rec, err := cloudtrail.ParseRecord([]byte(event))
		if cond == nil || err != nil {
			return
		}
		naive, err := detect.Naive(cond.Predicate(), []byte(event))
		if err != nil {
			return
		}
		compiled := false
		detect.Compile([]detect.Node{cond.Predicate()}).NewMatcher().Match(rec, func(int) { compiled = true })
		if compiled != naive {
			t.Errorf("the engine says %v, the naive twin %v", compiled, naive)
		}
	})
}
