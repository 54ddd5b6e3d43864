// Package sns publishes messages to an Amazon SNS topic or endpoint.
//
// A standard topic may deliver a message twice when an attempt got no answer. A
// FIFO topic recognizes it within five minutes by MessageDeduplicationId, which
// is the alert's key and the message's sequence. Limits and error codes are of
// the Amazon SNS API Reference, Publish.
package sns

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/awsx"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/internal/outcome"
)

// Style is how a message's text is made.
type Style string

// The styles.
const (
	Full  Style = "full"  // the whole page as plain text
	Lines Style = "lines" // Event, Source, Params and Region of each record, and what identifies it
	JSON  Style = "json"  // the message model
)

// Config is a topic or endpoint.
type Config struct {
	Topic  string // ARN of a topic; one that ends in .fifo deduplicates
	Target string // ARN of an endpoint, in place of Topic
	Style  Style  // Full when empty
	// PerProtocol sends a short text to SMS and push subscribers and the full
	// one to mail subscribers; all others get Style.
	PerProtocol bool
}

// Deps is what a sink needs from its surroundings.
type Deps struct {
	AWS aws.Config       // the region is overridden by the ARN's
	Now func() time.Time // time.Now when nil
}

// publisher is the sink.
type publisher struct {
	cfg    Config
	fifo   bool
	client *sns.Client
	now    func() time.Time
}

// New makes a sink that publishes in the region that the ARN names.
func New(cfg Config, deps Deps) (sink.Sink, error) {
	if cfg.Style == "" {
		cfg.Style = Full
	}
	a, err := cfg.check()
	if err != nil {
		return nil, fmt.Errorf("sns: %w", err)
	}
	config := awsx.Once(deps.AWS)
	config.Region = a.Region
	if deps.Now == nil {
		deps.Now = time.Now
	}
	return &publisher{cfg, strings.HasSuffix(cfg.Topic, ".fifo"), sns.NewFromConfig(config), deps.Now}, nil
}

func (c Config) check() (arn.ARN, error) {
	if c.Style != Full && c.Style != Lines && c.Style != JSON {
		return arn.ARN{}, fmt.Errorf("style %q: want full, lines or json", c.Style)
	}
	if (c.Topic == "") == (c.Target == "") {
		return arn.ARN{}, errors.New("want either topic or target, the ARN to publish to")
	}
	name, value := "topic", c.Topic
	if value == "" {
		name, value = "target", c.Target
	}
	a, err := arn.Parse(value)
	if err != nil || a.Service != "sns" || a.Region == "" || a.Resource == "" {
		return a, fmt.Errorf("%s %q: want an ARN such as arn:aws:sns:eu-west-1:111122223333:alerts", name, value)
	}
	return a, nil
}

// codes are those of Publish that their kind does not class.
func codes() outcome.Codes {
	return outcome.Codes{
		"PlatformApplicationDisabled":          alert.Auth,
		"PlatformApplicationDisabledException": alert.Auth,
	}
}

// Deliver publishes n. Its receipt is the message's id.
func (p *publisher) Deliver(ctx context.Context, n sink.Notification) alert.Outcome {
	if err := ctx.Err(); err != nil {
		return outcome.Ended(err)
	}
	in, err := p.input(n.Message)
	if err != nil {
		return outcome.Refused(err)
	}
	out, err := p.client.Publish(ctx, in)
	if err != nil {
		return outcome.Of(err, codes(), p.now())
	}
	return alert.Outcome{Class: alert.OK, Receipt: []byte(aws.ToString(out.MessageId))}
}

// Preview shows the subject, the message and its attributes.
func (p *publisher) Preview(n sink.Notification) (sink.Preview, error) {
	in, err := p.input(n.Message)
	if err != nil {
		return sink.Preview{}, err
	}
	kind := "text/plain; charset=utf-8"
	if p.cfg.Style == JSON || p.cfg.PerProtocol {
		kind = "application/json"
	}
	return sink.Preview{Parts: []sink.Part{
		{Name: "subject", ContentType: "text/plain; charset=us-ascii", Body: []byte(aws.ToString(in.Subject))},
		{Name: "message", ContentType: kind, Body: []byte(aws.ToString(in.Message))},
		{Name: "attributes", ContentType: "text/plain; charset=utf-8", Body: []byte(attributeLines(in))},
	}}, nil
}

// Traits: a FIFO topic knows a message that it has seen.
func (p *publisher) Traits() sink.Traits {
	return sink.Traits{Idempotent: p.fifo, Lifecycle: p.cfg.Style == JSON}
}
