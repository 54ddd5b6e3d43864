// Package lambda is Trailwarden as an AWS Lambda function: one handler for
// every trigger, which judges what an invocation brings, commits it, delivers
// what can be delivered in the time that is left, and answers as the trigger
// wants to be answered (Lambda Developer Guide, event source mappings and
// asynchronous invocation).
package lambda

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/deliver"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/pipeline/intake"
	"github.com/trailwarden/trailwarden/pipeline/live"
	"github.com/trailwarden/trailwarden/source"
	"github.com/trailwarden/trailwarden/source/envelope"
)

// Options of a Function.
type Options struct {
	// Load makes the parts from configuration and rules as they are now. It is
	// asked at most once in Refresh; unchanged is true when nothing changed since
	// the last call, and the parts are nil then.
	Load func(ctx context.Context) (p *assemble.Parts, unchanged bool, err error)
	// Refresh is how old configuration and rules may be; 0 means a minute.
	Refresh time.Duration
	// Open opens the store under a policy that may change.
	Open func(ctx context.Context, a *assemble.Assembly, policy func() *alert.Policy) (alert.Store, error)
	// Fetch opens the objects that events announce; nil means Amazon S3 as the
	// configuration has it.
	Fetch source.Fetcher
	// Reads, when set, tells which objects the configuration is read from: where
	// they lie in a bucket that is watched, they are no logs.
	Reads func(bucket, key string) bool
	// Resources answers CloudFormation's requests for custom resources; nil
	// refuses them.
	Resources *Resources
	// Mode in alerts; empty means lambda.
	Mode string
	Now  func() time.Time
	Log  *slog.Logger
	// Observe is told of each attempt to deliver; it may be nil.
	Observe func(deliver.Attempt)
	// Did is told what each invocation did, which pollers are not answered; it may
	// be nil.
	Did func(Summary)
}

// Function handles invocations. It keeps what a warm environment can keep.
type Function struct {
	o     Options
	parts atomic.Pointer[assemble.Parts]

	mu      sync.Mutex // of what follows
	loaded  time.Time
	pending *assemble.Parts // read, and not in force
	live    *live.Pipeline
	store   alert.Store
	deliver *deliver.Dispatcher
	fetch   source.Fetcher
}

// New makes a Function; the first invocation loads its configuration.
func New(o Options) *Function {
	if o.Refresh <= 0 {
		o.Refresh = time.Minute
	}
	if o.Mode == "" {
		o.Mode = "lambda"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Observe == nil {
		o.Observe = func(deliver.Attempt) {}
	}
	if o.Did == nil {
		o.Did = func(Summary) {}
	}
	return &Function{o: o}
}

// Close commits what is in hand and closes the store.
func (f *Function) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.live == nil {
		return nil
	}
	f.live.Close()
	return f.store.Close()
}

// Invoke handles one event: the implementation of lambda.Handler of
// aws-lambda-go. The error of an asynchronous trigger makes Lambda try again;
// pollers get their partial answer instead.
func (f *Function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	if isResource(payload) { // also with a configuration that cannot be used yet
		return f.resource(ctx, payload)
	}
	if err := f.prepare(ctx); err != nil {
		return nil, err
	}
	before := f.counted()
	batch := envelope.Open(payload, envelope.DefaultLimits())
	outcomes := f.judge(ctx, batch)
	f.byClock(ctx, batch)
	f.ask(ctx, batch)
	f.drain(ctx)
	did := f.summary(batch, outcomes, before)
	f.o.Did(did)
	return respond(payload, batch, outcomes, did)
}

// prepare makes sure that the parts are there and not too old. A configuration
// that is broken now, or cannot be put in force, leaves the last good one.
func (f *Function) prepare(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.o.Now()
	if f.deliver != nil && now.Sub(f.loaded) < f.o.Refresh {
		return nil
	}
	err := f.refresh(ctx)
	switch {
	case err != nil && f.deliver == nil:
		return fmt.Errorf("the configuration cannot be used, so nothing is judged: %w", err)
	case err != nil:
		f.o.Log.Error("the new configuration is refused and the old one stays", "error", err)
	}
	f.loaded = now
	return nil
}

// refresh puts parts in force that are new, or that could not be put in force
// the last time: Load gives them once.
func (f *Function) refresh(ctx context.Context) error {
	reading, cancel := f.reading(ctx)
	defer cancel()
	p, unchanged, err := f.o.Load(reading)
	if err != nil {
		return err
	}
	if !unchanged {
		f.pending = p
	}
	if f.pending == nil {
		return nil
	}
	if err := f.apply(ctx, f.pending); err != nil {
		return err
	}
	f.o.Log.Info("a configuration is in force", "rules", f.pending.Rules.Len(), "version", f.pending.Rules.Version, "sinks", len(f.pending.Dispatch.Targets))
	f.pending = nil
	return nil
}

// reading is the time for reading the configuration: where it comes from may not
// answer, and then what is in force has to do. Without any, more is worth waiting
// for.
func (f *Function) reading(ctx context.Context) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	left := end.Sub(f.o.Now())
	if f.deliver == nil {
		return context.WithTimeout(ctx, left*3/4)
	}
	return context.WithTimeout(ctx, left/2)
}

// apply puts new parts in force.
func (f *Function) apply(ctx context.Context, p *assemble.Parts) error {
	before := f.parts.Swap(p)
	err := f.engage(ctx, p)
	if err != nil && before != nil {
		f.parts.Store(before)
	}
	return err
}

// engage makes what works with the parts.
func (f *Function) engage(ctx context.Context, p *assemble.Parts) error {
	if f.live == nil {
		if err := f.open(ctx, p); err != nil {
			return err
		}
	}
	o := p.Dispatch
	o.Store, o.Log, o.Observe, o.Now = f.store, f.o.Log, f.o.Observe, f.o.Now
	o.Build = func(ctx context.Context, a *alert.Alert, d alert.Delivery) (*message.Message, error) {
		return p.Dispatch.Build(ctx, a, d)
	}
	d, err := deliver.New(o)
	if err != nil {
		return err
	}
	f.deliver = d
	if f.fetch = f.o.Fetch; f.fetch == nil {
		f.fetch = p.Assembly.Objects(config.Client{})
	}
	return nil
}

// open opens the store and starts the pipeline, once.
func (f *Function) open(ctx context.Context, p *assemble.Parts) error {
	store, err := f.o.Open(ctx, p.Assembly, func() *alert.Policy { return f.parts.Load().Policy })
	if err != nil {
		return err
	}
	f.store = store
	p.Assembly.Share(store)
	f.live = live.New(live.Options{
		Store: store, Mode: f.o.Mode, Limits: assemble.Limits(p.Config), Now: f.o.Now,
		Fetch:    func(string) source.Fetcher { return f.fetch },
		Rules:    func() *intake.Rules { return f.parts.Load().Rules },
		Lateness: p.Config.Limits.Lateness.Std(), Groups: p.Config.Limits.Groups, Shared: p.Config.Store.DynamoDB != nil,
		Letters: live.LogLetters(f.o.Log), Own: f.o.Reads,
		Trouble: func(from string, err error) {
			f.o.Log.Error("a delivery could not be judged", "source", from, "error", err)
		},
	})
	return nil
}

// judge judges the units of a batch, several at once, as long as there is time, and
// gives the error of each.
func (f *Function) judge(ctx context.Context, b envelope.Batch) []error {
	outs := make([]error, len(b.Units))
	ctx, cancel := working(ctx, f.o.Now())
	defer cancel()
	ordered := fifo(b)
	workers := max(2, runtime.GOMAXPROCS(0))
	if ordered {
		workers = 1
	}
	next := make(chan int)
	var all sync.WaitGroup
	var failed atomic.Bool
	for range min(workers, len(b.Units)) {
		all.Go(func() {
			for i := range next {
				if ctx.Err() != nil || ordered && failed.Load() {
					outs[i] = errLater
					continue
				}
				outs[i] = f.unit(ctx, b, i)
				if !source.Done(outs[i]) {
					failed.Store(true)
				}
			}
		})
	}
	for i := range b.Units {
		next <- i
	}
	close(next)
	all.Wait()
	return outs
}

// errLater is what becomes of units that were not begun.
var errLater = errors.New("no time was left in this invocation")

// unit judges one unit; a panic in it fails nothing else.
func (f *Function) unit(ctx context.Context, b envelope.Batch, i int) error {
	u := b.Units[i]
	d := source.Delivery{ID: nameOf(b, i), Source: "lambda", Receives: u.Hop.Receives, Arrived: f.o.Now().UTC(), Sent: u.Hop.Time, Items: u.Items}
	err := source.Call(ctx, f.live.Handle, d)
	if err != nil {
		f.o.Log.Error("an item is left to come again", "item", d.ID, "error", err)
	}
	return err
}

// working is the time for judging: it ends while there is time to answer. What
// is in hand then is not committed and comes again.
func working(ctx context.Context, now time.Time) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	left := end.Sub(now)
	reserve := max(10*time.Second, left/10)
	if reserve > left/2 {
		reserve = left / 2 // a short timeout still leaves time to work
	}
	return context.WithDeadline(ctx, end.Add(-reserve))
}

// drain delivers what is due in the time that is left, less some for messages under
// way, for the store and for the answer; what stays waits for the next invocation
// or the schedule.
func (f *Function) drain(ctx context.Context) {
	end, ok := ctx.Deadline()
	if !ok {
		end = f.o.Now().Add(time.Minute)
	}
	left := end.Sub(f.o.Now())
	grace, answering := min(5*time.Second, left/5), min(time.Second, left/8)
	ctx, cancel := context.WithTimeout(ctx, min(left-2*grace-answering, longestDrain))
	defer cancel()
	f.mu.Lock()
	d := f.deliver
	f.mu.Unlock()
	waiting, err := d.Drain(ctx, max(grace, time.Millisecond))
	if err != nil && ctx.Err() == nil {
		f.o.Log.Error("messages wait", "waiting", waiting, "error", err)
	}
}

// longestDrain bounds the time that an invocation spends on sinks that do not
// answer: it is paid for.
const longestDrain = 15 * time.Second
