package sqlite

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/trailwarden/trailwarden/alert"
)

// applicationID marks the file as ours (SQLite file format, offset 68).
const applicationID = 0x74776172 // "twar"

// migrations bring a store from one version to the next; the version of a file
// is how many of them it has behind it. One that was released never changes.
func migrations() []string {
	return []string{version1, version2, version3, version4}
}

// Times are milliseconds of Unix time, UTC, 0 for none. sum is the checksum of
// the row's other columns.
const version1 = `
CREATE TABLE alert (
	id TEXT PRIMARY KEY, rule TEXT NOT NULL, status TEXT NOT NULL,
	last_seen INTEGER NOT NULL, updated INTEGER NOT NULL, words TEXT NOT NULL,
	doc BLOB NOT NULL, sum INTEGER NOT NULL,
	samples BLOB NOT NULL, samples_sum INTEGER NOT NULL
) STRICT;
CREATE INDEX alert_last_seen ON alert (last_seen, id);
CREATE TABLE finding (
	key BLOB PRIMARY KEY, seen INTEGER NOT NULL, sum INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE outbox (
	id TEXT PRIMARY KEY, sink TEXT NOT NULL, alert TEXT NOT NULL, kind TEXT NOT NULL,
	sequence INTEGER NOT NULL, not_until INTEGER NOT NULL,
	lease TEXT NOT NULL, leased_until INTEGER NOT NULL, dead INTEGER NOT NULL,
	doc BLOB NOT NULL, sum INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_due ON outbox (sink, dead, not_until);
CREATE INDEX outbox_order ON outbox (alert, sink, sequence);
CREATE TABLE put (
	id TEXT PRIMARY KEY, at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE sink (
	name TEXT PRIMARY KEY, doc BLOB NOT NULL, sum INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE silence (
	id TEXT PRIMARY KEY, ends INTEGER NOT NULL, doc BLOB NOT NULL, sum INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE position (
	name TEXT PRIMARY KEY, data BLOB NOT NULL, sum INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE state (
	name TEXT PRIMARY KEY, data BLOB NOT NULL, sum INTEGER NOT NULL
) STRICT;
CREATE TABLE audit (
	at INTEGER NOT NULL, by TEXT NOT NULL, did TEXT NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL
) STRICT;
`

// Dead letters of the intake.
const version2 = `
CREATE TABLE letter (
	id TEXT PRIMARY KEY, at INTEGER NOT NULL, doc BLOB NOT NULL, sum INTEGER NOT NULL
) STRICT;
`

// What sinks were told of an alert changes with each message, and the rest of it
// does not: apart and in the order of the alerts, a hundred of them are a few
// pages in place of some hundred. alert.told is the row's n, 0 as long as the
// document still holds it.
const version3 = `
ALTER TABLE alert ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
CREATE TABLE told (
	n INTEGER PRIMARY KEY, alert TEXT NOT NULL, version INTEGER NOT NULL, doc BLOB NOT NULL, sum INTEGER NOT NULL
) STRICT;
CREATE TRIGGER alert_gone AFTER DELETE ON alert WHEN old.told > 0 BEGIN
	DELETE FROM told WHERE n = old.told;
END;
`

// A listing goes by the last event. What it chooses by is in the index, too: what it
// leaves out is not read, which for 300,000 alerts is a gigabyte.
const version4 = `
DROP INDEX alert_last_seen;
CREATE INDEX alert_listed ON alert (last_seen, id, rule, status);
`

// schemaNames are the tables, indexes and triggers that migrations make; an owner
// of the file may have added others. schemaSum is the checksum of what SQLite
// keeps of them, which a new migration changes.
const (
	schemaNames = `'alert', 'alert_gone', 'alert_listed', 'audit', 'finding', 'letter', 'outbox', 'outbox_due', 'outbox_order',
		'position', 'put', 'silence', 'sink', 'state', 'told'`
	schemaSum = 2702982848
)

// checkSchema finds damage in the words that tables are made of, which no row's
// checksum covers: another default would be told as what was written.
func (s *Store) checkSchema(ctx context.Context) error {
	rs, err := s.w.conn.QueryContext(ctx, "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name IN ("+schemaNames+") ORDER BY name")
	if err != nil {
		return err
	}
	defer rs.Close()
	var all []any
	for rs.Next() {
		var kind, name, table, text string
		if err := rs.Scan(&kind, &name, &table, &text); err != nil {
			return err
		}
		all = append(all, kind, name, table, text)
	}
	if got := sum("sqlite_schema", all...); rs.Err() == nil && got != schemaSum {
		return fmt.Errorf("the tables are not as Trailwarden makes them (checksum %d, not %d): %w", got, schemaSum, alert.ErrCorrupt)
	}
	return rs.Err()
}

// checkHeader refuses a file that is not ours or of a later version, without
// touching it (SQLite file format, database header).
func checkHeader(r io.Reader) error {
	var h [100]byte
	n, err := io.ReadFull(r, h[:])
	switch {
	case n == 0 && errors.Is(err, io.EOF):
		return nil // a new file
	case err != nil || string(h[:16]) != "SQLite format 3\x00":
		return fmt.Errorf("this is no store of Trailwarden, or its first page is lost: %w", alert.ErrCorrupt)
	}
	if h[18] > 2 || h[19] > 2 { // SQLite would only read it, or not even that
		return fmt.Errorf("the file is of no format that SQLite is known to write: %w", alert.ErrCorrupt)
	}
	version, id := binary.BigEndian.Uint32(h[60:]), binary.BigEndian.Uint32(h[68:])
	if id != applicationID && (id != 0 || version != 0) {
		return fmt.Errorf("this SQLite file belongs to another program: %w", alert.ErrCorrupt)
	}
	return checkVersion(int64(version))
}

func checkVersion(version int64) error {
	if most := int64(len(migrations())); version > most {
		return fmt.Errorf("the file has version %d, this program knows up to %d; use the version of Trailwarden that wrote it, or another file: %w",
			version, most, alert.ErrNewer)
	}
	return nil
}

// migrate brings the file to the newest version in one transaction.
func (s *Store) migrate(ctx context.Context) error {
	var version int64
	if err := s.w.conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version == int64(len(migrations())) {
		return nil
	}
	err := s.w.do(ctx, func(t *tx) error {
		// Another process may have been faster.
		if err := s.w.conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		if err := checkVersion(version); err != nil {
			return err
		}
		for _, m := range migrations()[version:] {
			if _, err := s.w.conn.ExecContext(ctx, m); err != nil {
				return fmt.Errorf("version %d: %w", version+1, err)
			}
			version++
		}
		_, err := s.w.conn.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, version))
		return err
	})
	if err != nil {
		return fmt.Errorf("the store cannot be brought to version %d: %w", len(migrations()), err)
	}
	// The version belongs into the file itself, where checkHeader reads it.
	_, err = s.w.conn.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}
