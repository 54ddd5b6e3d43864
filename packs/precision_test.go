package packs_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/packs"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/rule"

	"github.com/trailwarden/trailwarden/internal/publicdata"
)

// found counts what the pack finds in a file or folder of logs, by rule.
func found(t *testing.T, path string) map[string]int {
	t.Helper()
	set, _ := packs.Starter().Rules(rule.Options{})
	result, err := pipeline.Scan(context.Background(), pipeline.Options{
		Listing: pipeline.List([]string{path}, false), Rules: set.Rules, Limits: cloudtrail.DefaultLimits(),
		Fault: func(f cloudtrail.Fault) { t.Error(f) },
	})
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for i, n := range result.ByRule {
		if n > 0 {
			counts[set.Rules[i].ID] = int(n)
		}
	}
	return counts
}

// TestStarterOnARealAttack counts what the pack finds in an hour of attack
// techniques run one after another (invictus-ir/aws_dataset): the deeds, once
// each, and none of the 170 calls that AWS made by itself. Counts that change
// should change for a reason.
func TestStarterOnARealAttack(t *testing.T) {
	want := map[string]int{
		"access-denied": 60, "access-key-created": 2, "cloudtrail-narrowed": 1, "cloudtrail-stopped": 2, "denied-call-burst": 1,
		"function-opened": 1, "gpu-instance-started": 2, "iam-admin-granted": 2, "iam-policy-changed": 14, "iam-user-created": 4,
		"login-profile-changed": 2, "mass-deletion": 2, "network-logs-deleted": 1, "organization-left": 1, "parameters-read-in-bulk": 1,
		"passwords-read-in-bulk": 1, "recon-burst": 2, "resource-deletion": 149, "role-trust-changed": 1, "roles-anywhere-trusted": 1,
		"secrets-read-in-bulk": 2, "security-group-opened": 1, "sign-in-without-mfa": 1, "snapshot-shared": 3, "user-data-read-in-bulk": 1,
	}
	if d := cmp.Diff(want, found(t, publicdata.Path(t, "cloudtrail/invictus"))); d != "" {
		t.Error(d)
	}
}

// TestStarterOnPublishedTechniques has each technique of Stratus Red Team whose
// records are published found by a rule of its own: not as one more write in a
// region that nobody approved, a refusal or a deletion.
func TestStarterOnPublishedTechniques(t *testing.T) {
	// What these do is daily work for those who always do it, so that their rules
	// ask who did it before; the records here have no past.
	needsAPast := map[string]string{
		"credential-access.ec2-steal-instance-credentials": "shell-first-opened",
		"execution.ssm-send-command":                       "shell-first-opened",
		"execution.ssm-start-session":                      "shell-first-opened",
		"lateral-movement.ec2-instance-connect":            "shell-first-opened",
		"persistence.lambda-layer-extension":               "function-code-first-changed",
		"persistence.lambda-overwrite-code":                "function-code-first-changed",
	}
	set, _ := packs.Starter().Rules(rule.Options{})
	ids := map[string]bool{}
	for _, r := range set.Rules {
		ids[r.ID] = true
	}
	folder := publicdata.Path(t, "cloudtrail/stratus-red-team")
	files, err := os.ReadDir(folder)
	if err != nil || len(files) < 35 {
		t.Fatalf("%d techniques, %v", len(files), err)
	}
	for _, f := range files {
		technique := strings.TrimSuffix(strings.TrimPrefix(f.Name(), "aws."), ".json")
		counts := found(t, filepath.Join(folder, f.Name()))
		for _, general := range []string{"unapproved-region-write", "access-denied", "denied-call-burst", "resource-deletion"} {
			delete(counts, general)
		}
		if id, past := needsAPast[technique]; past != (len(counts) == 0) || past && !ids[id] {
			t.Errorf("%s: found by %v", technique, counts)
		}
	}
}
