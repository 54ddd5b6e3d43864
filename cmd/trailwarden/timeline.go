package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/query"
	"github.com/trailwarden/trailwarden/report"
	"github.com/trailwarden/trailwarden/timeline"
)

// aboutFlags say who or what is asked about.
type aboutFlags struct {
	Paths     []string `arg:"" name:"path" help:"Log files, folders of them, lakes, or s3://BUCKET/PREFIX."`
	Principal []string `sep:"none" placeholder:"NAME" help:"User, role or role session by name, ARN or unique id, or root; may be repeated."`
	Key       []string `placeholder:"ID" help:"Access key."`
	IP        []string `name:"ip" placeholder:"ADDRESS" help:"Address or network, such as 198.51.100.0/24."`
	Resource  []string `sep:"none" placeholder:"NAME" help:"ARN, or name as it stands in the call."`
	From      string   `placeholder:"TIME" help:"Only events at or after TIME: 2026-03-14T09:00:00Z, 2026-03-14 (its start, UTC), or an age such as 24h or 7d."`
	To        string   `placeholder:"TIME" help:"Only events before TIME."`
	Most      int      `placeholder:"N" default:"100000" help:"Most events that are listed, the earliest; all are counted."`
	Output    string   `short:"o" placeholder:"FILE" help:"Write to FILE."`
}

type timelineCommand struct {
	aboutFlags
	Format string `short:"f" placeholder:"FORMAT" default:"table" enum:"table,ndjson,json,csv,html" help:"One of table, ndjson, json, csv, html."`
}

// Help explains how sessions are followed.
func (timelineCommand) Help() string {
	return `What was done with keys that AssumeRole, GetSessionToken, GetFederationToken or CreateAccessKey handed to the subject counts as done by it, along any chain; "through" names the keys. The logs are read twice; of a lake, its rows are.

Exit codes: 0 done; 1 nothing was found; 2 bad usage; 3 some input could not be read or was too much to remember, the answer is about the rest; 130 interrupted.`
}

// Run tells what the subject did, in order.
func (c *timelineCommand) Run(s *streams) error {
	return c.tell(s, c.Format, (*timeline.Timeline).WriteEvents)
}

type whoCommand struct {
	aboutFlags
	Format string `short:"f" placeholder:"FORMAT" default:"table" enum:"table,ndjson,json,csv" help:"One of table, ndjson, json, csv."`
}

// Help says what counts as the subject's, and what the exit codes mean.
func (whoCommand) Help() string {
	return `What was done with keys that were handed to the subject counts as done by it, as in timeline; what AWS services called on its behalf is one session for each service.

Exit codes: 0 done; 1 nothing was found; 2 bad usage; 3 some input could not be read or was too much to remember, the answer is about the rest; 130 interrupted.`
}

// Run tells who it was: sessions, calls and places, with first and last seen.
func (c *whoCommand) Run(s *streams) error {
	return c.tell(s, c.Format, (*timeline.Timeline).WriteWho)
}

// tell makes the timeline and writes it.
func (c *aboutFlags) tell(s *streams, format string, rows func(*timeline.Timeline, query.Writer) error) error {
	ctx, stop := interruptible()
	defer stop()
	w, err := newWindow(c.From, c.To, time.Now())
	if err != nil {
		return err
	}
	if len(c.Principal)+len(c.Key)+len(c.IP)+len(c.Resource) == 0 {
		return errors.New("want a principal, key, address or resource to ask about: --principal, --key, --ip or --resource")
	}
	if c.Most < 1 {
		return errors.New("--most: want a number from 1")
	}
	if err := writesInput(&scanCommand{Paths: c.Paths, Output: c.Output}); err != nil {
		return err
	}
	faults := 0
	listing, err := listLogs(ctx, s, config.AWS{}, c.Paths, false, reachOf(query.Scope{From: w.from, To: w.to}))
	if err != nil {
		return err
	}
	if c.Output != "" {
		listing.LeaveOut(c.Output)
	}
	t, err := timeline.Make(ctx, timeline.Options{Most: c.Most,
		Subject: timeline.Subject{Principals: c.Principal, Keys: c.Key, IPs: c.IP, Resources: c.Resource},
		Records: pipeline.RecordOptions{Listing: listing, From: w.from, To: w.to, Limits: cloudtrail.DefaultLimits(),
			Fault: func(f cloudtrail.Fault) { faults++; s.say("%v", f) }}})
	switch {
	case ctx.Err() != nil:
		s.say("interrupted")
		return exit{exitInterrupted}
	case err != nil:
		return err
	}
	if err := c.write(s, t, format, rows); err != nil {
		return err
	}
	c.sayTotals(s, t)
	if listing.Files() == 0 {
		s.sayNothingRead(c.Paths, w.from)
	}
	switch {
	case faults > 0 || t.Unfollowed > 0 || t.Uncounted > 0:
		return exit{exitFault}
	case t.Total.Count == 0:
		return exit{exitFinding}
	}
	return nil
}

func (c *aboutFlags) sayTotals(s *streams, t *timeline.Timeline) {
	s.say("%d of %d records, %d failed, in %s", t.Total.Count, t.Totals.Records, t.Total.Failed, counted(len(t.Sessions), "session"))
	if t.More > 0 {
		s.say("the first %d are listed", len(t.Events))
	}
	if t.Unfollowed > 0 {
		s.say("%d keys were too many to follow, and what was done with them may be missing: give fewer logs at once", t.Unfollowed)
	}
	if t.Uncounted > 0 {
		s.say("%d times a value was too many to count, and is missing in the sums: give fewer logs at once, or --from and --to", t.Uncounted)
	}
}

func (c *aboutFlags) write(s *streams, t *timeline.Timeline, format string, rows func(*timeline.Timeline, query.Writer) error) error {
	out, err := openOutput(s, c.Output)
	if err != nil {
		return err
	}
	var to io.Writer = out
	if out.layout.Terminal {
		to = report.Terminal(out, format)
	}
	if format == "html" {
		err = t.WriteHTML(to)
	} else {
		var w query.Writer
		if w, err = query.NewWriter(format, to, out.layout.Width); err == nil {
			err = rows(t, w)
		}
	}
	if e := out.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	return nil
}
