package sqlite

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/trailwarden/trailwarden/alert"
)

// randomID names what has no name of its own.
func randomID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// silences reads those that end after a time.
func silences(q rows, after int64) ([]alert.Silence, error) {
	rs, err := q.query("SELECT id, ends, doc, sum FROM silence WHERE ends > ? ORDER BY id", after)
	if err != nil {
		return nil, err
	}
	defer rs.Close()
	var all []alert.Silence
	for rs.Next() {
		var id string
		var ends, check int64
		var doc []byte
		if err := rs.Scan(&id, &ends, &doc, &check); err != nil {
			return nil, err
		}
		if sum("silence", id, ends, doc) != check {
			return nil, damaged("silence", id)
		}
		var s alert.Silence
		if err := json.Unmarshal(doc, &s); err != nil {
			return nil, fmt.Errorf("silence %s: %w", id, err)
		}
		all = append(all, s)
	}
	return all, rs.Err()
}

func (t *tx) saveSilence(s alert.Silence) error {
	doc, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("silence %s: %w", s.ID, err)
	}
	ends := millis(s.To)
	return t.exec("INSERT OR REPLACE INTO silence (id, ends, doc, sum) VALUES (?, ?, ?, ?)", s.ID, ends, doc, sum("silence", s.ID, ends, doc))
}

// Silence begins to hold messages back, those that wait already included: they
// leave the outbox when they are due.
func (s *Store) Silence(ctx context.Context, sil alert.Silence) (id string, err error) {
	if err := alert.CheckSilence(&sil); err != nil {
		return "", err
	}
	if sil.ID == "" {
		sil.ID = randomID()
	}
	err = s.write(ctx, func(t *tx) error {
		if err := t.saveSilence(sil); err != nil {
			return err
		}
		return t.audit(sil.From, sil.Owner, "silenced", sil.ID, sil.Reason)
	})
	return sil.ID, err
}

// waiting lets env know which of the alert's deliveries can be taken back.
func (t *tx) waiting(env *alert.Env, a *alert.Alert) error {
	kinds := map[string]alert.Kind{}
	for _, told := range a.Told {
		if told.Pending == "" {
			continue
		}
		var kind string
		found, err := t.one("SELECT kind FROM outbox WHERE id = ? AND dead = 0 AND leased_until <= ? AND lease = ''",
			[]any{told.Pending, millis(env.Now)}, &kind)
		if err != nil {
			return err
		}
		if found {
			kinds[told.Pending] = alert.Kind(kind)
		}
	}
	env.Waiting = func(id string) (alert.Kind, bool) { k, ok := kinds[id]; return k, ok }
	return nil
}

func (t *tx) withdraw(ids []string) error {
	for _, id := range ids {
		if err := t.exec("DELETE FROM outbox WHERE id = ?", id); err != nil {
			return err
		}
	}
	return nil
}

// Silences lists those in force and those that ended of late, by ID.
func (s *Store) Silences(ctx context.Context) ([]alert.Silence, error) {
	all, err := silences(reader{ctx, s}, 0)
	return all, s.sort(err)
}

// EndSilence ends a silence now, if it has not ended.
func (s *Store) EndSilence(ctx context.Context, id string, now time.Time) error {
	return s.write(ctx, func(t *tx) error {
		all, err := silences(t, 0)
		if err != nil {
			return err
		}
		for _, sil := range all {
			if sil.ID != id {
				continue
			}
			if !sil.To.After(now) {
				return nil
			}
			sil.To = now.UTC()
			if err := t.saveSilence(sil); err != nil {
				return err
			}
			return t.audit(now, "", "ended silence", id, "")
		}
		return fmt.Errorf("silence %s: %w", id, alert.ErrNotFound)
	})
}

// audit keeps who did what.
func (t *tx) audit(at time.Time, by, did, subject, text string) error {
	return t.exec("INSERT INTO audit (at, by, did, subject, text) VALUES (?, ?, ?, ?, ?)", millis(at), by, did, subject, text)
}
