// Package eventbridge puts messages on an Amazon EventBridge bus, as events
// whose detail is the message model. PutEvents has no idempotency token: an
// attempt without an answer may be delivered twice; detail.key and
// detail.sequence tell. Limits and error codes are of the Amazon EventBridge
// API Reference, PutEvents.
package eventbridge

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/awsx"
	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/internal/outcome"
)

// Config is a bus.
type Config struct {
	Bus      string // name or ARN; default when empty
	Source   string // trailwarden when empty; it must not begin with aws.
	MaxEntry int    // most bytes of one event; 256 KiB when 0
}

// Deps is what a sink needs from its surroundings.
type Deps struct {
	AWS aws.Config
	Now func() time.Time // time.Now when nil
}

type bus struct {
	cfg    Config
	client *eventbridge.Client
	now    func() time.Time
}

var isSource = re2.Own(`^[0-9A-Za-z._/-]{1,256}$`)

// New makes a sink, which is a sink.Batcher too; it contacts nobody.
func New(cfg Config, deps Deps) (sink.Sink, error) {
	if cfg.Source == "" {
		cfg.Source = "trailwarden"
	}
	if cfg.MaxEntry == 0 {
		cfg.MaxEntry = sink.EventBridgeEntry.Max()
	}
	switch {
	case !isSource.MatchString(cfg.Source):
		return nil, fmt.Errorf("eventbridge: source %q: want letters, digits and . _ / -, at most 256", cfg.Source)
	case strings.HasPrefix(strings.ToLower(cfg.Source), "aws."), strings.EqualFold(cfg.Source, "aws"):
		return nil, fmt.Errorf("eventbridge: source %q: names that begin with aws. are AWS's own", cfg.Source)
	case cfg.MaxEntry < 32<<10:
		return nil, errors.New("eventbridge: max_entry: want at least 32 KiB")
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	return &bus{cfg, eventbridge.NewFromConfig(awsx.Once(deps.AWS)), deps.Now}, nil
}

// codes are those that stand for single entries; their kind classes the
// others. A refused entry is rejected alone: a bus may refuse one event and
// take the next.
func codes() outcome.Codes {
	return outcome.Codes{
		"InternalFailure":                     alert.Retry,
		"InternalException":                   alert.Retry,
		"ThrottlingException":                 alert.Retry,
		"AccessDenied":                        alert.Reject,
		"AccessDeniedException":               alert.Reject,
		"NotAuthorizedForSourceException":     alert.Reject,
		"NotAuthorizedForDetailTypeException": alert.Reject,
		"InvalidAccountIdException":           alert.Reject,
		"InvalidArgument":                     alert.Reject,
		"MalformedDetail":                     alert.Reject,
		"RedactionFailure":                    alert.Reject,
	}
}

// Deliver puts one event. Its receipt is the event's id.
func (b *bus) Deliver(ctx context.Context, n sink.Notification) alert.Outcome {
	return b.DeliverBatch(ctx, []sink.Notification{n})[0]
}

// DeliverBatch puts several events, ten a call at most and not more bytes than
// one call may carry.
func (b *bus) DeliverBatch(ctx context.Context, ns []sink.Notification) []alert.Outcome {
	entries := make([]types.PutEventsRequestEntry, len(ns))
	failed := make([]error, len(ns))
	for i, n := range ns {
		entries[i], failed[i] = b.entry(n.Message)
	}
	return outcome.Batch(b.calls(entries, failed), len(ns), func(some []int) []alert.Outcome {
		if err := failed[some[0]]; err != nil {
			return []alert.Outcome{outcome.Refused(err)}
		}
		chosen := make([]types.PutEventsRequestEntry, 0, len(some))
		for _, i := range some {
			chosen = append(chosen, entries[i])
		}
		return b.put(ctx, chosen)
	})
}

// calls shares entries out over calls, in order; one that could not be made
// stands alone.
func (b *bus) calls(entries []types.PutEventsRequestEntry, failed []error) [][]int {
	var calls [][]int
	total := 0
	open := false
	for i, e := range entries {
		n := size(e)
		last := len(calls) - 1
		if failed[i] != nil || !open || len(calls[last]) == sink.EventBridgeBatch.Max() || total+n > b.cfg.MaxEntry {
			calls, total, last = append(calls, nil), 0, last+1
		}
		calls[last] = append(calls[last], i)
		total, open = total+n, failed[i] == nil
	}
	return calls
}

// put makes one call and reads what it says of each entry.
func (b *bus) put(ctx context.Context, entries []types.PutEventsRequestEntry) []alert.Outcome {
	if err := ctx.Err(); err != nil {
		return outcome.Same(outcome.Ended(err), len(entries))
	}
	answer, err := b.client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: entries})
	if err != nil {
		return outcome.Same(outcome.Of(err, nil, b.now()), len(entries))
	}
	out := make([]alert.Outcome, len(entries))
	for i := range entries {
		out[i] = alert.Outcome{Class: alert.Retry, Reason: "the answer says nothing of this event", Unsure: true}
		if i < len(answer.Entries) {
			out[i] = ofEntry(answer.Entries[i])
		}
	}
	return out
}

func ofEntry(e types.PutEventsResultEntry) alert.Outcome {
	if code := aws.ToString(e.ErrorCode); code != "" {
		return outcome.OfEntry(code, aws.ToString(e.ErrorMessage), codes())
	}
	return alert.Outcome{Class: alert.OK, Receipt: []byte(aws.ToString(e.EventId))}
}

// Preview shows the entry's parts.
func (b *bus) Preview(n sink.Notification) (sink.Preview, error) {
	e, err := b.entry(n.Message)
	if err != nil {
		return sink.Preview{}, err
	}
	plain := "text/plain; charset=utf-8"
	return sink.Preview{Parts: []sink.Part{
		{Name: "source", ContentType: plain, Body: []byte(*e.Source)},
		{Name: "detail-type", ContentType: plain, Body: []byte(*e.DetailType)},
		{Name: "resources", ContentType: plain, Body: []byte(strings.Join(e.Resources, "\n"))},
		{Name: "detail", ContentType: "application/json", Body: []byte(*e.Detail)},
	}}, nil
}

// Traits: ten events a call.
func (b *bus) Traits() sink.Traits {
	return sink.Traits{Batch: sink.EventBridgeBatch.Max(), Lifecycle: true}
}
