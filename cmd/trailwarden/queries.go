package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/detect/memory"
	"github.com/trailwarden/trailwarden/internal/visible"
	"github.com/trailwarden/trailwarden/query/schedule"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// queriesCommand is about the queries of the configuration.
type queriesCommand struct {
	List queriesListCommand `cmd:"" help:"List the queries of the configuration and the rules that are queries, and when each runs next."`
	Run  queriesRunCommand  `cmd:"" help:"Run one now, and tell its sinks what no run has told."`
}

type queriesListCommand struct {
	deskFlags
}

// Run lists.
func (c *queriesListCommand) Run(s *streams) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	all, err := assemble.New(cfg, assemble.Options{Version: versionName()}).Queries(true)
	if err != nil {
		return err
	}
	line := func(name string, q *schedule.Query, engine, next string) {
		fmt.Fprintf(s.out, "%s  %s, every %s, %s as %s, %s\n", visible.Text(name), visible.Text(q.Rule.Title), memory.Span(q.Every), engine, q.Tell, next)
	}
	next := func(q *schedule.Query) string {
		return "next at " + q.Slot(time.Now()).Add(q.Every).Format(time.RFC3339)
	}
	for i, q := range all {
		when := "off"
		if cfg.Queries[i].Enabled {
			when = next(q)
		}
		line(cfg.Queries[i].Name, q, cfg.EngineOf(&cfg.Queries[i]), when)
	}
	for _, q := range ruleQueries(s, cfg) {
		line(q.Rule.ID, q, cfg.EngineOf(&config.ScheduledQuery{}), next(q))
	}
	return nil
}

// ruleQueries are the configuration's rules that are queries; what is wrong with
// others is said.
func ruleQueries(s *streams, cfg *config.Config) []*schedule.Query {
	set, list := assemble.Rules(cfg.Rules, cfg)
	for _, d := range list {
		if d.Severity == diagnostic.Error {
			s.say("%v", d)
		}
	}
	return assemble.New(cfg, assemble.Options{Version: versionName()}).RuleQueries(set.Rules)
}

type queriesRunCommand struct {
	Name string `arg:"" help:"Name of the query, or the id of a rule that is one."`
	At   string `placeholder:"TIME" help:"As if it were TIME."`
	Wait string `placeholder:"TIME" default:"1m" help:"How long messages are delivered; what is left waits in the store."`
	deskFlags
}

// Run runs a query once.
func (c *queriesRunCommand) Run(s *streams) error {
	ctx, stop := interruptible()
	defer stop()
	cfg, err := c.load()
	if err != nil {
		return err
	}
	rules := ruleQueries(s, cfg)
	if q, near := cfg.ScheduledQuery(c.Name); q == nil && !slices.ContainsFunc(rules, c.names) {
		if near != "" {
			near = fmt.Sprintf("; nearest is %q", near)
		}
		return fmt.Errorf("there is no query %q in %s%s", c.Name, cfg.File, near)
	}
	now, err := instant("--at", c.At, time.Now())
	if err != nil {
		return err
	}
	if now.IsZero() {
		now = time.Now()
	}
	wait, ok := length(c.Wait)
	if !ok {
		return fmt.Errorf("--wait %s: want a time such as 30s", c.Wait)
	}
	d, err := openDesk(ctx, s, cfg, false)
	if err != nil {
		return err
	}
	defer d.close()
	return c.run(d, rules, now, wait)
}

// names tells whether the query is the one that was asked for.
func (c *queriesRunCommand) names(q *schedule.Query) bool {
	return q.Rule.ID == assemble.QueryID(c.Name) || q.Rule.ID == c.Name
}

func (c *queriesRunCommand) run(d *desk, rules []*schedule.Query, now time.Time, wait time.Duration) error {
	all, err := d.Queries(true)
	if err != nil {
		return err
	}
	policy := d.Policy(d.sinks)
	r := &schedule.Runner{Store: d.store, Mode: "query", Now: func() time.Time { return now },
		Sinks: func(rule *alert.Rule) []string { return policy.SinksOf(&alert.Alert{Rule: rule}) }}
	for _, q := range append(all, rules...) {
		if !c.names(q) {
			continue
		}
		o, err := r.Run(d.ctx, q)
		if err != nil {
			return withFix(err)
		}
		fmt.Fprintf(d.out, "%s between %s and %s, %d of them new; %s.\n", counted(o.Rows, "row"), o.From.Format(time.RFC3339), o.To.Format(time.RFC3339), o.New, counted(o.Queued, "message"))
	}
	failed, err := d.drain(wait)
	if err == nil && failed {
		err = exit{exitUndelivered}
	}
	return err
}
