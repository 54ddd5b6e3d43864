// Package stdout writes messages to the standard output, as text for people or
// one line of JSON each.
package stdout

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/visible"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/fit"
	"github.com/trailwarden/trailwarden/sink/internal/outcome"
	"github.com/trailwarden/trailwarden/sink/page"
)

// Format is how a message is written.
type Format string

// The formats.
const (
	Text Format = "text" // the page, for people
	JSON Format = "json" // NDJSON, the message model
)

// Limits of one message, in bytes.
const (
	MaxText = 64 * 1024
	MaxLine = 1 << 20
)

// Config is how to write.
type Config struct {
	Format Format // Text when empty
}

// Deps is what a sink needs from its surroundings.
type Deps struct {
	Out io.Writer // required
}

type output struct {
	cfg  Config
	out  io.Writer
	free chan struct{} // holds one while nothing is being written
}

// New makes a sink.
func New(cfg Config, deps Deps) (sink.Sink, error) {
	if cfg.Format == "" {
		cfg.Format = Text
	}
	switch {
	case cfg.Format != Text && cfg.Format != JSON:
		return nil, fmt.Errorf("stdout: format %q: want text or json", cfg.Format)
	case deps.Out == nil:
		return nil, errors.New("stdout: nowhere to write to")
	}
	o := &output{cfg: cfg, out: deps.Out, free: make(chan struct{}, 1)}
	o.free <- struct{}{}
	return o, nil
}

// Deliver writes n. A message that was written in part is written again. Nobody may
// read what is written, so that a write does not end: ctx ends the waiting for it.
func (o *output) Deliver(ctx context.Context, n sink.Notification) alert.Outcome {
	if err := ctx.Err(); err != nil {
		return outcome.Ended(err)
	}
	body, err := o.render(n.Message)
	if err != nil {
		return outcome.Refused(err)
	}
	select {
	case <-o.free:
	case <-ctx.Done():
		return unread(false)
	}
	ended := make(chan alert.Outcome, 1)
	go func() {
		ended <- o.write(body)
		o.free <- struct{}{}
	}()
	select {
	case out := <-ended:
		return out
	case <-ctx.Done():
		return unread(true)
	}
}

func (o *output) write(body []byte) alert.Outcome {
	if written, err := o.out.Write(body); err != nil {
		return alert.Outcome{Class: alert.Retry, Reason: outcome.Reason(err.Error()), Unsure: written > 0}
	}
	return alert.Outcome{Class: alert.OK}
}

// unread is the outcome while nobody reads; begun tells that the message is on its
// way, and comes when somebody does.
func unread(begun bool) alert.Outcome {
	return alert.Outcome{Class: alert.Retry, Reason: "nobody reads the standard output", Unsure: begun}
}

func (o *output) render(m *message.Message) ([]byte, error) {
	if o.cfg.Format == JSON {
		line, err := fit.JSON(m, MaxLine)
		return []byte(fit.Drawn(string(line)) + "\n"), err
	}
	return []byte(visible.Lines(page.Text(m, MaxText)) + "\n"), nil
}

// Preview shows what would be written.
func (o *output) Preview(n sink.Notification) (sink.Preview, error) {
	body, err := o.render(n.Message)
	if err != nil {
		return sink.Preview{}, err
	}
	kind := "text/plain; charset=utf-8"
	if o.cfg.Format == JSON {
		kind = "application/x-ndjson"
	}
	return sink.Preview{Parts: []sink.Part{{Name: "body", ContentType: kind, Body: body}}}, nil
}

// Traits: programs that read JSON follow an alert to its end.
func (o *output) Traits() sink.Traits { return sink.Traits{Lifecycle: o.cfg.Format == JSON} }
