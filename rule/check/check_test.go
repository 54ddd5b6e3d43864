package check_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/check"
)

func load(t *testing.T, text string) []*rule.Rule {
	t.Helper()
	set, list := rule.LoadFS(fstest.MapFS{"r.yaml": {Data: []byte(text)}}, "", rule.Options{})
	if list.Err() != nil {
		t.Fatal(list)
	}
	return set.Rules
}

const rules = `
id: wheres
match:
  where:
    all:
      - eventName: {equals: CreateUser}
      - not: {errorCode: {exists: true}}
      - any: [{awsRegion: {prefix: us-}}, {awsRegion: {prefix: eu-}}]
tests:
  - {name: hit, event: {eventName: CreateUser, awsRegion: us-east-1}, match: true}
  - {name: other name, event: {eventName: ListUsers, awsRegion: us-east-1}, match: true}
  - {name: failed call, event: {eventName: CreateUser, errorCode: AccessDenied}, match: true}
  - {name: far away, event: {eventName: CreateUser, awsRegion: sa-east-1}, match: true}
  - {name: wrongly hit, event: {eventName: CreateUser, awsRegion: eu-west-1}, match: false}
---
id: pattern
match: {eventbridge: {detail: {eventName: [X]}}}
tests:
  - {name: a record, event: {eventVersion: "1.08", eventSource: a.amazonaws.com, eventName: X}, match: true}
  - {name: an event, event: {source: aws.a, detail-type: y, detail: {eventName: X}}, match: true}
  - {name: neither, event: {eventName: X}, match: false}
---
id: off
state: DISABLED
match: {eventbridge: {detail: {eventName: [X]}}}
tests: [{name: off, event: {eventVersion: "1.08", eventSource: a.amazonaws.com, eventName: X}, match: true}]
---
id: untested
match: {where: {eventName: {equals: X}}}
`

func TestResultsSayWhatStoppedOrMadeTheMatch(t *testing.T) {
	report := check.Run(load(t, rules), check.Options{})
	want := map[string]string{
		"hit": "", "a record": "", "an event": "", "neither": "",
		"other name":  `eventName: {equals: CreateUser} does not hold (the event has "ListUsers")`,
		"failed call": `not (errorCode: {exists: true} holds (the event has "AccessDenied"))`,
		"far away":    `awsRegion: {prefix: us-} does not hold (the event has "sa-east-1"); awsRegion: {prefix: eu-} does not hold`,
		"wrongly hit": "expected no match, but the rule matched",
		"off":         "inactive: its state is DISABLED",
	}
	if len(report.Results) != len(want) {
		t.Errorf("%d results", len(report.Results))
	}
	for _, r := range report.Results {
		if (want[r.Case.Name] == "") != r.Pass || !strings.Contains(r.Failure, want[r.Case.Name]) {
			t.Errorf("%s: %v %q", r.Case.Name, r.Pass, r.Failure)
		}
	}
	if report.OK() || report.Failed() != 5 || len(report.Gaps) != 0 {
		t.Errorf("%d failed, gaps %v", report.Failed(), report.Gaps)
	}
}

func TestGaps(t *testing.T) {
	for _, c := range []struct {
		opts check.Options
		want []string
	}{
		{check.Options{}, nil},
		{check.Options{RequireTests: true}, []string{"untested: no test"}},
		{check.Options{RequireBoth: true}, []string{"off: no test with match: false", "untested: no test"}},
	} {
		gaps := check.Run(load(t, rules), c.opts).Gaps
		if len(gaps) != len(c.want) {
			t.Errorf("%+v: %v", c.opts, gaps)
			continue
		}
		for i, g := range gaps {
			if !strings.HasPrefix(g.Rule.ID+": "+g.Missing, c.want[i]) {
				t.Errorf("%+v: %s: %s", c.opts, g.Rule.ID, g.Missing)
			}
		}
	}
}
