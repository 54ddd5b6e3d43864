package dynamodb

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/trailwarden/trailwarden/alert"
)

func notFound(what, id string) error { return fmt.Errorf("%s %s: %w", what, id, alert.ErrNotFound) }

// silences reads those that end after a time, by ID.
func (s *Store) silences(ctx context.Context, after int64) (all []alert.Silence, err error) {
	var its []item
	err = s.t.query(ctx, query{pk: "silence", from: "\x01", to: last}, func(it item) bool {
		if it.at > after { // of a silence, its end
			its = append(its, it)
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	for _, it := range its {
		sil, err := s.silence(ctx, it)
		if err != nil {
			return nil, err
		}
		all = append(all, sil)
	}
	return all, nil
}

func (s *Store) silence(ctx context.Context, it item) (sil alert.Silence, err error) {
	content, err := s.content(ctx, it)
	if err == nil {
		err = json.Unmarshal(content, &sil)
	}
	if err != nil {
		return sil, fmt.Errorf("silence %s: %w", it.sk, err)
	}
	return sil, nil
}

// saveSilence writes a silence in place of revision rev of it.
func (t *tx) saveSilence(sil alert.Silence, rev int64) error {
	content, err := json.Marshal(sil)
	if err != nil {
		return fmt.Errorf("silence %s: %w", sil.ID, err)
	}
	o := op{item: item{key: silenceKey(sil.ID), rev: rev + 1, at: millis(sil.To), ttl: until(sil.To, t.s.keep.silences)}, when: ifRev, was: rev}
	if rev == 0 {
		o.when = ifAbsent
	}
	t.extra = append(t.extra, t.s.fill(o, content)...)
	return nil
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
	err = s.attempt(ctx, sil.From, mostAttempts, func(t *tx) error {
		k := silenceKey(sil.ID)
		found, err := s.t.get(ctx, []key{k})
		if err != nil {
			return err
		}
		if err := t.saveSilence(sil, found[k].rev); err != nil {
			return err
		}
		return t.audit(sil.Owner, "silenced", sil.ID, sil.Reason)
	})
	return sil.ID, err
}

// Silences lists those in force and those that ended of late, by ID.
func (s *Store) Silences(ctx context.Context) ([]alert.Silence, error) { return s.silences(ctx, 0) }

// EndSilence ends a silence now, if it has not ended.
func (s *Store) EndSilence(ctx context.Context, id string, now time.Time) error {
	return s.attempt(ctx, now, mostAttempts, func(t *tx) error {
		k := silenceKey(id)
		found, err := s.t.get(ctx, []key{k})
		if err != nil {
			return err
		}
		it, ok := found[k]
		if !ok {
			return notFound("silence", id)
		}
		sil, err := s.silence(ctx, it)
		if err != nil || !sil.To.After(now) {
			return err
		}
		sil.To = now.UTC()
		if err := t.saveSilence(sil, it.rev); err != nil {
			return err
		}
		return t.audit("", "ended silence", id, "")
	})
}
