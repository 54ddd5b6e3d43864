package packs_test

import (
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/packs"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/check"
)

func starter(t *testing.T, opts rule.Options) *rule.Set {
	t.Helper()
	set, list := packs.Starter(opts)
	for _, d := range list {
		t.Error(d)
	}
	return set
}

func TestEveryStarterRulePassesItsTestsOfBothKinds(t *testing.T) {
	report := check.Run(starter(t, rule.Options{}).Rules, check.Options{RequireTests: true, RequireBoth: true})
	for _, r := range report.Results {
		if !r.Pass {
			t.Errorf("%s, %q: %s", r.Rule.ID, r.Case.Name, r.Failure)
		}
	}
	for _, g := range report.Gaps {
		t.Errorf("%s: %s", g.Rule.ID, g.Missing)
	}
}

func TestEveryStarterRuleExplainsItself(t *testing.T) {
	for _, r := range starter(t, rule.Options{}).Rules {
		attack := false
		for _, tag := range r.Tags {
			attack = attack || strings.HasPrefix(tag, "attack.t")
		}
		if r.Title == "" || r.Description == "" || len(r.References) == 0 || !attack || len(r.FalsePositives) == 0 || len(r.GroupBy) == 0 {
			t.Errorf("%s lacks one of title, description, references, a technique, false_positives, group_by", r.ID)
		}
	}
}

func TestApprovedRegionsReplaceThoseOfThePack(t *testing.T) {
	var before, after int
	for _, r := range check.Run(starter(t, rule.Options{}).Rules, check.Options{}).Results {
		before += len(r.Failure)
	}
	set := starter(t, rule.Options{ApprovedRegions: []string{"ap-*", "EU"}})
	for _, r := range check.Run(set.Rules, check.Options{}).Results {
		if !r.Pass && r.Rule.ID == "unapproved-region-write" {
			after++
		}
	}
	if before != 0 || after != 3 {
		t.Errorf("%d failing before; %d after, want the tests on Sydney, Frankfurt and Oregon to turn", before, after)
	}
}

func TestAWrongApprovedRegionIsTheConfigurationsFault(t *testing.T) {
	_, list := packs.Starter(rule.Options{ApprovedRegions: []string{"mars-north-1x"}})
	if len(list) == 0 || !strings.Contains(list[0].Message, "approved regions of the configuration") || !strings.Contains(list[0].Message, "mars-north-1x") {
		t.Error(list)
	}
}
