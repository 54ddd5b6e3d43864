package live

import (
	"sync"
	"sync/atomic"
)

// Counters count what became of everything that came in. Of records, Received =
// Judged + Duplicates + Failed always holds between deliveries.
type Counters struct {
	Deliveries atomic.Int64
	Retries    atomic.Int64 // deliveries that were left to come again
	Objects    atomic.Int64 // fetched
	Received   atomic.Int64 // records
	Judged     atomic.Int64
	Duplicates atomic.Int64 // records that were judged before
	Failed     atomic.Int64 // records that could not be read
	Poisoned   atomic.Int64 // messages, objects and records put into the dead letter
	Findings   atomic.Int64
	Late       atomic.Int64 // hits of rules that remember that came later than the bound
	Alerts     atomic.Int64 // opened
	Queued     atomic.Int64 // messages put into the outbox
	Ignored    Reasons      // messages and objects that hold no records, by reason
}

// counts are what one worker counted of records and has not told: several that
// count each record in one place would wait for one another.
type counts struct{ received, judged, duplicates, findings int64 }

// to tells c and begins anew.
func (n *counts) to(c *Counters) {
	c.Received.Add(n.received) // first, so that it is never less than the others
	c.Judged.Add(n.judged)
	c.Duplicates.Add(n.duplicates)
	c.Findings.Add(n.findings)
	*n = counts{}
}

// Reasons counts by reason, at most 100 of them.
type Reasons struct {
	mu sync.Mutex
	by map[string]int64
}

const maxReasons = 100

// Add counts n of a reason.
func (r *Reasons) Add(reason string, n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.by == nil {
		r.by = map[string]int64{}
	}
	if _, known := r.by[reason]; !known && len(r.by) >= maxReasons {
		reason = "other"
	}
	r.by[reason] += n
}

// All is a copy of the counts.
func (r *Reasons) All() map[string]int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make(map[string]int64, len(r.by))
	for k, v := range r.by {
		all[k] = v
	}
	return all
}
