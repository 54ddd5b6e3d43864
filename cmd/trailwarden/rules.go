package main

import (
	"fmt"
	"slices"

	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/packs"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/rule/lint"
	"github.com/trailwarden/trailwarden/rule/region"
)

// rulesCommand is about rules themselves.
type rulesCommand struct {
	List    rulesListCommand    `cmd:"" help:"List rules."`
	Lint    rulesLintCommand    `cmd:"" help:"Say what is wrong with rules, why it matters and how to mend it."`
	Explain rulesExplainCommand `cmd:"" help:"Say in plain words what a rule asks, and on an event why it matched or what stopped it."`
	Test    rulesTestCommand    `cmd:"" help:"Run the tests that rules carry."`

	Translate rulesTranslateCommand `cmd:"" help:"Write rules as event patterns, filter patterns, SQL for Athena or Sigma rules."`
}

// checkRegions says what is odd about the configuration's approved regions: one
// that the catalogue does not know, or none of them in use.
func checkRegions(s *streams, rules []string, cfg *config.Config, set *rule.Set) {
	if len(cfg.ApprovedRegions) == 0 {
		return
	}
	if len(rules) > 0 && !slices.Contains(rules, packs.Starter().Name) && !asksRegions(set) {
		s.say("approved_regions changes nothing: it is for the starter pack and for region rules with approved: configured; name starter among the rules to have both")
		return
	}
	policy, err := region.New(cfg.ApprovedRegions...)
	if err != nil {
		return // loading the pack says it
	}
	for _, d := range policy.Lint(catalog.Default()) {
		if d.Code == region.CodeFuture {
			s.say("approved_regions: %s", d.Message)
		}
	}
}

// asksRegions tells whether some rule judges by regions; most of them ask the
// configuration which.
func asksRegions(set *rule.Set) bool {
	return slices.ContainsFunc(set.Rules, func(r *rule.Rule) bool { return r.Language == "region" })
}

// ruleSource is where a command about rules takes them from.
type ruleSource struct {
	Config string `placeholder:"FILE" help:"Configuration file, such as trailwarden.yaml."`
}

// load gives the valid rules at paths, or those of the configuration, or the
// starter pack; and everything that is wrong.
func (r *ruleSource) load(paths []string) (*rule.Set, diagnostic.List, error) {
	cfg, err := configuration(r.Config)
	if err != nil {
		return nil, nil, err
	}
	if len(paths) == 0 {
		paths = cfg.Rules
	}
	set, list := assemble.Rules(paths, cfg)
	return set, list, nil
}

// rulesTestCommand runs the tests of rules.
type rulesTestCommand struct {
	ruleSource
	Paths        []string `arg:"" optional:"" name:"path" help:"Rule files or folders, or names of packs (starter, cis). Without any, the starter pack."`
	RequireTests bool     `help:"Fail on a rule without a test."`
	Format       string   `short:"f" default:"text" enum:"text,github" help:"text, or github for annotations in a workflow."`
}

// Help explains the exit code.
func (rulesTestCommand) Help() string {
	return "Exit codes: 0 all passed; 1 a test failed or, with --require-tests, a rule has none; 2 a rule is invalid."
}

// Run tests every valid rule and prints what failed.
func (c *rulesTestCommand) Run(s *streams) error {
	set, list, err := c.load(c.Paths)
	if err != nil {
		return err
	}
	if c.Format == "github" {
		err = lint.WriteGitHub(s.out, list)
	} else {
		diagnose(s, list)
	}
	if err != nil {
		return err
	}
	passed, err := printTests(s, set, c)
	switch {
	case err != nil:
		return err
	case list.Err() != nil:
		return exit{exitUsage}
	case !passed:
		return exit{exitFinding}
	}
	return nil
}

func place(file string, line int) string {
	if line > 0 {
		return fmt.Sprintf("%s:%d", file, line)
	}
	return file
}
