package sqlite

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/trailwarden/trailwarden/alert"
)

// putAll writes positions or states; one without data is forgotten.
func (t *tx) putAll(table string, ps []alert.Position) error {
	for i := range ps {
		if err := t.put(table, &ps[i]); err != nil {
			return fmt.Errorf("%s %s: %w", table, ps[i].Name, err)
		}
	}
	return nil
}

func (t *tx) put(table string, p *alert.Position) error {
	data := withVersion(t.w.rooms.data, p)
	if p.Version > 0 {
		t.w.rooms.data = again(data)
		done, err := t.first(table, p, data)
		if err != nil || done {
			return err
		}
		if err := t.conditional(table, p); err != nil {
			return err
		}
	}
	t.w.wrote(table, p)
	if p.Data == nil {
		return t.exec("DELETE FROM "+table+" WHERE name = ?", p.Name)
	}
	// Not INSERT OR REPLACE, which takes the row away and adds another at the
	// table's end, with its entry in the index.
	return t.exec("INSERT INTO "+table+" (name, data, sum) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET data = excluded.data, sum = excluded.sum",
		p.Name, data, sum(table, p.Name, data))
}

// first writes the first version of a piece of state; done is false when there is
// one already, or this is none.
func (t *tx) first(table string, p *alert.Position, data []byte) (done bool, err error) {
	if _, known := t.w.versions[p.Name]; known || p.Version != 1 || data == nil {
		return false, nil
	}
	n, err := t.changed("INSERT INTO "+table+" (name, data, sum) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING", p.Name, data, sum(table, p.Name, data))
	if n > 0 {
		t.w.wrote(table, p)
	}
	return n > 0, err
}

// conditional makes sure that a piece with a version is written over the one
// that it was made of.
func (t *tx) conditional(table string, p *alert.Position) error {
	before, err := t.versionOf(table, p.Name)
	if err == nil && before != p.Version-1 {
		err = fmt.Errorf("it has version %d, want %d: %w", before, p.Version-1, alert.ErrConflict)
	}
	return err
}

// versionOf is the version that a piece has now, 0 when there is none: the one
// that we wrote, as long as nobody else has written to the file.
func (t *tx) versionOf(table, name string) (int64, error) {
	if v, ok := t.w.versions[name]; ok && table == "state" {
		return v, nil
	}
	var now []byte
	var check int64
	found, err := t.one("SELECT data, sum FROM "+table+" WHERE name = ?", []any{name}, &now, &check)
	if err != nil {
		return 0, err
	}
	if found && sum(table, name, now) != check {
		return 0, damaged(table, name)
	}
	v, _ := unversioned(now)
	return v, nil
}

// mostVersions bounds the versions that a writer knows.
const mostVersions = 100_000

// wrote remembers which version of a piece of state the file has now. What a rule
// that remembers has of a busy group is written again and again.
func (w *writer) wrote(table string, p *alert.Position) {
	if table != "state" {
		return
	}
	if len(w.versions) >= mostVersions || w.versions == nil {
		w.versions = map[string]int64{}
	}
	w.versions[p.Name] = p.Version
	if p.Data == nil {
		w.versions[p.Name] = 0
	}
}

// A piece of state with a version is kept with that before its data.
const versioned = "\x00v"

// withVersion is the data of a piece as it is kept, in room where it needs any.
func withVersion(room []byte, p *alert.Position) []byte {
	if p.Version == 0 || p.Data == nil {
		return p.Data
	}
	b := append(slices.Grow(room, len(p.Data)+16), versioned...)
	return append(binary.AppendUvarint(b, uint64(p.Version)), p.Data...)
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
	return s.named(ctx, "state", prefix, func(p alert.Position) error {
		p.Version, p.Data = unversioned(p.Data)
		return yield(p)
	})
}

// Positions reads the positions whose names begin with prefix, in the order of
// names.
func (s *Store) Positions(ctx context.Context, prefix string, yield func(alert.Position) error) error {
	return s.named(ctx, "position", prefix, yield)
}

// named reads the rows of a table whose names begin with prefix.
func (s *Store) named(ctx context.Context, table, prefix string, yield func(alert.Position) error) error {
	rs, err := s.read.QueryContext(ctx, "SELECT name, data, sum FROM "+table+" WHERE substr(name, 1, length(?)) = ? AND name >= ? AND name <= ? ORDER BY name",
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
		if sum(table, p.Name, p.Data) != check {
			return damaged(table, p.Name)
		}
		if err := yield(p); err != nil {
			return err
		}
	}
	return s.sort(rs.Err())
}
