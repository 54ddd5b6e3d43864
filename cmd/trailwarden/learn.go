package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/pipeline/intake"
	"github.com/trailwarden/trailwarden/pipeline/live"
	"github.com/trailwarden/trailwarden/query"
	"github.com/trailwarden/trailwarden/rule"
)

// learnCommand has rules know the past before a server or function watches.
type learnCommand struct {
	Paths []string `arg:"" name:"path" help:"Logs of the past: files, folders of them, lakes, or s3://BUCKET/PREFIX."`
	deskFlags
	From string `placeholder:"TIME" help:"Only events at or after TIME, such as 2026-03-14 or 90d."`
	To   string `placeholder:"TIME" help:"Only events before TIME: where the watch begins."`
}

// Help says what is learned.
func (learnCommand) Help() string {
	return `Rules with first_seen or rate compare what comes with the past of an account, a user, a role. A server or function that starts without one only watches at first. This command reads logs of the past into the store of the configuration, so that such rules judge from the first record on. Nothing in the past becomes an alert, and no other rule learns.

Run it before the server starts for the first time, with --to where the watch begins; of a store that has watched already, it teaches what the store does not know from before its own time, such as after a rule was added. Whatever was learned stays when it is interrupted, and the next run goes on.

Exit codes: 0 done; 2 bad usage, rule or configuration; 3 some input could not be read; 130 interrupted.`
}

// Run reads the past into the store.
func (c *learnCommand) Run(s *streams) error {
	ctx, stop := interruptible()
	defer stop()
	cfg, err := c.load()
	if err != nil {
		return err
	}
	rules, err := c.learners(s, cfg)
	if err != nil {
		return err
	}
	faults := 0
	o := live.LearnOptions{Rules: intake.Prepare(rules, nil), Lateness: cfg.Limits.Lateness.Std()}
	if o.Records, err = c.past(ctx, s, cfg, &faults); err != nil {
		return err
	}
	d, err := openDesk(ctx, s, cfg, false)
	if err != nil {
		return err
	}
	defer d.close()
	o.Store = d.store
	done, err := live.Learn(ctx, o)
	if err != nil && ctx.Err() == nil {
		return err
	}
	if o.Records.Listing.Files() == 0 {
		s.sayNothingRead(c.Paths, o.Records.From)
	}
	c.tell(s, rules, &done)
	switch {
	case ctx.Err() != nil:
		s.say("interrupted; what was learned stays, and the next run goes on")
		return exit{exitInterrupted}
	case faults > 0:
		return exit{exitFault}
	}
	return nil
}

// learners are the rules with a baseline.
func (c *learnCommand) learners(s *streams, cfg *config.Config) ([]*rule.Rule, error) {
	set, list := assemble.Rules(cfg.Rules, cfg)
	if diagnose(s, list) > 0 {
		return nil, exit{exitUsage}
	}
	rules := slices.DeleteFunc(slices.Clone(set.Rules), func(r *rule.Rule) bool {
		return r.Inactive != "" || r.Memory == nil || !r.Memory.Spec.Baseline()
	})
	if len(rules) == 0 {
		return nil, errors.New("no rule compares what comes with the past (first_seen, rate), so there is nothing to learn")
	}
	return rules, fitsLakes(c.Paths, rules, true)
}

// past is what is read.
func (c *learnCommand) past(ctx context.Context, s *streams, cfg *config.Config, faults *int) (o pipeline.RecordOptions, err error) {
	w, err := newWindow(c.From, c.To, time.Now())
	if err != nil {
		return o, err
	}
	o = pipeline.RecordOptions{From: w.from, To: w.to, Limits: assemble.Limits(cfg), Stdin: s.in,
		Fault: func(f cloudtrail.Fault) { *faults++; s.say("%v", f) }}
	o.Listing, err = listLogs(ctx, s, cfg.AWS, c.Paths, false, reachOf(query.Scope{From: w.from, To: w.to}))
	return o, err
}

func (c *learnCommand) tell(s *streams, rules []*rule.Rule, done *live.Learned) {
	if done.Upto.IsZero() {
		fmt.Fprintf(s.out, "no record in %s that a rule could learn from\n", counted(int(done.Records.Files), "file"))
		return
	}
	fmt.Fprintf(s.out, "%s learned of %s from %s (%s counted), up to %s\n", counted(len(rules), "rule"), counted(done.Groups, "group"),
		counted(int(done.Records.Records), "record"), counted(int(done.Hits), "hit"), done.Upto.Format(time.RFC3339))
}
