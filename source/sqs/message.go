package sqs

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/trailwarden/trailwarden/source"
)

// message handles one message that is in hand, and holds it while it waits for a
// permission.
func (s *Source) message(ctx, soft context.Context, h source.Handler, m types.Message) {
	beat := s.heartbeat(soft, aws.ToString(m.ReceiptHandle))
	defer beat()
	d := s.delivery(m)
	err := s.Handle(soft, h, d)
	room := s.slots
	for denied(err) && s.hold(ctx, d, room) {
		room = s.retries
		err = s.Handle(soft, h, d)
	}
	if source.Done(err) {
		s.acks <- aws.ToString(m.ReceiptHandle)
	} else {
		beat()
		s.giveBack(ctx, m, d.Receives, err)
	}
	<-room
}

// denied tells whether an error is one that only people can mend, and that all
// messages of its kind share.
func denied(err error) bool {
	var d *source.Denied
	return errors.As(err, &d)
}

// longest is how long a message can be kept from its receive on (SQS Developer
// Guide, visibility timeout: 12 hours), less a reserve.
const longest = 11 * time.Hour

// hold waits until a message that is held should be tried again. It gives up its
// room meanwhile and then has one among the retries, for which the calls that
// wait for new messages do not compete. It reports false, and leaves the room
// as it is, when the message cannot be held or the end has come.
func (s *Source) hold(ctx context.Context, d source.Delivery, room chan struct{}) bool {
	if s.o.Clock.Time().Sub(d.Arrived) > longest || ctx.Err() != nil {
		return false
	}
	select {
	case s.held <- struct{}{}:
	default:
		return false
	}
	<-room
	err := s.o.Clock.Wait(ctx, s.o.Denied)
	<-s.held
	if err != nil {
		room <- struct{}{}
		return false
	}
	s.retries <- struct{}{}
	return true
}

// A message that cannot be held is given back for so long that a night without a
// permission does not use up its receives, longer each time.
const (
	away     = 15 * time.Minute
	mostAway = 6 * time.Hour
)

// giveBack makes a message visible again: after a while, or at once when we are
// stopping and others may take it.
func (s *Source) giveBack(ctx context.Context, m types.Message, receives int, cause error) {
	after, timeout := min(s.o.Backoff.After(max(1, receives)), s.o.Visibility), 5*time.Second
	switch {
	case ctx.Err() != nil || errors.Is(cause, source.ErrEnds):
		after, timeout = 0, deleteGrace
	case denied(cause): // there is no room to hold it
		after = min(away<<min(max(0, receives-1), 10), mostAway)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	if err := s.invisible(ctx, aws.ToString(m.ReceiptHandle), after); err != nil && !lost(err) {
		s.Failed(err)
	}
	if errors.Is(cause, source.ErrOverloaded) {
		_ = s.o.Clock.Wait(ctx, time.Second)
	}
}

// invisible sets how long a message stays invisible from now on.
func (s *Source) invisible(ctx context.Context, receipt string, d time.Duration) error {
	_, err := s.client.ChangeMessageVisibility(ctx, &awssqs.ChangeMessageVisibilityInput{
		QueueUrl: &s.o.QueueURL, ReceiptHandle: &receipt, VisibilityTimeout: seconds(d)})
	return err
}

// heartbeat keeps a message invisible from half-life to half-life until the
// returned function is called, which may happen more than once. A call that is not
// answered is given up while there is time for others.
func (s *Source) heartbeat(ctx context.Context, receipt string) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		failures := 0
		for {
			wait := s.o.Visibility / 2
			if failures > 0 {
				wait = s.o.Visibility / 10
			}
			if s.o.Clock.Wait(ctx, wait) != nil {
				return
			}
			err := s.beat(ctx, receipt)
			switch {
			case lost(err):
				return
			case err != nil:
				failures++
				s.Failed(err)
			default:
				failures = 0
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

func (s *Source) beat(ctx context.Context, receipt string) error {
	ctx, cancel := context.WithTimeout(ctx, s.o.Visibility/4)
	defer cancel()
	return s.invisible(ctx, receipt, s.o.Visibility)
}
