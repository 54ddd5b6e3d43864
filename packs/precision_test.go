package packs_test

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/packs"
	"github.com/trailwarden/trailwarden/rule"
)

// sharedData finds the folder of public sample data beside the repository.
func sharedData(t *testing.T, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil && dir != filepath.Dir(dir) {
		p := filepath.Join(dir, "shared", "data", name)
		if _, err := os.Stat(p); err == nil {
			return p
		}
		dir = filepath.Dir(dir)
	}
	t.Skipf("no shared/data/%s beside the repository", name)
	return ""
}

func records(t *testing.T, file string) []json.RawMessage {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var log struct{ Records []json.RawMessage }
	if err := json.NewDecoder(z).Decode(&log); err != nil {
		t.Fatal(err)
	}
	return log.Records
}

// TestStarterOnARealAttack counts what the pack finds in an hour of attack
// techniques run one after another (invictus-ir/aws_dataset): the deeds, once
// each, and none of the 170 calls that AWS made by itself. Counts that change
// should change for a reason.
func TestStarterOnARealAttack(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(sharedData(t, "cloudtrail/invictus"), "*.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	set, _ := packs.Starter(rule.Options{})
	var nodes []detect.Node
	for _, r := range set.Rules {
		nodes = append(nodes, r.Predicate)
	}
	m := detect.Compile(nodes).NewMatcher()
	got := map[string]int{}
	for _, f := range files {
		for _, raw := range records(t, f) {
			rec, err := cloudtrail.ParseRecord(raw)
			if err != nil {
				t.Fatal(err)
			}
			m.Match(rec, func(i int) { got[set.Rules[i].ID]++ })
		}
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
