package iam_test

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"os/exec"
	"testing"

	"github.com/trailwarden/trailwarden/deploy/plan"
	"github.com/trailwarden/trailwarden/deploy/topology"
	"github.com/trailwarden/trailwarden/internal/awstest"
)

//go:embed testdata/requirements.txt
var requirements string

// lintPolicies prints what parliament finds in each policy of a JSON list.
const lintPolicies = `
import json, sys, parliament
out = []
for p in json.load(sys.stdin):
    for s in p["policy"]["Statement"]:  # its reader takes one value there, IAM a list as well
        for key, value in s.get("Condition", {}).get("Bool", {}).items():
            s["Condition"]["Bool"][key] = value[0]
    found = parliament.analyze_policy_string(json.dumps(p["policy"]))
    out.append([f"{f.issue}: {f.detail} {f.location}" for f in found.findings])
json.dump(out, sys.stdout)
`

type named struct {
	Name   string `json:"name"`
	Policy any    `json:"policy"`
}

// policies are all policies of the samples, filled in.
func policies(t *testing.T) (out []named) {
	for _, name := range topology.Names() {
		for _, s := range sample(t, name).Stacks {
			for _, r := range s.Resources {
				r.Policies(func(where string, p *plan.Policy) {
					v, err := place(s).Fill(p)
					if err != nil {
						t.Fatalf("%s %s %s %s: %v", name, s.Name, r.ID, where, err)
					}
					about(v, where)
					out = append(out, named{name + " " + s.Name + " " + r.ID + " " + where, v})
				})
			}
		}
	}
	return out
}

// about says what the policies of a role and of a key are about, which follows
// from where they stand: the linter knows policies of principals alone.
func about(v any, where string) {
	resource := map[string][]string{"AssumeRolePolicyDocument": {"arn:aws:iam::222222222222:role/some"},
		"KeyPolicy": {"arn:aws:kms:eu-west-1:222222222222:key/some", "arn:aws:kms:eu-west-1:222222222222:alias/some"}}[where]
	if resource == nil {
		return
	}
	for _, s := range v.(map[string]any)["Statement"].([]any) {
		s.(map[string]any)["Resource"] = resource
	}
}

// A policy linter of others knows every action, resource and condition of every
// policy, and how they go together.
func TestPolicyLinterFindsNothing(t *testing.T) {
	python := awstest.PythonWith(t, "policy-lint", requirements)
	all := policies(t)
	in, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-W", "ignore", "-c", lintPolicies)
	cmd.Stdin = bytes.NewReader(in)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, errs.Bytes())
	}
	var found [][]string
	if err := json.Unmarshal(text, &found); err != nil || len(found) != len(all) {
		t.Fatalf("%d answers for %d policies: %v", len(found), len(all), err)
	}
	for i, list := range found {
		for _, f := range list {
			t.Errorf("%s: %s", all[i].Name, f)
		}
	}
}
