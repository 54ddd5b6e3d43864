// Package sqlite keeps alerts and their outbox in one SQLite file: the store of
// a single machine, safe at kill -9 and at power loss.
//
// The file is in WAL mode with synchronous=FULL, so that what a method returned
// for is on the disk. Every row carries a checksum over all its columns that is
// checked whenever the row is read: a damaged file is found out before anything
// wrong is told. Several processes may use one file on a local disk.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"

	"github.com/trailwarden/trailwarden/alert"
)

// Options of a store.
type Options struct {
	// Policy is asked for each decision; nil is an empty Policy: alerts are kept
	// and nobody is told.
	Policy func() *alert.Policy
	// MaxBytes bounds the file; 0 means the disk does. A store at its bound
	// returns alert.ErrFull.
	MaxBytes int64
	// VerifyBytes is the largest file, in bytes, that Open reads whole to find
	// damage; a larger one is checked as it is read. 0 means 128 MiB, negative
	// that none is.
	VerifyBytes int64
	// Busy is how long to wait for another process that writes; 0 means 10 s.
	Busy time.Duration
}

// Store is an alert.Store in a SQLite file.
type Store struct {
	path   string
	files  []os.FileInfo // that were opened: the file and its journal
	policy func() *alert.Policy
	db     *sql.DB // of the one connection that writes
	read   *sql.DB
	w      *writer
	reads  statements
	broken atomic.Pointer[error]
	notes  []string

	closing sync.Once
	closed  error
}

var _ alert.Store = (*Store)(nil)

// Open opens the store at path, or makes it: the file with mode 0600, and the
// folder, if it has to be made, with 0700. It returns alert.ErrNewer for a file
// of a later version and alert.ErrCorrupt for a damaged one, and leaves both as
// they are.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := prepareFile(path); err != nil {
		return nil, err
	}
	if o.Policy == nil {
		o.Policy = func() *alert.Policy { return &alert.Policy{} }
	}
	if o.Busy <= 0 {
		o.Busy = 10 * time.Second
	}
	for end := time.Now().Add(o.Busy); ; time.Sleep(20 * time.Millisecond) {
		s := &Store{path: path, policy: o.Policy}
		err := s.open(ctx, o)
		if err == nil {
			return s, nil
		}
		passing := passes(err)
		if hasCode(err, codeError) { // our statements are sound: what they are about is not
			err = fmt.Errorf("%w: %w", alert.ErrCorrupt, err)
		}
		err = errors.Join(fmt.Errorf("%s: %w", path, s.sort(err)), s.Close())
		if !passing || ctx.Err() != nil || time.Now().After(end) {
			return nil, err
		}
	}
}

// passes tells whether an error of opening comes from another process that opens
// or closes the store in the same moment: turning the journal on, bringing it in
// and removing it take locks that SQLite does not wait for.
func passes(err error) bool {
	return hasCode(err, codeBusy) || hasCode(err, codeGone)
}

// hasCode tells whether SQLite gave the error, with this result code or, where
// that is a primary one, with an extension of it.
func hasCode(err error, code int) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code() == code || e.Code()&0xff == code)
}

// foldEvery says how large the journal gets, in pages of 4 KiB, before it is
// brought into the file. Eight times as large saves a twentieth of the time when
// much is found, for what was written twice is brought in once, and four times that
// a sixth of what is brought in and more than half of the syncs that it takes; but
// on a small disk the journal could then take all the room that the file needs to
// take it in.
func foldEvery(path string) string {
	pages := 256
	switch free := room(filepath.Dir(path)); {
	case free >= 8<<30:
		pages *= 32
	case free >= 1<<30:
		pages *= 8
	}
	return fmt.Sprintf("wal_autocheckpoint(%d)", pages)
}

func (s *Store) open(ctx context.Context, o Options) (err error) {
	if note := checkJournal(s.path + "-wal"); note != "" {
		s.notes = append(s.notes, note)
	}
	if s.db, err = connect(s.path, o.Busy, "journal_mode(WAL)", "synchronous(FULL)", "cache_size(-16384)", foldEvery(s.path)); err != nil {
		return err
	}
	s.db.SetMaxOpenConns(1)
	if s.read, err = connect(s.path, o.Busy, "query_only(1)", "cache_size(-4096)"); err != nil {
		return err
	}
	s.read.SetMaxOpenConns(2)
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	s.w = newWriter(conn)
	if err := s.migrate(ctx); err != nil {
		return err
	}
	if err := s.notice(); err != nil {
		return err
	}
	if err := s.checkSchema(ctx); err != nil {
		return err
	}
	if err := s.limit(ctx, o.MaxBytes); err != nil {
		return err
	}
	return s.verify(ctx, o.VerifyBytes)
}

// names are the file and its journal.
func (s *Store) names() [2]string { return [2]string{s.path, s.path + "-wal"} }

// notice remembers which files are open.
func (s *Store) notice() error {
	for _, name := range s.names() {
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		s.files = append(s.files, info)
	}
	return nil
}

// astray finds out whether another file, or none, has taken the place of one that
// is open: SQLite writes on into what nobody will ever open again.
func (s *Store) astray() error {
	for i, name := range s.names() {
		info, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(info, s.files[i]) {
			return s.breaks(fmt.Errorf("%s was moved, removed or replaced while it was open, and what is written since would be lost; start anew: %w", name, alert.ErrBroken))
		}
	}
	return nil
}

func connect(path string, busy time.Duration, pragmas ...string) (*sql.DB, error) {
	q := url.Values{"_pragma": append([]string{fmt.Sprintf("busy_timeout(%d)", busy.Milliseconds())}, pragmas...)}
	u := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: q.Encode()}
	return sql.Open("sqlite", u.String())
}

// limit bounds the pages of the file.
func (s *Store) limit(ctx context.Context, most int64) error {
	if most <= 0 {
		return nil
	}
	var size int64
	if err := s.w.conn.QueryRowContext(ctx, "PRAGMA page_size").Scan(&size); err != nil {
		return err
	}
	_, err := s.w.conn.ExecContext(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", max(most/size, 1)))
	return err
}

// Notes are what Open found that a person should know of, in plain words; the
// store works all the same.
func (s *Store) Notes() []string { return s.notes }

// Close ends the store, once. What was committed stays.
func (s *Store) Close() error {
	s.closing.Do(func() { s.closed = s.close() })
	return s.closed
}

func (s *Store) close() error {
	var errs []error
	if s.w != nil {
		errs = append(errs, s.w.close())
	}
	for _, db := range []*sql.DB{s.read, s.db} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// prepareFile makes the folder and the file, for their owner only, and refuses
// a file that this version cannot have written before anything touches it.
func prepareFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("%s: the folder of the store cannot be made: %w", path, err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("%s: the store cannot be opened: %w", path, err)
	}
	defer f.Close()
	if err := checkHeader(f); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		if err := f.Chmod(0o600); err != nil {
			return fmt.Errorf("%s: the store is readable for others and that cannot be changed: %w", path, err)
		}
	}
	return nil
}
