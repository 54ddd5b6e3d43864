package live

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/pipeline/intake"
	"github.com/trailwarden/trailwarden/source"
)

// part is what one delivery, or a stretch of a large object, adds to a commit.
type part struct {
	rules     *intake.Rules // that judged it
	findings  []alert.Finding
	positions []alert.Position // of the source
	state     []alert.Position
	letters   []alert.Letter
	hits      *intake.Hits       // for rules that remember; nil before a record was read
	keys      []cloudtrail.Key   // of the records judged
	tallied   int                // of keys
	traffic   map[Place]struct{} // from where the records are
	waited    []waited
	ends      *pended // what this is the last part of
}

// empty tells whether there is nothing to make durable.
func (p *part) empty() bool {
	return len(p.findings)+len(p.positions)+len(p.state)+len(p.letters) == 0 && !p.remembers()
}

// remembers tells whether there is something for rules that remember.
func (p *part) remembers() bool { return p.hits != nil && !p.hits.Empty() }

// latest is the time of the latest record, zero when there was none.
func (p *part) latest() time.Time {
	if p.hits == nil {
		return time.Time{}
	}
	return p.hits.Latest
}

// hitCount is how many hits there are.
func (p *part) hitCount() int {
	if p.hits == nil {
		return 0
	}
	return len(p.hits.All)
}

// committer joins the parts of concurrent deliveries in one transaction: a
// commit waits for the disk, and everything that comes meanwhile shares the
// next one. It is also the one place where rules that remember judge, so that
// what they found, what they remember and the positions are one transaction.
type committer struct {
	o      *Options
	count  *Counters
	parts  chan waiting
	next   *waiting // taken from parts, for the next transaction
	clock  chan chan error
	memory remembering
	inHand atomic.Int64 // deliveries that are being handled

	stopping, quit, closed chan struct{}
	stop, end              sync.Once
	full                   atomic.Bool // the store had no room at the last try
}

type waiting struct {
	part *part
	done chan error
}

// Bounds of one transaction over all its parts.
const (
	maxJoined     = 5_000 // findings
	maxJoinedHits = 50_000
)

func newCommitter(o *Options, count *Counters) *committer {
	c := &committer{
		o: o, count: count, memory: newRemembering(o), parts: make(chan waiting, 64), clock: make(chan chan error),
		stopping: make(chan struct{}), quit: make(chan struct{}), closed: make(chan struct{}),
	}
	go c.run()
	return c
}

// hurry ends all waiting for room.
func (c *committer) hurry() { c.stop.Do(func() { close(c.stopping) }) }

// close commits what was handed over and ends.
func (c *committer) close() {
	c.hurry()
	c.end.Do(func() { close(c.quit) })
	<-c.closed
}

// submit hands a part over and returns when it is durable. When ctx ends
// first the part may be committed or not, as after a lost answer.
func (c *committer) submit(ctx context.Context, p part) error {
	w := waiting{&p, make(chan error, 1)}
	select {
	case c.parts <- w:
	case <-ctx.Done():
		return ctx.Err()
	case <-c.closed:
		return source.ErrEnds
	}
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-c.closed:
	}
	select {
	case err := <-w.done:
		return err
	default:
		return source.ErrEnds
	}
}

func (c *committer) run() {
	defer close(c.closed)
	tick := time.NewTicker(c.o.Tick)
	defer tick.Stop()
	for {
		if c.next != nil {
			c.transact(c.join())
			continue
		}
		select {
		case w := <-c.parts:
			c.next = &w
		case <-tick.C:
			c.settle()
		case done := <-c.clock:
			done <- c.byClock()
		case <-c.quit:
			if !c.take() {
				c.settle()
				return
			}
		}
	}
}

// take takes a part that waits already.
func (c *committer) take() bool {
	select {
	case w := <-c.parts:
		c.next = &w
		return true
	default:
		return false
	}
}

// gathering is how long a commit waits for the parts of other deliveries that
// are in hand: a transaction costs much the same whether it is of one part or of
// many, and the pages of the store that many of them touch are written once.
const gathering = 10 * time.Millisecond

// join takes what waits already and was judged by the same rules. While others are
// in hand it waits a little for them, though they be few beside those that wait: a
// folder has only as many in hand as are read at once, and each takes less time than
// a commit. A delivery that is alone never waits.
func (c *committer) join() (joined []waiting) {
	rules, findings, hits := c.next.part.rules, 0, 0
	var enough <-chan time.Time
	for c.next != nil && c.next.part.rules == rules && findings < maxJoined && hits < maxJoinedHits {
		joined = append(joined, *c.next)
		findings, hits = findings+len(c.next.part.findings), hits+c.next.part.hitCount()
		c.next = nil
		if c.take() || int64(len(joined)) >= c.inHand.Load() {
			continue
		}
		if enough == nil {
			t := time.NewTimer(gathering)
			defer t.Stop()
			enough = t.C
		}
		select {
		case w := <-c.parts:
			c.next = &w
		case <-enough:
		case <-c.quit:
		}
	}
	return joined
}

// transact commits parts and tells those who wait. Where they cannot be
// committed together they are one by one, so that one does not keep the others
// from it.
func (c *committer) transact(joined []waiting) {
	err := c.patiently(joined)
	if err != nil && len(joined) > 1 && !errors.Is(err, alert.ErrFull) && !errors.Is(err, alert.ErrBroken) {
		for _, w := range joined {
			w.done <- c.patiently([]waiting{w})
		}
		return
	}
	for _, w := range joined {
		w.done <- err
	}
}

// Waits between tries.
const (
	roomEvery     = 500 * time.Millisecond // for a store without room
	conflictTries = 30                     // against other writers of what rules remember
)

// patiently commits. While the store has no room it tries again and again:
// everything behind it waits, so nothing more is taken in. It gives up when the
// patience is over or the pipeline stops.
func (c *committer) patiently(joined []waiting) error {
	began := time.Now()
	for try := 0; ; try++ {
		err := c.commit(joined)
		full := errors.Is(err, alert.ErrFull)
		if c.full.Swap(full) != full && c.o.Full != nil {
			c.o.Full(full)
		}
		switch {
		case full && time.Since(began) < c.o.Patience:
			if c.pause(roomEvery) {
				continue
			}
		case errors.Is(err, alert.ErrConflict) && try < conflictTries:
			if c.pause(time.Duration(rand.Int64N(int64(min(try+1, 10)) * int64(20*time.Millisecond)))) {
				continue
			}
		}
		if full {
			return fmt.Errorf("%w: %w", source.ErrOverloaded, err)
		}
		return err
	}
}

// pause waits, and reports false when the pipeline stops.
func (c *committer) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-c.stopping:
		return false
	}
}

// longestCommit bounds one transaction; a store that takes longer is as good as
// gone, and the deliveries come again.
const longestCommit = time.Minute

// commit is not interrupted when a source stops: what was judged is kept.
func (c *committer) commit(joined []waiting) error {
	ctx, cancel := context.WithTimeout(context.Background(), longestCommit)
	defer cancel()
	b := c.batch(joined)
	for _, w := range joined {
		c.memory.pending.done(w.part.ends)
	}
	if err := c.memory.judge(ctx, joined, &b); err != nil {
		c.memory.forget()
		return fmt.Errorf("what rules remember: %w", err)
	}
	return c.write(ctx, b)
}

// write commits the batch, with what rules remember.
func (c *committer) write(ctx context.Context, b alert.Batch) error {
	done, err := c.o.Store.Commit(ctx, b)
	if err != nil {
		c.memory.forget()
		return err
	}
	c.count.Findings.Add(c.memory.saved())
	c.count.Late.Add(c.memory.late())
	c.count.Alerts.Add(int64(done.New))
	c.count.Queued.Add(int64(done.Queued))
	return nil
}

func (c *committer) batch(joined []waiting) alert.Batch {
	b := alert.Batch{Now: c.o.Now().UTC()}
	for _, w := range joined {
		b.Findings = append(b.Findings, w.part.findings...)
		b.Positions = append(b.Positions, w.part.positions...)
		b.State = append(b.State, w.part.state...)
		b.Letters = append(b.Letters, w.part.letters...)
	}
	return b
}

// settle judges what has become due because time came on. A failure is none of
// a delivery's, and the next call tries again.
func (c *committer) settle() {
	if err := c.onward(c.memory.settle); err != nil && c.o.Trouble != nil && !errors.Is(err, alert.ErrConflict) {
		c.o.Trouble("", fmt.Errorf("what rules remember: %w", err))
	}
}

// byClock is settle for a pipeline that runs only now and then.
func (c *committer) byClock() error {
	return c.onward(func(ctx context.Context, b *alert.Batch) (bool, error) { return c.memory.byClock(ctx, b.Now, b) })
}

// onward commits what time alone brings.
func (c *committer) onward(bring func(context.Context, *alert.Batch) (bool, error)) error {
	ctx, cancel := context.WithTimeout(context.Background(), longestCommit)
	defer cancel()
	b := alert.Batch{Now: c.o.Now().UTC()}
	due, err := bring(ctx, &b)
	if err == nil && due {
		err = c.write(ctx, b)
	}
	if err != nil {
		c.memory.forget()
	}
	return err
}
