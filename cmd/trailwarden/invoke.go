package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/sqlite"
	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/internal/awsx"
	"github.com/trailwarden/trailwarden/internal/visible"
	"github.com/trailwarden/trailwarden/lambda"
	trigger "github.com/trailwarden/trailwarden/lambda/sample"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/source"
	"github.com/trailwarden/trailwarden/source/folder"
)

type invokeCommand struct {
	Event   string        `arg:"" optional:"" name:"event.json" help:"Trigger event, as Lambda hands it over; - for standard input."`
	Sample  string        `placeholder:"NAME" help:"A sample event in its place: ${samples}."`
	Print   bool          `help:"Print the event and do nothing else."`
	Config  string        `placeholder:"FILE" help:"Configuration file, or where the function in AWS reads it: s3://BUCKET/KEY, ssm:/NAME. Without it, the starter pack and a message on standard output for each alert."`
	Folder  string        `placeholder:"DIR" help:"Folder that stands in for every bucket, with the same keys below it."`
	Send    bool          `help:"Deliver the messages. Without it they are shown and nobody is contacted."`
	Keep    string        `placeholder:"FILE" help:"Keep alerts in this SQLite file. Without it, they are forgotten at the end."`
	Timeout time.Duration `default:"1m" help:"Time limit of the function."`
}

// Help tells how it stands to the real function.
func (invokeCommand) Help() string {
	return `Runs the handler of the Lambda function on a trigger event of any kind (S3, SNS, SQS, EventBridge, CloudWatch Logs, Kinesis, Firehose, a schedule) and prints what it would send, what it did and what it answers. Objects are fetched from Amazon S3, or from --folder.

Exit codes: 0 the event was handled; 1 the function failed, or some item is to come again; 2 bad usage, rule or configuration; 130 interrupted.`
}

// Run invokes the function once.
func (c *invokeCommand) Run(s *streams) error {
	event, err := c.event(s)
	if err != nil {
		return err
	}
	if c.Print {
		_, err := s.out.Write(append(event, '\n'))
		return err
	}
	if c.Timeout <= 0 {
		return fmt.Errorf("--timeout %v: want how long the function may take, such as 30s or 1m", c.Timeout)
	}
	temp, err := os.MkdirTemp("", "trailwarden-invoke-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp) // nothing in it is wanted any more
	interrupted, stop := interruptible()
	defer stop()
	ctx, cancel := context.WithTimeout(interrupted, c.Timeout)
	defer cancel()
	f := lambda.New(lambda.Options{
		Load: c.loader(s, temp), Fetch: c.fetcher(), Mode: "invoke", Did: func(did lambda.Summary) { sayDone(s, did) },
		Log: slog.New(slog.NewTextHandler(s.err, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Open: func(ctx context.Context, _ *assemble.Assembly, policy func() *alert.Policy) (alert.Store, error) {
			return sqlite.Open(ctx, cmp.Or(c.Keep, filepath.Join(temp, "alerts.db")), sqlite.Options{Policy: policy})
		},
	})
	answer, err := f.Invoke(ctx, event)
	if e := f.Close(); err == nil {
		err = e
	}
	if interrupted.Err() != nil {
		return exit{exitInterrupted}
	}
	if err != nil {
		s.say("the function fails, so the trigger tries again: %v", err)
		return exit{exitFinding}
	}
	fmt.Fprintln(s.out, "answer:", visible.Lines(string(answer)))
	if failures := string(answer); strings.Contains(failures, `"itemIdentifier":"`) || strings.Contains(failures, `"ProcessingFailed"`) {
		return exit{exitFinding}
	}
	return nil
}

// sayDone says what the function did.
func sayDone(s *streams, did lambda.Summary) {
	fmt.Fprintf(s.out, "did: %s of trigger %s, %s, %s, %s", counted(did.Items, "item"), visible.Lines(did.Trigger),
		counted(did.Records, "record"), counted(did.Findings, "finding"), counted(did.Alerts, "alert"))
	for _, more := range []struct {
		n    int64
		what string
	}{{did.Duplicates, "seen before"}, {did.Poisoned, "in the dead letters"}, {int64(len(did.Failed)), "to come again"}} {
		if more.n > 0 {
			fmt.Fprintf(s.out, ", %d %s", more.n, more.what)
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(did.Ignored)) {
		fmt.Fprintf(s.out, ", %d ignored (%s)", did.Ignored[reason], visible.Lines(reason))
	}
	fmt.Fprintln(s.out)
	for _, why := range did.Failed {
		fmt.Fprintln(s.out, "to come again:", visible.Lines(why))
	}
}

// event is what the function is invoked with.
func (c *invokeCommand) event(s *streams) ([]byte, error) {
	switch {
	case c.Sample != "" && c.Event != "":
		return nil, errors.New("give an event or --sample, not both")
	case c.Sample != "":
		return trigger.Event(c.Sample)
	case c.Event == "-":
		return readEvent(s.in)
	case c.Event == "":
		return nil, fmt.Errorf("give the file of an event, or --sample with one of %s", strings.Join(trigger.Names(), ", "))
	}
	return os.ReadFile(c.Event)
}

// maxEvent is far above what Lambda takes, which is 6 MB.
const maxEvent = 64 << 20

// readEvent reads a whole event; half of one would be told as one that is broken.
func readEvent(in io.Reader) ([]byte, error) {
	event, err := io.ReadAll(io.LimitReader(in, maxEvent+1))
	if err == nil && len(event) > maxEvent {
		err = fmt.Errorf("the event on standard input is larger than %d MiB; Lambda takes 6 MB", maxEvent>>20)
	}
	return event, err
}

// fetcher opens the objects that the event announces.
func (c *invokeCommand) fetcher() source.Fetcher {
	switch {
	case c.Folder != "":
		return folder.Files{Default: c.Folder}
	case c.Sample != "":
		return trigger.Files{}
	}
	return nil
}

// loader makes the parts once, from copies in temp if they are kept elsewhere;
// without --send every sink shows its messages instead of sending them.
func (c *invokeCommand) loader(s *streams, temp string) func(context.Context) (*assemble.Parts, bool, error) {
	return func(ctx context.Context) (*assemble.Parts, bool, error) {
		out := &guarded{w: s.out}
		if c.Send { // then the sinks tell what could not be written
			out.w = unwatched(s.out)
		}
		o := assemble.Options{Out: out, Version: versionName()}
		var p *assemble.Parts
		var err error
		if c.Config == "" {
			cfg, list := config.Decode("the built-in configuration", []byte(plain))
			if err := list.Err(); err != nil {
				return nil, false, err
			}
			p, err = assemble.PartsOf(ctx, cfg, o)
		} else if strings.HasPrefix(c.Config, "s3://") || strings.HasPrefix(c.Config, "ssm:") {
			p, err = c.remote(ctx, s, o, temp)
		} else {
			p, err = assemble.NewLoader(c.Config, o, func(l diagnostic.List) { diagnose(s, l) }).Load(ctx, &source.MemoryCursor{})
		}
		if err == nil && !c.Send {
			for i, t := range p.Dispatch.Targets {
				p.Dispatch.Targets[i].Sink = shown{t.Sink, t.Name, out}
				p.Dispatch.Targets[i].PerSecond = 1e6
			}
		}
		return p, false, err
	}
}

// remote makes the parts of a configuration that is kept where the function in
// AWS reads it.
func (c *invokeCommand) remote(ctx context.Context, s *streams, o assemble.Options, temp string) (*assemble.Parts, error) {
	cfg, err := awsx.Load(ctx, awsx.Settings{Version: versionName()})
	if err != nil {
		return nil, err
	}
	r := &lambda.Remote{Ref: c.Config, AWS: cfg, Options: o, Bundle: ".", Temp: temp, Remark: func(l diagnostic.List) { diagnose(s, l) }}
	p, _, err := r.Load(ctx)
	return p, err
}

// plain is the configuration without a file: everything to standard output.
const plain = "sinks: {stdout: {stdout: {}}}"

// shown prints a sink's messages in place of sending them.
type shown struct {
	sink.Sink
	name string
	out  io.Writer
}

// Traits are those of the sink, one message at a time.
func (s shown) Traits() sink.Traits {
	t := s.Sink.Traits()
	t.Batch, t.PerSecond = 0, 0
	return t
}

// Deliver prints what would be sent.
func (s shown) Deliver(_ context.Context, n sink.Notification) alert.Outcome {
	p, err := s.Preview(n)
	if err != nil {
		return alert.Outcome{Class: alert.Reject, Reason: err.Error()}
	}
	fmt.Fprintf(s.out, "would send to %s:\n", s.name)
	for _, part := range p.Parts {
		fmt.Fprintf(s.out, "--- %s (%s)\n%s\n", part.Name, part.ContentType, visible.Lines(string(part.Body)))
	}
	return alert.Outcome{Class: alert.OK}
}
