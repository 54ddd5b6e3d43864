package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/assemble/home"
	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/doctor"
	"github.com/trailwarden/trailwarden/internal/awsx"
	"github.com/trailwarden/trailwarden/internal/nearest"
	"github.com/trailwarden/trailwarden/rule/lint"
)

// doctorCommand checks a live account.
type doctorCommand struct {
	Config     string   `placeholder:"FILE" help:"Configuration in use. Default: trailwarden.yaml in this folder, if it is there."`
	Topology   string   `placeholder:"NAME" enum:",s3-lambda-servicenow,eventbridge-lambda-slack,s3-lambda-sns,logs-alarms-sns,trail-athena-ses-slack,recommended" default:"" help:"Architecture that must be there: s3-lambda-servicenow, eventbridge-lambda-slack, s3-lambda-sns, logs-alarms-sns, trail-athena-ses-slack or recommended. Default: deploy.topology of the configuration; without it, what is found is checked."`
	Region     []string `placeholder:"NAME" help:"Only these regions, for rules of EventBridge and trails of one region; may be repeated. Without it, all that are enabled."`
	Trail      string   `placeholder:"NAME" help:"Only this trail, by name or ARN."`
	Bus        string   `placeholder:"NAME" help:"Central bus of EventBridge, by name or ARN."`
	Account    []string `placeholder:"ID" help:"Accounts that send to that bus; may be repeated."`
	Function   []string `placeholder:"ARN" help:"Functions to check beside those that are found on the way; may be repeated."`
	RulePrefix string   `placeholder:"TEXT" help:"What names of EventBridge rules begin with. Default: deploy.name of the configuration, else trailwarden."`
	AWSRegion  string   `placeholder:"NAME" help:"Region to work in. Default: that of the configuration or the environment."`

	Check   []string      `placeholder:"ID" help:"Only these checks, such as trail-logging; may be repeated."`
	Timeout time.Duration `default:"2m" help:"How long all checks may take."`
	Strict  bool          `help:"Exit with 1 on warnings too."`
	All     bool          `help:"Show also what is right."`
	Format  string        `short:"f" default:"table" enum:"table,json,ndjson" help:"table, json or ndjson."`
	List    bool          `help:"Print the catalogue of checks with the IAM actions that each needs, and ask nobody."`

	Canary        bool          `help:"Make one call that changes nothing, and follow its event to the sinks."`
	CanaryTimeout time.Duration `default:"20m" help:"How long the canary may take; log files come after about 5 minutes."`
	CanaryRule    bool          `help:"Print the rule that a canary is told by, to be put among yours."`
}

// Help explains what is done, and the exit codes.
func (doctorCommand) Help() string {
	return `Follows an event's way through the account: trail, bucket, notification, topic, queue, function, rules of EventBridge, metric filters, the Athena table, and the sinks, and says what is wrong, why, and what to do. It only reads; a call that is refused is named with the action that it needs.

With --canary it makes one call that changes nothing (it deletes a log group that does not exist) and shows when its event came to the bucket, the alert and each sink, or where it got stuck.

Exit codes: 0 nothing is broken; 1 something is broken, or the canary got stuck; 2 bad usage; 3 something could not be checked, and nothing is broken; 130 interrupted.`
}

// Run checks the account, or flies a canary.
func (c *doctorCommand) Run(s *streams) error {
	switch {
	case c.CanaryRule:
		_, err := fmt.Fprint(s.out, doctor.CanaryRuleText)
		return err
	case c.List:
		return c.list(s)
	}
	checks, err := c.checks()
	if err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop()
	cfg, err := c.configuration()
	if err != nil {
		return err
	}
	env, err := c.env(ctx, cfg)
	if err != nil {
		return err
	}
	if c.Canary {
		err = c.fly(ctx, s, cfg, env)
	} else {
		err = c.examine(ctx, s, env, checks)
	}
	if ctx.Err() != nil {
		return exit{exitInterrupted}
	}
	return err
}

// configuration is the file of --config, or the one that is there, or none.
func (c *doctorCommand) configuration() (*config.Config, error) {
	cfg, err := needed(c.Config)
	if c.Config == "" && err != nil && !there(defaultConfig) {
		return config.Default(), nil
	}
	return cfg, err
}

// checks are those that were asked for.
func (c *doctorCommand) checks() ([]doctor.Check, error) {
	all := doctor.Catalogue()
	if len(c.Check) == 0 {
		return all, nil
	}
	var ids []string
	for _, k := range all {
		ids = append(ids, k.ID)
	}
	for _, id := range c.Check {
		if !slices.Contains(ids, id) {
			hint := ""
			if near := nearest.Of(id, ids); near != "" {
				hint = fmt.Sprintf("nearest is %q, and ", near)
			}
			return nil, fmt.Errorf("--check %s: there is no such check; %sdoctor --list has all", id, hint)
		}
	}
	return slices.DeleteFunc(all, func(k doctor.Check) bool { return !slices.Contains(c.Check, k.ID) }), nil
}

// env is the account as the flags and the configuration describe it.
func (c *doctorCommand) env(ctx context.Context, cfg *config.Config) (*doctor.Env, error) {
	t := doctor.TargetOf(cfg, c.Topology)
	region := t.Region()
	if c.AWSRegion != "" {
		region = c.AWSRegion
	}
	clients, err := awsx.Load(ctx, awsx.Settings{Region: region, Profile: cfg.AWS.Profile, Endpoint: cfg.AWS.Endpoint, Version: versionName(), Attempts: 3})
	if err != nil {
		return nil, err
	}
	c.override(&t)
	set, list := assemble.Rules(cfg.Rules, cfg)
	t.Rules, t.Lint = set, append(list, lint.Rules(set.Rules, catalog.Default(), ruleText)...)
	return doctor.New(t, doctor.Options{AWS: clients, Store: func(ctx context.Context) (doctor.Kept, error) { return readStore(ctx, cfg) }}), nil
}

// override puts what flags say in place of what the configuration does.
func (c *doctorCommand) override(t *doctor.Target) {
	for _, x := range []struct {
		to   *string
		flag string
	}{{&t.Trail, c.Trail}, {&t.Bus, c.Bus}, {&t.RuleNames, c.RulePrefix}} {
		if x.flag != "" {
			*x.to = x.flag
		}
	}
	t.Regions, t.Functions = c.Region, c.Function
	if len(c.Account) > 0 {
		t.Accounts = c.Account
	}
}

// examine makes the checks and prints what they say.
func (c *doctorCommand) examine(ctx context.Context, s *streams, env *doctor.Env, checks []doctor.Check) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	r := doctor.Run(ctx, env, checks)
	if err := c.print(s, r); err != nil {
		return err
	}
	return c.verdict(r)
}

func (c *doctorCommand) verdict(r doctor.Report) error {
	switch worst := r.Worst(); {
	case worst == doctor.Broken, c.Strict && r.Count(doctor.Warn) > 0:
		return exit{exitFinding}
	case worst == doctor.Unknown:
		return exit{exitFault}
	}
	return nil
}

// fly sends a canary and shows how far it comes.
func (c *doctorCommand) fly(ctx context.Context, s *streams, cfg *config.Config, env *doctor.Env) error {
	store, err := c.store(ctx, s, cfg)
	if err != nil {
		return err
	}
	canary := doctor.Canary{Env: env, Store: store, Timeout: c.CanaryTimeout}
	if store != nil {
		defer func() { _ = store.Close() }() // it was only read
	}
	if c.Format == "table" {
		canary.Hop = func(h doctor.Hop) { printHop(s, h) }
	}
	flight, err := canary.Fly(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.say("%v", err)
		}
		return exit{exitFault}
	}
	if err := c.printFlight(s, flight); err != nil {
		return err
	}
	switch {
	case flight.Stuck != "":
		return exit{exitFinding}
	case len(flight.Unfollowed) > 0:
		return exit{exitFault}
	}
	return nil
}

// store opens where alerts are kept, for a canary; nil when it cannot be had.
func (c *doctorCommand) store(ctx context.Context, s *streams, cfg *config.Config) (alert.Store, error) {
	store, err := readStore(ctx, cfg)
	switch {
	case errors.Is(err, home.ErrNone):
		return nil, nil
	case errors.Is(err, doctor.ErrNoStore), errors.Is(err, fs.ErrPermission), awsx.Classify(err).Kind == awsx.Denied:
		s.say("the canary is followed to its log file only: %v", err)
		return nil, nil
	}
	return store, err
}

// readStore opens where alerts are kept, to read it. It makes none: what is not
// there is a doctor.ErrNoStore.
func readStore(ctx context.Context, cfg *config.Config) (alert.Store, error) {
	if path := cfg.Store.SQLite; path != nil && !there(path.Path) {
		return nil, fmt.Errorf("%w: %s: there is no such file", doctor.ErrNoStore, path.Path)
	}
	only := *cfg
	if table := only.Store.DynamoDB; table != nil {
		reading := *table
		reading.Create = false
		only.Store.DynamoDB = &reading
	}
	a := assemble.New(&only, assemble.Options{Version: versionName(), LoadAWS: func(ctx context.Context, set awsx.Settings) (aws.Config, error) {
		set.Version = versionName()
		return awsx.Load(ctx, set)
	}})
	store, err := home.Open(ctx, a, func() *alert.Policy { return &alert.Policy{} })
	if errors.Is(err, home.ErrNone) || awsx.Classify(err).Kind == awsx.NotFound {
		return nil, fmt.Errorf("%w: %w", doctor.ErrNoStore, err)
	}
	return store, err
}
