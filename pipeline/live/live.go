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
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
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
	// Own, when set, tells which objects hold the program's own configuration: they
	// are ignored unless there are records in them.
	Own func(bucket, key string) bool
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
	// Positions begins the names under which the store keeps what sources save
	// under their Cursors; positions of deliveries are committed there.
	Positions string
	// Pulse, when set, is told which accounts and regions deliver.
	Pulse *Pulse
	// Trouble, when set, is told of operational faults that hide events, such as
	// an object that may not be read.
	Trouble func(source string, err error)
	// Letters, when set, is told of what was put into the dead letter; see
	// LogLetters.
	Letters func([]alert.Letter)
	// Full, when set, is told when the store has no room, and when it has again.
	Full func(bool)
	// Patience is how long a commit waits for room in the store before its
	// delivery is left to come again; nothing more is taken in meanwhile. 0 means
	// not at all.
	Patience time.Duration
	// Lateness is how much later than others a record may come and still count in
	// the windows of rules that remember; 0 means memory.DefaultLateness. Groups
	// is how many of their groups are in memory; 0 means 200,000. Shared says that
	// other processes judge with the same store.
	Lateness time.Duration
	Groups   int
	Shared   bool
	// Tick is how often what has become due by event time is judged when no
	// record brings it up; 0 means 5 s.
	Tick time.Duration
	// Upstream, when set, tells whether every source reaches what it reads. While
	// one does not, event time stands still: records may wait there.
	Upstream func() bool
	// Delay, when set, is told how long after the event a finding was committed.
	Delay func(account, region string, d time.Duration)
	Now   func() time.Time
}

// Pipeline judges deliveries. Its Handle is a source.Handler.
type Pipeline struct {
	o       Options
	seen    *seen
	gears   gears
	hits    sync.Pool // of *intake.Hits, empty
	keys    sync.Pool // of *[]cloudtrail.Key, empty
	commits *committer
	company sync.RWMutex // held for reading by deliveries that may share the process
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
	if o.Tick <= 0 {
		o.Tick = 5 * time.Second
	}
	p := &Pipeline{o: o, seen: newSeen(o.Remember)}
	p.commits = newCommitter(&p.o, &p.Counters)
	return p
}

// ByClock judges what has become due because time came on, for a pipeline that
// runs only now and then and is called by a schedule. When no record came for as
// long as one may be late, event time goes on with the clock.
func (p *Pipeline) ByClock(ctx context.Context) error {
	done := make(chan error, 1)
	select {
	case p.commits.clock <- done:
		return <-done
	case <-ctx.Done():
		return ctx.Err()
	case <-p.commits.closed:
		return source.ErrEnds
	}
}

// Hurry has commits that wait for room give up, so that the sources can stop.
func (p *Pipeline) Hurry() { p.commits.hurry() }

// Close waits for what was handed over and commits it. Deliveries that come
// later fail with source.ErrEnds.
func (p *Pipeline) Close() { p.commits.close() }

// Handle judges a delivery and returns when what came of it is durable; see
// source.Handler.
func (p *Pipeline) Handle(ctx context.Context, d source.Delivery) error {
	p.Deliveries.Add(1)
	if d.Exhausted() {
		return p.alone(ctx, d)
	}
	p.company.RLock()
	defer p.company.RUnlock()
	return p.handle(ctx, d)
}

// handle judges and commits. What could be judged is committed even when
// something else of the delivery keeps it from being acknowledged.
func (p *Pipeline) handle(ctx context.Context, d source.Delivery) error {
	p.commits.inHand.Add(1)
	defer p.commits.inHand.Add(-1)
	w := p.worker(ctx, d)
	var pended *pended
	if w.rules != nil && w.rules.Memory() != nil {
		pended = p.commits.memory.pending.add(&d, p.o.Now())
		defer p.commits.memory.pending.done(pended)
	}
	err := w.earlier()
	if err == nil {
		err = w.items()
	}
	if err == nil {
		w.settleLetters()
		w.position()
	}
	if err == nil || ctx.Err() == nil {
		w.part.ends = pended
		if e := w.commit(); e != nil {
			err = e
		}
	}
	if err == nil {
		w.kept()
		w.withdraw()
	}
	return w.verdict(err)
}

// verdict decides whether the delivery comes again.
func (w *worker) verdict(err error) error {
	var gone *source.Gone
	switch {
	case err == nil:
		return nil
	case w.ctx.Err() != nil || errors.As(err, &gone) || errors.Is(err, alert.ErrFull) || errors.Is(err, alert.ErrBroken) || errors.Is(err, source.ErrEnds):
		return err // not the delivery's fault
	}
	w.trouble(w.delivery.Source, err)
	var denied *source.Denied
	if w.delivery.LastTry() && !errors.As(err, &denied) {
		return w.giveUp(err)
	}
	w.Retries.Add(1)
	return err
}

// alone tries a delivery whose every try ended without an end while nothing
// else is in hand: if it brings the process down, only it is to blame, and if it
// was only in bad company, it is judged. After two such tries it is given up.
func (p *Pipeline) alone(ctx context.Context, d source.Delivery) error {
	const most = 2
	p.company.Lock()
	defer p.company.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	name := loneName(d)
	before, err := p.o.Store.Load(ctx, name)
	if err != nil {
		return err
	}
	if len(before) >= most {
		err = p.worker(ctx, d).giveUp(errors.New("every try ended the process that made it, also while it was alone"))
	} else if err = p.o.Store.Save(ctx, name, append(before, '1')); err == nil {
		err = p.handle(ctx, d)
	}
	if errors.Is(err, alert.ErrFull) {
		err = fmt.Errorf("%w: %w", source.ErrOverloaded, err)
	}
	if e := p.o.Store.Save(context.WithoutCancel(ctx), name, nil); e != nil && err == nil {
		err = e
	}
	return err // the try came to an end, good or bad
}

// loneName is where the tries of a delivery alone are counted.
func loneName(d source.Delivery) string {
	sum := sha256.Sum256([]byte(d.Source + "\x00" + d.ID))
	return "alone/" + hex.EncodeToString(sum[:16])
}

func (p *Pipeline) trouble(from string, err error) {
	if p.o.Trouble != nil {
		p.o.Trouble(from, err)
	}
}

// worker judges a delivery by the rules of the moment.
func (p *Pipeline) worker(ctx context.Context, d source.Delivery) *worker {
	rules := p.o.Rules()
	return &worker{Pipeline: p, rules: rules, ctx: ctx, delivery: d, part: p.part(rules)}
}
