package rule_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/rule"
)

// The user's own region rules can take the configuration's regions, alone or
// beside others.
func TestConfiguredRegions(t *testing.T) {
	for name, c := range map[string]struct {
		approved string
		regions  []string
		loads    bool
		fires    map[string]bool
	}{
		"alone":                 {"configured", []string{"eu-west-1"}, true, map[string]bool{"eu-west-1": false, "us-east-2": true}},
		"beside others":         {"[configured, us-east-2]", []string{"eu-west-1"}, true, map[string]bool{"eu-west-1": false, "us-east-2": false, "ap-east-1": true}},
		"a rule of its own":     {"[us-east-2]", []string{"eu-west-1"}, true, map[string]bool{"eu-west-1": true, "us-east-2": false}},
		"without configuration": {"configured", nil, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := filepath.Join(t.TempDir(), "r.yaml")
			if err := os.WriteFile(p, []byte("id: r\nmatch: {region: {approved: "+c.approved+"}}\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			set, list := rule.Load([]string{p}, rule.Options{ApprovedRegions: c.regions, Configured: c.regions})
			if (list.Err() == nil) != c.loads {
				t.Fatal(list)
			}
			for region, want := range c.fires {
				rec, err := cloudtrail.ParseRecord([]byte(`{"eventSource":"ec2.amazonaws.com","eventName":"RunInstances","awsRegion":"` + region + `","readOnly":false}`))
				if err != nil {
					t.Fatal(err)
				}
				hit := false
				detect.Compile([]detect.Node{set.Rules[0].Predicate}).NewMatcher().Match(rec, func(int) { hit = true })
				if hit != want {
					t.Errorf("%s: %v", region, hit)
				}
			}
		})
	}
}
