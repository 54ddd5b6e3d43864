package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/visible"
	"github.com/trailwarden/trailwarden/sink"
)

// notifyCommand is about messages.
type notifyCommand struct {
	Preview    notifyPreviewCommand `cmd:"" help:"Show a message as a sink would get it, without sending it."`
	Test       notifyTestCommand    `cmd:"" help:"Send a test message."`
	Flush      notifyFlushCommand   `cmd:"" help:"Deliver what waits in the outbox, and end."`
	Deadletter deadletterCommand    `cmd:"" help:"List, retry and drop messages that could not be delivered."`
}

// interruptible ends with Ctrl-C; a second one ends the program at once.
func interruptible() (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// notifyPreviewCommand shows a message.
type notifyPreviewCommand struct {
	deskFlags
	Sink   string   `required:"" placeholder:"NAME" help:"The sink whose rendering to show."`
	Rules  []string `short:"r" sep:"none" placeholder:"PATH" help:"Rule file or folder, in place of the configuration's."`
	Rule   string   `placeholder:"ID" help:"The rule that the message is of. Default: the first that matches."`
	Kind   string   `default:"opened" help:"opened, repeated, acknowledged, resolved, reopened, storm, report, health or test."`
	Part   string   `placeholder:"NAME" help:"Print only this part, as it is sent."`
	Format string   `short:"f" default:"text" enum:"text,json" help:"text: the parts, each under its name; json: the message that all sinks render."`
	About  string   `arg:"" optional:"" name:"finding" help:"File with a finding of scan, a record or a log; or the id of an alert. Default: an example."`
}

// Help says what can be previewed.
func (notifyPreviewCommand) Help() string {
	return "Nothing is sent and no secret is fetched. Text is shown with control characters made visible; --part prints the bytes themselves, for files and pipes."
}

// Run prints the message.
func (c *notifyPreviewCommand) Run(s *streams) error {
	kind, err := assembleKind(c.Kind)
	if err != nil {
		return err
	}
	cfg, err := c.load()
	if err != nil {
		return err
	}
	if cfg.Sink(c.Sink) == nil {
		return unknownSink(cfg, c.Sink)
	}
	d, err := newDesk(context.Background(), s, cfg)
	if err != nil {
		return err
	}
	defer d.close()
	to, err := d.Sink(d.ctx, c.Sink)
	if err != nil {
		return err
	}
	about, err := c.alert(d)
	if err != nil {
		return err
	}
	m, err := d.Message(d.ctx, d.builder, c.Sink, about, kind)
	if err != nil {
		return err
	}
	if c.Format == "json" {
		return writeJSON(s, m)
	}
	p, err := to.Preview(sink.Notification{Message: m})
	if err != nil {
		return fmt.Errorf("sinks.%s: %w", c.Sink, err)
	}
	return c.print(s, p)
}

func (c *notifyPreviewCommand) print(s *streams, p sink.Preview) error {
	var names []string
	for _, part := range p.Parts {
		if c.Part == part.Name {
			_, err := s.out.Write(part.Body)
			return err
		}
		names = append(names, part.Name)
	}
	if c.Part != "" {
		return fmt.Errorf("--part %s: this sink's message has the parts %s", c.Part, strings.Join(names, ", "))
	}
	for i, part := range p.Parts {
		if i > 0 {
			fmt.Fprintln(s.out)
		}
		fmt.Fprintf(s.out, "=== %s (%s, %d bytes)\n", visible.Text(part.Name), visible.Text(part.ContentType), len(part.Body))
		fmt.Fprintln(s.out, strings.TrimSuffix(visible.Lines(strings.ReplaceAll(string(part.Body), "\r\n", "\n")), "\n"))
	}
	return nil
}

// notifyTestCommand sends a test message.
type notifyTestCommand struct {
	deskFlags
	Sink []string `placeholder:"NAME" help:"The sink; may be repeated. Default: all that are enabled."`
}

// Help explains the exit code.
func (notifyTestCommand) Help() string {
	return "Each sink gets one message that says it is a test. Exit codes: 0 all took it; 1 some did not; 2 bad usage or configuration."
}

// Run sends one message to each sink and says how that ended.
func (c *notifyTestCommand) Run(s *streams) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop()
	d, err := newDesk(ctx, s, cfg)
	if err != nil {
		return err
	}
	names := c.Sink
	if len(names) == 0 {
		names = cfg.SinkNames()
	}
	if len(names) == 0 {
		return errors.New("the configuration has no sinks")
	}
	bad := false
	for _, name := range names {
		if cfg.Sink(name) == nil {
			return unknownSink(cfg, name)
		}
		bad = !d.test(name) || bad
	}
	if ctx.Err() != nil {
		return exit{exitInterrupted}
	}
	if bad {
		return exit{exitFinding}
	}
	return nil
}

// test sends one test message; it tells whether the sink took it.
func (d *desk) test(name string) bool {
	to := d.sinks[name]
	if to == nil {
		var err error
		if to, err = d.Sink(d.ctx, name); err != nil {
			d.say("%v", err)
			return false
		}
	}
	began := time.Now()
	o, err := d.Test(d.ctx, d.builder, name, to)
	switch {
	case err != nil:
		d.say("sink %s: %v", name, err)
		return false
	case o.Class != alert.OK:
		d.say("sink %s: %s: %s", name, o.Class, o.Reason)
		return false
	case o.Reason != "":
		d.say("sink %s: taken in part: %s", name, o.Reason)
		return false
	}
	d.say("sink %s: taken after %d ms", name, time.Since(began).Milliseconds())
	return true
}

// notifyFlushCommand empties the outbox.
type notifyFlushCommand struct {
	deskFlags
	Wait time.Duration `default:"5m" help:"How long to try, for example 30s."`
}

// Help explains the exit code.
func (notifyFlushCommand) Help() string {
	return "Exit codes: 0 what was due is delivered; 1 some was refused or still waits; 2 bad usage or configuration."
}

// Run delivers what is due.
func (c *notifyFlushCommand) Run(s *streams) error {
	return withDesk(&c.deskFlags, s, func(d *desk) error { return d.deliver(c.Wait) })
}

// deliver drains the outbox; its error is the exit code.
func (d *desk) deliver(wait time.Duration) error {
	d.Refresh(d.ctx)
	failed, err := d.drain(wait)
	switch {
	case d.ctx.Err() != nil:
		return exit{exitInterrupted}
	case err != nil:
		return err
	case failed:
		return exit{exitFinding}
	}
	return nil
}

// withDesk runs do with an open store.
func withDesk(f *deskFlags, s *streams, do func(*desk) error) error {
	cfg, err := f.load()
	if err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop()
	d, err := openDesk(ctx, s, cfg, true)
	if err != nil {
		return err
	}
	defer d.close()
	return do(d)
}
