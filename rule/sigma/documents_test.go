package sigma_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/detect/memory"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/rule/sigma"
)

const head = "title: t\nlogsource: {product: aws, service: cloudtrail}\n"

func TestMetadataTravels(t *testing.T) {
	r, list := sigma.Parse([]byte(`title: Trail stopped
id: 4db60cc0-36fb-42b7-9b58-a5b53019fb74
name: trail_stopped
status: test
description: |
    Somebody stopped a trail.
license: DRL 1.1
author: A. Author (@a), B. Author
references:
    - https://example.com/1
related:
    - {id: 11111111-2222-3333-4444-555555555555, type: similar}
date: 2020/01/21
modified: 2022-10-09
tags: [attack.defense-evasion, attack.t1562.008]
falsepositives: [Maintenance]
fields: eventName
scope: [server]
taxonomy: sigma
level: HIGH
custom: {anything: goes}
logsource: {product: aws, service: cloudtrail, definition: turn it on}
detection: {sel: {eventName: StopLogging}, condition: sel}
`), sigma.Options{})
	if len(list) > 0 {
		t.Fatal(list)
	}
	got := fmt.Sprintf("%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%v|%v|%v|%v|%v|%v|%v|%s", r.Kind, r.ID, r.Name, r.Title, r.Description, r.License, r.Author,
		r.Level, r.Date, r.Modified, r.References, r.Related, r.Tags, r.FalsePositives, r.Fields, r.Scope, r.LogSource, r.Status)
	want := "detection rule|4db60cc0-36fb-42b7-9b58-a5b53019fb74|trail_stopped|Trail stopped|Somebody stopped a trail.|DRL 1.1|A. Author (@a), B. Author|" +
		"high|2020-01-21|2022-10-09|[https://example.com/1]|[{11111111-2222-3333-4444-555555555555 similar}]|[attack.defense-evasion attack.t1562.008]|[Maintenance]|[eventName]|[server]|product: aws, service: cloudtrail|test"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !strings.Contains(r.Link, "SigmaHQ") || !strings.HasSuffix(r.Link, r.ID) {
		t.Error(r.Link)
	}
}

func TestLinkIsTheOriginThenSigmaHQThenAReference(t *testing.T) {
	const id = "4db60cc0-36fb-42b7-9b58-a5b53019fb74"
	body := head + "detection: {a: {b: c}, condition: a}\nreferences: [https://example.com/r]\n"
	for name, c := range map[string]struct{ text, origin, want string }{
		"origin":       {body + "id: " + id + "\nauthor: a\n", "https://rules.example.com/{id}", "https://rules.example.com/" + id},
		"author's own": {body + "id: " + id + "\nauthor: a\nlicense: MIT\n", "", "https://example.com/r"},
		"no author":    {body + "id: " + id + "\n", "", "https://example.com/r"},
	} {
		t.Run(name, func(t *testing.T) {
			r, list := sigma.Parse([]byte(c.text), sigma.Options{Origin: c.origin})
			if list.Err() != nil || r.Link != c.want {
				t.Errorf("%v, link %q", list, r.Link)
			}
		})
	}
}

func TestOtherLogSourcesAreInactiveWithAReason(t *testing.T) {
	for name, c := range map[string]struct {
		logsource string
		active    bool
	}{
		"cloudtrail":     {"{product: aws, service: cloudtrail}", true},
		"any case":       {"{product: AWS, service: CloudTrail}", true},
		"product only":   {"{product: aws}", true},
		"service only":   {"{service: cloudtrail}", true},
		"other service":  {"{product: aws, service: guardduty}", false},
		"other product":  {"{product: windows}", false},
		"a category":     {"{category: process_creation, product: aws}", false},
		"category alone": {"{category: webserver}", false},
	} {
		t.Run(name, func(t *testing.T) {
			r, list := sigma.Parse([]byte("title: t\nlogsource: "+c.logsource+"\ndetection: {a: {b: c}, condition: a}\n"), sigma.Options{})
			if len(list) > 0 {
				t.Fatal(list)
			}
			if (r.Inactive == "") != c.active || matches(t, r, `{"b":"c"}`) != c.active {
				t.Errorf("inactive %q", r.Inactive)
			}
			if r.Elsewhere() == c.active {
				t.Errorf("elsewhere %v", r.Elsewhere())
			}
			if lint := r.Lint(nil); (len(lint) == 1 && lint[0].Code == "SGW5") == c.active {
				t.Error(lint)
			}
		})
	}
}

func TestOneBadDocumentDoesNotStopTheOthers(t *testing.T) {
	rule := head + "detection: {a: {b: c}, condition: a}\n"
	text := "# a file\n" + rule + "---\ntitle: [\n---\n" + rule + "...\n---\n" + strings.Replace(rule, "condition: a", "condition: z", 1) + "--- # last\n" + rule + "---\n"
	rules, list := sigma.ParseDocuments([]byte(text), sigma.Options{File: "x.yml"})
	if len(rules) != 3 {
		t.Fatalf("%d rules, %v", len(rules), list)
	}
	var got []string
	for _, d := range list {
		got = append(got, fmt.Sprintf("%s %s:%d", d.Code, d.File, d.Line))
	}
	if strings.Join(got, ", ") != "SG001 x.yml:6, SG005 x.yml:15" {
		t.Error(got)
	}
	if rules[0].Line != 2 || rules[1].Line != 8 || rules[2].Line != 17 {
		t.Error(rules[0].Line, rules[1].Line, rules[2].Line)
	}
}

func TestBlockTextMayHoldIndentedMarkers(t *testing.T) {
	rules, list := sigma.ParseDocuments([]byte("%YAML 1.2\n---\n"+head+"description: |\n  one\n  ---\n  two\ndetection: {a: {b: c}, condition: a}\n"), sigma.Options{})
	if len(list) > 0 || len(rules) != 1 || rules[0].Description != "one\n---\ntwo" {
		t.Error(list, rules)
	}
}

func TestParseWantsOneRule(t *testing.T) {
	rule := head + "detection: {a: {b: c}, condition: a}\n"
	if r, list := sigma.Parse([]byte(rule+"---\n"+rule), sigma.Options{}); r != nil || list.Err() == nil {
		t.Error("two rules were accepted as one")
	}
	filter := "title: f\nlogsource: {product: aws}\nfilter: {rules: any, s: {b: c}, condition: not s}\n"
	if r, list := sigma.Parse([]byte(filter), sigma.Options{}); r != nil || list.Err() == nil {
		t.Error("a filter was accepted as a rule")
	}
}

func TestCollectionActions(t *testing.T) {
	text := `action: global
logsource: {product: aws, service: cloudtrail}
detection: {condition: sel}
level: low
---
title: first
detection: {sel: {eventName: A}}
level: high
---
title: second
detection: {sel: {eventName: B}}
---
action: repeat
title: third
detection: {sel: {eventSource: S}}
---
action: reset
---
title: fourth
logsource: {product: aws}
detection: {sel: {eventName: D}, condition: not sel}
`
	rules, list := sigma.ParseDocuments([]byte(text), sigma.Options{})
	if len(list) > 0 || len(rules) != 4 {
		t.Fatal(len(rules), list)
	}
	for i, want := range []string{"first low 6", "second low 10", "third low 13", "fourth  19"} {
		if got := fmt.Sprintf("%s %s %d", rules[i].Title, rules[i].Level, rules[i].Line); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if !matches(t, rules[2], `{"eventName":"B","eventSource":"S"}`) || matches(t, rules[2], `{"eventSource":"S"}`) || matches(t, rules[1], `{"eventName":"A"}`) {
		t.Error("repeat or global do not lay over")
	}
}

func TestHostileTextsAreRefused(t *testing.T) {
	bomb := head + "detection:\n  condition: a\n  a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
	for i := 1; i < 9; i++ {
		bomb += fmt.Sprintf("  a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 10), ","))
	}
	long := strings.Repeat("a", 10<<20)
	item := func(key, value string) string {
		return head + "detection: {condition: a, a: {'" + key + "': '" + value + "'}}\n"
	}
	condition := func(c string) string { return head + "detection: {a: {b: c}, condition: '" + c + "'}\n" }
	for name, text := range map[string]string{
		"alias bomb":        bomb,
		"10 MB text":        long,
		"10 MB expression":  item("b|re", long),
		"regexp bomb":       item("b|re", "((((a{1,90}){1,90}){1,90}){1,90})"),
		"long expression":   item("b|re", strings.Repeat("a?", 10_000)),
		"nested expression": item("b|re", strings.Repeat("(", 4000)+strings.Repeat(")", 4000)),
		"long condition":    condition(strings.Repeat("a or ", 20_000) + "a"),
		"deep condition":    condition(strings.Repeat("(", 1000) + "a" + strings.Repeat(")", 1000)),
		"deep YAML":         head + strings.Repeat("[", 100_000),
		"long field":        item(strings.Repeat("a.", 100)+"b", "x"),
	} {
		t.Run(name, func(t *testing.T) {
			if _, list := sigma.ParseDocuments([]byte(text), sigma.Options{}); list.Err() == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestManyReferencesAreRefused(t *testing.T) {
	var d strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&d, "  s%d: {a: b}\n", i)
	}
	text := head + "detection:\n" + d.String() + "  condition: 1 of s*" + strings.Repeat(" or 1 of s*", 2000) + "\n"
	if _, list := sigma.ParseDocuments([]byte(text), sigma.Options{}); list.Err() == nil {
		t.Error("4,000,000 references were accepted")
	}
}

func TestCorrelationsAreRead(t *testing.T) {
	text := head + `name: failed
detection: {a: {b: c}, condition: a}
---
title: many
id: 22222222-2222-3333-4444-555555555555
correlation:
  type: value_count
  rules: [failed]
  group-by: [userIdentity.arn, sourceIPAddress]
  timespan: 2h
  aliases: {ip: {failed: sourceIPAddress}}
  condition: {gt: 3, lte: 100, field: eventName}
level: high
generate: true
---
title: then
correlation:
  type: temporal_ordered
  rules: [failed, 22222222-2222-3333-4444-555555555555]
  timespan: 1d
`
	rules, list := sigma.ParseDocuments([]byte(text), sigma.Options{})
	if len(list) > 0 || len(rules) != 3 {
		t.Fatal(len(rules), list)
	}
	for _, r := range rules[1:] {
		if r.Kind != sigma.Correlation || r.Inactive != "" || r.Memory() == nil {
			t.Errorf("%s: %s, %q", r.Title, r.Kind, r.Inactive)
		}
	}
	c := rules[1].Correlation
	got := fmt.Sprintf("%s %v %v %s %v %d %v %v", c.Type, c.Rules, c.GroupBy, c.Timespan, c.Fields, len(c.Bounds), c.Aliases, c.Generate)
	if want := "value_count [failed] [userIdentity.arn sourceIPAddress] 2h0m0s [eventName] 2 map[ip:map[failed:sourceIPAddress]] true"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if !matches(t, rules[0], `{"b":"c"}`) {
		t.Error("the base rule no longer judges")
	}
}

func TestLegacyCountBecomesACorrelation(t *testing.T) {
	r := fragment(t, "sel: {eventName: X}\ntimeframe: 10m\ncondition: sel | count(sourceIPAddress) by userIdentity.arn >= 5\n", sigma.Options{})
	c := r.Correlation
	if c == nil || c.Type != "value_count" || c.Fields[0] != "sourceIPAddress" || c.GroupBy[0] != "userIdentity.arn" || c.Timespan.Minutes() != 10 || c.Bounds[0].Number.Text != "5" {
		t.Errorf("%+v", c)
	}
	if m := r.Memory(); m == nil || m.Kind != memory.Distinct || len(m.Inputs) != 1 || m.Inputs[0].Node == nil {
		t.Errorf("%+v", m)
	}
}

// Old rules group by several fields with a comma between them; one name with a
// comma in it would group by a field that no record has.
func TestLegacyCountGroupsByEachFieldNamed(t *testing.T) {
	for _, by := range []string{"sourceIPAddress,userIdentity.arn", "sourceIPAddress , userIdentity.arn"} {
		r := fragment(t, "sel: {eventName: X}\ntimeframe: 10m\ncondition: sel | count() by "+by+" > 5\n", sigma.Options{})
		if got := strings.Join(r.Correlation.GroupBy, " "); got != "sourceIPAddress userIdentity.arn" {
			t.Errorf("by %s: %s", by, got)
		}
	}
}

// count(*) counts records; it is no field named "*".
func TestLegacyCountOfEverythingCountsRecords(t *testing.T) {
	r := fragment(t, "sel: {eventName: X}\ntimeframe: 10m\ncondition: sel | count( * ) by sourceIPAddress > 5\n", sigma.Options{})
	if c := r.Correlation; c.Type != "event_count" || len(c.Fields) > 0 {
		t.Errorf("%+v", c)
	}
}

// What is refused names what stands in its place.
func TestRefusalsSayWhatToWrite(t *testing.T) {
	for detection, want := range map[string]string{
		"a: {b|startwith: x}\ncondition: a":               "did you mean startswith?",
		"a: {b|not: x}\ncondition: a":                     "did you mean neq?",
		"a: {b|endswithfield: x}\ncondition: a":           "did you mean fieldref|endswith?",
		"a: {b|frobnicate: x}\ncondition: a":              "want one of contains, startswith",
		"a: {b|re: 'x{1,2000}'}\ncondition: a":            "counts to 1000 at most",
		"a: {b|re: 'x(?!y)'}\ncondition: a":               "look-ahead is not supported",
		"a: {b: c}\ncondition: 2 of a*":                   "write other numbers out",
		"a: {b: c}\ncondition: not not a":                 "leave both out",
		"a: {b: c}\ntimeframe: 1m\ncondition: a | near a": "write a correlation rule",
	} {
		_, list := sigma.Parse([]byte(wrap(detection)), sigma.Options{Fragment: true})
		if err := list.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want %q in %v", detection, want, err)
		}
	}
}

// A key that no correlation has is warned of, with the key that was meant.
func TestKeysOfCorrelationsAreKnown(t *testing.T) {
	text := "title: t\nname: t\ncorrelation: {type: temporal, rules: [a], group_by: [user], timespan: 5m}\n"
	rules, list := sigma.ParseDocuments([]byte(text), sigma.Options{Unlinked: true})
	if len(list) > 0 || len(rules) != 1 {
		t.Fatal(list)
	}
	got := rules[0].Lint(nil)
	if len(got) != 1 || got[0].Code != "SGW11" || got[0].Fix != "group-by" || got[0].Line != 3 {
		t.Error(got)
	}
}

// An alias is for rules that the correlation is over.
func TestAliasesNameRulesOfTheCorrelation(t *testing.T) {
	text := head + `name: a
detection: {a: {b: c}, condition: a}
---
title: t
correlation: {type: temporal, rules: [a], group-by: [who], timespan: 5m, aliases: {who: {a: user, b: user}}}
`
	rules, list := sigma.ParseDocuments([]byte(text), sigma.Options{})
	if len(list) != 1 || list[0].Code != "SG008" || !strings.Contains(list[0].Message, `names rule "b"`) || rules[1].Memory() != nil {
		t.Error(list)
	}
}

func TestCorrelationReferencesAreChecked(t *testing.T) {
	corr := func(name, over string) string {
		return "title: " + name + "\nname: " + name + "\ncorrelation: {type: temporal, rules: [" + over + "], timespan: 5m}\n---\n"
	}
	text := corr("a", "b") + corr("b", "c") + corr("c", "a") + corr("d", "nobody")
	rules, list := sigma.ParseDocuments([]byte(text), sigma.Options{File: "f"})
	var errs []string
	for _, d := range list {
		errs = append(errs, d.Code)
	}
	if strings.Join(errs, " ") != "SG008 SG008" || len(rules) != 4 {
		t.Error(list)
	}
	if _, list := sigma.ParseDocuments([]byte(text), sigma.Options{Unlinked: true}); len(list) > 0 {
		t.Error("unlinked, but checked:", list)
	}
}

func codes(list diagnostic.List) string {
	var out []string
	for _, d := range list {
		out = append(out, d.Code)
	}
	return strings.Join(out, " ")
}
