package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/severity"
)

// Kept is what an alert.Store keeps of that which came to nothing.
type Kept interface {
	Letters(ctx context.Context, limit int, after string) (page []alert.Letter, next string, err error)
	Dead(ctx context.Context, sink string, limit int, after string) (page []alert.Delivery, next string, err error)
	Close() error
}

// ErrNoStore says that there is no store to look into.
var ErrNoStore = errors.New("no store of alerts can be looked into here")

func keptChecks() []Check {
	reading := []string{"dynamodb:DescribeTable", "dynamodb:DescribeTimeToLive", "dynamodb:GetItem", "dynamodb:Query"}
	return []Check{
		{ID: "intake-dead-letters", Title: "All that came in was judged", Asks: "Does the store keep records or messages that could not be read?",
			Severity: severity.High, Actions: reading, Run: checkLetters},
		{ID: "sink-dead-letters", Title: "All messages were taken", Asks: "Does the store keep messages that a sink refused?",
			Severity: severity.High, Actions: reading, Run: checkUndelivered},
	}
}

// leftovers are the dead letters of both kinds, counted.
type leftovers struct {
	letters, undelivered heap
}

// heap is a number of dead letters and what the latest says.
type heap struct {
	count  int
	more   bool // there are more than were counted
	latest time.Time
	reason string
}

func (h *heap) add(at time.Time, reason string) {
	h.count++
	if h.count == 1 || at.After(h.latest) {
		h.latest, h.reason = at, reason
	}
}

func (h heap) String() string {
	if h.more {
		return fmt.Sprintf("over %d", h.count)
	}
	return fmt.Sprint(h.count)
}

// mostCounted bounds what is read of either kind.
const mostCounted = 1000

func (e *Env) leftovers(ctx context.Context) (leftovers, error) {
	return asked(e, "dead letters of the store", func() (leftovers, error) {
		if e.store == nil {
			return leftovers{}, ErrNoStore
		}
		s, err := e.store(ctx)
		if err != nil {
			return leftovers{}, err
		}
		defer func() { _ = s.Close() }() // it was only read
		return counted(ctx, s)
	})
}

func counted(ctx context.Context, s Kept) (l leftovers, err error) {
	letters, next, err := s.Letters(ctx, mostCounted, "")
	if err != nil {
		return l, err
	}
	l.letters.more = next != ""
	for _, x := range letters {
		l.letters.add(x.Time, x.Reason)
	}
	dead, next, err := s.Dead(ctx, "", mostCounted, "")
	l.undelivered.more = next != ""
	for _, x := range dead {
		l.undelivered.add(x.Died, x.LastError)
	}
	return l, err
}

func checkLetters(ctx context.Context, e *Env) []Result {
	return e.empty(ctx, func(l leftovers) heap { return l.letters }, "could not be judged", "trailwarden intake deadletter list has the reasons; mend them, and drop what nobody needs.")
}

func checkUndelivered(ctx context.Context, e *Env) []Result {
	return e.empty(ctx, func(l leftovers) heap { return l.undelivered }, "were refused by their sinks", "trailwarden notify deadletter list has the reasons; mend them, then notify deadletter retry.")
}

// empty says ok when a heap is empty.
func (e *Env) empty(ctx context.Context, of func(leftovers) heap, what, fix string) []Result {
	all, err := e.leftovers(ctx)
	switch h := of(all); {
	case errors.Is(err, ErrNoStore):
		return none(err.Error())
	case err != nil:
		return []Result{unknown("store", err)}
	case h.count > 0:
		return []Result{broken("store", fmt.Sprintf("%s %s; the latest: %.200s", h, what, h.reason), fix)}
	}
	return []Result{ok("store", "no dead letters")}
}
