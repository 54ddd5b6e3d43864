package sqlite

import (
	"bytes"
	"context"
	"time"

	"github.com/trailwarden/trailwarden/alert"
)

var _ alert.Swapper = (*Store)(nil)

// Swap implements alert.Swapper.
func (s *Store) Swap(ctx context.Context, name string, old, data []byte) (done bool, err error) {
	err = s.write(ctx, func(t *tx) error {
		done = false
		var now []byte
		var check int64
		found, err := t.one("SELECT data, sum FROM position WHERE name = ?", []any{name}, &now, &check)
		switch {
		case err != nil:
			return err
		case found && sum("position", name, now) != check:
			return damaged("position", name)
		case found != (old != nil) || !bytes.Equal(now, old):
			return nil
		}
		done = true
		return t.putAll("position", []alert.Position{{Name: name, Data: data}})
	})
	return done && err == nil, err
}

// purgeClaims forgets claims that have not changed for long.
func (s *Store) purgeClaims(ctx context.Context, k alert.Keeping, now time.Time) error {
	_, err := s.steps(ctx, `DELETE FROM position WHERE name IN (SELECT name FROM position
		WHERE name >= 'claim/' AND name < 'claim0' AND json_extract(CAST(data AS TEXT), '$.at') < ? LIMIT ?)`,
		before(now, k.Findings, keepFindings))
	return err
}
