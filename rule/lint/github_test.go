package lint_test

import (
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/rule/lint"
)

// TestGitHubAnnotations holds the workflow commands to GitHub's own escaping.
func TestGitHubAnnotations(t *testing.T) {
	for _, c := range []struct {
		name string
		d    diagnostic.Diagnostic
		want string
	}{
		{"everything", diagnostic.Diagnostic{Code: "TW012", File: "rules/a.yaml", Rule: "one", Line: 3, Column: 7, Message: "x", Why: "y", Fix: "a\nb"},
			"::error file=rules/a.yaml,line=3,col=7,title=TW012 one::x%0Ay%0AInstead: a%0Ab"},
		{"a warning without a place", diagnostic.Diagnostic{Code: "TW001", Severity: diagnostic.Warning, Message: "100% of it"},
			"::warning title=TW001::100%25 of it"},
		{"a note with a line only", diagnostic.Diagnostic{Code: "C", Severity: diagnostic.Note, File: "a.yaml", Line: 1, Message: "x"},
			"::notice file=a.yaml,line=1,title=C::x"},
		{"a name that would be properties", diagnostic.Diagnostic{Code: "C", File: "a,line=9:b%.yaml", Message: "x"},
			"::error file=a%2Cline=9%3Ab%25.yaml,title=C::x"},
		{"text that would be a command", diagnostic.Diagnostic{Code: "C", Rule: "a::b", Message: "x\n::set-env name=PATH::/tmp\r::stop-commands::"},
			"::error title=C a%3A%3Ab::x\\x0a::set-env name=PATH::/tmp\\x0d::stop-commands::"},
		{"nothing to say", diagnostic.Diagnostic{}, "::error::"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b strings.Builder
			if err := lint.WriteGitHub(&b, diagnostic.List{c.d}); err != nil || b.String() != c.want+"\n" {
				t.Errorf("%v\n got %q\nwant %q", err, b.String(), c.want)
			}
		})
	}
}
