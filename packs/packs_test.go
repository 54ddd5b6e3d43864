package packs_test

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/packs"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/check"
)

func starter(t *testing.T, opts rule.Options) *rule.Set {
	t.Helper()
	set, list := packs.Starter().Rules(opts)
	for _, d := range list {
		t.Error(d)
	}
	return set
}

// nowhere knows no country.
func nowhere() (func(netip.Addr) string, error) {
	return func(netip.Addr) string { return "" }, nil
}

// every is the rules of all packs, with and without countries.
func every(t *testing.T) (all []*rule.Rule) {
	t.Helper()
	for _, p := range packs.All() {
		for _, opts := range []rule.Options{{}, {Countries: nowhere}} {
			set, list := p.Rules(opts)
			for _, d := range list {
				t.Error(d)
			}
			if len(set.Rules) == 0 {
				t.Errorf("pack %s has no rules", p.Name)
			}
			all = append(all, set.Rules...)
		}
	}
	return all
}

// The configuration takes the packs that there are, and no two rules of them have
// one id, for packs judge together.
func TestPacksHaveNamesOfTheirOwn(t *testing.T) {
	var names []string
	seen := map[string]string{}
	for _, p := range packs.All() {
		names = append(names, p.Name)
		set, _ := p.Rules(rule.Options{})
		for _, r := range set.Rules {
			if other := seen[r.ID]; other != "" {
				t.Errorf("%s is in the packs %s and %s", r.ID, other, p.Name)
			}
			seen[r.ID] = p.Name
		}
	}
	if got := config.PackNames(); !slices.Equal(got, names) {
		t.Errorf("the configuration takes %v, and there are %v", got, names)
	}
}

func TestEveryRulePassesItsTestsOfBothKinds(t *testing.T) {
	report := check.Run(every(t), check.Options{RequireTests: true, RequireBoth: true})
	for _, r := range report.Results {
		if !r.Pass {
			t.Errorf("%s, %q: %s", r.Rule.ID, r.Case.Name, r.Failure)
		}
	}
	for _, g := range report.Gaps {
		t.Errorf("%s: %s", g.Rule.ID, g.Missing)
	}
}

// Rules on networks watch where no countries are known, and rules on countries
// where they are, never both.
func TestCountriesTakeThePlaceOfNetworks(t *testing.T) {
	ids := func(set *rule.Set) (all []string) {
		for _, r := range set.Rules {
			for _, on := range []string{"country", "countries", "network", "networks"} {
				if strings.HasSuffix(r.ID, "-"+on) && r.Inactive == "" {
					all = append(all, r.ID)
				}
			}
		}
		return all
	}
	networks := []string{"access-key-three-networks", "sign-in-new-network"}
	if got := ids(starter(t, rule.Options{})); !slices.Equal(got, networks) {
		t.Errorf("without countries: %v", got)
	}
	if got := ids(starter(t, rule.Options{Countries: nowhere})); !slices.Equal(got, []string{"access-key-two-countries", "sign-in-new-country"}) {
		t.Errorf("with countries: %v", got)
	}
	damaged := func() (func(netip.Addr) string, error) { return nil, errors.New("file.mmdb is damaged") }
	set, list := packs.Starter().Rules(rule.Options{Countries: damaged})
	if got := ids(set); !slices.Equal(got, networks) || len(list) != 2 || !strings.Contains(list[0].Message, "file.mmdb is damaged") || list[0].Code != rule.CodeCountry {
		t.Errorf("with a damaged file: %v, %v", got, list)
	}
}

func TestEveryRuleExplainsItself(t *testing.T) {
	for _, r := range every(t) {
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
	_, list := packs.Starter().Rules(rule.Options{ApprovedRegions: []string{"mars-north-1x"}})
	if len(list) == 0 || !strings.Contains(list[0].Message, "approved regions of the configuration") || !strings.Contains(list[0].Message, "mars-north-1x") {
		t.Error(list)
	}
}
