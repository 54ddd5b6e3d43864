package main

import (
	"cmp"
	"os"
	"slices"

	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/report"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/rule/lint"
)

// rulesLintCommand lints rules.
type rulesLintCommand struct {
	ruleSource
	Paths  []string `arg:"" optional:"" name:"path" help:"Rule files or folders, or names of packs (starter, cis). Without any, the starter pack."`
	Format string   `short:"f" default:"text" enum:"text,json,sarif,github" help:"text, json, sarif, or github for annotations in a workflow."`
}

// Help explains the exit code.
func (rulesLintCommand) Help() string {
	return "Exit codes: 0 nothing to say but notes; 1 warnings; 2 a rule is invalid."
}

// Run prints the errors of loading and the linter's warnings, file by file.
func (c *rulesLintCommand) Run(s *streams) error {
	set, list, err := c.load(c.Paths)
	if err != nil {
		return err
	}
	list = append(list, lint.Rules(set.Rules, catalog.Default(), ruleText)...)
	slices.SortStableFunc(list, func(a, b diagnostic.Diagnostic) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	switch c.Format {
	case "json":
		err = lint.WriteJSON(report.TerminalJSON(s.out), list)
	case "sarif":
		err = lint.WriteSARIF(report.TerminalJSON(s.out), versionName(), list)
	case "github":
		err = lint.WriteGitHub(s.out, list)
	default:
		err = lint.WriteText(s.out, list)
	}
	if err != nil {
		return err
	}
	return lintVerdict(list)
}

// ruleText is a rule file's text, or nil when there is no such file (a rule of
// a pack).
func ruleText(file string) []byte {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	return text
}

// lintVerdict is the exit code that the worst diagnostic asks for.
func lintVerdict(list diagnostic.List) error {
	code := exitDone
	for _, d := range list {
		switch d.Severity {
		case diagnostic.Error:
			return exit{exitUsage}
		case diagnostic.Warning:
			code = exitFinding
		}
	}
	if code != exitDone {
		return exit{code}
	}
	return nil
}
