package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/backtest"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/internal/visible"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/query"
	"github.com/trailwarden/trailwarden/report"
	"github.com/trailwarden/trailwarden/rule"
)

// backtestCommand replays history through rules.
type backtestCommand struct {
	Paths []string `arg:"" name:"path" help:"Log files, folders of them, lakes, or s3://BUCKET/PREFIX."`

	Rules   []string `short:"r" sep:"none" placeholder:"PATH" help:"Rule file or folder, or the name of a pack (starter, cis); may be repeated. Without it, those of the configuration, or the starter pack."`
	Against []string `sep:"none" placeholder:"PATH" help:"Rules to compare with: what they would have told before."`
	Warm    []string `sep:"none" placeholder:"PATH" help:"Older logs, also a lake or s3://BUCKET/PREFIX, that rules with a memory learn from first; they give no findings."`
	Config  string   `placeholder:"FILE" help:"Configuration file, such as trailwarden.yaml. With sinks in it, the forecast says how many messages each would have got."`
	GeoIP   string   `name:"geoip" placeholder:"FILE" help:"A GeoLite2-City, GeoIP2-City or -Country file, for rules on countries."`
	From    string   `placeholder:"TIME" help:"Only events at or after TIME."`
	To      string   `placeholder:"TIME" help:"Only events before TIME."`
	Bucket  string   `placeholder:"AGE" help:"How long findings of one group are one alert, such as 1h; without it, as the configuration says, or a day."`
	Suggest bool     `help:"Propose the narrowest exceptions, with what they would have hidden."`
	Format  string   `short:"f" default:"table" enum:"table,json" help:"table or json."`

	badRules bool // some are invalid and were left out
}

// Help says what is forecast.
func (*backtestCommand) Help() string {
	return "Findings of one rule that share the values of its group_by fields within one bucket of event time are one alert. Exit codes: 0 done; 2 bad usage, or an invalid rule, which the others do without; 3 some input could not be read; 130 interrupted."
}

// Run replays and prints the forecast.
func (c *backtestCommand) Run(s *streams) error {
	ctx, stop := interruptible()
	defer stop()
	o, err := c.options(ctx, s)
	if err != nil {
		return err
	}
	r, err := backtest.Run(ctx, o)
	switch {
	case ctx.Err() != nil:
		s.say("interrupted")
		return exit{exitInterrupted}
	case err != nil:
		return err
	}
	if o.Scan.Listing.Files() == 0 {
		s.sayNothingRead(c.Paths, o.Scan.From)
	}
	if c.Format == "json" {
		e := json.NewEncoder(report.TerminalJSON(s.out))
		e.SetIndent("", "  ")
		err = e.Encode(r)
	} else {
		err = c.print(s, &r)
	}
	switch {
	case err != nil:
		return err
	case c.badRules:
		s.say("some rules are invalid and judged nothing; see above")
		return exit{exitUsage}
	case r.Faults > 0:
		return exit{exitFault}
	}
	return nil
}

func (c *backtestCommand) options(ctx context.Context, s *streams) (o backtest.Options, err error) {
	cfg, err := configuration(c.Config)
	if err != nil {
		return o, err
	}
	if len(c.Rules) == 0 {
		c.Rules = cfg.Rules
	}
	if len(c.Against) > 0 && slices.Contains(c.Paths, pipeline.Stdin) {
		return o, errors.New("--against reads the logs twice, and the standard input can be read once: give files or folders")
	}
	locate(cfg, c.GeoIP)
	w, err := newWindow(c.From, c.To, time.Now())
	if err != nil {
		return o, err
	}
	if o.Rules, err = c.load(s, c.Rules, cfg); err == nil && len(c.Against) > 0 {
		o.Against, err = c.load(s, c.Against, cfg)
	}
	if err == nil {
		err = c.grouping(cfg, &o)
	}
	if err != nil {
		return o, err
	}
	o.Suggest = c.Suggest
	asked := logs{paths: c.Paths, warm: c.Warm, scope: query.Scope{From: w.from, To: w.to}, aws: cfg.AWS}
	now, past, err := asked.list(ctx, s, slices.Concat(o.Rules, o.Against))
	o.Scan = pipeline.Options{
		Listing: now, Warm: past, Stdin: s.in, From: w.from, To: w.to, Limits: assemble.Limits(cfg),
		Fault: func(f cloudtrail.Fault) { s.say("%v", f) },
	}
	return o, err
}

// grouping says what is one alert and where it goes, by the configuration and --bucket.
func (c *backtestCommand) grouping(cfg *config.Config, o *backtest.Options) error {
	o.Policy, o.Adjust = &alert.Policy{Bucket: cfg.Alerts.Bucket.Std()}, assemble.Adjust(cfg)
	if c.Config != "" && len(cfg.Sinks) > 0 {
		o.Policy = assemble.Policy(cfg, nil, nil)
	}
	if c.Bucket == "" {
		return nil
	}
	bucket, ok := length(c.Bucket)
	if !ok || bucket <= 0 {
		return fmt.Errorf("--bucket %q: want a length of time such as 1h or 24h", c.Bucket)
	}
	configured := o.Adjust
	o.Adjust = func(r *alert.Rule) {
		configured(r)
		r.Bucket = bucket // a rule's own comes before the policy's
	}
	return nil
}

func (c *backtestCommand) load(s *streams, paths []string, cfg *config.Config) ([]*rule.Rule, error) {
	set, list := assemble.Rules(paths, cfg)
	c.badRules = diagnose(s, list) > 0 || c.badRules
	return set.Rules, someActive(s, set)
}

func (c *backtestCommand) print(s *streams, r *backtest.Report) error {
	t := report.Table{Head: []string{"RULE", "SEVERITY", "ALERTS", "A DAY", "FINDINGS", "MOSTLY BY"}, Cut: []int{0}, Layout: layoutOf(s.out)}
	if len(c.Against) > 0 {
		t.Head = append(t.Head[:5:5], "BEFORE", "MOSTLY BY")
	}
	alerts := int64(0)
	for i := range r.Rules {
		f := &r.Rules[i]
		alerts += f.Alerts
		row := []string{f.Rule, f.Severity, fmt.Sprint(f.Alerts), fmt.Sprintf("%.1f", f.PerDay), fmt.Sprint(f.Findings)}
		if len(c.Against) > 0 {
			row = append(row, before(f))
		}
		t.Rows = append(t.Rows, append(row, principals(f)))
	}
	if err := t.Write(s.out); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s in %.1f days, %.1f a day, from %s\n", counted(int(alerts), "alert"), r.Days, float64(alerts)/r.Days, counted(int(r.Records), "record"))
	if r.Outside > 0 {
		fmt.Fprintf(s.out, "%s before --from or after --to left out\n", counted(int(r.Outside), "record"))
	}
	for _, x := range r.Sinks {
		fmt.Fprintf(s.out, "%s: %s, %.1f a day (%s)\n", visible.Text(x.Sink), counted(int(x.Messages), "message"), x.PerDay, kinds(&x))
	}
	for i := range r.Rules {
		for _, x := range r.Rules[i].Suggestions {
			suggest(s, &r.Rules[i], &x)
		}
	}
	return nil
}

// kinds says what a sink's messages tell.
func kinds(x *backtest.SinkForecast) string {
	var all []string
	for _, k := range slices.Sorted(maps.Keys(x.Kinds)) {
		all = append(all, fmt.Sprintf("%s %d", k, x.Kinds[k]))
	}
	return strings.Join(all, ", ")
}

func before(f *backtest.Forecast) string {
	switch {
	case f.Before == nil:
		return "new"
	case f.Gone:
		return fmt.Sprintf("%d, rule is gone", f.Before.Alerts)
	}
	return fmt.Sprintf("%d (%+d)", f.Before.Alerts, f.Alerts-f.Before.Alerts)
}

func principals(f *backtest.Forecast) string {
	var all []string
	for i, p := range f.Principals {
		if i == 2 {
			break
		}
		all = append(all, fmt.Sprintf("%s (%d)", visible.Text(p.Value), p.Findings))
	}
	return strings.Join(all, ", ")
}

func suggest(s *streams, f *backtest.Forecast, x *backtest.Suggestion) {
	var all []string
	for _, m := range x.Match {
		all = append(all, m.Field+"="+m.Value)
	}
	fmt.Fprintf(s.out, "%s: an exception for %s would have hidden %d of %d findings and %d of %d alerts\n",
		visible.Text(f.Rule), visible.Text(strings.Join(all, ", ")), x.Hides, f.Findings, x.HidesAlerts, f.Alerts)
}
