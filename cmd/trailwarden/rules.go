package main

import (
	"fmt"

	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/packs"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/rule/sigma"
)

// rulesCommand is about rules themselves.
type rulesCommand struct {
	List    rulesListCommand    `cmd:"" help:"List rules."`
	Lint    rulesLintCommand    `cmd:"" help:"Say what is wrong with rules, why it matters and how to mend it."`
	Explain rulesExplainCommand `cmd:"" help:"Say in plain words what a rule asks, and on an event why it matched or what stopped it."`
	Test    rulesTestCommand    `cmd:"" help:"Run the tests that rules carry."`
}

// loadRules loads the rule files at paths, or the starter pack when there are
// none.
func loadRules(paths []string, cfg *config.Config) (*rule.Set, diagnostic.List) {
	if len(paths) == 0 {
		return packs.Starter(ruleOptions(cfg))
	}
	return rule.Load(paths, ruleOptions(cfg))
}

func ruleOptions(cfg *config.Config) rule.Options {
	return rule.Options{
		Sigma:           sigma.Options{Placeholders: cfg.Placeholders},
		ApprovedRegions: cfg.ApprovedRegions,
	}
}

// ruleSource is where a command about rules takes them from.
type ruleSource struct {
	Config string `placeholder:"FILE" help:"Configuration file, such as trailwarden.yaml."`
}

// load gives the valid rules at paths, or those of the configuration, or the
// starter pack; and everything that is wrong.
func (r *ruleSource) load(paths []string) (*rule.Set, diagnostic.List, error) {
	cfg := new(config.Config)
	if r.Config != "" {
		var err error
		if cfg, err = config.Load(r.Config); err != nil {
			return nil, nil, err
		}
	}
	if len(paths) == 0 {
		paths = cfg.Rules
	}
	set, list := loadRules(paths, cfg)
	return set, list, nil
}

// rulesTestCommand runs the tests of rules.
type rulesTestCommand struct {
	ruleSource
	Paths        []string `arg:"" optional:"" name:"path" help:"Rule files or folders. Without any, the starter pack."`
	RequireTests bool     `help:"Fail on a rule without a test."`
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
	bad := diagnose(s, list) > 0
	if err := printTests(s, set, c.RequireTests); err != nil {
		return err
	}
	if bad {
		return exit{exitUsage}
	}
	return nil
}

func place(file string, line int) string {
	if line > 0 {
		return fmt.Sprintf("%s:%d", file, line)
	}
	return file
}
