package sqlite

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"

	"github.com/trailwarden/trailwarden/alert"
)

// putAll writes positions or states; one without data is forgotten.
func (t *tx) putAll(table string, ps []alert.Position) error {
	for _, p := range ps {
		err := t.conditional(table, &p)
		if err != nil {
			return err
		}
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

// A piece of state with a version is kept with that before its data.
const versioned = "\x00v"

// conditional makes sure that a piece with a version is written over the one
// that it was made of, and puts the version before its data.
func (t *tx) conditional(table string, p *alert.Position) error {
	if p.Version == 0 {
		return nil
	}
	var now []byte
	var check int64
	found, err := t.one("SELECT data, sum FROM "+table+" WHERE name = ?", []any{p.Name}, &now, &check)
	if err != nil {
		return err
	}
	if found && sum(table, p.Name, now) != check {
		return damaged(table, p.Name)
	}
	if before, _ := unversioned(now); before != p.Version-1 {
		return fmt.Errorf("%s %s has version %d, want %d: %w", table, p.Name, before, p.Version-1, alert.ErrConflict)
	}
	if p.Data != nil {
		p.Data = append(binary.AppendUvarint([]byte(versioned), uint64(p.Version)), p.Data...)
	}
	return nil
}

// unversioned takes the version off what conditional wrote.
func unversioned(b []byte) (version int64, data []byte) {
	rest, ok := bytes.CutPrefix(b, []byte(versioned))
	if !ok {
		return 0, b
	}
	v, n := binary.Uvarint(rest)
	if n <= 0 {
		return 0, b
	}
	return int64(v), rest[n:]
}

// Load reads a position, nil when there is none.
func (s *Store) Load(ctx context.Context, name string) ([]byte, error) {
	var data []byte
	var check int64
	found, err := reader{ctx, s}.one("SELECT data, sum FROM position WHERE name = ?", []any{name}, &data, &check)
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
		p.Version, p.Data = unversioned(p.Data)
		if err := yield(p); err != nil {
			return err
		}
	}
	return s.sort(rs.Err())
}
