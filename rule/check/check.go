// Package check runs the tests that rules carry with them.
package check

import (
	"fmt"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/rule"
)

// Options says what counts as a failure besides a test that fails.
type Options struct {
	RequireTests bool // a rule without any test
	RequireBoth  bool // a rule without a test that matches, or one that does not
}

// Result is the outcome of one test.
type Result struct {
	Rule *rule.Rule
	Case rule.Case
	Pass bool
	// Failure says what was expected and what came instead; empty when the test
	// passed.
	Failure string
}

// Gap is a rule that lacks tests the options ask for.
type Gap struct {
	Rule    *rule.Rule
	Missing string
}

// Report is the outcome of all tests.
type Report struct {
	Results []Result
	Gaps    []Gap
}

// OK tells whether every test passed and none is missing.
func (r Report) OK() bool { return r.Failed() == 0 && len(r.Gaps) == 0 }

// Failed is the number of tests that failed.
func (r Report) Failed() int {
	n := 0
	for _, x := range r.Results {
		if !x.Pass {
			n++
		}
	}
	return n
}

// Run runs the tests of every rule, in order, with the engine that judges
// records in a scan.
func Run(rules []*rule.Rule, opts Options) Report {
	var report Report
	for _, r := range rules {
		for _, c := range r.Tests {
			report.Results = append(report.Results, run(r, c))
		}
		if missing := lacking(r, opts); missing != "" {
			report.Gaps = append(report.Gaps, Gap{r, missing})
		}
	}
	return report
}

func lacking(r *rule.Rule, opts Options) string {
	positive, negative := false, false
	for _, c := range r.Tests {
		positive = positive || c.Match
		negative = negative || !c.Match
	}
	switch {
	case len(r.Tests) == 0 && (opts.RequireTests || opts.RequireBoth):
		return "no test"
	case !positive && opts.RequireBoth:
		return "no test with match: true, an event that the rule finds"
	case !negative && opts.RequireBoth:
		return "no test with match: false, an event that looks alike and is left alone"
	}
	return ""
}

func run(r *rule.Rule, c rule.Case) Result {
	res := Result{Rule: r, Case: c}
	if r.Memory != nil {
		return remember(res)
	}
	rec, err := cloudtrail.ParseRecord(c.Event)
	if err != nil {
		res.Failure = fmt.Sprintf("the event cannot be read: %v", err)
		return res
	}
	n := r.For(rec)
	matched := false
	detect.Compile([]detect.Node{n}).NewMatcher().Match(rec, func(int) { matched = true })
	switch {
	case matched == c.Match:
		res.Pass = true
	case r.Inactive != "":
		res.Failure = "expected a match, but the rule is inactive: " + r.Inactive
	case c.Match:
		res.Failure = "expected a match; what stopped it: " + reason(n, rec, false)
	default:
		res.Failure = "expected no match, but the rule matched: " + reason(n, rec, true)
	}
	return res
}
