package sqlite

import (
	"context"
	"time"

	"github.com/trailwarden/trailwarden/alert"
)

// Dead lists dead letters by ID, of one sink or, when sink is empty, of all.
func (s *Store) Dead(ctx context.Context, sink string, limit int, after string) (page []alert.Delivery, next string, err error) {
	if limit <= 0 {
		limit = 100
	}
	rs, err := load(reader{ctx, s}, outbox, "dead = 1 AND (? = '' OR sink = ?) AND id > ? ORDER BY id LIMIT ?", sink, sink, after, limit)
	if err != nil {
		return nil, "", s.sort(err)
	}
	for _, r := range rs {
		page = append(page, r.Delivery)
	}
	if len(page) == limit {
		next = page[limit-1].ID
	}
	return page, next, nil
}

// Retry makes dead letters due again.
func (s *Store) Retry(ctx context.Context, ids []string, now time.Time) (n int, err error) {
	err = s.write(ctx, func(t *tx) error {
		n = 0
		return t.eachDead(ids, func(r row) error {
			n++
			r.dead, r.Attempts, r.NotUntil = 0, 0, now.UTC()
			r.FirstTry, r.Died = time.Time{}, time.Time{}
			if err := t.saveDelivery(r); err != nil {
				return err
			}
			return t.audit(now, "", "retried dead letter", r.ID, r.LastError)
		})
	})
	return n, err
}

// Drop forgets dead letters.
func (s *Store) Drop(ctx context.Context, ids []string, by, reason string, now time.Time) (n int, err error) {
	err = s.write(ctx, func(t *tx) error {
		n = 0
		return t.eachDead(ids, func(r row) error {
			n++
			if err := t.withdraw([]string{r.ID}); err != nil {
				return err
			}
			return t.audit(now, by, "dropped dead letter", r.ID+" "+r.Sink+" "+r.Alert, reason)
		})
	})
	return n, err
}

func (t *tx) eachDead(ids []string, f func(row) error) error {
	for _, id := range ids {
		found, err := load(t, outbox, "id = ? AND dead = 1", id)
		if err != nil {
			return err
		}
		for _, r := range found {
			if err := f(r); err != nil {
				return err
			}
		}
	}
	return nil
}
