package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/trailwarden/trailwarden/alert"
)

// putLetters keeps dead letters of the intake, each once.
func (t *tx) putLetters(ls []alert.Letter, now time.Time) error {
	for i := range ls {
		doc, err := json.Marshal(&ls[i])
		if err != nil {
			return fmt.Errorf("letter %s: %w", ls[i].ID, err)
		}
		id, at := ls[i].ID, millis(now)
		if err := t.exec("INSERT OR IGNORE INTO letter (id, at, doc, sum) VALUES (?, ?, ?, ?)", id, at, doc, sum("letter", id, at, doc)); err != nil {
			return err
		}
	}
	return nil
}

// scanLetter reads a row and holds it to its checksum.
func scanLetter(from scanner) (l alert.Letter, err error) {
	var id string
	var at, check int64
	var doc []byte
	if err := from.Scan(&id, &at, &doc, &check); err != nil {
		return l, err
	}
	if sum("letter", id, at, doc) != check {
		return l, damaged("letter", id)
	}
	if err := json.Unmarshal(doc, &l); err != nil {
		return l, fmt.Errorf("letter %s: %w", id, err)
	}
	return l, nil
}

// Letters lists the dead letters of the intake by ID.
func (s *Store) Letters(ctx context.Context, limit int, after string) (page []alert.Letter, next string, err error) {
	if limit <= 0 {
		limit = 100
	}
	rs, err := s.read.QueryContext(ctx, "SELECT id, at, doc, sum FROM letter WHERE id > ? ORDER BY id LIMIT ?", after, limit)
	if err != nil {
		return nil, "", s.sort(err)
	}
	defer rs.Close()
	for rs.Next() {
		l, err := scanLetter(rs)
		if err != nil {
			return nil, "", s.sort(err)
		}
		page = append(page, l)
	}
	if len(page) == limit {
		next = page[limit-1].ID
	}
	return page, next, s.sort(rs.Err())
}

// DropLetters forgets dead letters of the intake; who did it and why is kept.
func (s *Store) DropLetters(ctx context.Context, ids []string, by, reason string, now time.Time) (n int, err error) {
	err = s.write(ctx, func(t *tx) error {
		n = 0
		for _, id := range ids {
			gone, err := t.changed("DELETE FROM letter WHERE id = ?", id)
			if err != nil {
				return err
			}
			if gone == 0 {
				continue
			}
			n++
			if err := t.audit(now, by, "dropped letter", id, reason); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}
