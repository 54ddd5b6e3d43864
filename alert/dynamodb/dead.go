package dynamodb

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/trailwarden/trailwarden/alert"
)

// bury makes a delivery a dead letter.
func (t *tx) bury(d alert.Delivery) error {
	content, err := json.Marshal(&d)
	if err != nil {
		return fmt.Errorf("delivery %s: %w", d.ID, err)
	}
	t.extra = append(t.extra, t.s.fill(op{item: item{key: deadKey(d.ID), rev: 1, at: millis(d.Died), ttl: until(d.Died, t.s.keep.dead)}}, content)...)
	return nil
}

// audit keeps who did what.
func (t *tx) audit(by, did, subject, what string) error {
	content, err := json.Marshal(map[string]string{"by": by, "did": did, "subject": subject, "text": what})
	if err != nil {
		return err
	}
	t.extra = append(t.extra, t.s.fill(op{item: item{key: auditKey(t.env.Now), rev: 1, at: t.env.Now.UnixMilli()}}, content)...)
	return nil
}

// Dead lists dead letters, of one sink or, when sink is empty, of all.
func (s *Store) Dead(ctx context.Context, sink string, limit int, after string) (page []alert.Delivery, next string, err error) {
	err = s.pages(ctx, "dead", deadShards, limit, after, func(it item) (taken bool, err error) {
		var d alert.Delivery
		content, err := s.content(ctx, it)
		if err == nil {
			err = json.Unmarshal(content, &d)
		}
		if err != nil {
			return false, fmt.Errorf("dead letter %s: %w", it.sk, err)
		}
		if sink != "" && d.Sink != sink {
			return false, nil
		}
		page = append(page, d)
		return true, nil
	}, &next)
	return page, next, err
}

// pages reads what is spread over partitions, one after the other, up to limit
// items that are taken. The cursor is the last item's partition and sort key.
func (s *Store) pages(ctx context.Context, kind string, shards, limit int, after string, take func(item) (bool, error), next *string) error {
	if limit <= 0 {
		limit = 100
	}
	first, from, err := pageCursor(after, shards)
	if err != nil {
		return err
	}
	for n := first; n < shards; n++ {
		var failed error
		err := s.t.query(ctx, query{pk: fmt.Sprintf("%s#%x", kind, n), from: from, to: last, page: limit + 1}, func(it item) bool {
			if it.sk == from {
				return true // the last one of the page before
			}
			taken, err := take(it)
			if taken {
				limit--
			}
			if failed = err; limit == 0 {
				*next = fmt.Sprintf("%x.%s", n, it.sk)
			}
			return err == nil && limit > 0
		})
		if err == nil {
			err = failed
		}
		if err != nil || limit == 0 {
			return err
		}
		from = "\x01"
	}
	return nil
}

func pageCursor(after string, shards int) (first int, from string, err error) {
	if after == "" {
		return 0, "\x01", nil
	}
	if n, err := fmt.Sscanf(after, "%x.", &first); err != nil || n != 1 || first < 0 || first >= shards || len(after) < 3 || after[1] != '.' {
		return 0, "", fmt.Errorf("page %q: not a cursor that a listing returned", after)
	}
	return first, after[2:], nil
}

// Retry makes dead letters due again.
func (s *Store) Retry(ctx context.Context, ids []string, now time.Time) (int, error) {
	return s.eachDead(ctx, ids, now, func(t *tx, d alert.Delivery) error {
		cause := d.LastError
		d.Attempts, d.NotUntil, d.FirstTry, d.Died = 0, now.UTC(), time.Time{}, time.Time{}
		h, err := t.holder(ownKey(d.ID))
		if err == nil && d.Alert != "" {
			var of *holder
			if of, err = t.holder(alertKey(d.Alert)); err == nil && of.doc.Alert != nil {
				h = of // else it is purged, and the message says so
			}
		}
		if err != nil {
			return err
		}
		h.add(row{Delivery: d})
		return t.audit("", "retried dead letter", d.ID, cause)
	})
}

// Drop forgets dead letters.
func (s *Store) Drop(ctx context.Context, ids []string, by, reason string, now time.Time) (int, error) {
	return s.eachDead(ctx, ids, now, func(t *tx, d alert.Delivery) error {
		return t.audit(by, "dropped dead letter", d.ID+" "+d.Sink+" "+d.Alert, reason)
	})
}

// eachDead takes dead letters away, each in a transaction with what f does, and
// counts those that there were.
func (s *Store) eachDead(ctx context.Context, ids []string, now time.Time, f func(*tx, alert.Delivery) error) (n int, err error) {
	for _, id := range ids {
		there := false
		err := s.attempt(ctx, now, mostAttempts, func(t *tx) error {
			k := deadKey(id)
			found, err := s.t.get(ctx, []key{k})
			if err != nil {
				return err
			}
			it, ok := found[k]
			if there = ok; !ok {
				return nil
			}
			var d alert.Delivery
			content, err := s.content(ctx, it)
			if err == nil {
				err = json.Unmarshal(content, &d)
			}
			if err != nil {
				return fmt.Errorf("dead letter %s: %w", id, err)
			}
			t.extra = append(t.extra, op{item: item{key: k}, del: true, when: ifRev, was: it.rev})
			return f(t, d)
		})
		if err != nil {
			return n, err
		}
		if there {
			n++
		}
	}
	return n, nil
}

// Letters lists dead letters of the intake.
func (s *Store) Letters(ctx context.Context, limit int, after string) (page []alert.Letter, next string, err error) {
	err = s.pages(ctx, "letter", letterShards, limit, after, func(it item) (bool, error) {
		var l alert.Letter
		content, err := s.content(ctx, it)
		if err == nil {
			err = json.Unmarshal(content, &l)
		}
		if err != nil {
			return false, fmt.Errorf("letter %s: %w", it.sk, err)
		}
		page = append(page, l)
		return true, nil
	}, &next)
	return page, next, err
}

// DropLetters forgets dead letters of the intake.
func (s *Store) DropLetters(ctx context.Context, ids []string, by, reason string, now time.Time) (n int, err error) {
	for _, id := range ids {
		there := false
		err := s.attempt(ctx, now, mostAttempts, func(t *tx) error {
			k := letterKey(id)
			found, err := s.t.get(ctx, []key{k})
			if err != nil {
				return err
			}
			it, ok := found[k]
			if there = ok; !ok {
				return nil
			}
			t.extra = append(t.extra, op{item: item{key: k}, del: true, when: ifRev, was: it.rev})
			return t.audit(by, "dropped letter", id, reason)
		})
		if err != nil {
			return n, err
		}
		if there {
			n++
		}
	}
	return n, nil
}
