// Package stdout writes messages to the standard output, as text for people or
// one line of JSON each.
package stdout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

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
	cfg Config
	out io.Writer
	mu  sync.Mutex // one message at a time
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
	return &output{cfg: cfg, out: deps.Out}, nil
}

// Deliver writes n. A message that was written in part is written again.
func (o *output) Deliver(ctx context.Context, n sink.Notification) alert.Outcome {
	if err := ctx.Err(); err != nil {
		return outcome.Ended(err)
	}
	body, err := o.render(n.Message)
	if err != nil {
		return outcome.Refused(err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if written, err := o.out.Write(body); err != nil {
		return alert.Outcome{Class: alert.Retry, Reason: outcome.Reason(err.Error()), Unsure: written > 0}
	}
	return alert.Outcome{Class: alert.OK}
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
