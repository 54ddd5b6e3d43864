package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/query"
	"github.com/trailwarden/trailwarden/report"
	"github.com/trailwarden/trailwarden/rule"
)

type scanCommand struct {
	Paths []string `arg:"" name:"path" help:"Log files, folders of them, lakes, s3://BUCKET/PREFIX, or - for standard input."`

	Rules          []string `short:"r" sep:"none" placeholder:"PATH" help:"Rule file or folder, or the name of a pack (starter, cis); may be repeated. Without it, the starter pack."`
	Config         string   `placeholder:"FILE" help:"Configuration file. With --notify or --alerts, trailwarden.yaml in this folder when left out."`
	Format         string   `short:"f" placeholder:"FORMAT" help:"One of ${formats}. Default: table."`
	Output         string   `short:"o" placeholder:"FILE" help:"Write the report to FILE."`
	From           string   `placeholder:"TIME" help:"Only events at or after TIME: 2026-03-14T09:00:00Z, 2026-03-14 (its start, UTC), or an age such as 24h or 7d."`
	To             string   `placeholder:"TIME" help:"Only events before TIME."`
	Account        []string `placeholder:"ID" help:"From S3, only the files of this account; may be repeated."`
	Region         []string `placeholder:"REGION" help:"From S3, only the files of this region; may be repeated."`
	Warm           []string `sep:"none" placeholder:"PATH" help:"Logs of the past, folders of them, lakes or s3://BUCKET/PREFIX, from which rules with a memory learn what is usual; nothing in them is a finding. May be repeated."`
	GeoIP          string   `name:"geoip" placeholder:"FILE" help:"A GeoLite2-City, GeoIP2-City or -Country file, for rules on countries."`
	Workers        int      `placeholder:"N" help:"Files read at once. Default: one per CPU."`
	FailOn         string   `placeholder:"LEVEL" help:"Exit with 1 on a finding of this severity or a higher one."`
	Stats          string   `placeholder:"FILE" help:"Write the figures of the scan to FILE, as JSON."`
	NoProgress     bool     `help:"No progress bar."`
	WithEvent      bool     `help:"Add the raw record to each finding, as event."`
	KeepDuplicates bool     `help:"Judge a record also when it was seen before."`

	notifying
}

// Help explains the exit codes and what is read.
func (scanCommand) Help() string {
	return `In a folder, hidden files and files whose name says that they hold no logs are passed over; a file that is named is always read.

Exit codes: 0 done; 1 a finding at or above --fail-on; 2 bad usage, rule or configuration; 3 some input could not be read, the rest was judged; 4 with --notify, some message could not be delivered and waits in the store; 130 interrupted. When several apply: 130, then 2, then 3, then 4, then 1.

With --notify a finding that the store has counted before is told to nobody again, so that a schedule may scan the same files twice.`
}

// scanJob is one scan, made ready.
type scanJob struct {
	*streams
	cmd      *scanCommand
	cfg      *config.Config
	set      *rule.Set
	badRules bool
	failOn   int // severity; -1 none
	window   window
	logs     logs
	out      *output
	report   report.Writer
	ignored  notes
	remarks  notes
	notifier *notifier // of --notify and --alerts; nil without
}

// Run scans; its error is the exit code or what made the scan impossible.
func (c *scanCommand) Run(s *streams) error {
	job, err := c.prepare(s)
	if err != nil {
		return err
	}
	return job.run()
}

// prepare checks everything that the user gave before anything is read.
func (c *scanCommand) prepare(s *streams) (*scanJob, error) {
	if c.Config == "" && c.on() && there(defaultConfig) {
		c.Config = defaultConfig // sinks and store stand nowhere else
	}
	cfg, err := configuration(c.Config)
	if err != nil {
		return nil, err
	}
	c.apply(cfg)
	j := &scanJob{streams: s, cmd: c, cfg: cfg, failOn: -1}
	if err := j.check(); err != nil {
		return nil, err
	}
	s.sayReadWhole(slices.Concat(c.Paths, c.Warm), choice{"--account", len(c.Account) > 0}, choice{"--region", len(c.Region) > 0})
	s.collectLate()
	here := make(chan *pipeline.Listing, 1)
	go func() { here <- listHere(j.logs.paths, j.logs.sizes) }()
	if err := j.loadRules(cfg); err != nil {
		return nil, err
	}
	j.logs.here = <-here // before something is written that it could find
	if c.on() {
		var err error
		if j.notifier, err = newNotifier(j, cfg); err != nil {
			return nil, err
		}
	}
	return j, j.open()
}

// apply fills in from the configuration what no flag says.
func (c *scanCommand) apply(cfg *config.Config) {
	if len(c.Rules) == 0 {
		c.Rules = cfg.Rules
	}
	locate(cfg, c.GeoIP)
	if c.Format == "" {
		c.Format = cfg.Format
	}
	if c.Format == "" {
		c.Format = "table"
	}
	if c.Workers == 0 {
		c.Workers = cfg.Workers
	}
	if c.FailOn == "" {
		c.FailOn = cfg.FailOn
	}
	c.WithEvent = c.WithEvent || cfg.WithEvent
	c.KeepDuplicates = c.KeepDuplicates || cfg.KeepDuplicates
}

// locate takes a file of countries in place of the configuration's.
func locate(cfg *config.Config, file string) {
	if file == "" {
		return
	}
	geo := config.GeoIP{}
	if cfg.Enrich.GeoIP != nil {
		geo = *cfg.Enrich.GeoIP
	}
	geo.City = file
	cfg.Enrich.GeoIP = &geo
}

func (j *scanJob) check() (err error) {
	if j.cmd.Workers < 0 {
		return fmt.Errorf("--workers %d: want a number from 1", j.cmd.Workers)
	}
	if j.cmd.FailOn != "" {
		level, err := rule.ParseSeverity(j.cmd.FailOn)
		if err != nil {
			return fmt.Errorf("--fail-on: %w", err)
		}
		j.failOn = int(level)
	}
	if slices.Contains(j.cmd.Warm, pipeline.Stdin) && slices.Contains(j.cmd.Paths, pipeline.Stdin) {
		return errors.New("--warm -: standard input is already what is scanned; give a file or folder")
	}
	if j.cmd.Stats == "-" {
		return errors.New("--stats -: want a file; the report has the output")
	}
	if err := writesInput(j.cmd); err != nil {
		return err
	}
	if _, err := report.New(j.cmd.Format, io.Discard, report.Layout{}); err != nil {
		return fmt.Errorf("--format: %w", err)
	}
	if j.window, err = newWindow(j.cmd.From, j.cmd.To, time.Now()); err != nil {
		return err
	}
	if err := j.checkPlaces(j.cmd.Account, j.cmd.Region); err != nil {
		return err
	}
	scope := query.Scope{From: j.window.from, To: j.window.to, Accounts: j.cmd.Account, Regions: j.cmd.Region}
	j.logs = logs{paths: j.cmd.Paths, warm: j.cmd.Warm, scope: scope, aws: j.cfg.AWS, sizes: !j.cmd.NoProgress && isTerminal(j.err)}
	return nil
}

// writesInput refuses to write over a log that is to be read, or over any other
// log: it may be somebody's evidence.
func writesInput(c *scanCommand) error {
	for _, to := range []struct{ flag, file string }{{"-o", c.Output}, {"--stats", c.Stats}} {
		out, err := os.Stat(to.file)
		if err != nil || !out.Mode().IsRegular() {
			continue
		}
		read := slices.ContainsFunc(slices.Concat(c.Paths, c.Warm), func(p string) bool {
			in, err := os.Stat(p)
			return err == nil && os.SameFile(in, out)
		})
		if read || beginsLikeLog(to.file) {
			return fmt.Errorf("%s %s: this is a log, and would be written over: give another name", to.flag, to.file)
		}
	}
	return nil
}

// beginsLikeLog tells whether a file begins as logs do, however they came here and
// are indented, which no report does.
func beginsLikeLog(file string) bool {
	f, err := os.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	var head [256]byte
	n, _ := io.ReadFull(f, head[:])
	text := bytes.Join(bytes.Fields(bytes.TrimPrefix(head[:n], utf8BOM)), nil)
	for _, beginning := range []string{"\x1f\x8b", "PK\x03\x04", `{"Records"`, `{"Events"`, `{"eventVersion"`, `[{"eventVersion"`} {
		if bytes.HasPrefix(text, []byte(beginning)) {
			return true
		}
	}
	return false
}

// loadRules leaves invalid rules out: the others judge, and the exit code says
// at the end that some did not.
func (j *scanJob) loadRules(cfg *config.Config) error {
	set, list := assemble.Rules(j.cmd.Rules, cfg)
	checkRegions(j.streams, j.cmd.Rules, cfg, set)
	j.badRules = diagnose(j.streams, list) > 0
	j.set = set
	return someActive(j.streams, set)
}

// someActive names the rules that judge nothing; that all are so is an error.
func someActive(s *streams, set *rule.Set) error {
	active, inactive := 0, notes{}
	for _, r := range set.Rules {
		if r.Inactive == "" {
			active++
			continue
		}
		inactive.add(r.Inactive, fmt.Sprintf("rule %s (%s) judges nothing: %s", r.ID, place(r.File, r.Line), r.Inactive))
	}
	if inactive.print(s, ""); active == 0 {
		return errors.New("no rule is left to judge by; give rule files with --rules, or leave it out for the starter pack")
	}
	return nil
}

func (j *scanJob) open() (err error) {
	if j.out, err = openOutput(j.streams, j.cmd.Output); err != nil {
		return err
	}
	j.out.layout.WithEvent = j.cmd.WithEvent
	j.report, err = report.New(j.cmd.Format, j.out, j.out.layout)
	return err
}

// run scans, reports, and decides the exit code.
func (j *scanJob) run() error {
	ctx, stop := interruptible()
	defer stop()
	res, err := j.scan(ctx)
	// Ctrl-C in a pipeline also ends the program that feeds us: an input that
	// seems to have ended by itself may not have.
	interrupted := ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled))
	if err == nil || interrupted || res.Totals.Files > 0 { // what was found is said, whatever ended the scan
		if e := j.report.Close(res.Totals); err == nil || interrupted {
			err = e
		}
	}
	if e := j.out.Close(); err == nil {
		err = e
	}
	if e := j.writeStats(res.Totals); err == nil {
		err = e
	}
	undelivered, e := j.notify(ctx)
	if err == nil {
		err = e
	}
	switch {
	case interrupted:
		j.say("interrupted; the report has what was found until then, in %s", counted(res.Totals.Files, "file"))
		return exit{exitInterrupted}
	case err != nil:
		return err
	case j.badRules:
		j.say("some rules are invalid and judged nothing; see above")
		return exit{exitUsage}
	case res.Totals.Faults > 0:
		return exit{exitFault}
	case undelivered:
		return exit{exitUndelivered}
	case j.failed(res):
		return exit{exitFinding}
	}
	return nil
}

// notify tells of the alerts; undelivered says that some message waits.
func (j *scanJob) notify(ctx context.Context) (undelivered bool, err error) {
	if j.notifier == nil {
		return false, nil
	}
	err = j.notifier.finish(ctx)
	if e, ok := errors.AsType[exit](err); ok {
		return e.code == exitUndelivered, nil
	}
	return false, err
}

// ready is called when the rules are ready to judge.
func (j *scanJob) ready() {
	remembers := slices.ContainsFunc(j.set.Rules, func(r *rule.Rule) bool { return r.Memory != nil && r.Inactive == "" })
	j.collectEarly(remembers, len(j.set.Rules))
}

// findings is the receiver of findings: the report, and alerts before it.
func (j *scanJob) findings(lines []byte) error {
	if j.notifier == nil {
		return j.report.Findings(lines)
	}
	return j.notifier.findings(lines, j.cmd.WithEvent, j.report.Findings)
}

// scan runs the pipeline, with a progress bar where one helps.
func (j *scanJob) scan(ctx context.Context) (pipeline.Result, error) {
	bar := wantsProgress(j.streams, j.out, j.cmd.Format, j.cmd.NoProgress)
	now, past, err := j.list(ctx)
	if err != nil {
		return pipeline.Result{}, err
	}
	o := pipeline.Options{
		Listing: now, Warm: past, Stdin: j.in, Rules: j.set.Rules,
		Workers: j.cmd.Workers, From: j.window.from, To: j.window.to,
		KeepDuplicates: j.cmd.KeepDuplicates, WithEvent: j.cmd.WithEvent || j.notifier != nil,
		Limits: assemble.Limits(j.cfg), Ready: j.ready, Findings: j.findings,
		Fault:   func(f cloudtrail.Fault) { j.say("%v", f) },
		Ignored: func(file, reason string) { j.ignored.add(reason, file+": "+reason) },
		Note:    func(f cloudtrail.Fault) { j.remarks.add(f.Reason, f.Error()) },
	}
	if bar {
		o.Progress = new(pipeline.Progress)
		d := newDisplay(j.err, o.Progress, o.Listing.Bytes())
		saved := j.streams
		j.streams = &streams{saved.in, saved.out, d, saved.garbage}
		defer func() { d.Close(); j.streams = saved }()
	}
	res, err := pipeline.Scan(ctx, o)
	j.remarks.print(j.streams, "note: ")
	j.ignored.print(j.streams, "passed over: ")
	if err == nil && res.Totals.Files == 0 && res.Totals.Faults == 0 {
		j.sayNothingRead(j.cmd.Paths, j.window.from)
	}
	return res, err
}

// list lists the logs, and those of the past that rules learn from, nil for none.
func (j *scanJob) list(ctx context.Context) (now, past *pipeline.Listing, err error) {
	if now, past, err = j.logs.list(ctx, j.streams, j.set.Rules); err != nil {
		return nil, nil, err
	}
	for _, l := range []*pipeline.Listing{now, past} {
		if l != nil {
			l.LeaveOut(j.cmd.Output)
			l.LeaveOut(j.cmd.Stats)
		}
	}
	return now, past, nil
}

// sayNothingRead explains an answer without a single log file: a schedule that
// scans nothing should not look like one that finds nothing.
func (s *streams) sayNothingRead(paths []string, from time.Time) {
	all := strings.Join(paths, ", ")
	if !from.IsZero() {
		s.say("no log file in %s can hold events since %s", all, from.Format(time.RFC3339))
		return
	}
	s.say("no log files found in %s", all)
}

// failed tells whether a finding is at or above --fail-on.
func (j *scanJob) failed(res pipeline.Result) bool {
	for i, r := range j.set.Rules {
		if j.failOn >= 0 && int(r.Severity) >= j.failOn && res.ByRule[i] > 0 {
			return true
		}
	}
	return false
}

func (j *scanJob) writeStats(t report.Totals) error {
	if j.cmd.Stats == "" {
		return nil
	}
	b, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(j.cmd.Stats, append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("--stats: %w", err)
	}
	return nil
}
