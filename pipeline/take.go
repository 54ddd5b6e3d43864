package pipeline

import (
	"context"
	"io"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// taker is a worker that takes in inputs: one that judges records, or one that
// hands them over unjudged.
type taker interface {
	fault(cloudtrail.Fault)
	// passOver tells from its name that a file is not to be opened.
	passOver(*entry) bool
	// read reads an input of so many bytes, -1 when that is unknown or r can tell.
	read(ctx context.Context, name string, r io.Reader, size int64)
	// opens is what opens its files.
	opens() *opener
}

func (o *opener) opens() *opener { return o }

// take has w read an input, or say why it cannot be read.
func take(ctx context.Context, w taker, e *entry, stdin io.Reader) {
	switch {
	case e.fault != "":
		w.fault(fileFault(e.path, e.fault))
	case e.path == Stdin:
		w.read(ctx, e.path, interruptible(ctx, stdin), -1)
	case e.waits:
		w.read(ctx, e.path, interruptible(ctx, &lateFile{path: e.path}), -1)
	case w.passOver(e):
	case e.fetch != nil:
		fetch(ctx, w, e)
	default:
		open(ctx, w, e)
	}
}

func fetch(ctx context.Context, w taker, e *entry) {
	r, err := e.fetch(ctx)
	if err != nil {
		if ctx.Err() == nil {
			w.fault(fileFault(e.path, reason(err)))
		}
		return
	}
	defer r.Close()
	w.read(ctx, e.path, r, e.size)
}

func open(ctx context.Context, w taker, e *entry) {
	f, err := w.opens().open(e.path)
	if err != nil {
		w.fault(fileFault(e.path, reason(err)))
		return
	}
	defer f.Close()
	if e.sniff && !looksLikeLog(f) {
		return
	}
	w.read(ctx, e.path, f, -1)
}

// clockSkew is how much later than its eventTime's own clock a file may be
// stamped; delivery follows the event, but the clocks are different ones.
const clockSkew = 24 * time.Hour

// tooOld: CloudTrail delivers a record after the event, so a file delivered
// before from has none from then on. Nothing can be told about the other bound:
// a file may come late and hold records of any earlier time.
func tooOld(delivered, from time.Time) bool {
	return !from.IsZero() && !delivered.IsZero() && delivered.Add(clockSkew).Before(from)
}

// inTime tells whether from ≤ eventTime < to; zero times set no bound, and a
// record without a valid eventTime is within any.
func inTime(rec *cloudtrail.Record, from, to time.Time) bool {
	if from.IsZero() && to.IsZero() {
		return true
	}
	t, ok := rec.Time()
	return !ok || !t.Before(from) && (to.IsZero() || t.Before(to))
}
