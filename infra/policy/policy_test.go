package policy_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trailwarden/trailwarden/infra/policy"
)

// sample is a policy with what must be said of it.
type sample struct {
	Name    string
	Context policy.Context
	Policy  json.RawMessage
	Text    string   // instead of Policy: a text that may be no JSON
	Want    []string // "code pointer", in order
}

func samples(t testing.TB) []sample {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "policies.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []sample
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestPoliciesAreJudged holds each sample to exactly the codes it lists.
func TestPoliciesAreJudged(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(s.Name, func(t *testing.T) {
			text := []byte(s.Text)
			if s.Text == "" {
				text = s.Policy
			}
			got := []string{}
			for _, d := range policy.Check(text, s.Context) {
				got = append(got, strings.TrimSpace(d.Code+" "+d.Rule))
				if d.Line == 0 {
					t.Errorf("%s has no place", d.Code)
				}
			}
			if s.Want == nil {
				s.Want = []string{}
			}
			if diff := cmp.Diff(s.Want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// TestEveryCodeOfAPolicyHasASample keeps codes from being there untested.
func TestEveryCodeOfAPolicyHasASample(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range samples(t) {
		for _, w := range s.Want {
			code, _, _ := strings.Cut(w, " ")
			seen[code] = true
		}
	}
	for _, code := range policy.Codes() {
		if !seen[code] {
			t.Errorf("no sample for %s", code)
		}
	}
}

// TestPlacesAreExact finds the offending text where the diagnostic says it is.
func TestPlacesAreExact(t *testing.T) {
	text := "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [{\"Effect\": \"Allow\", \"Action\": [\"s3:GetObject\", \"logs:*\"],\n    \"Resource\": “arn:aws:s3:::logs/*\"}]\n}\n"
	lines := strings.Split(text, "\n")
	var at []string
	for _, d := range policy.Check([]byte(text), policy.Context{Kind: policy.Identity}) {
		at = append(at, d.Code+" "+lines[d.Line-1][d.Column-1:])
	}
	want := []string{"S0.D7-typographic-quotes “arn:aws:s3:::logs/*\"}]", `S0.D7-logs-wildcard "logs:*"],`}
	if !slices.Equal(at, want) {
		t.Errorf("got %q, want %q", at, want)
	}
}

// FuzzCheck holds any text to be read without a panic, and every place to be
// inside of it.
func FuzzCheck(f *testing.F) {
	for _, s := range samples(f) {
		f.Add([]byte(s.Policy), s.Context.Organization)
		f.Add([]byte(s.Text), s.Context.Organization)
	}
	f.Add([]byte(strings.Repeat("[", 100_000)), true)
	f.Fuzz(func(t *testing.T, text []byte, organization bool) {
		lines := strings.Count(string(text), "\n") + 1
		for _, d := range policy.Check(text, policy.Context{Organization: organization}) {
			if d.Line < 0 || d.Line > lines || d.Code == "" || d.Message == "" {
				t.Errorf("%+v of a text of %d lines", d, lines)
			}
		}
	})
}
