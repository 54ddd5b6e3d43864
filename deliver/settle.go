package deliver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/trailwarden/trailwarden/alert"
)

// settle decides what the outcomes of one call mean and records them together.
func (w *worker) settle(ctx context.Context, ds []alert.Delivery, os []alert.Outcome, took time.Duration) error {
	now := w.d.o.Now()
	all := make([]alert.Settled, len(ds))
	asked := make([]time.Time, len(ds))
	for i, d := range ds {
		asked[i] = askedFor(os[i], now)
		all[i] = alert.Settled{Delivery: d, Outcome: w.judge(d, os[i], now)}
	}
	lost, err := w.record(ctx, all)
	if err != nil {
		return err
	}
	w.pause(all, asked, now)
	var untold []error
	for i := range all {
		if lost[i] {
			w.d.o.Log.Warn("a message took longer than its lease; it may be sent twice", "sink", w.t.Name, "delivery", ds[i].ID)
		}
		untold = append(untold, w.conclude(ctx, &all[i], took, now))
	}
	return errors.Join(untold...)
}

// conclude draws what follows from a recorded outcome.
func (w *worker) conclude(ctx context.Context, s *alert.Settled, took time.Duration, now time.Time) error {
	w.learn(s.Outcome, now)
	w.d.o.Observe(Attempt{
		Sink: w.t.Name, Kind: s.Delivery.Kind, Class: s.Outcome.Class, Took: took,
		Waited: now.Sub(s.Delivery.Created), Reason: s.Outcome.Reason,
	})
	return w.report(ctx, s.Delivery, s.Outcome, now)
}

// record writes outcomes, again and again while the store is full: the messages
// went out, and forgetting that would send them twice.
func (w *worker) record(ctx context.Context, all []alert.Settled) (lost []bool, err error) {
	for done := 0; done < len(all); {
		more, err := w.write(ctx, all[done:])
		lost = append(lost, more...)
		done = len(lost)
		if err == nil {
			continue
		}
		if fatal(err) || ctx.Err() != nil {
			return nil, err
		}
		w.d.o.Log.Error("an outcome cannot be recorded yet", "sink", w.t.Name, "delivery", all[done].Delivery.ID, "error", err)
		timer := time.NewTimer(w.d.o.Poll)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, err
		case <-timer.C:
		}
	}
	return lost, nil
}

// write writes all outcomes, or the first.
func (w *worker) write(ctx context.Context, all []alert.Settled) (lost []bool, err error) {
	if s, ok := w.d.o.Store.(alert.Settler); ok && len(all) > 1 {
		return s.SettleAll(ctx, all, w.d.o.Now())
	}
	err = w.d.o.Store.Settle(ctx, all[0].Delivery, all[0].Outcome, w.d.o.Now())
	if errors.Is(err, alert.ErrLost) {
		return []bool{true}, nil
	}
	if err != nil {
		return nil, err
	}
	return []bool{false}, nil
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

// learn changes what the worker says of itself, and when it tries a message again.
func (w *worker) learn(o alert.Outcome, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch o.Class {
	case alert.OK:
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
		w.retry = later(w.retry, o.NotUntil)
		if !w.soonest.After(now) || o.NotUntil.Before(w.soonest) {
			w.soonest = o.NotUntil
		}
	}
}

// pause makes the whole sink wait after a call: as long as the receiver asked, or
// for a growing time once several calls in a row have failed. However many
// messages a call carried, it has failed once, and not at all if one arrived.
func (w *worker) pause(all []alert.Settled, asked []time.Time, now time.Time) {
	arrived, failed := false, false
	for i := range all {
		switch all[i].Outcome.Class {
		case alert.OK:
			arrived = true
		case alert.Retry:
			failed = true
			w.asked = later(w.asked, asked[i])
		}
	}
	switch {
	case arrived:
		w.failures, w.quiet = 0, w.asked
	case failed:
		w.failures++
		w.quiet = later(w.quiet, w.asked)
		if w.failures >= afterFailures {
			w.quiet = later(w.quiet, now.Add(w.jittered(alert.Backoff(w.failures-afterFailures+1))))
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
