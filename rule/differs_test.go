package rule_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/check"
)

// keyRule is a rule on a key that is created and then used, with what is said of
// the second step.
func keyRule(second string) string {
	return `id: r
sequence:
  within: 1h
  by: [account, userIdentity.accessKeyId]
  steps:
    - {name: created, by: [account, responseElements.accessKey.accessKeyId], match: {where: {eventName: {equals: CreateAccessKey}}}}
    - {name: used, ` + second + ` match: {where: {userIdentity.accessKeyId: {prefix: AKIA}}}}
`
}

// What a step differs in is one field, compared with one earlier step.
func TestDiffersIsRead(t *testing.T) {
	steps := func(list string) string {
		const match = "match: {where: {eventName: {equals: X}}}"
		return "id: r\nsequence: {within: 1h, by: account, steps: [" + strings.ReplaceAll(list, "M", match) + "]}"
	}
	for name, c := range map[string]struct{ text, fault string }{
		"a field":                    {steps("{M}, {M, differs: subnet}"), ""},
		"a path":                     {steps("{M}, {M, differs: awsRegion}"), ""},
		"a step by name":             {steps("{name: a, M}, {M}, {M, differs: {field: subnet, from: a}}"), ""},
		"two steps":                  {steps("{name: a, M}, {M, differs: subnet}, {M, differs: {field: subnet, from: a}}"), ""},
		"a count elsewhere":          {steps("{M, count: 3}, {M}, {M, differs: subnet}"), ""},
		"nothing":                    {steps(`{M}, {M, differs: ""}`), "want the name of one field"},
		"a list":                     {steps("{M}, {M, differs: [subnet, userAgent]}"), "want the name of one field"},
		"no field":                   {steps("{name: a, M}, {M, differs: {from: a}}"), "want field"},
		"an unknown key":             {steps("{name: a, M}, {M, differs: {field: subnet, form: a}}"), "did you mean from?"},
		"a field that is none":       {steps(`{M}, {M, differs: "a b"}`), `field "a b"`},
		"no step of that name":       {steps("{name: a, M}, {M, differs: {field: subnet, from: b}}"), "want the name of an earlier step"},
		"a later step":               {steps("{M, differs: {field: subnet, from: b}}, {name: b, M}"), "want the name of an earlier step"},
		"the first step":             {steps("{M, differs: subnet}, {M}"), "the first step has none before it"},
		"two fields":                 {steps("{name: a, M}, {M, differs: subnet}, {M, differs: {field: awsRegion, from: a}}"), "in one field from one step"},
		"two steps to differ from":   {steps("{M}, {M, differs: subnet}, {M, differs: subnet}"), "in one field from one step"},
		"a count":                    {steps("{M}, {M, count: 2, differs: subnet}"), "count of a step that is compared"},
		"a count of the other":       {steps("{M, count: 2}, {M, differs: subnet}"), "count of a step that is compared"},
		"more records than compared": {steps("{M, count: 9}, {M}, {M, differs: subnet}"), "at most 8 records"},
	} {
		t.Run(name, func(t *testing.T) {
			set, list := rule.LoadFS(fstest.MapFS{"r.yaml": {Data: []byte(c.text)}}, "", rule.Options{})
			switch err := list.Err(); {
			case c.fault == "" && (err != nil || len(set.Rules) != 1 || set.Rules[0].Memory.Spec.Differ == nil):
				t.Error(err, set)
			case c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)):
				t.Errorf("%v; want %s", err, c.fault)
			}
		})
	}
}

// A key that was created in one place fires when it is used from another, and
// not where an address has no place: a service's name is none.
func TestDiffersByNetwork(t *testing.T) {
	created := func(from string) string {
		return fmt.Sprintf("{eventTime: '2026-03-14T09:00:00Z', eventName: CreateAccessKey, sourceIPAddress: %q, awsRegion: us-east-1, recipientAccountId: '111122223333', userIdentity: {accessKeyId: ASIAX}, responseElements: {accessKey: {accessKeyId: AKIANEW}}}", from)
	}
	used := func(from, more string) string {
		return fmt.Sprintf("{eventTime: '2026-03-14T09:05:00Z', eventName: ListBuckets, sourceIPAddress: %q, recipientAccountId: '111122223333', userIdentity: {accessKeyId: AKIANEW}%s}", from, more)
	}
	for name, c := range map[string]struct {
		field, created, used, more string
		match                      bool
	}{
		"another network":                {"subnet", "203.0.113.24", "198.51.100.7", "", true},
		"another address of the network": {"subnet", "203.0.113.24", "203.0.113.99", "", false},
		"the next network":               {"subnet", "203.0.113.24", "203.0.114.24", "", true},
		"the next network of a provider": {"network", "203.0.113.24", "203.0.114.24", "", false},
		"another site":                   {"subnet", "2001:db8:1:2::1", "2001:db8:2:2::1", "", true},
		"another line of a site":         {"subnet", "2001:db8:1:2::1", "2001:db8:1:3::1", "", false},
		"IPv4, then IPv6":                {"subnet", "203.0.113.24", "2001:db8::1", "", true},
		"created by a service":           {"subnet", "cloudformation.amazonaws.com", "198.51.100.7", "", false},
		"used by a service":              {"subnet", "203.0.113.24", "athena.amazonaws.com", "", false},
		"used inside AWS":                {"subnet", "203.0.113.24", "AWS Internal", "", false},
		"without an address":             {"subnet", "203.0.113.24", "", "", false},
		"another region":                 {"awsRegion", "203.0.113.24", "203.0.113.24", ", awsRegion: eu-west-1", true},
		"the same region":                {"awsRegion", "203.0.113.24", "198.51.100.7", ", awsRegion: us-east-1", false},
		"no region":                      {"awsRegion", "203.0.113.24", "198.51.100.7", "", false},
		"a region of null":               {"awsRegion", "203.0.113.24", "198.51.100.7", ", awsRegion: null", false},
	} {
		t.Run(name, func(t *testing.T) {
			text := keyRule("differs: "+c.field+",") + fmt.Sprintf("tests:\n  - match: %v\n    events: [%s, %s]\n", c.match, created(c.created), used(c.used, c.more))
			set, list := rule.LoadFS(fstest.MapFS{"r.yaml": {Data: []byte(text)}}, "", rule.Options{})
			if list.Err() != nil {
				t.Fatal(list.Err())
			}
			for _, res := range check.Run(set.Rules, check.Options{}).Results {
				if !res.Pass {
					t.Error(res.Failure)
				}
			}
		})
	}
}
