package main

import (
	"encoding/json"
	"fmt"

	"github.com/trailwarden/trailwarden/report"
	"github.com/trailwarden/trailwarden/rule"
)

// rulesListCommand lists rules.
type rulesListCommand struct {
	ruleSource
	Paths  []string `arg:"" optional:"" name:"path" help:"Rule files or folders, or names of packs (starter, cis). Without any, the starter pack."`
	Format string   `short:"f" default:"table" enum:"table,json" help:"table or json."`
}

// listedRule is one rule of rules list --format json.
type listedRule struct {
	ID             string   `json:"id"`
	Title          string   `json:"title"`
	Severity       string   `json:"severity"`
	Language       string   `json:"language"`
	Description    string   `json:"description,omitempty"`
	Tags           []string `json:"tags,omitempty"`
	References     []string `json:"references,omitempty"`
	FalsePositives []string `json:"falsePositives,omitempty"`
	Author         string   `json:"author,omitempty"`
	Link           string   `json:"link,omitempty"`
	License        string   `json:"license,omitempty"`
	Tests          int      `json:"tests"`
	File           string   `json:"file"`
	Line           int      `json:"line"`
	Inactive       string   `json:"inactive,omitempty"`
}

// Run prints the valid rules and says what is wrong with the others.
func (c *rulesListCommand) Run(s *streams) error {
	set, list, err := c.load(c.Paths)
	if err != nil {
		return err
	}
	bad := diagnose(s, list) > 0
	if c.Format == "json" {
		err = listJSON(s, set)
	} else {
		err = listTable(s, set)
	}
	if err == nil && bad {
		err = exit{exitUsage}
	}
	return err
}

func listJSON(s *streams, set *rule.Set) error {
	out := make([]listedRule, 0, len(set.Rules))
	for _, r := range set.Rules {
		out = append(out, listedRule{
			r.ID, r.Title, r.Severity.String(), r.Language, r.Description, r.Tags, r.References,
			r.FalsePositives, r.Author, r.Link, r.License, len(r.Tests), r.File, r.Line, r.Inactive,
		})
	}
	e := json.NewEncoder(report.TerminalJSON(s.out))
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(out)
}

func listTable(s *streams, set *rule.Set) error {
	t := report.Table{Head: []string{"RULE", "SEVERITY", "LANGUAGE", "TESTS", "TITLE"}, Layout: layoutOf(s.out)}
	for _, r := range set.Rules {
		title := r.Title
		if r.Inactive != "" {
			title += " (inactive: " + r.Inactive + ")"
		}
		t.Rows = append(t.Rows, []string{r.ID, r.Severity.String(), r.Language, fmt.Sprint(len(r.Tests)), title})
	}
	if err := t.Write(s.out); err != nil {
		return err
	}
	_, err := fmt.Fprintln(s.out, counted(len(set.Rules), "rule"))
	return err
}

// counted is n with its noun, in the plural unless n is 1.
func counted[N int | int64](n N, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
