package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/trailwarden/trailwarden/internal/collect"
	"github.com/trailwarden/trailwarden/internal/visible"
)

// Exit codes. When several apply, the first of 130, 2, 3, 4 and 1 is given: what
// makes the answer least complete is said first.
const (
	exitDone        = 0
	exitFinding     = 1 // scan: a finding at or above --fail-on; match: no match; rules: something failed
	exitUsage       = 2 // bad usage, rule or configuration, or output that cannot be written
	exitFault       = 3 // some input could not be read; the rest was judged
	exitUndelivered = 4 // some message could not be delivered; it waits in the store
	exitInterrupted = 130
)

// commandLine is the grammar of the command line. The commands marked whole read
// all of it when they run.
type commandLine struct {
	Scan      scanCommand      `cmd:"" help:"Judge CloudTrail logs by rules and report the findings."`
	Backtest  backtestCommand  `cmd:"" help:"Replay history through rules: how many alerts a day, who is behind them, what a change would do."`
	Match     matchCommand     `cmd:"" help:"Try one rule on events and print those that match."`
	Rules     rulesCommand     `cmd:"" help:"List, lint, explain and test rules."`
	Lake      lakeCommand      `cmd:"" help:"Keep logs as Parquet files that answer queries fast."`
	Query     queryCommand     `cmd:"" help:"Ask the trail in SQL, as on Athena."`
	Athena    athenaCommand    `cmd:"" help:"Make Athena's table over the logs, and keep it up to date."`
	Queries   queriesCommand   `cmd:"" help:"List and run the queries that the configuration asks by the clock."`
	Timeline  timelineCommand  `cmd:"" help:"Tell what a principal, key, address or resource did, in order, with its sessions."`
	Who       whoCommand       `cmd:"" help:"Tell who it was: sessions, calls and places, first and last seen."`
	Serve     serveCommand     `cmd:"" help:"Watch continuously: sources, rules, alerts, sinks."`
	Learn     learnCommand     `cmd:"" help:"Teach rules the past before a server or function watches: what is usual, what is not new."`
	Invoke    invokeCommand    `cmd:"" help:"Run the Lambda function on a trigger event, here."`
	Intake    intakeCommand    `cmd:"" help:"Look after what came in and could not be judged."`
	Alerts    alertsCommand    `cmd:"" help:"List, show, acknowledge, resolve and silence alerts."`
	Notify    notifyCommand    `cmd:"" help:"Preview and test messages, and look after those that could not be delivered."`
	Config    configCommand    `cmd:"" help:"Check trailwarden.yaml, and print its schema."`
	Verify    verifyCommand    `cmd:"" help:"Check the integrity of log files by CloudTrail's signed digests."`
	Doctor    doctorCommand    `cmd:"" help:"Check a live account along an event's whole way: what is wrong, why, and what to do."`
	Deploy    deployCommand    `cmd:"" help:"Make infrastructure of the configuration, and explain each part."`
	LintInfra lintInfraCommand `cmd:"" name:"lint-infra" help:"Find the known mistakes of CloudTrail watches in policies, templates, queries, scripts and code."`
	Version   versionCommand   `cmd:"" help:"Print the version."`

	Completion completionCommand `cmd:"" help:"Print the script that completes commands in a shell."`
	Complete   completeCommand   `cmd:"" whole:"" hidden:"" passthrough:"" help:"Answer that script."`
	Man        manCommand        `cmd:"" whole:"" help:"Print a manual page, or write them all."`
}

// streams are where a command reads and writes, and when it collects garbage: nil
// for as Go does.
type streams struct {
	in       io.Reader
	out, err io.Writer
	garbage  *collect.Wait
}

// say prints one line for the person at the terminal; what the arguments hold
// of records and files is shown, not obeyed.
func (s *streams) say(format string, args ...any) {
	fmt.Fprintln(s.err, "trailwarden: "+visible.Lines(fmt.Sprintf(format, args...)))
}

// exit is an exit code on its way out of a command.
type exit struct{ code int }

func (e exit) Error() string { return fmt.Sprintf("exit %d", e.code) }

// start is the whole program: it parses args, runs the command and returns the
// exit code. Every error that is no exit is bad usage.
func start(s *streams, args []string) (code int) {
	var cli commandLine
	defer func() {
		switch p := recover().(type) {
		case nil:
		case exit: // kong leaves by Exit after --help
			code = p.code
		default:
			panic(p)
		}
	}()
	out := &watchedOutput{w: s.out}
	s = &streams{s.in, out, s.err, s.garbage}
	args = spellOut(guardSQL(args))
	parser, err := grammarFor(args, &cli,
		kong.Writers(s.out, s.err),
		kong.Exit(func(code int) { panic(exit{code}) }),
		kong.Bind(s),
	)
	if err != nil {
		s.say("%v", err)
		return exitUsage
	}
	ctx, err := parser.Parse(args)
	if err != nil {
		s.say("%v\nRun trailwarden --help, or trailwarden COMMAND --help.", err)
		return exitUsage
	}
	return exitCode(s, out, ctx.Run())
}

// spellOut writes out what may be said shorter: the run of query where a flag
// comes first, so that a path called examples or check is no command of that
// name, and version and help, which other programs have the other way round.
func spellOut(args []string) []string {
	if len(args) > 0 && args[0] == "help" {
		return append(slices.Clone(args[1:]), "--help")
	}
	if len(args) == 1 && args[0] == "--version" {
		return []string{"version"}
	}
	if len(args) < 2 || args[0] != "query" || !strings.HasPrefix(args[1], "-") || args[1] == "-h" || args[1] == "--help" {
		return args
	}
	return slices.Insert(slices.Clone(args), 1, "run")
}

// exitCode says what went wrong and gives the code: that of bad usage also where
// something was to be printed and could not.
func exitCode(s *streams, out *watchedOutput, err error) (code int) {
	var e exit
	if err != nil && !errors.As(err, &e) {
		s.say("%v", err)
		e.code = exitUsage
	}
	if unwritten := out.failed(err); unwritten != nil {
		s.say("%v", unwritten)
		if e.code != exitInterrupted {
			e.code = exitUsage
		}
	}
	return e.code
}
