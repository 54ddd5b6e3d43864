package dynamodb

import (
	"context"
	"slices"
	"time"

	"github.com/trailwarden/trailwarden/alert"
)

// listedSinks are all sinks that ever had a delivery.
func (s *Store) listedSinks(ctx context.Context) (names []string, err error) {
	err = s.t.query(ctx, query{pk: "sinks", from: "\x01", to: last}, func(it item) bool {
		if name, err := unpack(it.key, it.data); err == nil {
			names = append(names, string(name))
		}
		return true
	})
	return names, err
}

// Backlog counts what waits, by sink.
func (s *Store) Backlog(ctx context.Context) (map[string]int64, error) {
	names, err := s.listedSinks(ctx)
	if err != nil {
		return nil, err
	}
	counts := map[string]int64{}
	for _, sink := range names {
		err := s.t.query(ctx, query{pk: duePart(sink), from: "0", to: last}, func(it item) bool {
			counts[sink] += it.rev
			return true
		})
		if err != nil {
			return nil, err
		}
	}
	return counts, nil
}

// Reschedule counts the times of waiting repeats anew, and those that a clock which
// was ahead has put off, leases included.
func (s *Store) Reschedule(ctx context.Context, now time.Time) (n int, err error) {
	names, err := s.listedSinks(ctx)
	if err != nil {
		return 0, err
	}
	holders, ahead := map[key]bool{}, dueUntil(now)
	for _, sink := range names {
		err := s.t.query(ctx, query{pk: duePart(sink), from: "0", to: last}, func(it item) bool {
			if k, ok := holderOf(it.key); ok && (k.sk != "own" || it.sk > ahead) {
				holders[k] = true
			}
			return true
		})
		if err != nil {
			return 0, err
		}
	}
	for k := range holders {
		var changed int
		err := s.attempt(ctx, now, mostAttempts, func(t *tx) (err error) {
			changed, err = t.reschedule(k)
			return err
		})
		if n += changed; err != nil {
			return n, err
		}
	}
	return n, nil
}

func (t *tx) reschedule(k key) (n int, err error) {
	h, err := t.holder(k)
	if err != nil {
		return 0, err
	}
	for i := range h.doc.Rows {
		r, changed := &h.doc.Rows[i], false
		if left := r.Until - t.env.Now.UnixMilli(); left > 0 && left <= alert.LongestLease.Milliseconds() {
			continue
		} else if left > 0 {
			r.Until, changed = 0, true // Holder stays: it never said how it ended
		}
		due, other := alert.Due(h.doc.Alert, r.Delivery, t.env)
		if r.Delivery = due; other || changed {
			n++
			h.dirty = true
		}
	}
	return n, nil
}

// Act does what a person wants with an alert. An unambiguous beginning of the
// ID will do.
func (s *Store) Act(ctx context.Context, id string, act alert.Action) (a *alert.Alert, err error) {
	if id, err = s.fullID(ctx, id); err != nil {
		return nil, err
	}
	err = s.attempt(ctx, act.Now, mostAttempts, func(t *tx) error {
		h, err := t.holder(alertKey(id))
		if err != nil {
			return err
		}
		if h.doc.Alert == nil {
			return notFound("alert", id)
		}
		if err := t.read(t.env.Policy.SinkNames()...); err != nil {
			return err
		}
		return t.perform(h, act)
	})
	if err != nil {
		return nil, err
	}
	return s.Alert(ctx, id)
}

func (t *tx) perform(h *holder, act alert.Action) error {
	t.env.Waiting = func(id string) (alert.Kind, bool) {
		r := h.row(id)
		if r == nil || r.Holder != "" {
			return "", false
		}
		return r.Kind, true
	}
	out, withdraw, err := alert.Perform(h.doc.Alert, act, t.env)
	if err != nil {
		return err
	}
	h.dirty = true
	h.doc.Rows = slices.DeleteFunc(h.doc.Rows, func(r row) bool { return slices.Contains(withdraw, r.ID) })
	return t.add(out)
}
