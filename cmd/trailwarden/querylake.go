package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/query/athenasql"
	"github.com/trailwarden/trailwarden/query/lake"
	"github.com/trailwarden/trailwarden/query/sandbox"
	"github.com/trailwarden/trailwarden/report"
)

// lakesAmong are the paths that are lakes, and those that are not.
func lakesAmong(paths []string) (lakes, logs []string) {
	for _, p := range paths {
		if !isBucket(p) && lake.Is(p) {
			lakes = append(lakes, p)
		} else {
			logs = append(logs, p)
		}
	}
	return lakes, logs
}

// refuseLakes says what to do with a lake where only logs can be read.
func refuseLakes(paths []string, what string) error {
	if lakes, _ := lakesAmong(paths); len(lakes) > 0 {
		return fmt.Errorf("%s is a lake, and %s reads logs: give the folder or bucket that the lake was made of, or ask the lake with trailwarden query --lake %s", lakes[0], what, lakes[0])
	}
	return nil
}

type lakeCommand struct {
	Ingest  lakeIngestCommand  `cmd:"" help:"Take logs into a lake of Parquet files; what is in it is passed over."`
	Compact lakeCompactCommand `cmd:"" help:"Put the small files of each day together, and the entries of the manifest."`
	Expire  lakeExpireCommand  `cmd:"" help:"Remove the days before an age."`
	Status  lakeStatusCommand  `cmd:"" help:"Say what a lake holds."`
}

type lakeIngestCommand struct {
	Paths      []string `arg:"" name:"path" help:"Log files, folders of them, or s3://BUCKET/PREFIX."`
	Lake       string   `required:"" placeholder:"DIR" help:"Folder of the lake; made when it is not there."`
	Memory     string   `placeholder:"SIZE" default:"2GiB" help:"Most memory of the SQL engine."`
	From       string   `placeholder:"TIME" help:"From S3, only what was delivered at or after TIME, such as 2026-03-14 or 7d."`
	To         string   `placeholder:"TIME" help:"From S3, only what was delivered before TIME."`
	Account    []string `placeholder:"ID" help:"From S3, only this account; may be repeated."`
	Region     []string `placeholder:"REGION" help:"From S3, only this region; may be repeated."`
	NoCompact  bool     `help:"Leave small files of a day as they are."`
	NoProgress bool     `help:"Say nothing until the end."`
}

// Run takes logs in.
func (c *lakeIngestCommand) Run(s *streams) error {
	if slices.Contains(c.Paths, pipeline.Stdin) {
		return errors.New("lake ingest knows by their names what it has taken in, and the standard input has none: give files, folders or s3://BUCKET/PREFIX")
	}
	return withLake(s, c.Lake, func(ctx context.Context, l *lake.Lake, program string) error {
		memory, err := byteSize(c.Memory)
		if err != nil || memory < minMemory {
			return fmt.Errorf("--memory %s: want a size from 256MiB", c.Memory)
		}
		w, err := newWindow(c.From, c.To, time.Now())
		if err != nil {
			return err
		}
		if err := errors.Join(s.checkPlaces(c.Account, c.Region), refuseLakes(c.Paths, "lake ingest")); err != nil {
			return err
		}
		s.sayReadWhole(c.Paths, choice{"--from", c.From != ""}, choice{"--to", c.To != ""},
			choice{"--account", len(c.Account) > 0}, choice{"--region", len(c.Region) > 0})
		listing, err := listLogs(ctx, s, config.AWS{}, c.Paths, true, athenasql.Reach{From: w.from, To: w.to, Accounts: c.Account, Regions: c.Region})
		if err != nil {
			return err
		}
		faults := 0
		o := lake.Options{Program: program, Listing: listing, Memory: memory, Limits: cloudtrail.DefaultLimits(),
			Fault: func(f cloudtrail.Fault) { faults++; s.say("%v", f) }}
		if !c.NoProgress && isTerminal(s.err) {
			o.Progress = func(p lake.Progress) { s.say("%d objects, %d records", p.Objects, p.Rows) }
		}
		const inUse, percent = 40 << 20, 20
		// Most memory is rows that wait, which are used again; to collect what is
		// between them early costs little and halves the peak.
		s.garbage.Until(inUse, percent)
		began := time.Now()
		p, err := l.Ingest(ctx, o)
		if err == nil && !c.NoCompact && p.Rows > 0 {
			_, err = l.Compact(ctx, o)
		}
		took := time.Since(began).Seconds()
		fmt.Fprintf(s.out, "%s of %s added; %s known, %s seen before; %s of logs (%s of JSON) became %s in %s, in %.1f s.\n",
			counted(p.Rows, "record"), counted(p.Objects, "object"), counted(p.Known, "object"), counted(p.Duplicates, "record"),
			report.Size(p.Bytes), report.Size(p.Decompressed), report.Size(p.WrittenBytes), counted(p.WrittenFiles, "file"), took)
		switch {
		case ctx.Err() != nil:
			s.say("interrupted; what is said above is in the lake, and the rest comes with the next ingest")
			return exit{exitInterrupted}
		case err != nil:
			return err
		case faults > 0:
			return exit{exitFault}
		}
		return nil
	})
}

// needLake refuses a folder that is no lake, such as one whose name was mistyped:
// an answer of nothing, about nothing, looks like good news.
func needLake(dir string) error {
	if lake.Made(dir) {
		return nil
	}
	return fmt.Errorf("--lake %s: there is no lake; trailwarden lake ingest --lake %s PATH makes one of the logs at PATH", dir, dir)
}

// withLake opens the lake for writing and finds the engine.
func withLake(s *streams, dir string, do func(ctx context.Context, l *lake.Lake, program string) error) error {
	ctx, stop := interruptible()
	defer stop()
	program, err := sandbox.FindEngine(ctx, func(m string) { s.say("%s", m) })
	if err != nil {
		return err
	}
	l, err := lake.OpenForWriting(dir)
	if err != nil {
		return err
	}
	defer l.Close()
	return do(ctx, l, program)
}

type lakeCompactCommand struct {
	Lake string `required:"" placeholder:"DIR" help:"Folder of the lake."`
}

// Run compacts.
func (c *lakeCompactCommand) Run(s *streams) error {
	if err := needLake(c.Lake); err != nil {
		return err
	}
	return withLake(s, c.Lake, func(ctx context.Context, l *lake.Lake, program string) error {
		p, err := l.Compact(ctx, lake.Options{Program: program})
		fmt.Fprintf(s.out, "%s became %d, with %s.\n", counted(p.Removed, "file"), p.WrittenFiles, counted(p.Rows, "record"))
		if err != nil {
			return err
		}
		before := l.Stats()
		if n, err := l.Shorten(time.Now()); err != nil || n == 0 {
			return err
		}
		fmt.Fprintf(s.out, "%s of the manifest became one, %s became %s.\n", counted(before.Entries, "file"), report.Size(before.ManifestBytes), report.Size(l.Stats().ManifestBytes))
		return nil
	})
}

type lakeExpireCommand struct {
	Lake string `required:"" placeholder:"DIR" help:"Folder of the lake."`
	Keep string `required:"" placeholder:"AGE" help:"Days to keep, such as 400d."`
}

// maxKeep is a thousand years. Beyond some number the calendar begins again, and a
// lake that was to be kept for ever would be emptied.
const maxKeep = 365_000

// Run removes old days.
func (c *lakeExpireCommand) Run(s *streams) error {
	days, err := strconv.Atoi(strings.TrimSuffix(c.Keep, "d"))
	if err != nil || days < 1 || days > maxKeep || !strings.HasSuffix(c.Keep, "d") {
		return fmt.Errorf("--keep %s: want a number of days from 1d to %dd, such as 400d", c.Keep, maxKeep)
	}
	if err := needLake(c.Lake); err != nil {
		return err
	}
	return withLake(s, c.Lake, func(_ context.Context, l *lake.Lake, _ string) error {
		now := time.Now()
		p, err := l.Expire(now.AddDate(0, 0, -days), now)
		fmt.Fprintf(s.out, "%s removed.\n", counted(p.Removed, "file"))
		return err
	})
}

type lakeStatusCommand struct {
	Lake string `required:"" placeholder:"DIR" help:"Folder of the lake."`
}

// Run says what the lake holds.
func (c *lakeStatusCommand) Run(s *streams) error {
	if err := needLake(c.Lake); err != nil {
		return err
	}
	l, err := lake.Open(c.Lake)
	if err != nil {
		return err
	}
	st := l.Stats()
	fmt.Fprintf(s.out, "%s of %s were taken in; %s in %s of %s; %s in %s of the manifest.\n", counted(st.Rows, "record"), counted(st.Objects, "object"), report.Size(st.Bytes), counted(st.Files, "file"), counted(st.Partitions, "partition"),
		report.Size(st.ManifestBytes), counted(st.Entries, "file"))
	return nil
}
