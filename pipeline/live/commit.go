package live

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/cloudtrail"
)

// part is what one delivery, or a stretch of a large object, adds to a commit.
type part struct {
	findings []alert.Finding
	state    []alert.Position
	letters  []alert.Letter
	keys     []cloudtrail.Key    // of the records judged
	traffic  map[Place]time.Time // newest event by place
}

// empty tells whether there is nothing to make durable.
func (p *part) empty() bool { return len(p.findings)+len(p.state)+len(p.letters) == 0 }

// committer joins the parts of concurrent deliveries in one transaction: a
// commit waits for the disk, and everything that comes meanwhile shares the
// next one.
type committer struct {
	store  alert.Committer
	now    func() time.Time
	parts  chan waiting
	closed chan struct{}
	once   sync.Once

	alerts, queued *atomic.Int64
}

type waiting struct {
	part *part
	done chan error
}

// maxJoined bounds the findings of one transaction over all its parts.
const maxJoined = 5_000

func newCommitter(s alert.Committer, now func() time.Time, count *Counters) *committer {
	c := &committer{store: s, now: now, alerts: &count.Alerts, queued: &count.Queued, parts: make(chan waiting, 64), closed: make(chan struct{})}
	go c.run()
	return c
}

func (c *committer) close() {
	c.once.Do(func() { close(c.parts) })
	<-c.closed
}

// submit hands a part over and returns when it is durable. When ctx ends
// first the part may be committed or not, as after a lost answer.
func (c *committer) submit(ctx context.Context, p *part) error {
	w := waiting{p, make(chan error, 1)}
	select {
	case c.parts <- w:
	case <-ctx.Done():
		return ctx.Err()
	}
	return <-w.done
}

func (c *committer) run() {
	defer close(c.closed)
	for first := range c.parts {
		joined := c.join(first)
		err := c.commit(joined)
		if err != nil && len(joined) > 1 {
			c.apart(joined)
			continue
		}
		for _, w := range joined {
			w.done <- err
		}
	}
}

// join takes what waits already, without waiting for more.
func (c *committer) join(first waiting) []waiting {
	joined, n := []waiting{first}, len(first.part.findings)
	for n < maxJoined {
		select {
		case w, ok := <-c.parts:
			if !ok {
				return joined
			}
			joined, n = append(joined, w), n+len(w.part.findings)
		default:
			return joined
		}
	}
	return joined
}

// apart commits the parts one by one, so that one which cannot be committed
// does not keep the others from it.
func (c *committer) apart(joined []waiting) {
	for _, w := range joined {
		w.done <- c.commit([]waiting{w})
	}
}

// commit is not interrupted when a source stops: what was judged is kept.
func (c *committer) commit(joined []waiting) error {
	done, err := c.store.Commit(context.Background(), c.batch(joined))
	if err == nil {
		c.alerts.Add(int64(done.New))
		c.queued.Add(int64(done.Queued))
	}
	return err
}

func (c *committer) batch(joined []waiting) alert.Batch {
	b := alert.Batch{Now: c.now().UTC()}
	for _, w := range joined {
		b.Findings = append(b.Findings, w.part.findings...)
		b.State = append(b.State, w.part.state...)
		b.Letters = append(b.Letters, w.part.letters...)
	}
	return b
}
