package sqlite

import (
	"context"
	"time"

	"github.com/trailwarden/trailwarden/alert"
)

// How long things are kept when Keeping does not say.
const (
	day          = 24 * time.Hour
	keepFindings = 7 * day
	keepAlerts   = 90 * day
	keepDead     = 30 * day
	keepSilences = 90 * day
	keepPut      = 2 * day
)

// purgeStep bounds the rows that one transaction of a purge removes, so that
// findings never wait long for it.
const purgeStep = 2000

// deadStep is how many dead letters are read at once: each has its message.
const deadStep = 200

// Purge forgets what has outlived its keeping.
func (s *Store) Purge(ctx context.Context, k alert.Keeping, now time.Time) (p alert.Purged, err error) {
	if p.Findings, err = s.purgeFindings(ctx, before(now, k.Findings, keepFindings)); err != nil {
		return p, err
	}
	if p.Dead, err = s.purgeDead(ctx, before(now, k.Dead, keepDead)); err != nil {
		return p, err
	}
	letters, err := s.walk(ctx, "letter", "at < ?", before(now, k.Dead, keepDead))
	if p.Dead += letters; err != nil {
		return p, err
	}
	p.Alerts, err = s.walk(ctx, "alert", "updated < ? AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.alert = alert.id)", before(now, k.Alerts, keepAlerts))
	if err != nil {
		return p, err
	}
	p.Silences, err = s.steps(ctx, "DELETE FROM silence WHERE id IN (SELECT id FROM silence WHERE ends < ? LIMIT ?)",
		before(now, k.Silences, keepSilences))
	if err != nil {
		return p, err
	}
	if _, err = s.steps(ctx, "DELETE FROM put WHERE id IN (SELECT id FROM put WHERE at < ? LIMIT ?)", before(now, 0, keepPut)); err != nil {
		return p, err
	}
	return p, s.purgeClaims(ctx, k, now)
}

// before is the time in milliseconds before which things are forgotten.
func before(now time.Time, keep, otherwise time.Duration) int64 {
	switch {
	case keep < 0:
		return 0
	case keep == 0:
		keep = otherwise
	}
	return now.Add(-keep).UnixMilli()
}

// walk removes the rows of a table that are old by a condition. There may be
// millions of them, and no index knows which are old: it looks for them
// purgeStep rows at a time and outside of any transaction that writes, so that
// nobody waits while gigabytes are read.
func (s *Store) walk(ctx context.Context, table, old string, limitAt int64) (total int64, err error) {
	for last, more := int64(0), limitAt > 0; more; {
		var ids []string
		if ids, last, more, err = s.aged(ctx, table, old, limitAt, last); err != nil {
			return total, s.sort(err)
		}
		if len(ids) == 0 {
			continue
		}
		n, err := s.removeAged(ctx, table, old, limitAt, ids)
		total += n
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// aged are the old ones of the purgeStep rows after one, and the last of these
// rows; more tells whether others may follow.
func (s *Store) aged(ctx context.Context, table, old string, limitAt, after int64) (ids []string, last int64, more bool, err error) {
	rs, err := s.read.QueryContext(ctx, "SELECT rowid, CASE WHEN "+old+" THEN id ELSE '' END FROM "+table+" WHERE rowid > ? ORDER BY rowid LIMIT ?", limitAt, after, purgeStep)
	if err != nil {
		return nil, 0, false, err
	}
	defer rs.Close()
	n := 0
	for ; rs.Next(); n++ {
		var id string
		if err := rs.Scan(&last, &id); err != nil {
			return nil, 0, false, err
		}
		if id != "" {
			ids = append(ids, id)
		}
	}
	return ids, last, n == purgeStep, rs.Err()
}

// removeAged removes those that are old still.
func (s *Store) removeAged(ctx context.Context, table, old string, limitAt int64, ids []string) (total int64, err error) {
	err = s.write(ctx, func(t *tx) error {
		t.w.forget() // it may be what goes
		total = 0
		for _, id := range ids {
			n, err := t.changed("DELETE FROM "+table+" WHERE id = ? AND "+old, id, limitAt)
			if err != nil {
				return err
			}
			total += n
		}
		return nil
	})
	return total, err
}

// steps repeats a statement with a limit until it finds no more.
func (s *Store) steps(ctx context.Context, statement string, limitAt int64) (total int64, err error) {
	for {
		var n int64
		err := s.write(ctx, func(t *tx) (err error) {
			t.w.forget() // it may be what goes
			n, err = t.changed(statement, limitAt, purgeStep)
			return err
		})
		total += n
		if err != nil || n < purgeStep {
			return total, err
		}
	}
}

// purgeFindings walks the identities by their first byte: they are hashes, so
// that each step is a 256th of them.
func (s *Store) purgeFindings(ctx context.Context, limitAt int64) (total int64, err error) {
	if limitAt <= 0 {
		return 0, nil
	}
	for first := range 256 {
		from, to := []byte{byte(first)}, []byte{byte(first), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
		err := s.write(ctx, func(t *tx) error {
			n, err := t.changed("DELETE FROM finding WHERE key >= ? AND key < ? AND seen < ?", from, to, limitAt)
			total += n
			return err
		})
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// purgeDead drops old dead letters, a page of them at a time; that they were
// dropped is kept.
func (s *Store) purgeDead(ctx context.Context, limitAt int64) (total int64, err error) {
	for after := ""; ; {
		page, next, err := s.Dead(ctx, "", deadStep, after)
		if err != nil {
			return total, err
		}
		var old []string
		for i := range page {
			if millis(page[i].Died) < limitAt {
				old = append(old, page[i].ID)
			}
		}
		n, err := s.dropDead(ctx, old, limitAt)
		total += n
		if err != nil || next == "" {
			return total, err
		}
		after = next
	}
}

// dropDead drops those that are old still.
func (s *Store) dropDead(ctx context.Context, ids []string, limitAt int64) (n int64, err error) {
	if len(ids) == 0 {
		return 0, nil
	}
	err = s.write(ctx, func(t *tx) error {
		n = 0
		return t.eachDead(ids, func(r row) error {
			if millis(r.Died) >= limitAt {
				return nil
			}
			n++
			if err := t.withdraw([]string{r.ID}); err != nil {
				return err
			}
			return t.audit(r.Died, "trailwarden", "forgot dead letter", r.ID+" "+r.Sink+" "+r.Alert, r.LastError)
		})
	})
	return n, err
}
