package rule_test

import (
	"slices"
	"testing"
	"testing/fstest"

	"github.com/trailwarden/trailwarden/query/schema"
	"github.com/trailwarden/trailwarden/rule"
)

// What a rule reads and a lake does not keep is known by the rule alone.
func TestFieldsThatAStoreDoesNotKeep(t *testing.T) {
	sigma := func(s string) string {
		return "title: T\nid: 9a4b1c2e-0d3f-4a5b-8c6d-7e8f9a0b1c2d\nlogsource: {product: aws, service: cloudtrail}\ndetection:\n  s: " + s + "\n  condition: s\n"
	}
	where := func(s string) string { return "id: r\nmatch: {where: {" + s + "}}\n" }
	for name, c := range map[string]struct {
		text string
		lost []string
	}{
		"a column":                     {where("eventName: {equals: X}"), nil},
		"a leaf of the identity":       {where("userIdentity.sessionContext.sessionIssuer.arn: {suffix: x}"), nil},
		"a parameter":                  {where("requestParameters.a.b.c: {equals: x}"), nil},
		"a resource":                   {where("resources.ARN: {prefix: x}"), nil},
		"whether an object is there":   {where("userIdentity.sessionContext: {exists: true}"), nil},
		"a leaf without a column":      {where("userIdentity.sessionContext.sourceIdentity: {equals: x}"), []string{"userIdentity.sessionContext.sourceIdentity"}},
		"a column that is not there":   {where("tlsDetails.keyExchange: {equals: x}, awsRegion: {equals: y}"), []string{"tlsDetails.keyExchange"}},
		"a field of Insights":          {where("timeWindow.windowSize: {equals: x}"), []string{"timeWindow.windowSize"}},
		"the letter case of a key":     {where("resources.arn: {prefix: x}"), []string{"resources.arn"}},
		"a pattern":                    {"id: r\nmatch: {eventbridge: {source: [aws.iam], account: ['111122223333'], detail: {eventName: [X], userIdentity: {inScopeOf: {sourceArn: [y]}}}}}\n", []string{"userIdentity.inScopeOf.sourceArn"}},
		"a filter":                     {"id: r\nmatch: {filter: '{ $.userIdentity.credentialId = \"x\" || $.eventName = y }'}\n", []string{"userIdentity.credentialId"}},
		"Sigma on fields":              {sigma("{eventName: X, userIdentity.type: Root}"), nil},
		"Sigma on the whole record":    {sigma("[AKIA]"), []string{"record"}},
		"what a group goes by":         {where("eventName: {equals: X}") + "threshold: {count: 2, within: 5m, by: [account, principal, userIdentity.credentialId]}\n", []string{"userIdentity.credentialId"}},
		"what is new":                  {where("eventName: {equals: X}") + "first_seen: {value: [subnet, userAgent], by: account}\n", nil},
		"a new value without a column": {where("eventName: {equals: X}") + "first_seen: {value: tlsDetails.keyExchange, by: account}\n", []string{"tlsDetails.keyExchange"}},
	} {
		t.Run(name, func(t *testing.T) {
			set, list := rule.LoadFS(fstest.MapFS{"r.yml": {Data: []byte(c.text)}}, "", rule.Options{})
			if list.Err() != nil || len(set.Rules) != 1 {
				t.Fatal(list)
			}
			if lost := set.Rules[0].Lost(rule.Store{Keeps: schema.Keeps, KeepsText: schema.KeepsText}); !slices.Equal(lost, c.lost) {
				t.Errorf("%q; want %q", lost, c.lost)
			}
		})
	}
}
