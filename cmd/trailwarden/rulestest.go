package main

import (
	"fmt"

	"github.com/trailwarden/trailwarden/internal/visible"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/check"
)

// printTests runs the tests of all rules and prints the failed ones and a sum.
func printTests(s *streams, set *rule.Set, require bool) error {
	res := check.Run(set.Rules, check.Options{RequireTests: require})
	show := func(format string, args ...any) {
		fmt.Fprint(s.out, visible.Lines(fmt.Sprintf(format, args...)))
	}
	for _, r := range res.Results {
		if !r.Pass {
			show("FAIL %s: rule %s: test %s: %s\n", place(r.Case.File, r.Case.Line), r.Rule.ID, quotedName(r.Case.Name), r.Failure)
		}
	}
	for _, g := range res.Gaps {
		show("FAIL %s: rule %s has %s\n", place(g.Rule.File, g.Rule.Line), g.Rule.ID, g.Missing)
	}
	show("%s, %s: %d passed, %d failed\n", counted(len(set.Rules), "rule"), counted(len(res.Results), "test"), len(res.Results)-res.Failed(), res.Failed())
	if !res.OK() {
		return exit{exitFinding}
	}
	return nil
}

func quotedName(name string) string {
	if name == "" {
		return "(no name)"
	}
	return fmt.Sprintf("%q", name)
}
