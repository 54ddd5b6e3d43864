package deliver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/trailwarden/trailwarden/alert"
)

// settle decides what an outcome means and records it.
func (w *worker) settle(ctx context.Context, d alert.Delivery, o alert.Outcome, took time.Duration) error {
	now := w.d.o.Now()
	asked := askedFor(o, now)
	o = w.judge(d, o, now)
	err := w.record(ctx, d, o)
	switch {
	case errors.Is(err, alert.ErrLost):
		w.d.o.Log.Warn("a message took longer than its lease; it may be sent twice", "sink", w.t.Name, "delivery", d.ID)
	case err != nil:
		return err
	}
	w.learn(o, asked, now)
	w.d.o.Observe(Attempt{
		Sink: w.t.Name, Kind: d.Kind, Class: o.Class, Took: took,
		Waited: now.Sub(d.Created), Reason: o.Reason,
	})
	return w.report(ctx, d, o, now)
}

// record writes the outcome, again and again while the store is full: the
// message went out, and forgetting that would send it twice.
func (w *worker) record(ctx context.Context, d alert.Delivery, o alert.Outcome) error {
	for {
		err := w.d.o.Store.Settle(ctx, d, o, w.d.o.Now())
		if err == nil || errors.Is(err, alert.ErrLost) || fatal(err) || ctx.Err() != nil {
			return err
		}
		w.d.o.Log.Error("an outcome cannot be recorded yet", "sink", w.t.Name, "delivery", d.ID, "error", err)
		timer := time.NewTimer(w.d.o.Poll)
		select {
		case <-ctx.Done():
			timer.Stop()
			return err
		case <-timer.C:
		}
	}
}

// judge completes an outcome: when to try again, and when to give up.
func (w *worker) judge(d alert.Delivery, o alert.Outcome, now time.Time) alert.Outcome {
	if o.Class != alert.Retry {
		return o
	}
	if !d.FirstTry.IsZero() && now.Sub(d.FirstTry) >= w.d.o.GiveUp {
		o.Class = alert.Reject
		o.Reason = fmt.Sprintf("given up after %s and %d attempts: %s", now.Sub(d.FirstTry).Round(time.Minute), d.Attempts+1, o.Reason)
		return o
	}
	o.NotUntil = later(now.Add(w.jittered(alert.Backoff(d.Attempts+1))), askedFor(o, now))
	return o
}

// askedFor is the time before which the receiver wants no message, at most an
// hour away; zero when it did not say.
func askedFor(o alert.Outcome, now time.Time) time.Time {
	if o.Class != alert.Retry || o.NotUntil.IsZero() {
		return time.Time{}
	}
	if most := now.Add(longestAsked); o.NotUntil.After(most) {
		return most
	}
	return o.NotUntil
}

func (w *worker) jittered(d time.Duration) time.Duration {
	return time.Duration(w.d.o.Jitter() * float64(d))
}

// learn changes how the worker goes on.
func (w *worker) learn(o alert.Outcome, asked, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch o.Class {
	case alert.OK:
		w.failures, w.quiet = 0, time.Time{}
		w.st.Sent++
		w.st.Failing, w.st.Reason = time.Time{}, ""
	case alert.Reject:
		w.st.Dead++
		w.st.Reason = o.Reason
	case alert.Auth:
		w.st.Paused = o.Reason
		if w.st.Paused == "" {
			w.st.Paused = "the credentials are refused"
		}
	default:
		w.st.Retried++
		w.st.Reason = o.Reason
		if w.st.Failing.IsZero() {
			w.st.Failing = now
		}
		w.failures++
		w.retry = later(w.retry, o.NotUntil)
		if !w.soonest.After(now) || o.NotUntil.Before(w.soonest) {
			w.soonest = o.NotUntil
		}
		w.hold(asked, now)
	}
}

// hold makes the whole sink wait: as long as the receiver asked, or for a
// growing time once several messages in a row have failed.
func (w *worker) hold(asked, now time.Time) {
	w.quiet = later(w.quiet, asked)
	if w.failures >= afterFailures {
		w.quiet = later(w.quiet, now.Add(w.jittered(alert.Backoff(w.failures-afterFailures+1))))
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
