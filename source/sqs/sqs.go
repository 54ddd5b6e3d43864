// Package sqs receives deliveries from an Amazon SQS queue.
//
// A message is deleted last, after its handler has said that all its effects are
// durable. While a handler works, the message is kept invisible to others by a
// heartbeat; when it fails, the message comes back after a while. Messages that
// fail because a permission is missing are held, not returned, so that the wait
// for a human does not use up their receives and push them into the queue's own
// dead letter queue. The rules follow the SQS Developer Guide (visibility
// timeout, short and long polling).
package sqs

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/trailwarden/trailwarden/source"
	"github.com/trailwarden/trailwarden/source/envelope"
)

// Options say which queue is read and how.
type Options struct {
	Name   string // the source's name; empty means the queue's URL
	Config aws.Config
	// QueueURL is the queue.
	QueueURL string
	// Receivers is how many calls wait for messages at once; 0 means 2.
	Receivers int
	// Parallel is the most messages in hand at once; 0 means 10.
	Parallel int
	// Held is the most messages that wait for a permission to be given, beside
	// those in hand; 0 means 1,000.
	Held int
	// MaxReceives is how often a message is tried; 0 means 3.
	MaxReceives int
	// Visibility is how long a message stays invisible without a heartbeat, in
	// whole seconds; 0 means 30 s. After a crash messages come back that late.
	Visibility time.Duration
	// Wait is how long a call waits for messages, in whole seconds, at most 20;
	// 0 means 20 s.
	Wait time.Duration
	// Grace is how long handlers may go on after the end; 0 means 8 s.
	Grace time.Duration
	// Backoff is the wait after a failed call, and after a failed try of a
	// message; zero means from 1 s to 30 s.
	Backoff source.Backoff
	// Denied is the wait before a message that is held for a missing permission
	// is tried again; 0 means 30 s.
	Denied time.Duration
	Limits envelope.Limits // zero means the default
	Clock  source.Clock
}

// Source reads one queue.
type Source struct {
	source.Monitor
	o       Options
	client  *awssqs.Client
	slots   chan struct{} // one for each message in hand or asked for
	retries chan struct{} // one for each held message that is tried again
	held    chan struct{} // one for each message that is held
	acks    chan string   // receipt handles to delete
}

var _ source.Source = (*Source)(nil)

// New makes a Source.
func New(o Options) *Source {
	o = o.withDefaults()
	s := &Source{o: o, slots: make(chan struct{}, o.Parallel), retries: make(chan struct{}, 1+o.Parallel/2), held: make(chan struct{}, o.Held), acks: make(chan string, 100)}
	s.Now = o.Clock.Time
	s.client = awssqs.NewFromConfig(o.Config, func(c *awssqs.Options) { c.Retryer = aws.NopRetryer{} })
	return s
}

func (o Options) withDefaults() Options {
	if o.Name == "" {
		o.Name = o.QueueURL
	}
	number(&o.Receivers, 2)
	number(&o.Parallel, 10)
	number(&o.Held, 1000)
	number(&o.MaxReceives, 3)
	number(&o.Visibility, 30*time.Second)
	number(&o.Wait, 20*time.Second)
	number(&o.Grace, 8*time.Second)
	number(&o.Denied, 30*time.Second)
	if o.Backoff == (source.Backoff{}) {
		o.Backoff = source.Backoff{Base: time.Second, Most: 30 * time.Second}
	}
	if o.Limits == (envelope.Limits{}) {
		o.Limits = envelope.DefaultLimits()
	}
	o.Receivers = min(o.Receivers, o.Parallel)
	return o
}

func number[T int | time.Duration](n *T, ordinary T) {
	if *n <= 0 {
		*n = ordinary
	}
}

// Name is the source's name.
func (s *Source) Name() string { return s.o.Name }

// Run receives messages until ctx ends. Messages in hand then have Grace to
// finish, and the others are given back to the queue at once. What the queue does
// not delete a moment after that comes again. The error is a
// *source.ConfigError when the queue does not exist at the start.
func (s *Source) Run(ctx context.Context, h source.Handler) error {
	soft, end := source.Graceful(ctx, s.o.Grace)
	defer end()
	if err := s.probe(ctx); err != nil {
		return err
	}
	deleting, endDeleting := source.Graceful(ctx, s.o.Grace+deleteGrace)
	defer endDeleting()
	acked := make(chan struct{})
	go func() {
		defer close(acked)
		s.deleteAll(deleting)
	}()
	var receivers, handlers sync.WaitGroup
	for range s.o.Receivers {
		receivers.Go(func() { s.receive(ctx, soft, h, &handlers) })
	}
	receivers.Wait()
	handlers.Wait()
	s.acks <- ""
	<-acked
	return nil
}

// probe tells a queue that does not exist from one that cannot be reached now.
func (s *Source) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	_, err := s.client.GetQueueAttributes(ctx, &awssqs.GetQueueAttributesInput{QueueUrl: &s.o.QueueURL,
		AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameVisibilityTimeout}})
	var gone *types.QueueDoesNotExist
	var address *types.InvalidAddress
	if errors.As(err, &gone) || errors.As(err, &address) {
		return &source.ConfigError{Source: s.o.Name, What: fmt.Sprintf("there is no queue %q", s.o.QueueURL),
			Do: "check the queue's URL, account and region", Err: nil}
	}
	return nil
}

// receive brings messages into hand, as many as there is room for.
func (s *Source) receive(ctx, soft context.Context, h source.Handler, handlers *sync.WaitGroup) {
	failures := 0
	for ctx.Err() == nil {
		n := s.room(ctx)
		if n == 0 {
			return
		}
		messages, err := s.poll(ctx, n)
		for range n - len(messages) {
			<-s.slots
		}
		if err != nil {
			failures++
			s.Failed(err)
			_ = s.o.Clock.Wait(ctx, s.o.Backoff.After(failures))
			continue
		}
		failures = 0
		s.Reached()
		for _, m := range messages {
			handlers.Go(func() { s.message(ctx, soft, h, m) })
		}
	}
}

// room waits for a free slot and takes up to ten that are free; none when ctx
// has ended.
func (s *Source) room(ctx context.Context) int {
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return 0
	}
	for n := 1; ; n++ {
		if n == 10 {
			return n
		}
		select {
		case s.slots <- struct{}{}:
		default:
			return n
		}
	}
}

// poll makes one call for at most n messages.
func (s *Source) poll(ctx context.Context, n int) ([]types.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, s.o.Wait+15*time.Second)
	defer cancel()
	out, err := s.client.ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{
		QueueUrl: &s.o.QueueURL, MaxNumberOfMessages: int32(n), WaitTimeSeconds: seconds(s.o.Wait), VisibilityTimeout: seconds(s.o.Visibility),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{
			types.MessageSystemAttributeNameApproximateReceiveCount, types.MessageSystemAttributeNameSentTimestamp},
	})
	if err != nil {
		return nil, fmt.Errorf("receiving from %s: %w", s.o.QueueURL, err)
	}
	return out.Messages, nil
}

func seconds(d time.Duration) int32 { return int32((d + time.Second - 1) / time.Second) }

// delivery is a message as a delivery.
func (s *Source) delivery(m types.Message) source.Delivery {
	receives, _ := strconv.Atoi(m.Attributes["ApproximateReceiveCount"])
	d := source.Delivery{ID: aws.ToString(m.MessageId), Source: s.o.Name, Receives: receives, MaxReceives: s.o.MaxReceives, Arrived: s.o.Clock.Time()}
	if ms, err := strconv.ParseInt(m.Attributes["SentTimestamp"], 10, 64); err == nil {
		d.Sent = time.UnixMilli(ms).UTC()
	}
	hop := envelope.Hop{Shape: envelope.ShapeSQS, ID: d.ID, Origin: s.o.QueueURL, Receives: receives, Time: d.Sent}
	d.Items = envelope.Via(hop, []byte(aws.ToString(m.Body)), s.o.Limits)
	return d
}

// lost tells whether the queue says that the message is no longer ours.
func lost(err error) bool {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return false
	}
	switch api.ErrorCode() {
	case "ReceiptHandleIsInvalid", "MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight", "InvalidParameterValue":
		return true
	}
	return false
}
