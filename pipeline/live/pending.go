package live

import (
	"sync"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/source"
	"github.com/trailwarden/trailwarden/source/envelope"
)

// pending are the deliveries in hand whose log files say in their names from when
// they are. A large file is overtaken by many small ones, which where little is
// delivered are from hours later: as long as it is in hand, event time does not
// settle what it may hold, so that nothing in it is late.
type pending struct {
	mu  sync.Mutex
	all map[*pended]struct{}
}

// pended is one of them.
type pended struct {
	delivered time.Time // its earliest log file
	until     time.Time // by the clock: nobody waits longer for it
}

// patience is how long event time waits for a delivery. One that takes longer is
// held up by something else than reading.
const patience = 30 * time.Second

// add notes a delivery; it is nil when nothing in it says from when it is.
func (p *pending) add(d *source.Delivery, now time.Time) *pended {
	var first time.Time
	for i := range d.Items {
		if d.Items[i].Kind != envelope.Created {
			continue
		}
		k, ok := cloudtrail.ParseObjectKey(d.Items[i].Object.Key)
		if ok && !k.Delivered.IsZero() && (first.IsZero() || k.Delivered.Before(first)) {
			first = k.Delivered
		}
	}
	if first.IsZero() {
		return nil
	}
	one := &pended{first, now.Add(patience)}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all == nil {
		p.all = map[*pended]struct{}{}
	}
	p.all[one] = struct{}{}
	return one
}

// done forgets one, which may be nil.
func (p *pending) done(one *pended) {
	if one == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.all, one)
}

// first is when the earliest was delivered, zero when there is none to wait for.
func (p *pending) first(now time.Time) (first time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for one := range p.all {
		if now.Before(one.until) && (first.IsZero() || one.delivered.Before(first)) {
			first = one.delivered
		}
	}
	return first
}
