package s3

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/source"
	"github.com/trailwarden/trailwarden/source/envelope"
)

// PollOptions say which bucket is listed again and again.
type PollOptions struct {
	Name   string // the source's name; empty means the bucket's URL
	Client *Client
	// Listing says which objects; its From is where the first pass begins (zero:
	// with the oldest), and with a To the source ends after one pass. After is
	// not used.
	Listing Listing
	// Every is how often the bucket is listed; 0 means 5 min.
	Every time.Duration
	// Overlap is how far each pass reaches back before the last one, for files
	// whose names say an earlier time than that of their delivery; 0 means 1 h.
	Overlap time.Duration
	// Merged is the most regions of accounts whose files are delivered in the order
	// of their delivery to the bucket; those of a bucket with more are delivered
	// one region after the other. 0 means 4,000.
	Merged int
	// AtHand is the most files of all those regions whose names are in memory; 0
	// means 200,000.
	AtHand int
	// Workers is the most objects in hand at once; 0 means 4.
	Workers int
	// Cursor keeps the position; nil forgets it at the end.
	Cursor source.Cursor
	// Ahead is how much later an object may have been delivered than one that is
	// still in hand; 0 means half an hour.
	Ahead time.Duration
	// Grace is how long handlers may go on after the end; 0 means 8 s.
	Grace time.Duration
	Retry source.Retry
	Clock source.Clock
}

// Poll is a source.Source that lists a bucket: once for a backfill, or again and
// again. Each object is one delivery.
type Poll struct {
	source.Monitor
	o PollOptions

	mu  sync.Mutex // of pos
	pos progress

	unsaved int       // objects handled since pos was saved
	saved   time.Time // when it was
}

var _ source.Source = (*Poll)(nil)

// progress is what the cursor keeps.
type progress struct {
	Since  time.Time       `json:"since"`           // files before it were handled, but for late ones
	Until  time.Time       `json:"until"`           // the end of the pass under way
	At     mark            `json:"at"`              // in this pass, files up to here were handled
	Seen   *source.Seen    `json:"seen"`            // files of the overlap that were handled
	Aside  map[string]bool `json:"aside,omitempty"` // keys that wait for a permission
	Passed bool            `json:"passed"`          // a pass with an end was made
	Wanted *span           `json:"wanted"`          // what the pass under way lists, or the last one did
}

const (
	mostSeen  = 1_000_000
	mostAside = 10_000

	// The position is saved when as many objects were handled, and a twentieth of
	// those that it names, which it may hold a million of; or after so long.
	saveEvery = 50
	saveShare = 20
	saveAfter = 5 * time.Minute
)

// NewPoll makes a Poll.
func NewPoll(o PollOptions) *Poll {
	if o.Name == "" {
		o.Name = "s3://" + o.Listing.Bucket + "/" + o.Listing.Prefix
	}
	if o.Every <= 0 {
		o.Every = 5 * time.Minute
	}
	if o.Overlap <= 0 {
		o.Overlap = time.Hour
	}
	if o.Merged <= 0 {
		o.Merged = mostFolders
	}
	if o.AtHand <= 0 {
		o.AtHand = mostAtHand
	}
	if o.Workers <= 0 {
		o.Workers = 4
	}
	if o.Ahead <= 0 {
		o.Ahead = 30 * time.Minute
	}
	if o.Grace <= 0 {
		o.Grace = 8 * time.Second
	}
	if o.Cursor == nil {
		o.Cursor = &source.MemoryCursor{}
	}
	o.Retry.Clock, o.Retry.Aside = o.Clock, true
	p := &Poll{o: o}
	p.Now = o.Clock.Time
	return p
}

// Name is the source's name.
func (p *Poll) Name() string { return p.o.Name }

func (p *Poll) cursorName() string { return "s3/" + p.o.Name }

// Run lists and delivers until ctx ends, or until the one pass of a Listing with
// a To is made and nothing waits aside.
func (p *Poll) Run(ctx context.Context, h source.Handler) error {
	soft, end := source.Graceful(ctx, p.o.Grace)
	defer end()
	if err := p.load(ctx); err != nil {
		return err
	}
	for failures := 0; ctx.Err() == nil; {
		err := errors.Join(p.pass(ctx, soft, h), p.retryAside(ctx, soft, h))
		wait := p.o.Every
		switch {
		case err != nil:
			var refused *source.Refused
			if errors.As(err, &refused) {
				return &source.ConfigError{Source: p.o.Name, What: "its bucket cannot be listed", Do: "correct its name", Err: err}
			}
			failures++
			p.Failed(err)
			wait = min(wait, source.Backoff{Base: time.Second, Most: 30 * time.Second}.After(failures))
		case p.pos.Passed && len(p.pos.Aside) == 0:
			p.Reached()
			return nil
		default:
			failures = 0
			if len(p.pos.Aside) > 0 {
				wait = min(wait, 30*time.Second)
			} else {
				p.Reached()
			}
		}
		_ = p.o.Clock.Wait(ctx, wait)
	}
	return nil
}

func (p *Poll) load(ctx context.Context) error {
	b, err := p.o.Cursor.Load(ctx, p.cursorName())
	if err != nil {
		return &source.ConfigError{Source: p.o.Name, What: "its position cannot be read", Do: "see to the store", Err: err}
	}
	p.pos = progress{Seen: source.NewSeen(mostSeen)}
	if len(b) > 0 && json.Unmarshal(b, &p.pos) != nil {
		p.pos = progress{Seen: source.NewSeen(mostSeen)}
	}
	p.pos.want(spanOf(p.o.Listing))
	if p.pos.Aside == nil {
		p.pos.Aside = map[string]bool{}
	}
	return nil
}

// saveDue saves the position once enough would be handled again without it.
func (p *Poll) saveDue(ctx context.Context) error {
	late := p.o.Clock.Time().Sub(p.saved).Abs() >= saveAfter
	if p.unsaved < saveEvery || p.unsaved < p.pos.Seen.Len()/saveShare && !late {
		return nil
	}
	return p.save(ctx)
}

// save keeps the position.
func (p *Poll) save(ctx context.Context) error {
	p.mu.Lock()
	b, err := json.Marshal(p.pos)
	p.mu.Unlock()
	if err == nil {
		err = p.o.Cursor.Save(ctx, p.cursorName(), b)
	}
	if err != nil {
		p.AckFailed(1)
		return fmt.Errorf("saving the position of %s: %w", p.o.Name, err)
	}
	p.unsaved, p.saved = 0, p.o.Clock.Time()
	return nil
}

// listing is the pass under way, or a new one.
func (p *Poll) listing() Listing {
	l := p.o.Listing
	l.From, l.To = p.pos.Wanted.From, p.pos.Wanted.To
	if p.pos.Until.IsZero() {
		p.pos.Until, p.pos.At = p.o.Clock.Time(), mark{}
	}
	if !p.pos.Since.IsZero() {
		l.From = p.pos.Since.Add(-p.o.Overlap)
	}
	return l
}

// pass lists the bucket once, from where the last pass broke off.
func (p *Poll) pass(ctx, soft context.Context, h source.Handler) error {
	if p.pos.Passed {
		return nil
	}
	q := newQueue(p.o.Workers, p.o.Ahead)
	var fault error
	for o, err := range p.o.Client.byTime(ctx, p.listing(), p.pos.At, bounds{p.o.Merged, p.o.AtHand}) {
		if err != nil {
			fault = err
			break
		}
		handled := p.pos.Seen.Has(o.Key + o.ETag)
		ok := q.add(ctx, o, func() error {
			if handled {
				return nil
			}
			return p.object(ctx, soft, h, o.Object)
		})
		p.settle(q.done(false))
		if fault = p.saveDue(soft); !ok || q.err != nil || fault != nil {
			break
		}
	}
	p.settle(q.done(true))
	if err := errors.Join(ctx.Err(), q.err, fault); err != nil {
		return errors.Join(err, p.save(soft))
	}
	p.pos.Since, p.pos.Until, p.pos.At = p.pos.Until, time.Time{}, mark{}
	p.pos.Passed = !p.pos.Wanted.To.IsZero()
	p.pos.extend(p.o.Listing.To)
	p.pos.Seen.Forget(p.again(p.pos.Since))
	return p.save(soft)
}

// settle notes objects that are handled, in the order of the listing: by name only
// those that this pass or the next one lists again, so that the position of a backfill stays
// small however much of it is done.
func (p *Poll) settle(done []listed) {
	p.mu.Lock()
	defer p.mu.Unlock()
	again := p.again(p.pos.Until)
	for _, o := range done {
		placed := o.at != (mark{})
		if placed {
			p.pos.At = o.at
		}
		id := o.Key + o.ETag
		if p.pos.Seen.Has(id) {
			continue // by an earlier pass
		}
		p.unsaved++
		if at := delivered(o.Object); at.After(again) || !placed {
			p.pos.Seen.Note(id, at)
		}
	}
}

// again is from when on a pass lists what a pass before it may have listed, when
// files before since were handled, less a day for names that are behind.
func (p *Poll) again(since time.Time) time.Time { return since.Add(-p.o.Overlap - 24*time.Hour) }

// delivered is when an object came, by its name or else by its date.
func delivered(o source.Object) time.Time {
	if k, ok := cloudtrail.ParseObjectKey(o.Key); ok && !k.Delivered.IsZero() {
		return k.Delivered
	}
	return o.Time
}

// object delivers one object. One that may not be read is put aside, and the
// others go on.
func (p *Poll) object(ctx, soft context.Context, h source.Handler, o source.Object) error {
	d := source.Delivery{ID: o.Identity(), Source: p.o.Name, Sent: o.Time,
		Items: []envelope.Item{{Kind: envelope.Created, Object: o, What: "listing"}}}
	err := p.Deliver(ctx, soft, h, d, p.o.Retry)
	var denied *source.Denied
	if !errors.As(err, &denied) {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.pos.Aside) >= mostAside {
		return err
	}
	p.pos.Aside[o.Key] = true
	p.Failed(err)
	return nil
}

// mostDenied is how many objects that still may not be read are tried at once.
const mostDenied = 20

// retryAside tries again what waits for a permission, in any order, for as long as
// it is given.
func (p *Poll) retryAside(ctx, soft context.Context, h source.Handler) error {
	failed, done := 0, 0
	for k := range p.pos.Aside {
		if failed >= mostDenied || ctx.Err() != nil {
			break
		}
		o := source.Object{Bucket: p.o.Listing.Bucket, Key: k, Size: -1}
		d := source.Delivery{ID: o.Identity(), Source: p.o.Name,
			Items: []envelope.Item{{Kind: envelope.Created, Object: o, What: "listing"}}}
		if err := p.Deliver(ctx, soft, h, d, p.o.Retry); err != nil {
			p.Failed(err)
			failed++
			continue
		}
		delete(p.pos.Aside, k)
		done++
		p.unsaved++
		if err := p.saveDue(soft); err != nil {
			return err
		}
	}
	if done == 0 {
		return nil
	}
	return p.save(soft)
}
