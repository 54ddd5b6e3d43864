package live

import (
	"context"
	"encoding/json"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/detect/memory"
)

// rest follows how long no record has come. Event time is that of records; when
// none come for as long as one may be late, it goes on with the clock. Otherwise
// whoever stops the only trail would stop the rule that waits for its restart. The
// minute of the last record ends earlier: an alarm is evaluated at the end of each,
// and where that is certain somebody is told before the next record comes.
type rest struct {
	Latest  int64 // event time at Since, Unix milliseconds
	Since   int64 // Unix milliseconds, by the clock
	Resting bool  // event time goes with the clock already
}

// again says that something came, whatever its time.
func (q *rest) again(latest int64, now time.Time) {
	*q = rest{Latest: latest, Since: now.UnixMilli()}
}

// elapsed is the event time that the clock has led to, and whether it is later
// than that of the latest record.
func (q *rest) elapsed(latest int64, now time.Time, lateness time.Duration) (to int64, later bool) {
	if latest != q.Latest {
		q.again(latest, now)
	}
	quiet := now.UnixMilli() - q.Since
	switch {
	case latest == 0 || quiet <= 0:
		return latest, false
	case q.Resting || quiet >= lateness.Milliseconds():
		*q = rest{Latest: latest + quiet, Since: now.UnixMilli(), Resting: true}
	case quiet >= minute && latest%minute != ended:
		q.Latest = (latest/minute+1)*minute + ended
	default:
		return latest, false
	}
	return q.Latest, true
}

// An event time so many milliseconds after a full minute is the end of the minute
// before: records have whole seconds.
const (
	minute = int64(time.Minute / time.Millisecond)
	ended  = 1
)

// restEvery is how often a server that nothing reaches looks at the clock.
const restEvery = time.Minute

// elapse lets time come on for a server that nothing reaches, and tells whether
// it did.
func (r *remembering) elapse(ctx context.Context, now time.Time) (bool, error) {
	if now.Sub(r.looked).Abs() < restEvery {
		return false, nil
	}
	r.looked = now
	deaf := r.o.Upstream != nil && !r.o.Upstream() // records may wait there
	if stirred := r.stirred.Swap(false); deaf || stirred {
		r.rest.again(r.rest.Latest, now)
		return false, nil
	}
	if err := r.engine.Begin(ctx); err != nil {
		return false, err
	}
	to, later := r.rest.elapsed(r.eventTime(), now, r.lateness())
	if later {
		r.engine.Elapse(time.UnixMilli(to))
	}
	return later, nil
}

func (r *remembering) eventTime() int64 {
	if t := r.engine.Time(); !t.IsZero() {
		return t.UnixMilli()
	}
	return 0
}

func (r *remembering) lateness() time.Duration {
	if r.o.Lateness > 0 {
		return r.o.Lateness
	}
	return memory.DefaultLateness
}

// restName is where the store keeps the rest of a pipeline that runs only now
// and then.
const restName = "live/rest"

// byClock adds to b what time alone brings to a pipeline that runs only now and
// then: how long nothing came is in the store.
func (r *remembering) byClock(ctx context.Context, now time.Time, b *alert.Batch) (bool, error) {
	r.found, r.tooLate = 0, 0
	m := r.use(r.o.Rules())
	if m == nil {
		return false, nil
	}
	if err := r.engine.Begin(ctx); err != nil {
		return false, err
	}
	data, err := r.o.Store.Load(ctx, restName)
	if err != nil {
		return false, err
	}
	var q rest
	if data != nil && json.Unmarshal(data, &q) != nil {
		q = rest{} // begin anew: only time is lost
	}
	if to, later := q.elapsed(r.eventTime(), now, r.lateness()); later {
		r.engine.Elapse(time.UnixMilli(to))
	}
	if data, err = json.Marshal(q); err != nil {
		return false, err
	}
	b.Positions = append(b.Positions, alert.Position{Name: restName, Data: data})
	return true, r.outcome(ctx, m, b)
}
