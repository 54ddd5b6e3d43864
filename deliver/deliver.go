// Package deliver empties the outbox into the sinks.
//
// Each sink has a worker of its own, so that one that hangs or is down delays no
// other. A worker claims what is due, has the message built from the alert as it
// is by then, sends it once, and records how that ended. What a receiver cannot
// take now is tried again, with growing random waits or when the receiver says;
// what it will never take becomes a dead letter; when it refuses the
// credentials, the worker pauses until there are others or the sinks are loaded
// anew, and another sink is told.
package deliver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/sink"
)

// Store is what the dispatcher needs of an alert.Store.
type Store interface {
	alert.Outbox
	Alert(ctx context.Context, id string) (*alert.Alert, error)
}

// Build makes the message of a delivery; a is nil when there is no alert behind
// it.
type Build func(ctx context.Context, a *alert.Alert, d alert.Delivery) (*message.Message, error)

// Target is a sink under its name in the configuration.
type Target struct {
	Name string
	Sink sink.Sink
	// PerSecond bounds messages per second; 0 leaves it to the sink's traits.
	PerSecond float64
	// Timeout bounds one attempt; 0 means 45 s.
	Timeout time.Duration
}

// Options of a Dispatcher. Zero values are the defaults.
type Options struct {
	Store   Store
	Build   Build
	Targets []Target
	// Health are the sinks that hear of trouble, in this order; what is wrong
	// with one of them goes to the others. Empty means all sinks.
	Health []string

	GiveUp  time.Duration // after the first failed attempt; 24 h
	Lease   time.Duration // how long a claimed message is nobody else's; 5 min, at most alert.LongestLease
	Poll    time.Duration // between looks into the outbox when nobody wakes the dispatcher; 1 s
	Grace   time.Duration // for messages under way when the dispatcher stops; 8 s
	Backlog int64         // messages waiting for one sink that are told as trouble; 10,000

	// Rules are asked for exceptions that end within Ahead, 7 days.
	Rules func() []*alert.Rule
	Ahead time.Duration

	Now     func() time.Time // time.Now
	Jitter  func() float64   // in [0, 1); rand.Float64
	Observe func(Attempt)    // called after each attempt, from several goroutines
	Log     *slog.Logger     // slog.Default
}

// Attempt is one message that was sent, or not.
type Attempt struct {
	Sink   string
	Kind   alert.Kind
	Class  alert.Class
	Took   time.Duration // of the call to the sink
	Waited time.Duration // since the message was due at first
	Reason string        // why it failed; with OK, which part was not taken
}

// Dispatcher empties the outbox. Make one with New.
type Dispatcher struct {
	o       Options
	mu      sync.Mutex
	workers map[string]*worker // by sink, those of the present targets
	targets []Target
	running bool              // the workers' goroutines were started
	said    map[string]string // the day on which the log was told something
	heard   map[string]bool   // sinks that were given news of trouble since Drain looked
	reload  chan struct{}
}

// New makes a Dispatcher.
func New(o Options) (*Dispatcher, error) {
	if o.Store == nil || o.Build == nil {
		return nil, errors.New("deliver: a Store and a Build are required")
	}
	setDefaults(&o)
	d := &Dispatcher{o: o, workers: map[string]*worker{}, said: map[string]string{}, heard: map[string]bool{}, reload: make(chan struct{}, 1)}
	if err := checkTargets(o.Targets); err != nil {
		return nil, err
	}
	d.targets = o.Targets
	for _, t := range o.Targets {
		d.workers[t.Name] = newWorker(d, t)
	}
	return d, nil
}

func setDefaults(o *Options) {
	for d, otherwise := range map[*time.Duration]time.Duration{
		&o.GiveUp: 24 * time.Hour, &o.Lease: 5 * time.Minute, &o.Poll: time.Second,
		&o.Grace: 8 * time.Second, &o.Ahead: 7 * 24 * time.Hour,
	} {
		if *d <= 0 {
			*d = otherwise
		}
	}
	o.Lease = min(o.Lease, alert.LongestLease)
	if o.Backlog <= 0 {
		o.Backlog = 10_000
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	if o.Observe == nil {
		o.Observe = func(Attempt) {}
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
}

func checkTargets(ts []Target) error {
	seen := map[string]bool{}
	for _, t := range ts {
		if t.Name == "" || t.Sink == nil {
			return errors.New("deliver: every target needs a name and a sink")
		}
		if seen[t.Name] {
			return fmt.Errorf("deliver: two sinks are named %q", t.Name)
		}
		seen[t.Name] = true
		if t.Sink.Traits().Batch > 1 {
			if _, ok := t.Sink.(sink.Batcher); !ok {
				return fmt.Errorf("deliver: sink %q takes batches by its traits and has no DeliverBatch", t.Name)
			}
		}
	}
	return nil
}

// Wake has the workers look into the outbox now; call it after a Commit.
func (d *Dispatcher) Wake() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, w := range d.workers {
		w.nudge()
	}
}

// Reload puts new targets in place of the old ones, while Run goes on. Messages
// under way end first, each sink for itself. Paused sinks try again, and the
// times of waiting repeats are counted anew under the store's policy.
func (d *Dispatcher) Reload(ts []Target) error {
	if err := checkTargets(ts); err != nil {
		return err
	}
	d.mu.Lock()
	d.targets = ts
	d.mu.Unlock()
	select {
	case d.reload <- struct{}{}:
	default:
	}
	return nil
}

// Run delivers until ctx ends, then lets messages under way end within the
// grace. It returns an error only when the store cannot go on.
func (d *Dispatcher) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	d.replaceAll(ctx, &all, cancel)
	all.Go(func() { d.watch(ctx) })
	for {
		select {
		case <-ctx.Done():
			all.Wait()
			if err := context.Cause(ctx); fatal(err) {
				return err
			}
			return nil
		case <-d.reload:
			d.replaceAll(ctx, &all, cancel)
		}
	}
}

// replaceAll starts a worker for each target; one of the same name ends before
// its successor begins.
func (d *Dispatcher) replaceAll(ctx context.Context, all *sync.WaitGroup, fail context.CancelCauseFunc) {
	if _, err := d.o.Store.Reschedule(ctx, d.o.Now()); err != nil && ctx.Err() == nil {
		d.o.Log.Error("repeats keep the times they had", "error", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	old := d.workers
	d.workers = map[string]*worker{}
	for _, w := range old {
		w.stop()
	}
	for _, t := range d.targets {
		w, before := newWorker(d, t), old[t.Name]
		if !d.running {
			before = nil
		}
		d.workers[t.Name] = w
		all.Go(func() {
			if before != nil {
				before.wait(ctx)
			}
			if err := w.run(ctx); err != nil {
				fail(err)
			}
		})
	}
	d.running = true
}

// Drain delivers what is due and returns when nothing is, or when ctx ends. It
// waits for what has to be tried again, and tries paused sinks again: nobody
// reloads a program that ends. Messages under way when ctx ends have the grace to
// end, 0 being that of the Options, and so has counting what stays in the outbox,
// by sink. It is for programs that end, and not for use beside Run.
func (d *Dispatcher) Drain(ctx context.Context, grace time.Duration) (left map[string]int64, err error) {
	if grace <= 0 {
		grace = d.o.Grace
	}
	d.mu.Lock()
	clear(d.heard)
	workers := make([]*worker, 0, len(d.targets))
	for _, t := range d.targets {
		workers = append(workers, d.workers[t.Name])
		d.workers[t.Name].resume()
	}
	d.mu.Unlock()
	var errs []error
	for len(workers) > 0 && ctx.Err() == nil {
		errs = append(errs, drainAll(ctx, workers, grace))
		workers = d.hearing() // some had ended when another's trouble came
	}
	counting, cancel := graceful(ctx, grace)
	defer cancel()
	left, err = d.o.Store.Backlog(counting)
	return left, errors.Join(append(errs, err)...)
}

func drainAll(ctx context.Context, workers []*worker, grace time.Duration) error {
	errs := make([]error, len(workers))
	var all sync.WaitGroup
	for i, w := range workers {
		all.Go(func() { errs[i] = w.drain(ctx, grace) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// hearing are the workers of sinks that were given news of trouble since this was
// last asked, but those that are paused.
func (d *Dispatcher) hearing() (workers []*worker) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name := range d.heard {
		if w := d.workers[name]; w != nil && !w.paused() {
			workers = append(workers, w)
		}
	}
	clear(d.heard)
	return workers
}

// fatal tells whether the store cannot go on.
func fatal(err error) bool {
	return errors.Is(err, alert.ErrBroken) || errors.Is(err, alert.ErrCorrupt)
}

// Status is how a sink is doing.
type Status struct {
	Sink    string
	Paused  string    // why, empty when it is not
	Failing time.Time // since when no message came through; zero when the last one did
	Reason  string    // of the last failure
	Sent    int64
	Retried int64
	Dead    int64
}

// Status tells how each sink is doing, by name.
func (d *Dispatcher) Status() []Status {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []Status
	for _, t := range d.targets {
		if w := d.workers[t.Name]; w != nil {
			all = append(all, w.status())
		}
	}
	slices.SortFunc(all, func(a, b Status) int {
		if a.Sink < b.Sink {
			return -1
		}
		return 1
	})
	return all
}
