package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"modernc.org/sqlite"

	"github.com/trailwarden/trailwarden/alert"
)

// writer is the one connection of a process that writes, with its prepared
// statements. One caller has it at a time.
type writer struct {
	conn  *sql.Conn
	turn  chan struct{}
	stmts map[string]*sql.Stmt
	rules written
	read  rulesRead
	rooms rooms
	fresh fresh

	// What is known of the file holds for one version of its data, which SQLite
	// counts up when others write (PRAGMA data_version), and until a transaction
	// of ours fails.
	version  int64
	kept     kept
	versions map[string]int64 // of pieces of state, by name
}

// fresh are the sinks for which something was put into the outbox since they last
// asked: they need not look for it first. It is a hint, and may be wrong.
type fresh struct {
	mu    sync.Mutex
	sinks map[string]bool
}

func (f *fresh) add(sink string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.sinks == nil {
		f.sinks = map[string]bool{}
	}
	f.sinks[sink] = true
}

func (f *fresh) take(sink string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	was := f.sinks[sink]
	delete(f.sinks, sink)
	return was
}

func newWriter(conn *sql.Conn) *writer {
	w := &writer{conn: conn, turn: make(chan struct{}, 1), stmts: map[string]*sql.Stmt{}}
	w.turn <- struct{}{}
	return w
}

func (w *writer) close() error {
	<-w.turn // nobody may write from now on
	var errs []error
	for _, s := range w.stmts {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, w.conn.Close())...)
}

// tx is a transaction under way. It ends early between two of its statements,
// which are short: to call one off itself, the library would start a goroutine
// for each.
type tx struct {
	ctx  context.Context
	calm context.Context // the same, never called off
	w    *writer
}

// do runs f in a transaction that holds the write lock from its first moment,
// so that what it reads stays true until it ends.
func (w *writer) do(ctx context.Context, f func(*tx) error) error {
	select {
	case <-w.turn:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { w.turn <- struct{}{} }()
	t := &tx{ctx, context.WithoutCancel(ctx), w}
	err := t.begin()
	if err == nil {
		err = t.since()
	}
	if err == nil {
		err = f(t)
	}
	if err == nil {
		err = t.exec("COMMIT")
	}
	if err != nil {
		w.forget()
		// One that was called off while it began may have begun all the same, and
		// SQLite may have rolled back already: then this fails, and may.
		_, _ = w.conn.ExecContext(t.calm, "ROLLBACK")
	}
	return err
}

// begin waits for the write lock, which another process may hold, and can be
// called off.
func (t *tx) begin() error {
	s, err := t.stmt("BEGIN IMMEDIATE")
	if err == nil {
		_, err = s.ExecContext(t.ctx)
	}
	return err
}

// since finds out whether anybody else has written since our last transaction.
func (t *tx) since() error {
	var version int64
	_, err := t.one("PRAGMA data_version", nil, &version)
	if version != t.w.version {
		t.w.forget()
		t.w.version = version
	}
	return err
}

// forget forgets what the file may not have as it was known.
func (w *writer) forget() { w.kept, w.versions = kept{}, nil }

func (t *tx) stmt(query string) (*sql.Stmt, error) {
	if err := t.ctx.Err(); err != nil {
		return nil, err
	}
	if s := t.w.stmts[query]; s != nil {
		return s, nil
	}
	s, err := t.w.conn.PrepareContext(t.calm, query)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", query, err)
	}
	t.w.stmts[query] = s
	return s, nil
}

func (t *tx) exec(query string, args ...any) error {
	_, err := t.changed(query, args...)
	return err
}

// changed runs a statement and tells how many rows it changed.
func (t *tx) changed(query string, args ...any) (int64, error) {
	s, err := t.stmt(query)
	if err != nil {
		return 0, err
	}
	r, err := s.ExecContext(t.calm, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (t *tx) rulesRead() *rulesRead { return &t.w.read }

func (t *tx) query(query string, args ...any) (*sql.Rows, error) {
	s, err := t.stmt(query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(t.calm, args...)
}

// one reads the first row into dest; found is false when there is none.
func (t *tx) one(query string, args []any, dest ...any) (found bool, err error) {
	s, err := t.stmt(query)
	if err != nil {
		return false, err
	}
	return scanOne(s.QueryRowContext(t.calm, args...), dest...)
}

func scanOne(row *sql.Row, dest ...any) (found bool, err error) {
	err = row.Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// write runs f in a transaction, unless the store is broken, and sorts errors.
func (s *Store) write(ctx context.Context, f func(*tx) error) error {
	if err := s.broken.Load(); err != nil {
		return *err
	}
	err := s.sort(s.w.do(ctx, f))
	if errors.Is(err, alert.ErrFull) && s.w.fold(ctx) {
		err = s.sort(s.w.do(ctx, f))
	}
	if err == nil {
		err = s.astray()
	}
	return err
}

// fold brings the journal into the file and gives its room back: on a small disk
// it may be what fills it.
func (w *writer) fold(ctx context.Context) bool {
	select {
	case <-w.turn:
	case <-ctx.Done():
		return false
	}
	defer func() { w.turn <- struct{}{} }()
	var busy, pages, folded int64
	err := w.conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &folded)
	return err == nil && busy == 0
}

// Result codes of SQLite (Result and Error Codes), primary and extended.
const (
	codeError    = 1
	codeFull     = 13
	codeCorrupt  = 11
	codeNotDB    = 26
	codeIO       = 10
	codeBusy     = 5
	codeWrite    = codeIO | 3<<8
	codeFsync    = codeIO | 4<<8
	codeDirFsync = codeIO | 5<<8
	codeShmOpen  = codeIO | 18<<8
	codeGone     = codeIO | 23<<8 // what was to be deleted is gone (SQLITE_IOERR_DELETE_NOENT)
	codeShmSize  = codeIO | 19<<8
	codeShmMap   = codeIO | 21<<8
)

// sort says what an error means to the caller. After a failed fsync nobody
// knows what the disk holds, so the store writes no more.
func (s *Store) sort(err error) error {
	var e *sqlite.Error
	if err == nil || !errors.As(err, &e) {
		return err
	}
	switch e.Code() {
	case codeFull, codeWrite, codeShmOpen, codeShmSize, codeShmMap:
		return fmt.Errorf("%w; make room on the disk: %w", alert.ErrFull, err)
	case codeFsync, codeDirFsync:
		return s.breaks(fmt.Errorf("%w: %w", alert.ErrBroken, err))
	}
	switch e.Code() & 0xff {
	case codeCorrupt, codeNotDB:
		return s.breaks(fmt.Errorf("%w; %s: %w", alert.ErrCorrupt, remedy, err))
	case codeBusy:
		return fmt.Errorf("another process is writing to the store: %w", err)
	}
	return err
}

func (s *Store) breaks(err error) error {
	s.broken.CompareAndSwap(nil, &err)
	return err
}
