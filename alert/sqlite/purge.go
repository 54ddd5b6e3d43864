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

// Purge forgets what has outlived its keeping.
func (s *Store) Purge(ctx context.Context, k alert.Keeping, now time.Time) (p alert.Purged, err error) {
	if p.Findings, err = s.purgeFindings(ctx, before(now, k.Findings, keepFindings)); err != nil {
		return p, err
	}
	if p.Dead, err = s.purgeDead(ctx, before(now, k.Dead, keepDead)); err != nil {
		return p, err
	}
	letters, err := s.steps(ctx, "DELETE FROM letter WHERE id IN (SELECT id FROM letter WHERE at < ? LIMIT ?)", before(now, k.Dead, keepDead))
	if p.Dead += letters; err != nil {
		return p, err
	}
	p.Alerts, err = s.steps(ctx, `DELETE FROM alert WHERE id IN (SELECT id FROM alert WHERE updated < ?
		AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.alert = alert.id) LIMIT ?)`, before(now, k.Alerts, keepAlerts))
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

// purgeDead drops old dead letters; that they were dropped is kept.
func (s *Store) purgeDead(ctx context.Context, limitAt int64) (total int64, err error) {
	err = s.write(ctx, func(t *tx) error {
		dead, err := load(t, "dead = 1")
		if err != nil {
			return err
		}
		for _, r := range dead {
			if millis(r.Died) >= limitAt {
				continue
			}
			total++
			if err := t.withdraw([]string{r.ID}); err != nil {
				return err
			}
			if err := t.audit(r.Died, "trailwarden", "forgot dead letter", r.ID+" "+r.Sink+" "+r.Alert, r.LastError); err != nil {
				return err
			}
		}
		return nil
	})
	return total, err
}
