package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"os"

	"github.com/trailwarden/trailwarden/alert"
)

// verifyBytes is the largest file that Open reads whole: about a second.
const verifyBytes = 128 << 20

// verify reads every row of a file that is not too large, and its structure.
func (s *Store) verify(ctx context.Context, most int64) error {
	if most == 0 {
		most = verifyBytes
	}
	info, err := os.Stat(s.path)
	if err != nil {
		return err
	}
	if info.Size() > most {
		return nil
	}
	return s.Check(ctx)
}

// Check reads the whole store and returns alert.ErrCorrupt when any of it is
// not as it was written.
func (s *Store) Check(ctx context.Context) error {
	var said string
	if err := s.read.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&said); err != nil {
		return s.sort(err)
	}
	if said != "ok" {
		return s.breaks(fmt.Errorf("%w; %s: %s", alert.ErrCorrupt, remedy, said))
	}
	for _, c := range checks() {
		if err := s.checkTable(ctx, c); err != nil {
			return s.sort(err)
		}
	}
	return nil
}

// check is how the rows of a table are held to their checksums.
type check struct {
	query string
	row   func(*sql.Rows) error
}

func checks() []check {
	var rules rulesRead
	return []check{
		{"SELECT " + alertColumns + " FROM " + alertTables, func(rs *sql.Rows) error {
			var r alertRow
			if err := rs.Scan(r.fields()...); err != nil {
				return err
			}
			_, err := r.alert(&rules)
			return err
		}},
		{"SELECT " + rowColumns + " FROM outbox", func(rs *sql.Rows) error {
			_, err := scanRow(rs)
			return err
		}},
		{"SELECT key, seen, sum FROM finding", func(rs *sql.Rows) error {
			var key sql.RawBytes
			var seen, check int64
			if err := rs.Scan(&key, &seen, &check); err != nil {
				return err
			}
			if sum("finding", []byte(key), seen) != check {
				return damaged("finding", key)
			}
			return nil
		}},
		{"SELECT id, ends, doc, sum FROM silence", func(rs *sql.Rows) error {
			var id string
			var ends, check int64
			var doc []byte
			if err := rs.Scan(&id, &ends, &doc, &check); err != nil {
				return err
			}
			if sum("silence", id, ends, doc) != check {
				return damaged("silence", id)
			}
			return nil
		}},
		{"SELECT id, at, doc, sum FROM letter", func(rs *sql.Rows) error {
			_, err := scanLetter(rs)
			return err
		}},
		named("sink", "doc"), named("position", "data"), named("state", "data"),
	}
}

// named checks a table of names and bytes.
func named(table, column string) check {
	return check{"SELECT name, " + column + ", sum FROM " + table, func(rs *sql.Rows) error {
		var name string
		var data []byte
		var check int64
		if err := rs.Scan(&name, &data, &check); err != nil {
			return err
		}
		if sum(table, name, data) != check {
			return damaged(table, name)
		}
		return nil
	}}
}

func (s *Store) checkTable(ctx context.Context, c check) error {
	rs, err := s.read.QueryContext(ctx, c.query)
	if err != nil {
		return err
	}
	defer rs.Close()
	for rs.Next() {
		if err := c.row(rs); err != nil {
			return err
		}
	}
	return rs.Err()
}
