package source

import (
	"context"
	"errors"
	"time"
)

// Retry says how a source without a queue of its own tries a delivery again.
type Retry struct {
	MaxReceives int     // 0 means 3
	Backoff     Backoff // zero means from 1 s to 30 s
	Clock       Clock
	// Aside has Deliver return a *Denied at once, so that its source can put the
	// delivery aside and go on with others until somebody gives the permission.
	Aside bool
}

// Deliver hands d to h until it is done or ctx ends, whose error it then
// returns. It is for sources that have nobody upstream to bring a delivery
// again: pages, files, listed objects. soft is the handler's context; see
// Graceful. A delivery is never given up here: after its last try the handler
// has it put into the dead letter. Tries that failed for want of a permission or
// of room do not count. What is *Gone is not tried again.
func (m *Monitor) Deliver(ctx, soft context.Context, h Handler, d Delivery, r Retry) error {
	if r.MaxReceives <= 0 {
		r.MaxReceives = 3
	}
	if r.Backoff == (Backoff{}) {
		r.Backoff = Backoff{Base: time.Second, Most: 30 * time.Second}
	}
	d.MaxReceives = r.MaxReceives
	d.Receives = 1
	for n := 1; ; n++ {
		d.Arrived = r.Clock.Time()
		err := m.Handle(soft, h, d)
		var denied *Denied
		var gone *Gone
		switch {
		case Done(err):
			return nil
		case errors.As(err, &gone):
			return err
		case errors.As(err, &denied):
			if r.Aside {
				return err
			}
		case !errors.Is(err, ErrOverloaded):
			d.Receives++ // a try of its own
		}
		if err := r.Clock.Wait(ctx, r.Backoff.After(n)); err != nil {
			return err
		}
	}
}
