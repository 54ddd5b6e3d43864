package sqlite

import (
	"context"
	"fmt"

	"github.com/trailwarden/trailwarden/alert"
)

// putAll writes positions or states; one without data is forgotten.
func (t *tx) putAll(table string, ps []alert.Position) error {
	for _, p := range ps {
		var err error
		if p.Data == nil {
			err = t.exec("DELETE FROM "+table+" WHERE name = ?", p.Name)
		} else {
			err = t.exec("INSERT OR REPLACE INTO "+table+" (name, data, sum) VALUES (?, ?, ?)", p.Name, p.Data, sum(table, p.Name, p.Data))
		}
		if err != nil {
			return fmt.Errorf("%s %s: %w", table, p.Name, err)
		}
	}
	return nil
}

// Load reads a position, nil when there is none.
func (s *Store) Load(ctx context.Context, name string) ([]byte, error) {
	var data []byte
	var check int64
	found, err := reader{ctx, s.read}.one("SELECT data, sum FROM position WHERE name = ?", []any{name}, &data, &check)
	if err != nil || !found {
		return nil, s.sort(err)
	}
	if sum("position", name, data) != check {
		return nil, damaged("position", name)
	}
	if data == nil {
		data = []byte{}
	}
	return data, nil
}

// Save writes a position.
func (s *Store) Save(ctx context.Context, name string, data []byte) error {
	return s.write(ctx, func(t *tx) error { return t.putAll("position", []alert.Position{{Name: name, Data: data}}) })
}

// State reads the states whose names begin with prefix.
func (s *Store) State(ctx context.Context, prefix string, yield func(alert.Position) error) error {
	rs, err := s.read.QueryContext(ctx, "SELECT name, data, sum FROM state WHERE substr(name, 1, length(?)) = ? AND name >= ? AND name <= ? ORDER BY name",
		prefix, prefix, prefix, prefix+"\U0010FFFF") // the last bound only keeps it from reading on to the end
	if err != nil {
		return s.sort(err)
	}
	defer rs.Close()
	for rs.Next() {
		var p alert.Position
		var check int64
		if err := rs.Scan(&p.Name, &p.Data, &check); err != nil {
			return s.sort(err)
		}
		if sum("state", p.Name, p.Data) != check {
			return damaged("state", p.Name)
		}
		if err := yield(p); err != nil {
			return err
		}
	}
	return s.sort(rs.Err())
}
