package packs_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/packs"
	"github.com/trailwarden/trailwarden/rule"

	"github.com/trailwarden/trailwarden/internal/publicdata"
)

// TestStarterOnARealAttack counts what the pack finds in an hour of attack
// techniques run one after another (invictus-ir/aws_dataset): the deeds, once
// each, and none of the 170 calls that AWS made by itself. Counts that change
// should change for a reason.
func TestStarterOnARealAttack(t *testing.T) {
	set, _ := packs.Starter(rule.Options{})
	var nodes []detect.Node
	var rules []*rule.Rule
	for _, r := range set.Rules {
		if r.Predicate != nil {
			nodes, rules = append(nodes, r.Predicate), append(rules, r)
		}
	}
	m := detect.Compile(nodes).NewMatcher()
	got := map[string]int{}
	for _, r := range publicdata.Records(t, "cloudtrail/invictus") {
		rec, err := cloudtrail.ParseRecord(r.Raw)
		if err != nil {
			t.Fatal(err)
		}
		m.Match(rec, func(i int) { got[rules[i].ID]++ })
	}
	want := map[string]int{
		"access-denied": 60, "access-key-created": 2, "cloudtrail-narrowed": 1, "cloudtrail-stopped": 2,
		"iam-admin-granted": 2, "iam-policy-changed": 14, "iam-user-created": 4, "login-profile-changed": 2,
		"resource-deletion": 149, "role-trust-changed": 1, "security-group-opened": 1, "sign-in-without-mfa": 1,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
