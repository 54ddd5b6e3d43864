package main

import (
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/internal/visible"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/check"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/rule/lint"
)

// printTests runs the tests of all rules and prints the failed ones and a sum.
func printTests(s *streams, set *rule.Set, c *rulesTestCommand) (passed bool, err error) {
	res := check.Run(set.Rules, check.Options{RequireTests: c.RequireTests})
	failed := failures(res)
	if c.Format == "github" {
		if err := lint.WriteGitHub(s.out, failed); err != nil {
			return false, err
		}
	} else {
		for _, f := range failed {
			fmt.Fprint(s.out, visible.Lines(fmt.Sprintf("FAIL %s: rule %s%s\n", place(f.File, f.Line), f.Rule, strings.TrimPrefix(": "+f.Message, ": it"))))
		}
	}
	_, err = fmt.Fprintf(s.out, "%s, %s: %d passed, %d failed\n", counted(len(set.Rules), "rule"), counted(len(res.Results), "test"), len(res.Results)-res.Failed(), res.Failed())
	return res.OK(), err
}

// failures are the tests that failed and those that are missing, each at its
// line.
func failures(res check.Report) (list diagnostic.List) {
	for _, r := range res.Results {
		if !r.Pass {
			list = append(list, diagnostic.Diagnostic{File: r.Case.File, Line: r.Case.Line, Rule: r.Rule.ID,
				Message: fmt.Sprintf("test %s: %s", quotedName(r.Case.Name), r.Failure)})
		}
	}
	for _, g := range res.Gaps {
		list = append(list, diagnostic.Diagnostic{File: g.Rule.File, Line: g.Rule.Line, Rule: g.Rule.ID, Message: "it has " + g.Missing})
	}
	return list
}

func quotedName(name string) string {
	if name == "" {
		return "(no name)"
	}
	return fmt.Sprintf("%q", name)
}
