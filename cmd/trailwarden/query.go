package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/query"
	"github.com/trailwarden/trailwarden/query/athenasql"
	"github.com/trailwarden/trailwarden/query/lake"
	"github.com/trailwarden/trailwarden/query/sandbox"
	"github.com/trailwarden/trailwarden/report"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

type queryCommand struct {
	Run      queryRunCommand      `cmd:"" default:"withargs" help:"Answer a query (the word run may be left out)."`
	Check    queryCheckCommand    `cmd:"" help:"Say whether a query means the same here and on Athena, and what it costs there."`
	Examples queryExamplesCommand `cmd:"" help:"List the questions that ship with the program, or show one."`
}

// querySource is where a query comes from.
type querySource struct {
	File    string            `short:"f" placeholder:"FILE" help:"Read the query from FILE, or - for standard input; then all arguments are logs."`
	Example string            `short:"e" placeholder:"NAME" help:"Take a question that ships with the program; see query examples."`
	Param   map[string]string `short:"p" mapsep:"none" placeholder:"NAME=VALUE" help:"Value of the parameter :NAME; may be repeated."`
	Arg     []string          `sep:"none" placeholder:"VALUE" help:"Value of the next ? in the query; may be repeated."`
}

type queryRunCommand struct {
	SQL   string   `arg:"" optional:"" name:"sql" help:"A query in Athena's SQL, unless -f, -e or -i says where it comes from."`
	Paths []string `arg:"" optional:"" name:"path" help:"Log files, folders of them, s3://BUCKET/PREFIX, or - for standard input."`
	querySource

	From        string   `placeholder:"TIME" help:"Only events at or after TIME: 2026-03-14T09:00:00Z, 2026-03-14 (its start, UTC), or an age such as 24h or 7d."`
	To          string   `placeholder:"TIME" help:"Only events before TIME."`
	Account     []string `placeholder:"ID" help:"Only logs of these accounts, by the object key."`
	Region      []string `placeholder:"NAME" help:"Only logs of these regions, by the object key."`
	Lake        string   `placeholder:"DIR" help:"Ask the lake in DIR, and the logs that are not in it yet; a PATH that is a lake does the same."`
	Format      string   `placeholder:"FORMAT" default:"table" help:"One of table, ndjson, json, csv, parquet."`
	Output      string   `short:"o" placeholder:"FILE" help:"Write the result to FILE."`
	Interactive bool     `short:"i" help:"Ask again and again; the arguments are logs."`
	Engine      string   `enum:"local,athena" default:"local" help:"Where it runs: local, or athena, which is then asked rather than PATHs."`
	Config      string   `placeholder:"FILE" help:"Configuration file, for query.athena."`
	Timeout     string   `placeholder:"TIME" default:"10m" help:"Give up after TIME, such as 30s or 10m."`
	Memory      string   `placeholder:"SIZE" default:"2GiB" help:"Most memory of the SQL engine, such as 512MiB or 4GiB."`
	MaxRows     int64    `placeholder:"N" default:"1000000" help:"Most rows in the result; 0 for no bound."`
	Stats       bool     `help:"Say at the end what was read and how long it took."`
}

// Help explains what runs where.
func (queryRunCommand) Help() string {
	return `The table is Athena's for CloudTrail, by any name: SELECT … FROM cloudtrail_logs. Queries that others wrote for Athena run unchanged; what could mean something else here is said.

The query runs in a process of its own that has no network, no files but the logs' lake, a bound of memory and a deadline.

Exit codes: 0 done; 2 bad usage or query; 3 some input could not be read, the answer is about the rest; 130 interrupted.`
}

// queryJob is a query, made ready.
type queryJob struct {
	*streams
	cmd    *queryRunCommand
	local  *query.Local
	scope  query.Scope
	faults int
	notes  map[string]bool
}

// Run answers the query.
func (c *queryRunCommand) Run(s *streams) error {
	sql := ""
	if !c.Interactive { // before Ctrl-C is waited for: no query comes of half a text
		var err error
		if sql, err = c.text(s, c.SQL); err != nil {
			return err
		}
	}
	ctx, stop := interruptible()
	defer stop()
	job, err := c.prepare(ctx, s)
	if err != nil {
		return err
	}
	if c.Interactive {
		c.allPaths()
		return job.converse(ctx)
	}
	if c.File != "" || c.Example != "" {
		c.allPaths()
	}
	if err := job.setLogs(ctx, c.Paths, job.reach(sql)); err != nil {
		return err
	}
	return job.exit(ctx, job.answer(ctx, sql))
}

// allPaths takes the first argument for a path, too.
func (c *queryRunCommand) allPaths() {
	if c.SQL != "" {
		c.Paths = append([]string{c.SQL}, c.Paths...)
	}
}

// prepare checks what the user gave and finds the engine.
func (c *queryRunCommand) prepare(ctx context.Context, s *streams) (*queryJob, error) {
	j := &queryJob{streams: s, cmd: c, notes: map[string]bool{}}
	w, err := newWindow(c.From, c.To, time.Now())
	if err != nil {
		return nil, err
	}
	if err := s.checkPlaces(c.Account, c.Region); err != nil {
		return nil, err
	}
	j.scope = query.Scope{From: w.from, To: w.to, Accounts: c.Account, Regions: c.Region}
	bounds, err := c.bounds()
	if err != nil {
		return nil, err
	}
	if c.Interactive && (c.File != "" || c.Example != "" || c.Output != "") {
		return nil, errors.New("-i asks for queries and shows each answer: leave -f, -e and -o out")
	}
	if c.Format == "parquet" && (c.Output == "" || c.Output == "-") {
		return nil, errors.New("--format parquet: want -o FILE")
	}
	if c.Format != "parquet" {
		if _, err := query.NewWriter(c.Format, io.Discard, 0); err != nil {
			return nil, fmt.Errorf("--format: %w", err)
		}
	}
	program := ""
	if c.Engine == "local" || c.Format == "parquet" { // Athena's rows need ours to be written as Parquet
		if program, err = sandbox.FindEngine(ctx, func(m string) { s.say("%s", m) }); err != nil {
			return nil, err
		}
	}
	j.local = &query.Local{Program: program, Bounds: bounds, Limits: cloudtrail.DefaultLimits(), Stdin: s.in, LakeDir: c.Lake,
		Report: query.Reporter{Fault: j.fault, Note: j.note}}
	return j, nil
}

func (c *queryRunCommand) bounds() (query.Bounds, error) {
	b := query.DefaultBounds()
	var ok bool
	var err error
	if b.Time, ok = length(c.Timeout); !ok || b.Time <= 0 {
		return b, fmt.Errorf("--timeout %s: want a time such as 30s or 10m", c.Timeout)
	}
	if b.Memory, err = byteSize(c.Memory); err != nil || b.Memory < minMemory {
		return b, fmt.Errorf("--memory %s: want a size from 256MiB, such as 512MiB or 4GiB", c.Memory)
	}
	if c.MaxRows < 0 {
		return b, fmt.Errorf("--max-rows %d: want a number from 0", c.MaxRows)
	}
	b.Rows = c.MaxRows
	return b, nil
}

// minMemory is what the engine needs to start and to do a little.
const minMemory = 256 << 20

// byteSize reads 512MiB, 2GiB or 1000000.
func byteSize(s string) (int64, error) {
	units := []struct {
		name string
		n    int64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"", 1}}
	for _, u := range units {
		number, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		var n int64
		var rest string
		if got, _ := fmt.Sscanf(strings.TrimSpace(number)+" .", "%d %s", &n, &rest); got != 2 || rest != "." || n < 0 || n > (1<<62)/u.n {
			return 0, fmt.Errorf("%q is no size", s)
		}
		return n * u.n, nil
	}
	return 0, fmt.Errorf("%q is no size", s)
}

// text is the query: from a file, the library, or the argument sql.
func (c *querySource) text(s *streams, sql string) (string, error) {
	switch {
	case c.File != "" && c.Example != "":
		return "", errors.New("-f and -e both give a query; want one")
	case c.Example != "":
		return c.example()
	case c.File == "-":
		b, err := io.ReadAll(io.LimitReader(s.in, 1<<20))
		return string(b), err
	case c.File != "":
		b, err := os.ReadFile(c.File)
		if err != nil {
			return "", fmt.Errorf("-f: %w", err)
		}
		return string(b), nil
	case sql == "":
		return "", errors.New(`want a query, such as trailwarden query "SELECT eventname, count(*) FROM cloudtrail_logs GROUP BY 1" PATH; or see trailwarden query examples`)
	}
	if _, err := os.Stat(sql); err == nil && lake.Is(sql) {
		return "", fmt.Errorf("%s is a lake, not a query: the query comes first, or from a file with -f", sql)
	} else if err == nil {
		return "", fmt.Errorf("%s is a file, not a query: the query comes first, or from a file with -f", sql)
	}
	return sql, nil
}

// guardSQL keeps a query that begins with a comment from being taken for a flag.
func guardSQL(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		if strings.HasPrefix(a, "--") && strings.ContainsAny(a, " \t\n") && !strings.Contains(strings.SplitN(a, " ", 2)[0], "=") {
			a = " " + a
		}
		out[i] = a
	}
	return out
}

// setLogs takes the paths as what is asked.
func (j *queryJob) setLogs(ctx context.Context, paths []string, reach athenasql.Reach) (err error) {
	if paths, err = j.takeLake(paths); err != nil {
		return err
	}
	if j.local.Listing, err = listLogs(ctx, j.streams, config.AWS{}, paths, false, reach); err != nil {
		return err
	}
	if j.cmd.Output != "" {
		j.local.Listing.LeaveOut(j.cmd.Output)
	}
	return writesInput(&scanCommand{Paths: paths, Output: j.cmd.Output})
}

// takeLake takes a lake among the paths for what --lake names.
func (j *queryJob) takeLake(paths []string) ([]string, error) {
	lakes, logs := lakesAmong(paths)
	if j.cmd.Lake != "" {
		lakes = append(lakes, j.cmd.Lake)
	}
	if len(lakes) > 1 {
		return nil, fmt.Errorf("%s and %s are lakes; a query asks one", lakes[0], lakes[1])
	}
	if len(lakes) == 1 {
		if err := needLake(lakes[0]); err != nil {
			return nil, err
		}
		j.cmd.Lake, j.local.LakeDir = lakes[0], lakes[0]
	}
	return logs, nil
}

func (j *queryJob) fault(f cloudtrail.Fault) {
	j.faults++
	j.say("%v", f)
}

func (j *queryJob) note(d diagnostic.Diagnostic) {
	if key := d.Code + d.Message; !j.notes[key] {
		j.notes[key] = true
		j.say("note: %s: %s", d.Code, d.Message)
	}
}

// answer runs the query and writes its result.
func (j *queryJob) answer(ctx context.Context, sql string) error {
	engine, err := j.engine(ctx)
	if err != nil {
		return err
	}
	r, err := engine.Query(ctx, query.Statement{SQL: sql, Params: j.cmd.params(), Args: j.cmd.Arg, Scope: j.scope})
	if err != nil {
		return err
	}
	defer r.Close()
	if j.cmd.Format == "parquet" {
		err = query.WriteParquet(ctx, j.local.Program, j.cmd.Output, r)
	} else {
		err = j.write(r)
	}
	if err == nil {
		j.sayStats(r.Stats())
	}
	return err
}

func (j *queryJob) write(r query.Result) error {
	out, err := openOutput(j.streams, j.cmd.Output)
	if err != nil {
		return err
	}
	var to io.Writer = out
	if out.layout.Terminal {
		to = report.Terminal(out, j.cmd.Format)
	}
	w, err := query.NewWriter(j.cmd.Format, to, out.layout.Width)
	if err == nil {
		err = query.Copy(w, r)
	}
	if e := out.Close(); err == nil {
		err = e
	}
	return err
}

func (j *queryJob) sayStats(st query.Stats) {
	j.sayCost(st)
	if st.Truncated != "" {
		j.say("the result was cut: it has %s", st.Truncated)
	}
	switch nothing := j.cmd.Engine == "local" && st.Files+st.Skipped == 0 && st.ReadsTrail && j.cmd.Lake == ""; {
	case nothing && len(j.cmd.Paths) == 0:
		j.say("neither PATH nor --lake was given; the query saw no record")
	case nothing:
		j.say("no log files found in %s; the query saw no record", strings.Join(j.cmd.Paths, ", "))
	}
	if j.cmd.Stats || j.cmd.Interactive {
		j.say("%s from %s of %s (%d ruled out), %.1f MB of JSON, %.2f s", counted(st.Rows, "row"), counted(st.Records, "record"), counted(st.Files, "file"), st.Skipped, float64(st.Decompressed)/1e6, st.Seconds)
	}
}

// exit is the exit code that an answer ends with.
func (j *queryJob) exit(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		j.say("interrupted")
		return exit{exitInterrupted}
	case err != nil:
		return withFix(err)
	case j.faults > 0:
		return exit{exitFault}
	}
	return nil
}

// withFix adds what a diagnostic says to do.
func withFix(err error) error {
	var d diagnostic.Diagnostic
	if errors.As(err, &d) && d.Fix != "" {
		return fmt.Errorf("%w\n    try: %s", err, d.Fix)
	}
	return err
}
