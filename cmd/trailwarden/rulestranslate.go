package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/internal/visible"
	"github.com/trailwarden/trailwarden/report"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/translate"
)

// rulesTranslateCommand translates rules.
type rulesTranslateCommand struct {
	ruleSource
	To        string   `required:"" enum:"eventbridge,filter,athena,sigma" placeholder:"LANGUAGE" help:"eventbridge, filter (CloudWatch Logs), athena (SQL) or sigma."`
	Rules     []string `arg:"" name:"rule" help:"Rule files or folders, names of packs (starter, cis), or ids of rules of the configuration or the starter pack."`
	AnyRecord bool     `help:"Assume nothing of records: without it, fields that AWS documents are taken to be absent or of their documented type, and keys to be spelled as documented."`
	Table     string   `default:"default.cloudtrail_logs" placeholder:"NAME" help:"The table that Athena is asked."`
	ExactOnly bool     `help:"Print exact translations only; others count as not expressible."`
	Format    string   `short:"f" default:"text" enum:"text,json" help:"text or json."`
}

// Help explains the verdicts and exit codes.
func (rulesTranslateCommand) Help() string {
	return `A translation is exact, or wider: it matches all that the rule matches and more, and the reasons say what is lost. It is never narrower. What cannot be said at all is not expressible.

Exit codes: 0 every rule was translated; 1 some rule was not; 2 a rule is invalid or there is none.`
}

// translatedRule is one rule of --format json.
type translatedRule struct {
	Rule string `json:"rule"`
	File string `json:"file,omitempty"`
	translate.Result
}

// Run translates each rule.
func (c *rulesTranslateCommand) Run(s *streams) error {
	rules, bad, err := c.find(s)
	if err != nil {
		return err
	}
	out := []translatedRule{}
	missed := false
	for _, r := range rules {
		res, err := translate.Rule(r, translate.Target(c.To), translate.Options{AnyRecord: c.AnyRecord, Table: c.Table})
		if err != nil {
			return err
		}
		if c.ExactOnly && res.Verdict == translate.Wider {
			res.Verdict, res.Text = translate.Impossible, ""
		}
		missed = missed || res.Verdict == translate.Impossible
		out = append(out, translatedRule{r.ID, r.File, res})
	}
	if err := c.print(s, out); err != nil {
		return err
	}
	switch {
	case bad:
		return exit{exitUsage}
	case missed:
		return exit{exitFinding}
	}
	return nil
}

// find takes each argument as a path or a pack if there is one, and as an id
// otherwise.
func (c *rulesTranslateCommand) find(s *streams) (rules []*rule.Rule, bad bool, err error) {
	var paths []string
	ids := map[string]bool{}
	for _, a := range c.Rules {
		if _, err := os.Stat(a); err == nil || assemble.IsPack(a) {
			paths = append(paths, a)
		} else {
			ids[a] = true
		}
	}
	if len(paths) > 0 {
		set, list, err := c.load(paths)
		if err != nil {
			return nil, false, err
		}
		bad = diagnose(s, list) > 0
		rules = set.Rules
	}
	if len(ids) > 0 {
		set, list, err := c.load(nil)
		if err != nil {
			return nil, false, err
		}
		bad = diagnose(s, list) > 0 || bad
		for _, r := range set.Rules {
			if ids[r.ID] {
				rules = append(rules, r)
				delete(ids, r.ID)
			}
		}
	}
	if len(ids) > 0 {
		return nil, bad, fmt.Errorf("there is no file and no rule named %q; see trailwarden rules list", slices.Min(slices.Collect(maps.Keys(ids))))
	}
	if len(rules) == 0 && !bad {
		return nil, bad, fmt.Errorf("%s: no rules", strings.Join(c.Rules, ", "))
	}
	return rules, bad, nil
}

func (c *rulesTranslateCommand) print(s *streams, all []translatedRule) error {
	if c.Format == "json" {
		e := json.NewEncoder(report.TerminalJSON(s.out))
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(all)
	}
	var b strings.Builder
	for i, r := range all {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "# %s: %s\n", visible.Text(r.Rule), r.Verdict)
		for _, why := range r.Reasons {
			fmt.Fprintf(&b, "#   %s\n", visible.Text(why))
		}
		for _, limit := range r.Limits {
			fmt.Fprintf(&b, "#   limit: %s\n", visible.Text(limit))
		}
		if r.Text != "" {
			b.WriteString(visible.Lines(strings.TrimSuffix(r.Text, "\n")) + "\n")
		}
	}
	_, err := fmt.Fprint(s.out, b.String())
	return err
}
