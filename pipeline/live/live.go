// Package live judges what sources deliver and commits what comes of it: the
// Handler that a server and the Lambda function put behind every source.
//
// A delivery is opened into records, each record is judged by one complete set
// of rules, and findings, dead letters and positions are committed in one
// transaction before the source is told that it may forget the delivery.
// Whatever fails before that makes the delivery come again; what it commits the
// second time changes nothing.
package live

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/pipeline/intake"
	"github.com/trailwarden/trailwarden/source"
)

// Store is what the pipeline needs of an alert.Store.
type Store interface {
	alert.Committer
	alert.Positions
}

// Options say how deliveries are judged.
type Options struct {
	Store Store
	// Fetch gives what opens the objects that a source announces.
	Fetch func(source string) source.Fetcher
	// Rules gives the set of rules of the moment; a delivery is judged by one.
	Rules  func() *intake.Rules
	Mode   string // serve or lambda
	Limits cloudtrail.Limits
	// CheckpointBytes is how many bytes of records of one object are judged
	// between two commits; 0 means 16 MiB.
	CheckpointBytes int
	// Remember is how many identities of records are kept to tell duplicates
	// from news; 0 means 500,000. Forgetting one costs time, never an alert.
	Remember int
	// Pulse, when set, is told which accounts and regions deliver.
	Pulse *Pulse
	// Trouble, when set, is told of operational faults that hide events, such as
	// an object that may not be read.
	Trouble func(source string, err error)
	// Delay, when set, is told how long after the event a finding was committed.
	Delay func(account, region string, d time.Duration)
	Now   func() time.Time
}

// Pipeline judges deliveries. Its Handle is a source.Handler.
type Pipeline struct {
	o       Options
	seen    *seen
	judges  sync.Pool
	commits *committer
	Counters
}

// New starts a pipeline; Close ends it.
func New(o Options) *Pipeline {
	if o.CheckpointBytes <= 0 {
		o.CheckpointBytes = 16 << 20
	}
	if o.Remember <= 0 {
		o.Remember = 500_000
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	p := &Pipeline{o: o, seen: newSeen(o.Remember)}
	p.commits = newCommitter(o.Store, o.Now, &p.Counters)
	return p
}

// Close waits for what was handed over and commits it.
func (p *Pipeline) Close() { p.commits.close() }

// Handle judges a delivery and returns when what came of it is durable; see
// source.Handler.
func (p *Pipeline) Handle(ctx context.Context, d source.Delivery) error {
	p.Deliveries.Add(1)
	w := p.worker(ctx, d)
	defer p.release(w)
	if d.Exhausted() {
		return w.giveUp(errors.New("every try ended the process that made it"))
	}
	err := w.items()
	if err == nil {
		err = w.commit()
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil || errors.Is(err, alert.ErrFull) || errors.Is(err, alert.ErrBroken):
		return err // not the delivery's fault
	}
	p.trouble(d.Source, err)
	var denied *source.Denied
	if d.LastTry() && !errors.As(err, &denied) {
		return w.giveUp(err)
	}
	p.Retries.Add(1)
	return err
}

func (p *Pipeline) trouble(from string, err error) {
	if p.o.Trouble != nil {
		p.o.Trouble(from, err)
	}
}

// worker takes what judging needs from the pool.
func (p *Pipeline) worker(ctx context.Context, d source.Delivery) *worker {
	rules := p.o.Rules()
	w, _ := p.judges.Get().(*worker)
	if w == nil {
		w = &worker{Pipeline: p, decoder: cloudtrail.NewDecoder(p.o.Limits)}
		w.visit = w.record
	}
	if w.rules != rules {
		w.rules, w.judge = rules, rules.NewJudge()
	}
	w.ctx, w.delivery = ctx, d
	return w
}

func (p *Pipeline) release(w *worker) {
	w.ctx, w.delivery, w.part = nil, source.Delivery{}, part{}
	p.judges.Put(w)
}
