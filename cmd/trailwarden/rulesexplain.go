package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/explain"
)

// rulesExplainCommand explains rules.
type rulesExplainCommand struct {
	ruleSource
	Rule  string   `arg:"" name:"rule" help:"A rule file, or the id of a rule."`
	Event string   `arg:"" optional:"" name:"event" help:"A file of events, or - for standard input."`
	Rules []string `short:"r" sep:"none" placeholder:"PATH" help:"Where to look for the id: rule files, folders or names of packs (starter, cis). Without it, the starter pack."`
}

// Run explains the rule, or its judgement of each event.
func (c *rulesExplainCommand) Run(s *streams) error {
	rules, err := c.find(s)
	if err != nil {
		return err
	}
	var events []byte
	if c.Event != "" { // once: the standard input is there once
		if events, err = readInput(s, c.Event); err != nil {
			return fmt.Errorf("%s: %w", c.Event, cause(err))
		}
	}
	for i, r := range rules {
		if i > 0 {
			fmt.Fprintln(s.out)
		}
		if c.Event == "" {
			err = explain.Rule(s.out, r)
		} else {
			err = c.judge(s, r, events)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// find takes the argument as a file if there is one, and as an id otherwise.
func (c *rulesExplainCommand) find(s *streams) ([]*rule.Rule, error) {
	paths, id := c.Rules, c.Rule
	if _, err := os.Stat(c.Rule); err == nil {
		paths, id = []string{c.Rule}, ""
	}
	set, list, err := c.load(paths)
	if err != nil {
		return nil, err
	}
	bad := diagnose(s, list) > 0
	var found []*rule.Rule
	for _, r := range set.Rules {
		if id == "" || r.ID == id {
			found = append(found, r)
		}
	}
	switch {
	case len(found) > 0:
		return found, nil
	case bad:
		return nil, exit{exitUsage}
	case id == "":
		return nil, fmt.Errorf("%s holds no rule", c.Rule)
	}
	return nil, fmt.Errorf("there is no file and no rule named %q; see trailwarden rules list", id)
}

// judge explains what the rule makes of each event of the file, which is data.
func (c *rulesExplainCommand) judge(s *streams, r *rule.Rule, data []byte) error {
	n := 0
	err := eachEvent(data, func(rec *cloudtrail.Record) error {
		if n++; n > 1 {
			fmt.Fprintln(s.out)
		}
		_, err := explain.Record(s.out, r, rec)
		return err
	}, func(bad *badEvent) error { return bad })
	var bad *badEvent
	switch {
	case errors.As(err, &bad):
		return fmt.Errorf("%s: byte %d: %s", c.Event, bad.offset, bad.reason)
	case err == nil && n == 0:
		return fmt.Errorf("%s: no events", c.Event)
	}
	return err
}
