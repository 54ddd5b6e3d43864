package catalog_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
)

func TestEveryRegionHasAPartitionThatKnowsItsShape(t *testing.T) {
	c := catalog.Default()
	per := map[string]int{}
	for _, r := range c.Regions() {
		per[r.Partition]++
		if len(r.Country) != 2 || r.Place == "" || strings.Contains(r.Place, "opt-in") {
			t.Errorf("%+v", r)
		}
		if got := c.PartitionOf(strings.TrimRight(r.Code, "0123456789") + "99"); got != r.Partition {
			t.Errorf("a sibling of %s is taken for partition %q, want %q", r.Code, got, r.Partition)
		}
	}
	want := map[string]int{"aws": 34, "aws-cn": 2, "aws-us-gov": 2, "aws-eusc": 1, "aws-iso": 2, "aws-iso-b": 2, "aws-iso-e": 1, "aws-iso-f": 2}
	for p, n := range want {
		if per[p] != n {
			t.Errorf("%d regions in %s, want %d", per[p], p, n)
		}
	}
	optIn := slices.DeleteFunc(c.Regions(), func(r catalog.Region) bool { return !r.OptIn })
	if len(optIn) != 17 {
		t.Errorf("%d opt-in regions", len(optIn))
	}
	for _, p := range c.Partitions() {
		for _, h := range p.Homes {
			if r, ok := c.Region(h); !ok || r.Partition != p.Name {
				t.Errorf("home %q of %s is not among its regions", h, p.Name)
			}
		}
		if len(p.Homes) == 0 {
			t.Errorf("%s has no home", p.Name)
		}
	}
}

func TestExpandRegions(t *testing.T) {
	for term, want := range map[string]string{
		"us-east-1":  "us-east-1",
		"US":         "us-east-1 us-east-2 us-west-1 us-west-2 us-gov-east-1 us-gov-west-1 us-iso-east-1 us-iso-west-1 us-isob-east-1 us-isob-west-1 us-isof-east-1 us-isof-south-1",
		"eu":         "eu-central-1 eu-west-1 eu-west-3 eu-north-1 eu-south-1 eu-south-2 eusc-de-east-1",
		"eu-west-*":  "eu-west-1 eu-west-2 eu-west-3",
		"*-north*-1": "eu-north-1 ap-northeast-1 cn-north-1 cn-northwest-1",
		"aws-us-gov": "us-gov-east-1 us-gov-west-1",
		"JP":         "ap-northeast-1 ap-northeast-3",
		"us-north-9": "us-north-9",
	} {
		got, err := catalog.Default().ExpandRegions(term)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %v, %v", term, got, err)
		}
	}
	for term, want := range map[string]string{
		"us-esat-1": "", "Useast1": "did you mean us-east-1?", "mars-*": "matches none", "": "no region", "us": "",
	} {
		if _, err := catalog.Default().ExpandRegions(term); want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", term, err)
		}
	}
	if all, err := catalog.Default().ExpandRegions("*"); err != nil || len(all) != len(catalog.Default().Regions()) {
		t.Errorf("* is %d regions, %v", len(all), err)
	}
}

func TestGlobalServicesRecordWhereTheGuideSays(t *testing.T) {
	c := catalog.Default()
	homes := map[string][]string{}
	for _, g := range c.GlobalServices() {
		homes[g.Source] = g.Homes
		if g.Origin == "" || !strings.HasSuffix(g.Source, ".amazonaws.com") {
			t.Errorf("%+v", g)
		}
	}
	for source, home := range map[string]string{
		"iam.amazonaws.com": "us-east-1", "globalaccelerator.amazonaws.com": "us-west-2", "organizations.amazonaws.com": "us-gov-west-1",
		"route53.amazonaws.com": "cn-northwest-1", "support.amazonaws.com": "eusc-de-east-1",
	} {
		if !slices.Contains(homes[source], home) {
			t.Errorf("%s does not record in %s", source, home)
		}
	}
	if slices.Contains(homes["iam.amazonaws.com"], "us-west-2") {
		t.Error("IAM records in us-west-2")
	}
	s := c.SignIn()
	if !slices.Contains(s.Homes, "us-east-1") || !slices.Equal(s.Nearby, []string{"us-east-2", "eu-north-1", "ap-southeast-2"}) {
		t.Errorf("%+v", s)
	}
	if got := c.GeographiesOf("eu-west-2"); !slices.Equal(got, []string{"EUROPE", "GB", "UK"}) {
		t.Errorf("London lies in %v", got)
	}
}
