package rule_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/internal/needs"
	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

type files map[string]string

// write puts files into a new folder.
func write(t *testing.T, f files) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range f {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// brief is a set as text: id and language of each rule.
func brief(set *rule.Set) []string {
	var out []string
	for _, r := range set.Rules {
		out = append(out, r.ID+" "+r.Language)
	}
	return out
}

// said is a list as text, with paths below dir.
func said(list diagnostic.List, dir string) []string {
	var out []string
	for _, d := range list {
		name := strings.TrimPrefix(strings.TrimPrefix(filepath.ToSlash(d.File), filepath.ToSlash(dir)), "/")
		out = append(out, fmt.Sprintf("%s:%d %s %s", name, d.Line, d.Severity, d.Code))
	}
	return out
}

func same(t *testing.T, what string, want, got []string) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (want -, got +):\n%s", what, d)
	}
}

const whereRule = "id: %s\nmatch: {where: {eventName: {equals: %s}}}\n"

func native(id string) string { return fmt.Sprintf(whereRule, id, id) }

func TestAFolderMixesLanguages(t *testing.T) {
	dir := write(t, files{
		"README.md":          "# rules",
		".hidden.yaml":       "not: a rule",
		"01-native.yaml":     native("one") + "---\n" + native("two"),
		"02-pack.yml":        "rules:\n- id: three\n  match: {keyword: {source: iam, regexp: User}}\n- id: four\n  match: {region: {approved: [US]}}\n",
		"03-list.yaml":       "- id: five\n  match: {where: {a: {exists: true}}}\n",
		"04-sigma.yml":       "title: Six\nid: 9a4b1c2e-0d3f-4a5b-8c6d-7e8f9a0b1c2d\nauthor: Ann\nlevel: high\nlogsource: {product: aws, service: cloudtrail}\ndetection:\n  s: {eventName: X}\n  condition: s\n",
		"05-pattern.json":    `{"source":["aws.iam"],"detail":{"eventName":["X"]}}`,
		"06-rule.json":       `{"Name":"seven","Arn":"arn:aws:events:us-east-1:111122223333:rule/seven","EventPattern":"{\"detail\":{\"eventName\":[\"X\"]}}","State":"ENABLED","Description":"Seventh"}`,
		"07-filter.filter":   `{ $.eventName = "X" }`,
		"08-metrics.json":    `{"metricFilters":[{"filterName":"eight","filterPattern":"{ $.eventName = X }","logGroupName":"trail"}]}`,
		"09-config.json":     `{"source":"iam","regexp":"User","sns":{"region":"us-west-2","topicARN":"x"}}`,
		"10-config.yaml":     "source: iam\nregexp: User\n",
		"11-native.json":     `{"id":"nine","match":{"where":{"eventName":{"equals":"X"}}}}`,
		"deep/er/ten.yaml":   native("ten"),
		"tests/event.json":   `{"eventName":"X"}`,
		"testdata/odd.yaml":  "odd: true",
		"script.sh":          "exit 1",
		"12-mixed.yaml":      native("eleven") + "---\ntitle: Twelve\nlogsource: {product: aws}\ndetection:\n  s: {eventName: X}\n  condition: s\n",
		"13-rules-list.json": `{"Rules":[{"Name":"a-schedule","ScheduleExpression":"rate(1 hour)","Arn":"arn:x","State":"ENABLED"},{"Name":"thirteen","EventPattern":"{\"detail\":{\"eventName\":[\"X\"]}}","State":"DISABLED"}]}`,
	})
	set, list := rule.Load([]string{dir}, rule.Options{})
	same(t, "diagnostics", nil, said(list, dir))
	same(t, "rules", []string{
		"one where", "two where", "three keyword", "four region", "five where",
		"9a4b1c2e-0d3f-4a5b-8c6d-7e8f9a0b1c2d sigma", "05-pattern eventbridge", "seven eventbridge",
		"07-filter filter", "eight filter", "09-config keyword", "10-config keyword", "nine where",
		"eleven where", "twelve sigma", "thirteen eventbridge", "ten where",
	}, brief(set))
	var ignored []string
	for _, i := range set.Ignored {
		ignored = append(ignored, filepath.Base(i.File))
	}
	same(t, "ignored", []string{".hidden.yaml", "README.md", "script.sh", "testdata", "tests", "13-rules-list.json"}, ignored)
	for _, r := range set.Rules {
		switch r.ID {
		case "9a4b1c2e-0d3f-4a5b-8c6d-7e8f9a0b1c2d":
			if r.Title != "Six" || r.Author != "Ann" || r.Severity != rule.High {
				t.Errorf("%+v", r)
			}
		case "seven":
			if r.Description != "Seventh" || matches(t, r, `{"eventName":"X"}`) != true || r.Event == nil {
				t.Errorf("%+v", r)
			}
		case "thirteen":
			if !strings.Contains(r.Inactive, "DISABLED") {
				t.Errorf("%+v", r)
			}
		case "twelve":
			if r.Line != 4 {
				t.Errorf("line %d", r.Line)
			}
		}
	}
}

func matches(t *testing.T, r *rule.Rule, event string) bool {
	t.Helper()
	rec, err := cloudtrail.ParseRecord([]byte(event))
	if err != nil {
		t.Fatal(err)
	}
	hit := false
	detect.Compile([]detect.Node{r.Predicate}).NewMatcher().Match(rec, func(int) { hit = true })
	return hit
}

func TestOneInvalidRuleNeverStopsTheOthers(t *testing.T) {
	f := files{}
	for i := range 100 {
		f[fmt.Sprintf("r%03d.yaml", i)] = native(fmt.Sprintf("r%03d", i))
	}
	f["r042.yaml"] = "id: r042\ntitle: T\nmatch:\n  where:\n    all:\n      - eventName: {equels: X}\n"
	f["broken.yaml"] = native("before") + "---\nid: [\n---\n" + native("after")
	f["broken.json"] = "{\n\"detail\": \n"
	f["list.yaml"] = "rules:\n  - " + strings.ReplaceAll(strings.TrimSpace(native("fine")), "\n", "\n    ") + "\n  - id: bad\n    severity: urgent\n    match: {where: {a: {exists: true}}}\n"
	dir := write(t, f)
	set, list := rule.Load([]string{dir}, rule.Options{})
	if len(set.Rules) != 102 {
		t.Errorf("%d rules", len(set.Rules))
	}
	same(t, "diagnostics", []string{
		"broken.json:3 error EB001", "broken.yaml:4 error TW001", "list.yaml:5 error TW006", "r042.yaml:6 error TW020",
	}, said(list, dir))
}

func TestAFaultInAListLeavesTheOtherRules(t *testing.T) {
	pack := "rules:\n"
	for i := range 3 {
		pack += fmt.Sprintf("- id: r%d\n  match: {where: {eventName: {equals: X}}}\n", i)
		if i == 1 {
			pack += "- id: broken\n  match: {where: {eventName: {equals: X}}\n"
		}
	}
	dir := write(t, files{"pack.yaml": pack})
	set, list := rule.Load([]string{dir}, rule.Options{})
	same(t, "rules", []string{"r0 where", "r1 where", "r2 where"}, brief(set))
	if len(list) != 1 || list[0].Code != rule.CodeSyntax || list[0].Line < 6 || list[0].Line > 8 {
		t.Error(list)
	}
}

func TestThousandsOfRulesInOneFile(t *testing.T) {
	var list, docs strings.Builder
	list.WriteString("rules:\n")
	for i := range 5_000 {
		about := strings.Repeat("long ", 90)
		fmt.Fprintf(&list, "  - id: l%d\n    description: %s\n    match: {where: {eventName: {equals: X%d}}}\n", i, about, i)
		fmt.Fprintf(&docs, "id: d%d\ndescription: %s\nmatch: {where: {eventName: {equals: X%d}}}\n---\n", i, about, i)
	}
	dir := write(t, files{"list.yaml": list.String(), "docs.yaml": docs.String()})
	set, faults := rule.Load([]string{dir}, rule.Options{})
	if len(set.Rules) != 10_000 || len(faults) != 0 {
		t.Errorf("%d rules, %.500v", len(set.Rules), faults)
	}
}

func TestDiagnostics(t *testing.T) {
	where := "match: {where: {a: {exists: true}}}\n"
	for name, c := range map[string]struct {
		file, text string
		want       []string
		message    string
	}{
		"a language beside match":  {"r.yaml", "id: r\ntitle: T\nwhere:\n  eventName: {equals: X}\n", []string{"r.yaml:3 error TW003", "r.yaml:1 error TW004"}, "where stands below match"},
		"unknown key":              {"r.yaml", "id: r\n" + where + "severty: low\n", []string{"r.yaml:3 error TW003"}, "did you mean severity?"},
		"another tool's key":       {"r.yaml", "id: r\nlevel: low\n" + where, []string{"r.yaml:2 error TW003"}, "did you mean severity?"},
		"no id":                    {"my-rule.yaml", where + "title: T\n", []string{"my-rule.yaml:1 error TW004"}, "no id"},
		"no match":                 {"r.yaml", "id: r\ntitle: T\n", []string{"r.yaml:1 error TW004"}, "no match"},
		"id with blanks":           {"r.yaml", "id: a b\n" + where, []string{"r.yaml:1 error TW005"}, "hyphens"},
		"null id":                  {"r.yaml", "id:\n" + where, []string{"r.yaml:1 error TW005", "r.yaml:1 error TW005"}, "found a null"},
		"severity":                 {"r.yaml", "id: r\nseverity: hihg\n" + where, []string{"r.yaml:2 error TW006"}, "informational, low"},
		"tags":                     {"r.yaml", "id: r\ntags: [a, [b]]\n" + where, []string{"r.yaml:2 error TW005"}, "want text"},
		"two languages":            {"r.yaml", "id: r\nmatch:\n  where: {a: {exists: true}}\n  keyword: {source: x}\n", []string{"r.yaml:3 error TW007"}, "exactly one"},
		"no language":              {"r.yaml", "id: r\nmatch: {}\n", []string{"r.yaml:2 error TW007"}, "found 0"},
		"match as text":            {"r.yaml", "id: r\nmatch: x\n", []string{"r.yaml:2 error TW005"}, "one language"},
		"condition without where":  {"r.yaml", "id: r\nmatch:\n  all: [{a: {exists: true}}]\n", []string{"r.yaml:3 error TW003"}, "below where"},
		"state inside match":       {"r.yaml", "id: r\nmatch:\n  eventbridge: {detail: {a: [1]}}\n  state: ENABLED\n", []string{"r.yaml:4 error TW003", "r.yaml:3 error TW007"}, "beside match"},
		"state without pattern":    {"r.yaml", "id: r\nstate: ENABLED\n" + where, []string{"r.yaml:2 error TW012"}, "match.eventbridge"},
		"no such state":            {"r.yaml", "id: r\nstate: ON_\nmatch: {eventbridge: {detail: {a: [1]}}}\n", []string{"r.yaml:2 error TW012"}, "ENABLED"},
		"fault in a block pattern": {"r.yaml", "id: r\nmatch:\n  eventbridge: |\n    {\n      \"detail\": {\"a\": 1}\n    }\n", []string{"r.yaml:5 error EB004"}, ""},
		"fault in a mapping":       {"r.yaml", "id: r\nmatch:\n  eventbridge:\n    detail:\n      a:\n        - {prefix: 1}\n", []string{"r.yaml:6 error EB007"}, ""},
		"fault in a filter":        {"r.yaml", "id: r\nmatch:\n  filter: |\n    { ($.a = 1) &&\n      (b = 2) }\n", []string{"r.yaml:5 error FP002"}, ""},
		"fault in Sigma":           {"r.yaml", "id: r\nmatch:\n  sigma:\n    detection:\n      s:\n        a|beginswith: x\n      condition: s\n", []string{"r.yaml:6 error SG003"}, ""},
		"fault in a region policy": {"r.yaml", "id: r\nmatch:\n  region:\n    approved: [us-east-1]\n    reeds: judge\n", []string{"r.yaml:5 error"}, "reads"},
		"a misspelt keyword":       {"r.yaml", "id: r\nmatch:\n  keyword:\n    source: iam\n    regex: User\n", []string{"r.yaml:5 error TW003", "r.yaml:4 warning TW041"}, "did you mean regexp?"},
		"a filter file":            {"r.filter", "\n\n{ $.a == 1 }\n", []string{"r.filter:3 error FP003"}, ""},
		"a log among rules":        {"r.json", `{"Records":[]}`, []string{"r.json:1 warning TW002"}, "log file"},
		"a record among rules":     {"r.json", `{"eventVersion":"1.08","eventTime":"x"}`, []string{"r.json:1 warning TW002"}, "CloudTrail record"},
		"an event among rules":     {"r.json", `{"source":"aws.iam","detail-type":"x","detail":{}}`, []string{"r.json:1 warning TW002"}, "lists"},
		"other JSON":               {"package.json", `{"name":"x","version":"1"}`, []string{"package.json:1 warning TW002"}, "no rule"},
		"a JSON list":              {"r.json", `[1]`, []string{"r.json:1 warning TW002"}, "no object"},
		"other YAML":               {"docker-compose.yaml", "services: {}\n", []string{"docker-compose.yaml:1 warning TW002"}, "services"},
		"an empty file":            {"r.yaml", "# nothing\n", []string{"r.yaml:1 warning TW013"}, "empty"},
		"a test without match":     {"r.yaml", "id: r\n" + where + "tests:\n  - name: x\n    event: {a: 1}\n", []string{"r.yaml:4 error TW010"}, "no match"},
		"a test with text":         {"r.yaml", "id: r\n" + where + "tests:\n  - {event: '[1]', match: true}\n", []string{"r.yaml:4 error TW010"}, "not a JSON object"},
		"a test with a typo":       {"r.yaml", "id: r\n" + where + "tests:\n  - {event: {}, match: true, nonsense: x}\n", []string{"r.yaml:4 error TW003"}, "nonsense"},
		"tests of nobody":          {"x.tests.yaml", "- {event: {}, match: true}\n", []string{"x.tests.yaml:1 error TW010"}, "0 rules"},
		"a key twice":              {"r.yaml", "id: r\nid: s\n" + where, []string{"r.yaml:2 error TW001"}, "already given in line 1"},
		"broken Sigma":             {"r.yml", "title: T\nlogsource: {product: aws}\ndetection:\n  s: [\n", []string{"r.yml:"}, ""},
		"too large":                {"r.yaml", "a: " + strings.Repeat("x", yamldoc.MaxBytes), []string{"r.yaml:1 error TW001"}, "at most"},
		"too large a pattern":      {"r.json", strings.Repeat(" ", yamldoc.MaxBytes+1), []string{"r.json:0 error TW001"}, "split it"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := write(t, files{c.file: c.text})
			set, list := rule.Load([]string{dir}, rule.Options{})
			if len(set.Rules) != 0 {
				t.Errorf("loaded %v", brief(set))
			}
			got := said(list, dir)
			if len(got) != len(c.want) {
				t.Fatalf("got %v", list)
			}
			for i := range got {
				if !strings.HasPrefix(got[i], c.want[i]) {
					t.Errorf("got %v, want %v", got[i], c.want[i])
				}
			}
			if !strings.Contains(list[0].Message+list[0].Fix, c.message) {
				t.Errorf("message %q", list[0].Message)
			}
		})
	}
}

func TestANamedFileIsReadWhateverItsEnding(t *testing.T) {
	dir := write(t, files{
		"pattern": `{"detail":{"eventName":["X"]}}`, "filter.txt": `{ $.eventName = X }`, "rule.txt": native("r"),
		"package.json": `{"name":"x"}`, "log.json": `{"Records":[]}`,
	})
	load := func(name string) (*rule.Set, diagnostic.List) {
		return rule.Load([]string{filepath.Join(dir, name)}, rule.Options{})
	}
	for name, want := range map[string]string{"pattern": "pattern eventbridge", "filter.txt": "filter filter", "rule.txt": "r where"} {
		set, list := load(name)
		if len(list) != 0 || len(set.Rules) != 1 || brief(set)[0] != want {
			t.Errorf("%s: %v %v", name, brief(set), list)
		}
	}
	for name, code := range map[string]string{"package.json": "EB004", "log.json": "TW002", "missing.yaml": "TW011"} {
		if _, list := load(name); len(list) == 0 || list.Err() == nil || list[0].Code != code {
			t.Errorf("%s: %v", name, list)
		}
	}
}

func TestReferencesStayInTheFolder(t *testing.T) {
	dir := write(t, files{
		"outside.json":      `{"detail":{"eventName":["X"]}}`,
		"rules/in/p.json":   `{"detail":{"eventName":["X"]}}`,
		"rules/in/bad.json": "{\n \"detail\": 1}",
		"rules/in/up.yaml":  "id: up\nmatch: {eventbridge: {file: ../p2.json}}\n",
		"rules/p2.json":     `{"detail":{"eventName":["Y"]}}`,
		"rules/a.yaml":      "id: a\nmatch: {eventbridge: {file: in/p.json}}\n",
		"rules/b.yaml":      "id: b\nmatch: {eventbridge: {file: ../outside.json}}\n",
		"rules/c.yaml":      "id: c\nmatch: {eventbridge: {file: /etc/passwd}}\n",
		"rules/d.yaml":      "id: d\nmatch: {filter: {file: none.filter}}\n",
		"rules/e.yaml":      "id: e\nmatch: {sigma: {file: link.yml}}\n",
		"rules/f.yaml":      "id: f\nmatch:\n  eventbridge: {file: in/bad.json}\n",
		"rules/t.yaml":      native("X") + "tests:\n  - {event: {file: tests/x.json}, match: true}\n  - {event: '{\"eventName\":\"Y\"}', match: false}\n",
		"rules/tests/x.json": `{"Records":[{"eventName":"X"}]}
`,
	})
	if err := os.Symlink("../outside.json", filepath.Join(dir, "rules", "link.yml")); err != nil {
		needs.Missing(t, "links", err)
	}
	set, list := rule.Load([]string{filepath.Join(dir, "rules")}, rule.Options{})
	same(t, "diagnostics", []string{
		"b.yaml:2 error TW008", "c.yaml:2 error TW008", "d.yaml:2 error TW008", "e.yaml:2 error TW008",
		"in/bad.json:2 error EB004", "link.yml:1 warning TW002",
	}, said(list, filepath.Join(dir, "rules")))
	same(t, "rules", []string{"a eventbridge", "up eventbridge", "X where"}, brief(set))
	for _, r := range set.Rules {
		if r.ID == "X" && (len(r.Tests) != 2 || string(r.Tests[0].Event) != `{"eventName":"X"}` || !r.Tests[0].Match || r.Tests[1].Match) {
			t.Errorf("%+v", r.Tests)
		}
		if r.ID == "a" && r.TextFile != filepath.ToSlash(filepath.Join(dir, "rules/in/p.json")) {
			t.Error(r.TextFile)
		}
	}
}

func TestTestsBesideRules(t *testing.T) {
	dir := write(t, files{
		"p.json":          `{"detail":{"eventName":["X"]}}`,
		"p.tests.yaml":    "tests:\n  - {name: hit, event: {eventName: X}, match: true}\n  - {event: {eventName: Y}, match: false}\n",
		"two.yaml":        native("a") + "---\n" + native("b"),
		"two.tests.yml":   "- {rule: b, event: {eventName: b}, match: true}\n- {event: {}, match: false}\n- {rule: z, event: {}, match: false}\n",
		"three.tests.yml": "nothing: here\n",
	})
	set, list := rule.Load([]string{dir}, rule.Options{})
	same(t, "diagnostics", []string{"three.tests.yml:1 error TW010", "two.tests.yml:2 error TW010", "two.tests.yml:3 error TW010"}, said(list, dir))
	tests := map[string]int{}
	for _, r := range set.Rules {
		tests[r.ID] = len(r.Tests)
	}
	if d := cmp.Diff(map[string]int{"p": 2, "a": 0, "b": 1}, tests); d != "" {
		t.Error(d)
	}
}

func TestDuplicateIDsAreReported(t *testing.T) {
	dir := write(t, files{"a/one.yaml": native("same"), "b/two.yaml": native("same"), "b/three.yaml": native("other")})
	set, list := rule.Load([]string{filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "b", "two.yaml")}, rule.Options{})
	if len(set.Rules) != 3 || len(list) != 1 || list[0].Code != rule.CodeDuplicate || !strings.Contains(list[0].Message, "one.yaml:1") {
		t.Errorf("%v %v", brief(set), list)
	}
}

func TestSigmaFiltersOfOtherFilesApply(t *testing.T) {
	dir := write(t, files{
		"a.yml": "title: A\nid: 9a4b1c2e-0d3f-4a5b-8c6d-7e8f9a0b1c2d\nlogsource: {product: aws, service: cloudtrail}\ndetection:\n  s: {eventName: X}\n  condition: s\n",
		"f.yml": "title: F\nid: 8a4b1c2e-0d3f-4a5b-8c6d-7e8f9a0b1c2d\nlogsource: {product: aws, service: cloudtrail}\nfilter:\n  rules: [9a4b1c2e-0d3f-4a5b-8c6d-7e8f9a0b1c2d]\n  s: {awsRegion: us-east-1}\n  condition: not s\n",
	})
	set, list := rule.Load([]string{dir}, rule.Options{})
	if list.Err() != nil || len(set.Rules) != 1 {
		t.Fatal(brief(set), list)
	}
	if matches(t, set.Rules[0], `{"eventName":"X","awsRegion":"us-east-1"}`) || !matches(t, set.Rules[0], `{"eventName":"X","awsRegion":"eu-west-1"}`) {
		t.Error("the filter of the other file does not apply")
	}
}

func TestSigmaPipelinesOfOtherFilesApply(t *testing.T) {
	dir := write(t, files{
		"a.yml":        "title: A\nid: 9a4b1c2e-0d3f-4a5b-8c6d-7e8f9a0b1c2d\nlogsource: {product: aws, service: cloudtrail}\ndetection:\n  s: {EventID: X}\n  condition: s\n",
		"pipeline.yml": "name: ours\npriority: 10\ntransformations:\n  - type: field_name_mapping\n    mapping: {EventID: eventName}\n",
		"zz.yml":       "name: bad\npriority: 10\ntransformations:\n  - type: no_such_thing\n",
	})
	set, list := rule.Load([]string{dir}, rule.Options{})
	if len(set.Rules) != 1 || !matches(t, set.Rules[0], `{"eventName":"X"}`) {
		t.Error(brief(set))
	}
	same(t, "diagnostics", []string{"zz.yml:4 error SG012"}, said(list, dir))
}

func TestLoadText(t *testing.T) {
	for name, c := range map[string]struct {
		language, text string
		rules          int
		code           string // of the first error
	}{
		"a pattern":                      {"eventbridge", `{"detail":{"eventName":["X"]}}`, 1, ""},
		"an invalid pattern":             {"eventbridge", `{"detail":{}}`, 0, "EB002"},
		"a pattern that is no object":    {"eventbridge", `["X"]`, 0, "EB001"},
		"a pattern on a field match":     {"eventbridge", `{"match":{"eventName":["X"]}}`, 1, ""},
		"an exported rule":               {"eventbridge", `{"Name":"r","EventPattern":"{\"a\":[1]}","State":"ENABLED"}`, 1, ""},
		"a native rule with a pattern":   {"eventbridge", "id: r\nmatch: {eventbridge: {detail: {a: [1]}}}", 1, ""},
		"a native rule of another":       {"eventbridge", "id: r\nmatch: {where: {a: {exists: true}}}", 0, "TW007"},
		"a filter":                       {"filter", `{ $.eventName = "X" }`, 1, ""},
		"terms":                          {"filter", `AccessDenied -Describe`, 1, ""},
		"the filter of everything":       {"filter", ` `, 1, ""},
		"an empty filter":                {"filter", "", 1, ""},
		"two filters":                    {"filter", "# one\n{ $.a = 1 }\n# two\n{ $.b = 1 }\n", 2, ""},
		"an invalid filter":              {"filter", `{ $.eventName == "X" }`, 0, "FP003"},
		"a Sigma rule":                   {"sigma", "title: T\nlogsource: {product: aws}\ndetection:\n  s: {eventName: X}\n  condition: s", 1, ""},
		"an invalid Sigma rule":          {"sigma", "title: T\nlogsource: {product: aws}\ndetection:\n  s: {eventName: X}\n  condition: t", 0, "SG005"},
		"Sigma that is no YAML":          {"sigma", "title: [", 0, "SG001"},
		"a regex configuration":          {"keyword", `{"source":"iam","regexp":"User"}`, 1, ""},
		"a regex RE2 lacks":              {"keyword", `{"source":"iam","regexp":"User(?!s)"}`, 0, "TW040"},
		"a regex configuration as match": {"keyword", "match: {keyword: {source: iam, regexp: User}}\nid: r", 1, ""},
		"JSON with a key twice":          {"keyword", `{"source":"x","source":"iam","regexp":"\ud83d\ude00"}`, 1, ""},
		"YAML with a key twice":          {"keyword", "source: x\nsource: iam\n", 0, "TW001"},
		"a region policy":                {"region", "approved: [US]", 1, ""},
		"a region policy in flow":        {"region", "{approved: [us-east-1, eu-*], reads: judge}", 1, ""},
		"a region policy under its name": {"region", "region: {approved: [US]}", 1, ""},
		"an empty region policy":         {"region", "", 0, "TW005"},
		"a condition":                    {"where", "eventName: {equals: X}", 1, ""},
		"a condition under its name":     {"where", "where: {eventName: {equals: X}}", 1, ""},
		"a native rule":                  {"where", "id: r\nmatch: {where: {eventName: {equals: X}}}", 1, ""},
		"a wrong condition":              {"where", "eventName: X", 0, "TW005"},
		"no such language":               {"rego", "allow = true", 0, "TW007"},
		"10 MB of pattern":               {"eventbridge", `{"a":["` + strings.Repeat("x", 10<<20) + `"]}`, 0, "TW001"},
		"10 MB of YAML":                  {"where", "a: " + strings.Repeat("x", 10<<20), 0, "TW001"},
	} {
		t.Run(name, func(t *testing.T) {
			set, list := rule.LoadText(c.language, "rule", []byte(c.text), rule.Options{})
			code := ""
			for _, d := range list {
				if d.Severity == diagnostic.Error {
					code = d.Code
					break
				}
			}
			if len(set.Rules) != c.rules || code != c.code {
				t.Errorf("%d rules, %v", len(set.Rules), list)
			}
			for _, r := range set.Rules {
				if r.Language != c.language {
					t.Errorf("language %s", r.Language)
				}
			}
		})
	}
}

func TestLoadFileReachesItsNeighbours(t *testing.T) {
	dir := write(t, files{"r.yaml": "id: r\nmatch: {eventbridge: {file: p.json}}\n", "p.json": `{"detail":{"a":[1]}}`})
	set, list := rule.LoadFile("eventbridge", filepath.Join(dir, "r.yaml"), rule.Options{})
	if len(set.Rules) != 1 || len(list) != 0 {
		t.Error(brief(set), list)
	}
	for _, p := range []string{dir, filepath.Join(dir, "none.yaml")} {
		if set, list := rule.LoadFile("eventbridge", p, rule.Options{}); len(set.Rules) != 0 || list.Err() == nil {
			t.Error(p, list)
		}
	}
}

func TestVerbatimTextKeepsWhatAMappingCannot(t *testing.T) {
	set, list := rule.LoadFS(fstest.MapFS{"r.yaml": {Data: []byte("id: r\nmatch:\n  eventbridge: '{\"detail\":{\"n\":[3.0e2], \"n\":[1.50]}}'\n")}}, "", rule.Options{})
	if list.Err() != nil || len(set.Rules) != 1 || len(list) != 1 || list[0].Severity != diagnostic.Warning {
		t.Fatal(list)
	}
	if !matches(t, set.Rules[0], `{"n":1.5}`) || matches(t, set.Rules[0], `{"n":300}`) {
		t.Error("the last of the duplicate keys does not count")
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("r.yaml", []byte(native("a")+"---\ntitle: T\ndetection: {}\n"))
	f.Add("r.json", []byte(`{"detail":{"a":[1]}}`))
	f.Add("r.filter", []byte("# x\n{ $.a = 1 }"))
	f.Add("r.tests.yaml", []byte("- {event: {}, match: true}"))
	f.Fuzz(func(t *testing.T, name string, text []byte) {
		ext := filepath.Ext(name)
		set, _ := rule.LoadFS(fstest.MapFS{"r" + ext: {Data: text}}, "", rule.Options{})
		for _, r := range set.Rules {
			if r.Predicate == nil || r.File == "" || r.Language == "" {
				t.Errorf("half a rule: %+v", r)
			}
		}
	})
}
