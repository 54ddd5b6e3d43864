package explain_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/eventbridge"
	"github.com/trailwarden/trailwarden/rule/explain"
)

var update = flag.Bool("update", false, "write the golden files anew")

func event(t testing.TB, text string) *cloudtrail.Record {
	t.Helper()
	rec, err := cloudtrail.ParseRecord([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// pattern is a rule made of an event pattern.
func pattern(t testing.TB, id, text string) *rule.Rule {
	t.Helper()
	p, diags := eventbridge.Parse([]byte(text))
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	return &rule.Rule{ID: id, Language: "eventbridge", Severity: rule.High, File: "rules/" + id + ".json", Line: 1,
		Predicate: p.Predicate(), Event: p.Event(), Source: p}
}

// Where and and or stand in one test, brackets say which belongs together.
func TestBracketsSayWhatBelongsTogether(t *testing.T) {
	s := func(v string) detect.Match {
		return detect.Text{Op: detect.HasPrefix, Values: []string{v}, Kinds: detect.Strings}
	}
	either, both := detect.MatchAny{s("a"), s("b")}, detect.MatchAll{s("c"), s("d")}
	for want, m := range map[string]detect.Match{
		`(starts with "a" or starts with "b") and starts with "e"`:                         detect.MatchAll{either, s("e")},
		`(starts with "c" and starts with "d") or starts with "e"`:                         detect.MatchAny{both, s("e")},
		`does not start with "a" and does not start with "b" and starts with "e"`:          detect.MatchAll{detect.MatchNot{X: either}, s("e")},
		`(does not start with "c" or does not start with "d") and starts with "e"`:         detect.MatchAll{detect.MatchNot{X: both}, s("e")},
		`(does not start with "a" and does not start with "b") or does not start with "e"`: detect.MatchNot{X: detect.MatchAll{either, s("e")}},
		`starts with "a" or starts with "b" or starts with "e"`:                            detect.MatchAny{either, s("e")},
	} {
		e := explain.Of(&rule.Rule{Predicate: detect.Test{Path: detect.Keys("f"), Match: m}})
		got := strings.TrimPrefix(strings.TrimPrefix(e.Matches.Words, "f has a value that "), "f ")
		if got != want {
			t.Errorf("%s; want %s", e.Matches.Words, want)
		}
	}
}

const signIn = `{"eventVersion":"1.08","userIdentity":{"type":"Root","accountId":"123456789012"},"eventTime":"2026-01-02T03:04:05Z",` +
	`"eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","awsRegion":"us-east-1","sourceIPAddress":"203.0.113.9",` +
	`"responseElements":{"ConsoleLogin":"Success"},"additionalEventData":{"MFAUsed":"No"},"eventID":"e-1","eventType":"AwsConsoleSignIn",` +
	`"resources":[{"type":"AWS::A","ARN":"arn:1"},{"type":"AWS::B","ARN":"arn:2"}],"readOnly":false,"recipientAccountId":"123456789012"}`

// cases are rules and the events they are explained on; each has a golden file.
func cases(t testing.TB) map[string]struct {
	rule   *rule.Rule
	events []string
} {
	root := pattern(t, "root-signin", `{"detail-type":["AWS Console Sign In via CloudTrail"],
	  "detail":{"userIdentity":{"type":["Root"]},"eventName":["ConsoleLogin"],"errorMessage":[{"exists":false}],
	    "sourceIPAddress":[{"anything-but":["198.51.100.1"]}],
	    "$or":[{"additionalEventData":{"MFAUsed":[{"anything-but":"Yes"}]}},{"sourceIPAddress":[{"cidr":"203.0.113.0/24"},"::1"]}]}}`)
	root.Title, root.Description = "Root user signed in", "Nobody should work as root.\nAsk who it was."
	root.GroupBy, root.FalsePositives, root.Tags = []string{"account"}, []string{"Break-glass drills"}, []string{"attack.t1078.004"}
	root.References, root.Author, root.Link = []string{"https://docs.aws.amazon.com/IAM/"}, "A. Nonymous", "https://example.com/r"
	lists := pattern(t, "one-element", `{"detail":{"resources":{"type":["AWS::A"],"ARN":[{"suffix":"2"},{"prefix":{"equals-ignore-case":"X"}}]}}}`)
	enabled, _ := eventbridge.Parse([]byte(`{"detail":{"eventSource":["iam.amazonaws.com"]}}`))
	state := &rule.Rule{ID: "enabled", Language: "eventbridge", Severity: rule.Low, Predicate: enabled.PredicateIn(eventbridge.Enabled)}
	idle := pattern(t, "idle", `{"source":["aws.s3"]}`)
	idle.Inactive = "its state is DISABLED"
	return map[string]struct {
		rule   *rule.Rule
		events []string
	}{
		"root-signin": {root, []string{signIn, strings.Replace(signIn, `"Root"`, `"IAMUser"`, 1), strings.Replace(signIn, `"eventID"`, `"errorMessage":"Failed authentication","eventID"`, 1),
			`{"source":"aws.signin","detail-type":"AWS Console Sign In via CloudTrail","detail":` + signIn + `}`}},
		"one-element": {lists, []string{signIn, strings.Replace(signIn, "arn:1", "arn:12", 1), `{"eventVersion":"1","eventSource":"a.amazonaws.com","resources":[]}`}},
		"enabled": {state, []string{
			`{"eventVersion":"1.08","eventSource":"iam.amazonaws.com","eventName":"ListUsers","readOnly":true,"managementEvent":true}`,
			`{"eventVersion":"1.08","eventSource":"iam.amazonaws.com","eventName":"CreateUser","readOnly":false}`}},
		"idle":      {idle, []string{signIn}},
		"all-tests": {&rule.Rule{ID: "all-tests", Language: "where", Predicate: everyTest()}, []string{signIn, `{}`}},
		"hostile": {pattern(t, "hostile", `{"detail":{"userAgent":[{"wildcard":"*evil*"}],"errorMessage":["x"]}}`), []string{
			`{"eventVersion":"1","eventSource":"a.amazonaws.com","userAgent":"\u001b[2Jevil\u202e\r\n` + strings.Repeat("A", 5000) + `","errorMessage":"` + "\u009b31m\u202e\u2066" + `"}`}},
	}
}

func TestGolden(t *testing.T) {
	for name, c := range cases(t) {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			if err := explain.Rule(&b, c.rule); err != nil {
				t.Fatal(err)
			}
			for i, e := range c.events {
				fmt.Fprintf(&b, "\n--- event %d\n", i+1)
				matched, err := explain.Record(&b, c.rule, event(t, e))
				if err != nil {
					t.Fatal(err)
				}
				if want, err := detect.Naive(c.rule.For(event(t, e)), []byte(e)); err != nil || matched != want {
					t.Errorf("event %d: explained as %t, judged %t, %v", i+1, matched, want, err)
				}
			}
			golden(t, name, b.String())
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("differs from %s (-update writes it anew):\n%s", path, got)
	}
}

func TestNothingWrittenMovesTheTerminal(t *testing.T) {
	c := cases(t)["hostile"]
	evil := pattern(t, "evil", `{"detail":{"a\u202e":["\u001b[2J\u202e",{"prefix":"\u009b"}]}}`)
	evil.ID, evil.Title, evil.Description, evil.Inactive = "\x1b]0;", "\u202etitle", "\x1b[1m\nsecond", "\u2066"
	for _, r := range []*rule.Rule{c.rule, evil} {
		var b strings.Builder
		if _, err := explain.Record(&b, r, event(t, c.events[0])); err != nil {
			t.Fatal(err)
		}
		if err := explain.Rule(&b, r); err != nil {
			t.Fatal(err)
		}
		for _, v := range []any{explain.Of(r), explain.Judge(r, event(t, c.events[0]))} {
			j, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			b.Write(append(j, '\n'))
		}
		for _, r := range b.String() {
			if r != '\n' && (r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069) {
				t.Errorf("%U is written", r)
			}
		}
		for _, l := range strings.Split(b.String(), "\n") {
			if len(l) > 3000 {
				t.Errorf("a line of %d bytes", len(l))
			}
		}
	}
}

func TestVerdictAsJSON(t *testing.T) {
	r := pattern(t, "r", `{"detail":{"eventName":["CreateUser"],"awsRegion":[{"prefix":"us-"}]}}`)
	out, err := json.Marshal(explain.Judge(r, event(t, signIn)))
	if err != nil {
		t.Fatal(err)
	}
	var v explain.Verdict
	if err := json.Unmarshal(out, &v); err != nil {
		t.Fatal(err)
	}
	if v.Matched || len(v.Because) != 1 || v.Because[0].Words != `eventName is "CreateUser"` || v.Because[0].Found[0] != `"ConsoleLogin"` ||
		v.Because[0].Written != `detail.eventName: ["CreateUser"]` || !*v.Condition.Parts[0].Holds {
		t.Errorf("%s", out)
	}
}

func TestFieldsNamesEachOnce(t *testing.T) {
	r := pattern(t, "r", `{"source":["aws.iam"],"detail":{"$or":[{"eventName":["a"]},{"eventName":["b"]}],"a.b":["x"],"":["y"]}}`)
	got := strings.Join(explain.Fields(r.Predicate), " ")
	if got != `"" a.b eventName the envelope's source` {
		t.Error(got)
	}
}

// TestExplainsWhatItJudges holds the verdict equal to the judgement on every
// vector of the event pattern language, and asks for a reason each time.
func TestExplainsWhatItJudges(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "eventbridge", "testdata", "match.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var r *rule.Rule
	for _, line := range strings.Split(string(text), "\n") {
		switch {
		case strings.HasPrefix(line, "{"):
			r = pattern(t, "r", line)
		case strings.HasPrefix(line, "+ "), strings.HasPrefix(line, "- "):
			rec := event(t, line[2:])
			v := explain.Judge(r, rec)
			if v.Matched != (line[0] == '+') || len(v.Because) == 0 {
				t.Errorf("%s on %s: %t because of %d tests", r.Predicate, line, v.Matched, len(v.Because))
			}
		}
	}
}

func TestHostileRecordsAreExplainedWithinBounds(t *testing.T) {
	deep := strings.Repeat("[", 250) + strings.Repeat("]", 250)
	wide := "[" + strings.Repeat(`{"a":"x"},`, 1_500) + `{"a":"y"}]`
	r := pattern(t, "r", `{"detail":{"a":["y"],"b":{"a":["y"]}}}`)
	for name, text := range map[string]string{
		"deep": `{"eventVersion":"1","eventSource":"a.amazonaws.com","a":` + deep + `,"b":` + deep + `}`,
		"wide": `{"eventVersion":"1","eventSource":"a.amazonaws.com","a":"y","b":` + wide + `}`,
	} {
		var b strings.Builder
		if _, err := explain.Record(&b, r, event(t, text)); err != nil || b.Len() > 10_000 {
			t.Errorf("%s: %d bytes, %v", name, b.Len(), err)
		}
	}
}
