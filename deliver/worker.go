package deliver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/crash"
	"github.com/trailwarden/trailwarden/sink"
)

// Limits of one attempt and of what a receiver may ask for.
const (
	attemptTimeout = 45 * time.Second
	longestAsked   = alert.LongestAsked // Retry-After is honoured up to this
	// afterFailures is how many calls in a row must fail before the sink as a
	// whole waits: fewer may be the messages' own fault.
	afterFailures = 3
)

// worker delivers to one sink, one call at a time, which keeps the order.
type worker struct {
	d       *Dispatcher
	t       Target
	traits  sink.Traits
	wake    chan struct{}
	stopped chan struct{}
	ended   chan struct{}
	once    sync.Once

	// The following belong to the goroutine that runs the worker.
	grace    time.Duration // for a message under way when the worker is to end
	failures int           // calls in a row that ended in Retry
	quiet    time.Time     // nothing is sent before
	asked    time.Time     // nor before this, as the receiver asked
	next     time.Time     // earliest next message by the sink's rate
	retry    time.Time     // latest time that a message is to be tried again
	soonest  time.Time     // earliest such time to come

	mu sync.Mutex
	st Status
}

func newWorker(d *Dispatcher, t Target) *worker {
	w := &worker{
		d: d, t: t, grace: d.o.Grace, traits: t.Sink.Traits(), wake: make(chan struct{}, 1),
		stopped: make(chan struct{}), ended: make(chan struct{}), st: Status{Sink: t.Name},
	}
	if w.t.PerSecond <= 0 {
		w.t.PerSecond = w.traits.PerSecond
	}
	if w.t.Timeout <= 0 {
		w.t.Timeout = attemptTimeout
	}
	return w
}

func (w *worker) nudge() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *worker) stop() { w.once.Do(func() { close(w.stopped) }) }

// wait returns when the worker has ended, if it ever ran.
func (w *worker) wait(ctx context.Context) {
	select {
	case <-w.ended:
	case <-ctx.Done():
	}
}

func (w *worker) status() Status {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.st
}

func (w *worker) paused() bool { return w.status().Paused != "" }

// renewed ends the pause when the sink has other credentials than those that
// were refused.
func (w *worker) renewed(ctx context.Context) bool {
	r, ok := w.t.Sink.(sink.Renewer)
	if !ok || !r.Renewed(ctx) {
		return false
	}
	w.d.o.Log.Info("a paused sink has new credentials and is tried again", "sink", w.t.Name)
	w.resume()
	return true
}

// resume ends a pause.
func (w *worker) resume() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.st.Paused = ""
}

// run delivers until ctx ends or the worker is stopped.
func (w *worker) run(ctx context.Context) error {
	defer close(w.ended)
	for {
		wait, _, err := w.step(ctx)
		if fatal(err) {
			return fmt.Errorf("sink %s: %w", w.t.Name, err)
		}
		if err != nil && ctx.Err() == nil {
			w.d.o.Log.Error("the outbox cannot be read", "sink", w.t.Name, "error", err)
		}
		if !w.sleep(ctx, wait) {
			return nil
		}
	}
}

// drain delivers until nothing is due and nothing waits for another attempt.
func (w *worker) drain(ctx context.Context, grace time.Duration) error {
	w.grace = grace
	for {
		wait, idle, err := w.step(ctx)
		switch {
		case err != nil && (ctx.Err() == nil || fatal(err)):
			return fmt.Errorf("sink %s: %w", w.t.Name, err)
		case idle && (w.paused() || !w.d.o.Now().Before(w.retry)):
			return nil
		}
		if !w.sleep(ctx, wait) {
			return nil
		}
	}
}

// sleep waits; false means that the worker is to end.
func (w *worker) sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	wake := w.wake
	if w.d.o.Now().Before(w.quiet) || w.paused() {
		wake = nil // a new alert changes nothing
	}
	select {
	case <-ctx.Done():
		return false
	case <-w.stopped:
		return false
	case <-wake:
	case <-timer.C:
	}
	return ctx.Err() == nil
}

// step delivers what is due, one call's worth, and says how long to wait before
// the next; idle means that nothing was due.
func (w *worker) step(ctx context.Context) (wait time.Duration, idle bool, err error) {
	now := w.d.o.Now()
	switch {
	case ctx.Err() != nil:
		return 0, true, nil
	case w.paused() && !w.renewed(ctx):
		return time.Minute, true, nil
	case now.Before(w.quiet):
		return w.quiet.Sub(now), false, nil
	case now.Before(w.next):
		return w.next.Sub(now), false, nil
	}
	ds, err := w.d.o.Store.Claim(ctx, w.t.Name, max(w.traits.Batch, 1), now, w.d.o.Lease)
	if err != nil || len(ds) == 0 {
		return w.untilNext(now), true, err
	}
	w.pace(now, len(ds))
	return 0, false, w.deliver(ctx, ds)
}

// untilNext is how long to wait when nothing is due.
func (w *worker) untilNext(now time.Time) time.Duration {
	if !w.soonest.After(now) {
		w.soonest = time.Time{}
		return w.d.o.Poll
	}
	return min(w.d.o.Poll, w.soonest.Sub(now)+time.Millisecond) // stores count in milliseconds
}

// pace keeps messages apart as the sink's rate asks.
func (w *worker) pace(now time.Time, n int) {
	if w.t.PerSecond > 0 {
		w.next = now.Add(time.Duration(float64(n) * float64(time.Second) / w.t.PerSecond))
	}
}

// deliver builds, sends and settles claimed deliveries. Once begun, it has the
// grace to end although ctx does.
func (w *worker) deliver(ctx context.Context, ds []alert.Delivery) error {
	kept, cancel := graceful(ctx, w.grace)
	defer cancel()
	ns, ready, err := w.build(kept, ds)
	if err != nil || len(ready) == 0 {
		return err
	}
	crash.Point("message built")
	began := w.d.o.Now()
	crash.Point("before send")
	os := w.send(kept, ns)
	crash.Point("sent")
	took := w.d.o.Now().Sub(began)
	return w.settle(kept, ready, os, took)
}

// graceful is a context that outlives ctx by a time.
func graceful(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	out, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(grace, cancel)
		context.AfterFunc(out, func() { timer.Stop() })
	})
	return out, func() { stop(); cancel() }
}

// build makes the messages; a delivery without one is settled here.
func (w *worker) build(ctx context.Context, ds []alert.Delivery) (ns []sink.Notification, ready []alert.Delivery, err error) {
	for _, d := range ds {
		n, d, err := w.notification(ctx, d)
		if err == nil {
			ns, ready = append(ns, n), append(ready, d)
			continue
		}
		o := alert.Outcome{Class: alert.Reject, Reason: "the message cannot be made: " + err.Error()}
		if errors.Is(err, errStore) {
			o.Class = alert.Retry
		}
		if err := w.settle(ctx, []alert.Delivery{d}, []alert.Outcome{o}, 0); err != nil {
			return nil, nil, err
		}
	}
	return ns, ready, nil
}

// errStore marks that the store, and not the message, was at fault.
var errStore = errors.New("the store did not answer")

func (w *worker) notification(ctx context.Context, d alert.Delivery) (n sink.Notification, with alert.Delivery, err error) {
	defer func() {
		if p := recover(); p != nil {
			with, err = d, fmt.Errorf("panic: %v", p)
		}
	}()
	a := d.Of
	if d.Alert != "" && a == nil {
		a, err = w.d.o.Store.Alert(ctx, d.Alert)
		switch {
		case errors.Is(err, alert.ErrNotFound):
			return n, d, fmt.Errorf("its alert was purged: %w", err)
		case err != nil:
			return n, d, errors.Join(errStore, err)
		}
	}
	if a != nil {
		d.Count = a.Count
	}
	m, err := w.d.o.Build(ctx, a, d)
	return sink.Notification{Message: m, Receipt: d.Receipt}, d, err
}

// send calls the sink once; a sink that panics has failed.
func (w *worker) send(ctx context.Context, ns []sink.Notification) (os []alert.Outcome) {
	ctx, cancel := context.WithTimeout(ctx, w.t.Timeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			os = all(len(ns), alert.Outcome{Class: alert.Retry, Unsure: true, Reason: fmt.Sprintf("the sink panicked: %v", p)})
		}
	}()
	if w.traits.Batch <= 1 {
		for _, n := range ns {
			os = append(os, w.t.Sink.Deliver(ctx, n))
		}
		return os
	}
	batcher, ok := w.t.Sink.(sink.Batcher)
	if !ok {
		return all(len(ns), alert.Outcome{Class: alert.Retry, Reason: "the sink takes no batches"})
	}
	if os = batcher.DeliverBatch(ctx, ns); len(os) != len(ns) {
		return all(len(ns), alert.Outcome{
			Class: alert.Retry, Unsure: true,
			Reason: fmt.Sprintf("the sink gave %d outcomes for %d messages", len(os), len(ns)),
		})
	}
	return os
}

func all(n int, o alert.Outcome) []alert.Outcome {
	os := make([]alert.Outcome, n)
	for i := range os {
		os[i] = o
	}
	return os
}
