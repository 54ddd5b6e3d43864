package lint_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/rule/lint"
	"github.com/trailwarden/trailwarden/rule/where"
)

// native is a rule of native conditions, as lint gets it from the loader.
func native(t *testing.T, text string, group ...string) *rule.Rule {
	t.Helper()
	c, list := where.Parse([]byte(text))
	if err := list.Err(); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return &rule.Rule{ID: "r", File: "r.yaml", Line: 1, Language: "where", Predicate: c.Predicate(), GroupBy: group}
}

// TestLintNamesWhatPeopleGetWrong has one case per warning, and beside each the
// corrected rule, which must pass.
func TestLintNamesWhatPeopleGetWrong(t *testing.T) {
	for _, c := range []struct {
		name, code, wrong, right string
	}{
		{"a source nobody has", "TL02", `eventSource: {equals: guarduty.amazonaws.com}`, `eventSource: {equals: guardduty.amazonaws.com}`},
		{"an API nobody has", "TL03", `eventName: {in: [GetObject, StopLoging]}`, `eventName: {in: [GetObject, StopLogging]}`},
		{"a permission taken for an event", "TL03", `eventName: {in: [GetObject, PassRole]}`, `eventName: {in: [GetObject, AssumeRole]}`},
		{"another service's API", "TL03", "all:\n  - eventSource: {equals: iam.amazonaws.com}\n  - eventName: {in: [GetUser, StopLogging]}", "all:\n  - eventSource: {equals: iam.amazonaws.com}\n  - eventName: {in: [GetUser, CreateUser]}"},
		{"an endpoint for a source", "TL02", `eventSource: {equals: bedrock-runtime.amazonaws.com}`, `eventSource: {equals: bedrock.amazonaws.com}`},
		{"a region sought in the source", "TL02", `eventSource: {prefix: us-}`, `awsRegion: {prefix: us-}`},
		{"an expression that no source holds", "TL02", `not: {eventSource: {regex: "us-(east|west)-\\d"}}`, `not: {awsRegion: {regex: "^us-(east|west)-\\d$"}}`},
		{"a part of no event's name", "TL03", `eventName: {prefix: [Delte, GetObject]}`, `eventName: {prefix: [DeleteTrai, GetObject]}`},
		{"a part of another service's events", "TL03", "all:\n  - eventSource: {equals: iam.amazonaws.com}\n  - eventName: {contains: SecurityGroupp, ignore_case: true}\n  - readOnly: {equals: true}", "all:\n  - eventSource: {equals: ec2.amazonaws.com}\n  - eventName: {contains: SECURITYgroup, ignore_case: true}\n  - readOnly: {equals: true}"},
		{"an availability zone for a region", "TL04", `awsRegion: {equals: us-east-1a}`, `awsRegion: {equals: us-east-1}`},
		{"a misspelt region", "TL04", `awsRegion: {in: [us-est-1, eu-west-1]}`, `awsRegion: {in: [us-east-1, eu-west-9, eusc-de-east-1]}`},
		{"a misspelt region in any letter case", "TL04", `awsRegion: {equals: US-Est-1, ignore_case: true}`, `awsRegion: {equals: US-East-1, ignore_case: true}`},
		{"a misspelt region left out", "TL04", `not: {awsRegion: {equals: eu-cental-1}}`, `not: {awsRegion: {equals: eu-central-1}}`},
		{"a short account id", "TL05", `recipientAccountId: {equals: "11122223333"}`, `recipientAccountId: {equals: "111122223333"}`},
		{"an identity type in the wrong case", "TL06", `userIdentity.type: {equals: root}`, `userIdentity.type: {equals: Root}`},
		{"a sign-in event's type by a made-up name", "TL06", `eventType: {equals: AwsConsoleLogin}`, `eventType: {equals: AwsConsoleSignIn}`},
		{"a second factor told as a boolean", "TL06", `not: {additionalEventData.MFAUsed: {equals: "true"}}`, `not: {additionalEventData.MFAUsed: {equals: "Yes"}}`},
		{"a sign-in's outcome in other words", "TL06", `responseElements.ConsoleLogin: {equals: Failed}`, `responseElements.ConsoleLogin: {equals: Failure}`},
		{"reads told by prefix", "TL08", "not:\n  eventName: {prefix: [Get, List, Describe]}", `readOnly: {equals: false}`},
		{"typographic quotes", "TL09", "userAgent: {equals: \u201cboto\u201d}", `userAgent: {equals: boto}`},
		{"an expression found everywhere", "TL10", `eventName: {regex: User}`, `eventName: {regex: "^(?:Create|Delete)User$"}`},
		{"a sign-in rule that single sign-on sets off", "TL13", "all:\n  - eventName: {equals: ConsoleLogin}\n  - additionalEventData.MFAUsed: {equals: \"No\"}", "all:\n  - eventName: {equals: ConsoleLogin}\n  - userIdentity.type: {equals: IAMUser}\n  - additionalEventData.MFAUsed: {equals: \"No\"}"},
		{"a sign-in without MFA for one with it", "TL13", "all:\n  - eventName: {equals: ConsoleLogin}\n  - additionalEventData.MFAUsed: {equals: \"No\"}", "all:\n  - eventName: {equals: ConsoleLogin}\n  - additionalEventData.MFAUsed: {equals: \"Yes\"}"},
		{"what the access portal records", "TL03", "all:\n  - eventSource: {equals: sso.amazonaws.com}\n  - eventName: {in: [GetRoleCredential, CreateToken]}", "all:\n  - eventSource: {equals: sso.amazonaws.com}\n  - eventName: {in: [GetRoleCredentials, CreateToken]}\n  - not: {errorCode: {exists: true}}"},
		{"what S3 records of batch jobs", "TL03", `eventName: {in: [GetObject, JobCreate]}`, `eventName: {in: [GetObject, JobCreated]}`},
		{"negations joined by any", "TL12", "any:\n  - not: {awsRegion: {equals: us-east-1}}\n  - not: {awsRegion: {equals: us-west-2}}", "all:\n  - not: {awsRegion: {equals: us-east-1}}\n  - not: {awsRegion: {equals: us-west-2}}"},
		{"one part of a rule", "TL12", "all:\n  - readOnly: {equals: false}\n  - any:\n    - not: {awsRegion: {equals: us-east-1}}\n    - not: {awsRegion: {equals: us-west-2}}", "all:\n  - readOnly: {equals: false}\n  - not: {awsRegion: {in: [us-east-1, us-west-2]}}"},
		{"two values at once", "TL12", "all:\n  - eventSource: {equals: iam.amazonaws.com}\n  - eventSource: {equals: sts.amazonaws.com}", "any:\n  - eventSource: {equals: iam.amazonaws.com}\n  - eventSource: {equals: sts.amazonaws.com}"},
		{"attempts counted as deeds", "TL16", `eventName: {in: [DeleteTrail]}`, "all:\n  - eventName: {in: [DeleteTrail]}\n  - not: {errorCode: {exists: true}}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			list := lint.Rules([]*rule.Rule{native(t, c.wrong)}, catalog.Default(), nil)
			if len(list) == 0 {
				t.Fatalf("nothing said about %s", c.wrong)
			}
			if !has(list, c.code) && !bySameMeaning(list) {
				t.Errorf("want %s, have %v", c.code, list)
			}
			for _, d := range list {
				if d.Why == "" {
					t.Errorf("%s does not say why it matters", d.Code)
				}
			}
			if list := lint.Rules([]*rule.Rule{native(t, c.right)}, catalog.Default(), nil); len(list) > 0 {
				t.Errorf("the corrected rule is still flagged: %v", list)
			}
		})
	}
}

func has(list diagnostic.List, code string) bool {
	for _, d := range list {
		if d.Code == code {
			return true
		}
	}
	return false
}

// bySameMeaning tells whether the language itself gave the warning.
func bySameMeaning(list diagnostic.List) bool {
	for _, d := range list {
		if !strings.HasPrefix(d.Code, "TL") {
			return true
		}
	}
	return false
}

// TestLintSuggestsTheValueThatWasMeant has values that a field cannot have, and
// the ones nearest to them.
func TestLintSuggestsTheValueThatWasMeant(t *testing.T) {
	for text, want := range map[string]string{
		`eventType: {equals: AwsConsoleLogin}`:             "AwsConsoleSignIn",
		`userIdentity.type: {equals: root}`:                "Root",
		`responseElements.ConsoleLogin: {equals: success}`: "Success",
		`additionalEventData.MFAUsed: {equals: "0"}`:       "",
		`userIdentity.type: {equals: AssumeRole}`:          "AssumedRole",
	} {
		list := lint.Rules([]*rule.Rule{native(t, text)}, catalog.Default(), nil)
		if len(list) == 0 || list[0].Code != "TL06" || list[0].Fix != want {
			t.Errorf("%s: want %q, have %v", text, want, list)
		}
	}
}

// TestLintNamesTheValueBesideOtherWarnings has a filter of which its language
// has another thing to say about the same text.
func TestLintNamesTheValueBesideOtherWarnings(t *testing.T) {
	set, faults := rule.LoadText("filter", "mfa.filter", []byte(`{ $.eventName = ConsoleLogin && $.userIdentity.type = Root && $.additionalEventData.MFAUsed != "true" }`), rule.Options{})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	if list := lint.Rules(set.Rules, catalog.Default(), nil); !has(list, "FPW1") || !has(list, "TL06") {
		t.Errorf("want FPW1 and TL06, have %v", list)
	}
}

func TestLintOnTypes(t *testing.T) {
	equal := func(kinds detect.Kinds, path ...string) *rule.Rule {
		return &rule.Rule{ID: "r", Predicate: detect.Test{Path: detect.Keys(path...), Match: detect.Text{Values: []string{"true"}, Kinds: kinds}}}
	}
	for _, c := range []struct {
		name  string
		rule  *rule.Rule
		wrong bool
	}{
		{"a boolean asked as text", equal(detect.Strings, "readOnly"), true},
		{"a boolean asked as one", equal(detect.Bools, "readOnly"), false},
		{"text asked as a boolean", equal(detect.Bools, "userIdentity", "sessionContext", "attributes", "mfaAuthenticated"), true},
		{"text asked as text", equal(detect.Strings, "userIdentity", "sessionContext", "attributes", "mfaAuthenticated"), false},
		{"any scalar", equal(detect.Scalars, "readOnly"), false},
	} {
		if got := has(lint.Rules([]*rule.Rule{c.rule}, catalog.Default(), nil), "TL07"); got != c.wrong {
			t.Errorf("%s: TL07 %v, want %v", c.name, got, c.wrong)
		}
	}
}

// TestLintLeavesOtherEventsAlone holds it to what the language says of a pattern
// that is not about CloudTrail's events: their fields are unknown here.
func TestLintLeavesOtherEventsAlone(t *testing.T) {
	set, faults := rule.LoadText("eventbridge", "r.json", []byte(`{"detail-type":["ECS Task State Change"],"detail":{"lastStatus":["STOPPED"]}}`), rule.Options{})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	if list := lint.Rules(set.Rules, catalog.Default(), nil); len(list) != 1 || list[0].Code != "EBW07" {
		t.Errorf("want EBW07 alone, have %v", list)
	}
}

// TestLintSuggestsTheEventThoughTheSourceIsUnknown has a rule with two slips: the
// one in the source does not hide what the event is called.
func TestLintSuggestsTheEventThoughTheSourceIsUnknown(t *testing.T) {
	r := native(t, "all:\n  - eventSource: {equals: EC2.amazonaws.com}\n  - eventName: {equals: runInstances}")
	fixes := map[string]string{}
	for _, d := range lint.Rules([]*rule.Rule{r}, catalog.Default(), nil) {
		fixes[d.Code] = d.Fix
	}
	if fixes["TL02"] != "ec2.amazonaws.com" || fixes["TL03"] != "RunInstances" {
		t.Errorf("%v", fixes)
	}
}

func TestLintOnGroupBy(t *testing.T) {
	list := lint.Rules([]*rule.Rule{native(t, `readOnly: {equals: false}`, "account", "actor", "userIdentity.arn", "awsregion")}, catalog.Default(), nil)
	if !has(list, "TL14") || !has(list, "TL15") || len(list) != 2 {
		t.Errorf("want TL14 on userIdentity.arn and TL15 on awsregion, have %v", list)
	}
}

// TestLintNamesTheLine holds warnings to the line of what they speak of, in the
// rule's own part of a file of several.
func TestLintNamesTheLine(t *testing.T) {
	text := "id: one\nmatch:\n  where:\n    eventName: {equals: StopLoging}\n---\nid: two\ntitle: StopLoging\nmatch:\n  where:\n    eventName: {equals: StopLoging}\n---\ntitle: StopLoging\nid: three\n"
	var rules []*rule.Rule
	for _, line := range []int{1, 6, 12} {
		r := native(t, "eventName: {equals: StopLoging}")
		r.Line = line
		rules = append(rules, r)
	}
	list := lint.Rules(rules, catalog.Default(), func(string) []byte { return []byte(text) })
	if len(list) != 3 || list[0].Line != 4 || list[1].Line != 10 || list[2].Line != 12 {
		t.Errorf("want lines 4, 10 and 12, have %v", list)
	}
}

// TestLintJudgesWhatTheAuthorWrote keeps a rule's state out of it, and gives a
// referenced file's faults to that file.
func TestLintJudgesWhatTheAuthorWrote(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	write("p.json", `{"source":["aws.secretsmanager"],"detail":{"eventName":["GetSecretValue"]}}`)
	file := write("r.yaml", "id: r\nstate: ENABLED\nmatch: {eventbridge: {file: p.json}}\n")
	if set, list := rule.Load([]string{file}, rule.Options{}); len(set.Rules) == 1 {
		checkEnabled(t, lint.Rules(set.Rules, catalog.Default(), nil))
	} else {
		t.Fatalf("%v", list)
	}
}

func checkEnabled(t *testing.T, list diagnostic.List) {
	t.Helper()
	if len(list) != 1 || list[0].Code != "EBW08" || !strings.HasSuffix(list[0].File, "p.json") {
		t.Errorf("want one EBW08 in p.json, have %v", list)
	}
}

func TestLintNamesRulesThatJudgeNothing(t *testing.T) {
	r := native(t, "eventName: {equals: CreateUser}")
	r.Inactive = "not judged yet"
	if list := lint.Rules([]*rule.Rule{r}, catalog.Default(), nil); !has(list, "TL17") {
		t.Errorf("want TL17, have %v", list)
	}
}

func TestFormatsSayTheSame(t *testing.T) {
	list := lint.Rules([]*rule.Rule{native(t, `eventName: {equals: "StopLoging\x1b[31m"}`)}, catalog.Default(), nil)
	var text, js, sarif bytes.Buffer
	if err := lint.WriteText(&text, list); err != nil {
		t.Fatal(err)
	}
	if err := lint.WriteJSON(&js, list); err != nil {
		t.Fatal(err)
	}
	if err := lint.WriteSARIF(&sarif, "test", list); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsRune(text.String(), '\x1b') || !strings.HasPrefix(text.String(), "r.yaml:1: warning ") {
		t.Errorf("text: %q", text.String())
	}
	var objects []map[string]any
	if err := json.Unmarshal(js.Bytes(), &objects); err != nil || len(objects) != len(list) {
		t.Errorf("JSON: %d objects, %v; want %d", len(objects), err, len(list))
	}
	var log struct {
		Version string
		Runs    []struct {
			Results []struct {
				RuleID    string
				Locations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine int }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(sarif.Bytes(), &log); err != nil || log.Version != "2.1.0" || len(log.Runs) != 1 || len(log.Runs[0].Results) != len(list) {
		t.Fatalf("SARIF: %v\n%s", err, sarif.String())
	}
	at := log.Runs[0].Results[0].Locations[0].PhysicalLocation
	if at.ArtifactLocation.URI != "r.yaml" || at.Region.StartLine != 1 {
		t.Errorf("SARIF place: %+v", at)
	}
}

// A file's path is a URI in SARIF, whatever is in its name.
func TestSARIFNamesFilesByURI(t *testing.T) {
	for file, want := range map[string]string{
		"rules/a.yaml": "rules/a.yaml", "my rules/50%#1?.yaml": "my%20rules/50%25%231%3F.yaml", "a:b.yaml": "./a:b.yaml", "/tmp/ö.yaml": "/tmp/%C3%B6.yaml",
	} {
		var out bytes.Buffer
		if err := lint.WriteSARIF(&out, "test", diagnostic.List{{Code: "TL01", File: file, Line: 3, Message: "m"}}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), `"uri": "`+want+`"`) {
			t.Errorf("%s: want %s in\n%s", file, want, out.String())
		}
	}
}

// TestANarrowerExpressionLosesNoChange has expressions that are found in too many
// names: what lint would have instead still finds every call that changes
// something or gives credentials away, a sign-in among them, and no plain read.
func TestANarrowerExpressionLosesNoChange(t *testing.T) {
	for text, want := range map[string]struct{ found, not []string }{
		"Password|AccessKey|PutRolePolicy|User|Token|Login": {
			[]string{"ConsoleLogin", "PasswordUpdated", "PasswordRecoveryRequested", "CreateAccessKey", "PutRolePolicy", "PutUserPolicy", "ChangePassword", "GetFederationToken", "GetSessionToken"},
			[]string{"ListUsers", "GetUser", "ListAccessKeys", "GetAccessKeyLastUsed"}},
		"DeleteUser|AccessKey": {[]string{"DeleteUser", "CreateAccessKey", "UpdateAccessKey"}, []string{"ListAccessKeys"}},
	} {
		list := lint.Rules([]*rule.Rule{native(t, "all:\n  - eventSource: {regex: \"^(?:iam|signin|sts)\\\\.\"}\n  - eventName: {regex: \""+text+"\"}")}, catalog.Default(), nil)
		if len(list) != 1 || list[0].Code != "TL10" {
			t.Fatalf("%s: want TL10, have %v", text, list)
		}
		before, after := regexp.MustCompile(text), regexp.MustCompile(list[0].Fix)
		for _, name := range want.found {
			if before.MatchString(name) && !after.MatchString(name) {
				t.Errorf("%s finds %s; what is suggested does not: %s", text, name, list[0].Fix)
			}
		}
		for _, name := range want.not {
			if after.MatchString(name) {
				t.Errorf("%s is found by what is suggested for %s: %s", name, text, list[0].Fix)
			}
		}
		corrected := "all:\n  - eventSource: {regex: \"^(?:iam|signin|sts)\\\\.\"}\n  - eventName: {regex: \"" + list[0].Fix + "\"}"
		if list := lint.Rules([]*rule.Rule{native(t, corrected)}, catalog.Default(), nil); len(list) > 0 {
			t.Errorf("the corrected rule is still flagged: %v", list)
		}
	}
}

// What is wrong with a text of any length is said in a few lines, the end included.
func TestLongTextsAreQuotedInPart(t *testing.T) {
	long := strings.Repeat("x", 1<<19)
	_, list := rule.LoadText("where", "r.yaml", []byte("id: "+long+"\nmatch: {where: {sourceIPAddress: {cidr: "+long+"}}}\n"), rule.Options{})
	var text bytes.Buffer
	if err := lint.WriteText(&text, list); err != nil {
		t.Fatal(err)
	}
	if len(list) != 2 || text.Len() > 10_000 || !strings.Contains(text.String(), "want an address range") {
		t.Errorf("%d bytes of %d diagnostics: %.300s", text.Len(), len(list), text.String())
	}
	text.Reset()
	if err := lint.WriteGitHub(&text, list); err != nil || text.Len() > 10_000 {
		t.Errorf("%d bytes for GitHub, %v", text.Len(), err)
	}
}
