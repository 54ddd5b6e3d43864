package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
)

// Waits between tries of one call: a random part of this, doubled each time
// (DynamoDB Developer Guide, "Error handling", exponential backoff).
const (
	firstWait = 25 * time.Millisecond
	mostWait  = 3 * time.Second
	mostTries = 12
)

// persistence is how long one piece of work goes on trying.
type persistence struct {
	c     *client
	what  string
	tries int
}

func (c *client) persist(what string) *persistence { return &persistence{c: c, what: what} }

// do repeats a call that failed for now: throttled, or without an answer. Every
// call here may be repeated: reads and unconditional writes by nature,
// transactions by their token.
func (p *persistence) do(ctx context.Context, call func() error) error {
	for {
		err := call()
		switch {
		case err == nil:
			return nil
		case changed(err):
			return errChanged
		case !passing(err):
			return p.c.describe(p.what, err)
		}
		if e := p.again(ctx); e != nil {
			return p.c.describe(p.what, errors.Join(err, e))
		}
	}
}

// progress is asked between parts of a batch that was done in part only.
func (p *persistence) progress(ctx context.Context, asked, left int) error {
	if left == 0 {
		return nil
	}
	if left < asked {
		p.tries = max(p.tries-1, 0) // something was done, so this may go on
	}
	if err := p.again(ctx); err != nil {
		return p.c.describe(p.what, fmt.Errorf("%d of %d items were not processed: %w", left, asked, err))
	}
	return nil
}

var errTries = errors.New("the table takes no more for now")

// again waits before the next try, or says that it was the last.
func (p *persistence) again(ctx context.Context) error {
	if p.tries++; p.tries >= mostTries {
		return fmt.Errorf("%w: %d tries", errTries, p.tries)
	}
	return pause(ctx, p.tries)
}

// pause waits before try n, from 1 on.
func pause(ctx context.Context, n int) error {
	most := min(firstWait<<min(n-1, 20), mostWait)
	t := time.NewTimer(rand.N(most) + time.Millisecond)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// changed tells whether a transaction was refused because something that was
// read is no longer so, or is being changed right now.
func changed(err error) bool {
	var one *types.ConditionalCheckFailedException
	var conflict *types.TransactionConflictException
	var all *types.TransactionCanceledException
	if errors.As(err, &one) || errors.As(err, &conflict) {
		return true
	}
	if !errors.As(err, &all) {
		return false
	}
	for _, r := range all.CancellationReasons {
		if c := aws.ToString(r.Code); c == "ConditionalCheckFailed" || c == "TransactionConflict" {
			return true
		}
	}
	return false
}

// passing tells whether the same call may succeed later: reasons for which a
// transaction is cancelled (API Reference, TransactWriteItems), throttling,
// errors of the service, and answers that did not come.
func passing(err error) bool {
	var all *types.TransactionCanceledException
	if errors.As(err, &all) {
		return passingReasons(all)
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		switch api.ErrorCode() {
		case "TransactionInProgressException", "ThrottlingException", "ProvisionedThroughputExceededException",
			"RequestLimitExceeded", "InternalServerError", "ServiceUnavailable", "LimitExceededException":
			return true
		}
		return api.ErrorFault() == smithy.FaultServer
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	return retry.NewStandard().IsErrorRetryable(err) || isSending(err)
}

func passingReasons(all *types.TransactionCanceledException) bool {
	for _, r := range all.CancellationReasons {
		switch aws.ToString(r.Code) {
		case "", "None", "ThrottlingError", "ProvisionedThroughputExceeded":
		default: // ItemCollectionSizeLimitExceeded, ValidationError: in vain
			return false
		}
	}
	return true
}

// isSending tells whether a request broke off on its way, or its answer did.
func isSending(err error) bool {
	var sent interface{ ConnectionError() bool }
	var answer *smithy.DeserializationError
	return errors.As(err, &sent) && sent.ConnectionError() || errors.As(err, &answer)
}
