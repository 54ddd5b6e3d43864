// Package athena answers queries on Amazon Athena: it starts them, waits, pages
// through the result, stops what nobody waits for any more, and says what was
// scanned (Athena API Reference: StartQueryExecution, GetQueryExecution,
// GetQueryResults, StopQueryExecution).
package athena

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsathena "github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"github.com/trailwarden/trailwarden/internal/awsx"
	"github.com/trailwarden/trailwarden/query"
)

// Options say where queries run.
type Options struct {
	Config    aws.Config
	Catalog   string // empty means AwsDataCatalog
	Database  string // empty means default
	Table     string // that cloudtrail_logs stands for in queries; empty means itself
	Workgroup string // empty means primary
	// Output is where Athena puts results, an s3:// URL; empty leaves it to the
	// workgroup.
	Output string
	// Day, Account and Region are the table's partition columns, by which a
	// Statement's Scope is bounded; empty means timestamp, account and region.
	Day, Account, Region string
	// Reuse is how old a result of the same query may be; 0 asks anew.
	Reuse time.Duration
	// Rows is the most rows in a result; 0 means no bound.
	Rows int64
	// Reruns is how often a query that failed for a passing reason is run again;
	// 0 means 2, negative never.
	Reruns int
	// Now is the time by which a scope's days are bounded; nil means time.Now.
	Now func() time.Time
	// Sleep waits, or returns the error of ctx; nil means by the clock.
	Sleep func(ctx context.Context, d time.Duration) error
	// Started is told of each execution; it may be nil.
	Started func(id string)
}

// Engine runs statements on Athena. It implements query.Engine and is safe for
// concurrent use.
type Engine struct {
	o      Options
	client *awsathena.Client
}

var _ query.Engine = (*Engine)(nil)

// New makes an Engine; it calls nobody.
func New(o Options) *Engine {
	o.Catalog, o.Database = cmp.Or(o.Catalog, "AwsDataCatalog"), cmp.Or(o.Database, "default")
	o.Day, o.Account, o.Region = cmp.Or(o.Day, "timestamp"), cmp.Or(o.Account, "account"), cmp.Or(o.Region, "region")
	o.Reruns = max(0, cmp.Or(o.Reruns, 2))
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	return &Engine{o: o, client: awsathena.NewFromConfig(awsx.Once(o.Config))}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// Query runs the statement to its end and returns the first page of its result.
// The error is a diagnostic.Diagnostic when the text is at fault, else a *Failure
// when Athena says so. When ctx ends, the query is stopped.
func (e *Engine) Query(ctx context.Context, s query.Statement) (query.Result, error) {
	text, err := e.Text(s)
	if err != nil {
		return nil, err
	}
	began := e.o.Now()
	for n := 0; ; n++ {
		done, err := e.execute(ctx, text)
		if f, ok := errors.AsType[*Failure](err); ok && f.Retryable && f.State == string(types.QueryExecutionStateFailed) && n < e.o.Reruns {
			if err := e.o.Sleep(ctx, wait(n+4)); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		return e.open(ctx, done, began)
	}
}

// execute runs a text once, to its end.
func (e *Engine) execute(ctx context.Context, text string) (*types.QueryExecution, error) {
	id, err := e.start(ctx, text)
	if err != nil {
		return nil, err
	}
	if e.o.Started != nil {
		e.o.Started(id)
	}
	return e.await(ctx, id)
}

// start starts an execution. All tries of one start carry one token, so that an
// answer that was lost does not start it twice.
func (e *Engine) start(ctx context.Context, text string) (id string, err error) {
	in := &awsathena.StartQueryExecutionInput{
		QueryString: &text, ClientRequestToken: aws.String(token()),
		QueryExecutionContext: &types.QueryExecutionContext{Catalog: &e.o.Catalog, Database: &e.o.Database},
	}
	if e.o.Workgroup != "" {
		in.WorkGroup = &e.o.Workgroup
	}
	if e.o.Output != "" {
		in.ResultConfiguration = &types.ResultConfiguration{OutputLocation: &e.o.Output}
	}
	if e.o.Reuse > 0 {
		in.ResultReuseConfiguration = &types.ResultReuseConfiguration{ResultReuseByAgeConfiguration: &types.ResultReuseByAgeConfiguration{
			Enabled: true, MaxAgeInMinutes: aws.Int32(int32(min(max(1, e.o.Reuse/time.Minute), 10080)))}}
	}
	err = e.try(ctx, "start the query", func() error {
		out, err := e.client.StartQueryExecution(ctx, in)
		if err == nil {
			id = aws.ToString(out.QueryExecutionId)
		}
		return err
	})
	return id, err
}

// token is fresh for each execution: 32 hex digits.
func token() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
