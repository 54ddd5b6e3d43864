package athena

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsathena "github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"github.com/trailwarden/trailwarden/internal/awsx"
)

// wait is how long to wait before the n-th look: from a quarter of a second,
// half as much more each time, up to five seconds, and up to a fifth less so
// that many watchers do not look at once.
func wait(n int) time.Duration {
	d := 250 * time.Millisecond
	for range min(n, 20) {
		d = min(d+d/2, 5*time.Second)
	}
	return d - time.Duration(rand.Int64N(int64(d/5)))
}

// await waits until the execution has ended. When ctx ends before, it stops the
// execution, which would be paid for.
func (e *Engine) await(ctx context.Context, id string) (*types.QueryExecution, error) {
	for n := 0; ; n++ {
		var x *types.QueryExecution
		err := e.try(ctx, "ask how the query stands", func() error {
			out, err := e.client.GetQueryExecution(ctx, &awsathena.GetQueryExecutionInput{QueryExecutionId: &id})
			if err == nil {
				x = out.QueryExecution
			}
			return err
		})
		if err == nil && x != nil && x.Status != nil {
			switch x.Status.State {
			case types.QueryExecutionStateSucceeded:
				return x, nil
			case types.QueryExecutionStateFailed, types.QueryExecutionStateCancelled:
				return nil, failure(id, x)
			}
		}
		if err == nil {
			err = e.o.Sleep(ctx, wait(n))
		}
		if err != nil {
			e.stop(ctx, id)
			return nil, err
		}
	}
}

// stopTime is how long stopping an execution may take after its ctx has ended.
const stopTime = 5 * time.Second

// stop stops an execution. That it cannot be stopped changes nothing for the
// caller, who is on the way out with an error.
func (e *Engine) stop(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	for n := range 3 {
		_, err := e.client.StopQueryExecution(ctx, &awsathena.StopQueryExecutionInput{QueryExecutionId: &id})
		if err == nil || !passing(awsx.Classify(err)) || sleep(ctx, wait(n)) != nil {
			return
		}
	}
}

// tries is how often a call is made that fails for reasons that may pass.
const tries = 6

// try makes a call until it works or cannot work.
func (e *Engine) try(ctx context.Context, doing string, call func() error) error {
	for n := 0; ; n++ {
		err := call()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		f := awsx.Classify(err)
		if !passing(f) || n+1 >= tries {
			return refused(doing, f)
		}
		if err := e.o.Sleep(ctx, wait(n)); err != nil {
			return err
		}
	}
}

func passing(f awsx.Fault) bool {
	return f.Kind == awsx.Throttled || f.Kind == awsx.Server || f.Kind == awsx.Network
}

// failure says why an execution did not succeed.
func failure(id string, x *types.QueryExecution) *Failure {
	f := &Failure{ID: id, State: string(x.Status.State), Reason: aws.ToString(x.Status.StateChangeReason), Class: Other}
	if x.Statistics != nil {
		f.Scanned = aws.ToInt64(x.Statistics.DataScannedInBytes)
	}
	if a := x.Status.AthenaError; a != nil {
		f.Retryable, f.Type = a.Retryable, aws.ToInt32(a.ErrorType)
		if f.Reason == "" {
			f.Reason = aws.ToString(a.ErrorMessage)
		}
		switch aws.ToInt32(a.ErrorCategory) {
		case 1:
			f.Class = System
		case 2:
			f.Class = User
		}
	}
	if x.Status.State == types.QueryExecutionStateCancelled {
		f.Class = Cancelled
	}
	f.classify()
	return f
}
