package filterpattern_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/rule/filterpattern"
	"github.com/trailwarden/trailwarden/rule/region"

	"github.com/trailwarden/trailwarden/internal/publicdata"
)

// records are all published records.
func records(t testing.TB) [][]byte {
	t.Helper()
	var out [][]byte
	for _, r := range publicdata.Records(t, "cloudtrail") {
		out = append(out, r.Raw)
	}
	return out
}

// hits are the numbers of the records that each node is true of.
func hits(t testing.TB, recs [][]byte, nodes ...detect.Node) [][]int {
	t.Helper()
	out := make([][]int, len(nodes))
	m := detect.Compile(nodes).NewMatcher()
	for i, raw := range recs {
		rec, err := cloudtrail.ParseRecord(raw)
		if err != nil {
			t.Fatal(err)
		}
		m.Match(rec, func(rule int) { out[rule] = append(out[rule], i) })
	}
	return out
}

func TestPatternsInUseParse(t *testing.T) {
	for _, line := range lines(t, publicdata.Path(t, "filters/real.txt")) {
		if line == "" {
			continue
		}
		p, list := filterpattern.Parse(line)
		if strings.Contains(line, "= Failed authentication") {
			// A text with a blank needs quotes.
			if len(list) != 1 || list[0].Code != filterpattern.CodeOperator {
				t.Errorf("%s: %v", line, list)
			} else if fixed, again := filterpattern.Parse(list[0].Fix); fixed == nil {
				t.Errorf("%s: the fix does not parse: %v", list[0].Fix, again)
			}
			continue
		}
		if p == nil {
			t.Errorf("%s: %v", line, list)
			continue
		}
		for _, d := range p.Lint(catalog.Default()) {
			if d.Message == "" || d.Why == "" {
				t.Errorf("%s: %+v", line, d)
			}
			t.Logf("%.60s…: %s %s\n\t%s", line, d.Code, d.Message, d.Fix)
		}
	}
}

const blogFilter = `{ ($.awsRegion != "us-east-1" || $.region != "us-west-2") && ($.eventName != Describe* && $.eventName != List* && $.eventName != Assume* && $.eventName != Get*) }`

func TestThePublishedRegionFilterIsFlaggedAndCorrected(t *testing.T) {
	p, list := filterpattern.Parse(blogFilter)
	if p == nil {
		t.Fatal(list)
	}
	got := map[string]string{}
	for _, d := range p.Lint(catalog.Default()) {
		got[d.Code] += d.Fix
		t.Logf("%s\n  why: %s\n  fix: %s", d.Error(), d.Why, d.Fix)
	}
	fix := got[filterpattern.CodeField]
	for _, code := range []string{filterpattern.CodeField, filterpattern.CodeAlways, filterpattern.CodeReads, filterpattern.CodeGlobal} {
		if got[code] != fix || fix == "" {
			t.Errorf("%s is flagged with the fix %q", code, got[code])
		}
	}
	if !strings.Contains(fix, `$.awsRegion != "us-east-1" && $.awsRegion != "us-west-2"`) || len(fix) > 1024 {
		t.Errorf("corrected filter, %d bytes: %s", len(fix), fix)
	}
	corrected, list := filterpattern.Parse(fix)
	if corrected == nil {
		t.Fatal(list)
	}
	for _, d := range corrected.Lint(catalog.Default()) {
		t.Errorf("the corrected filter is flagged: %v", d)
	}
	policy, list := region.Parse("{approved: [us-east-1, us-west-2], reads: ignore}")
	if policy == nil {
		t.Fatal(list)
	}
	recs := records(t)
	both := hits(t, recs, policy.Predicate(), corrected.Predicate())
	if !slices.Equal(both[0], both[1]) || len(both[0]) == 0 {
		t.Errorf("the region guard hits %d records, the corrected filter %d", len(both[0]), len(both[1]))
	}
}

func TestRegionPoliciesTranslateExactly(t *testing.T) {
	recs := records(t)
	for i := range recs {
		// The sample's regions are invented; give every third record a real one.
		for j, code := range []string{"eu-north-1", "us-west-2", "us-east-2", "eu-west-2", "ap-southeast-2"} {
			if i%15 == 3*j {
				recs[i] = bytes.ReplaceAll(recs[i], []byte(`"us-east-1"`), []byte(`"`+code+`"`))
			}
		}
		if i%7 == 0 {
			recs[i] = bytes.ReplaceAll(recs[i], []byte(`"iam.amazonaws.com"`), []byte(`"signin.amazonaws.com"`))
		}
	}
	policies := []string{
		"approved: [us-east-1]",
		"approved: [US]",
		"{approved: ['eu-*'], reads: judge}",
		"{approved: [EU], global: judge}",
		"{approved: [APAC, us-east-1], services: ignore, failures: ignore}",
		"{denied: [us-east-1], reads: judge}",
		"{denied: ['*']}",
		"{approved: [us-east-1], reads: judge, accounts: {'012345678901': [eu-west-2], '111122223333': {approved: [US], reads: ignore}}}",
	}
	var nodes []detect.Node
	for _, text := range policies {
		policy, list := region.Parse(text)
		if policy == nil {
			t.Fatal(text, list)
		}
		tr := policy.FilterPattern()
		p, list := filterpattern.Parse(tr.Text)
		if p == nil {
			t.Fatalf("%s: %s: %v", text, tr.Text, list)
		}
		nodes = append(nodes, policy.Predicate(), p.Predicate())
		t.Logf("%s: %d characters", text, len(tr.Text))
	}
	all := hits(t, recs, nodes...)
	for i, text := range policies {
		if want, have := all[2*i], all[2*i+1]; !slices.Equal(want, have) || len(want) == 0 {
			t.Errorf("%s: the policy hits %d, the filter %d", text, len(want), len(have))
		}
	}
}
