package sqs

import (
	"context"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// linger is how long a delete waits for others to share its call.
const linger = 50 * time.Millisecond

// deleteAll deletes messages, up to ten in a call, until "" comes.
func (s *Source) deleteAll(ctx context.Context) {
	for {
		batch, more := s.gather()
		if len(batch) > 0 {
			s.delete(ctx, batch)
		}
		if !more {
			return
		}
	}
}

// gather waits for a receipt handle and takes those that come soon after.
func (s *Source) gather() (batch []string, more bool) {
	first := <-s.acks
	if first == "" {
		return nil, false
	}
	batch = append(batch, first)
	t := time.NewTimer(linger)
	defer t.Stop()
	for len(batch) < 10 {
		select {
		case r := <-s.acks:
			if r == "" {
				return batch, false
			}
			batch = append(batch, r)
		case <-t.C:
			return batch, true
		}
	}
	return batch, true
}

// deleteTries is how often a delete is tried. A message whose delete fails for
// good comes again, and its handler knows it.
const deleteTries = 6

// deleteGrace is how long messages that were handled in time may be deleted after
// the last handler had to end.
const deleteGrace = time.Second

// delete deletes a batch, and again what failed of it.
func (s *Source) delete(ctx context.Context, batch []string) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for n := 1; ; n++ {
		left, err := s.deleteBatch(ctx, batch)
		if err != nil {
			s.Failed(err)
		}
		if len(left) == 0 {
			return
		}
		if n == deleteTries || s.o.Clock.Wait(ctx, s.o.Backoff.After(n)/4) != nil {
			s.AckFailed(len(left))
			return
		}
		batch = left
	}
}

// deleteBatch makes one call and returns what it did not delete and might.
func (s *Source) deleteBatch(ctx context.Context, batch []string) (left []string, err error) {
	in := &awssqs.DeleteMessageBatchInput{QueueUrl: &s.o.QueueURL}
	for i := range batch {
		in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: &batch[i]})
	}
	out, err := s.client.DeleteMessageBatch(ctx, in)
	if err != nil {
		return batch, err
	}
	for _, f := range out.Failed {
		i, err := strconv.Atoi(aws.ToString(f.Id))
		if err != nil || i < 0 || i >= len(batch) {
			continue
		}
		if f.SenderFault { // the receipt is no longer good: no try will help
			s.AckFailed(1)
			continue
		}
		left = append(left, batch[i])
	}
	return left, nil
}
