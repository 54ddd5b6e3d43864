//go:build !function

package query

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/query/sandbox"
)

// Bounds limit one query on the embedded engine.
type Bounds struct {
	Memory   int64         // most bytes of memory of the engine's process
	Time     time.Duration // after which it is killed; 0 means none
	Rows     int64         // most rows in a result; 0 means no bound
	Bytes    int64         // most bytes in a result; 0 means no bound
	Cell     int           // most bytes in a cell; longer texts are cut and end in …
	Threads  int           // of the engine; 0 means one per CPU, at most 4
	Decoders int           // log files read at once; 0 means one per CPU
}

// DefaultBounds are enough for questions over some gigabytes of logs.
func DefaultBounds() Bounds {
	return Bounds{Memory: 2 << 30, Time: 10 * time.Minute, Rows: 1_000_000, Bytes: 1 << 30, Cell: 1 << 20}
}

// Local is the embedded engine: DuckDB in a process of its own, fed by our own
// decoder.
type Local struct {
	Program string // path of the engine, see sandbox.FindEngine
	Listing *pipeline.Listing
	LakeDir string    // folder of a lake to ask as well; empty means none
	Stdin   io.Reader // what the path "-" reads
	Bounds  Bounds
	Limits  cloudtrail.Limits
	Report  Reporter
	Now     func() time.Time // nil means time.Now
}

func (l *Local) now() time.Time {
	if l.Now != nil {
		return l.Now()
	}
	return time.Now()
}

// Query translates the statement, reads what it needs, and runs it.
func (l *Local) Query(ctx context.Context, s Statement) (Result, error) {
	const tries = 3
	for n := 1; ; n++ {
		r, err := l.try(ctx, s)
		if !errors.Is(err, errMoved) || n == tries {
			return r, err
		}
	}
}

// errMoved says that files of the lake were moved or put together after the question
// had looked where they are.
var errMoved = errors.New("the lake was changed meanwhile; ask again")

func (l *Local) try(ctx context.Context, s Statement) (Result, error) {
	proc, err := l.launch(ctx) // it makes itself ready meanwhile
	if err != nil {
		return nil, err
	}
	plan, err := l.plan(s)
	if err != nil {
		proc.Close()
		return nil, err
	}
	r, err := l.start(plan, proc)
	if errors.Is(err, errAgain) {
		plan.keep = true
		if proc, err = l.launch(ctx); err == nil {
			r, err = l.start(plan, proc)
		}
	}
	if err != nil && plan.moved() {
		return nil, fmt.Errorf("%w: %w", errMoved, err)
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// launch starts the engine, which may read the lake.
func (l *Local) launch(ctx context.Context) (*sandbox.Process, error) {
	limits := sandbox.Limits{Memory: l.Bounds.Memory, Time: l.Bounds.Time}
	if l.LakeDir != "" {
		dir, err := filepath.Abs(l.LakeDir)
		if err != nil {
			return nil, err
		}
		if _, err := os.Stat(dir); err == nil {
			limits.Read = []string{dir}
		}
	}
	return sandbox.Start(ctx, l.Program, limits)
}

var errAgain = errors.New("the rows must be kept")

// start runs the plan until its columns are known.
func (l *Local) start(p *plan, proc *sandbox.Process) (*localResult, error) {
	r := &localResult{l: l, proc: proc, began: l.now(), fed: make(chan struct{})}
	if err := proc.Request(p.request(l.Bounds)); err != nil {
		_, _, e := proc.Receive()
		return nil, errors.Join(e, r.Close())
	}
	r.stats.ReadsTrail = p.reads
	r.feed(p)
	if err := r.head(); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// request is the plan as the engine is told it.
func (p *plan) request(b Bounds) *sandbox.Request {
	threads := b.Threads
	if threads <= 0 {
		threads = min(runtime.NumCPU(), 4)
	}
	stream := p.projection.Leaves()
	if !p.raw && len(p.files) > 0 { // no rows come, so all threads may work
		stream = nil
	}
	return &sandbox.Request{
		SQL: p.sql, Setup: p.setup, Stream: stream, Keep: p.keep, Folders: p.read,
		Memory: b.Memory / 5 * 3, Threads: threads, MaxRows: b.Rows, MaxBytes: b.Bytes, MaxCell: b.Cell,
	}
}

// localResult is a running query.
type localResult struct {
	l       *Local
	proc    *sandbox.Process
	began   time.Time
	columns []Column
	rows    *sandbox.Rows
	left    int // rows of the batch in hand
	cells   []Cell
	stats   Stats
	err     error
	ended   bool
	closed  bool

	fed     chan struct{} // closed when the feeding is over
	stop    context.CancelFunc
	fedWith pipeline.RecordTotals
}

// feed reads the logs into the engine, while the engine works.
func (r *localResult) feed(p *plan) {
	ctx, stop := context.WithCancel(r.proc.Context())
	r.stop = stop
	go func() {
		defer close(r.fed)
		r.fedWith = r.l.stream(ctx, p, r.proc)
	}()
}

// head receives what comes before the rows.
func (r *localResult) head() error {
	columns, again, err := r.proc.Columns()
	switch {
	case err != nil:
		return err
	case again:
		return errAgain
	}
	return json.Unmarshal(columns, &r.columns)
}

// EngineError is what the embedded engine says against a query.
type EngineError = sandbox.Failure

// Columns are the result's columns.
func (r *localResult) Columns() []Column { return r.columns }

// Next is the next row.
func (r *localResult) Next() []Cell {
	for r.left == 0 {
		if r.ended || !r.more() {
			return nil
		}
	}
	r.left--
	r.cells = r.cells[:0]
	for range r.rows.Columns() {
		text, ok := r.rows.Next()
		r.cells = append(r.cells, Cell{text, !ok})
	}
	return r.cells
}

// more receives the next batch.
func (r *localResult) more() bool {
	rows, done, err := r.proc.Rows()
	if rows != nil && err == nil {
		r.rows, r.left = rows, rows.Len()
		return true
	}
	r.stats.Rows, r.stats.Truncated = done.Rows, done.Truncated
	r.end(err)
	return false
}

// end notes how the query ended and stops the reading, which goes on when the
// engine had enough before the logs' end.
func (r *localResult) end(err error) {
	r.ended = true
	r.stop()
	r.proc.Close()
	<-r.fed
	r.err = err
	r.stats.Seconds = r.l.now().Sub(r.began).Seconds()
	t := r.fedWith
	r.stats.Files, r.stats.Skipped, r.stats.Records = t.Files, t.Skipped, t.Records+t.Unwanted
	r.stats.Bytes, r.stats.Decompressed, r.stats.Faults = t.Bytes, t.Decompressed, t.Faults
}

// Err is what went wrong.
func (r *localResult) Err() error { return r.err }

// Stats say what the query cost.
func (r *localResult) Stats() Stats { return r.stats }

// Close ends the query, whatever it does.
func (r *localResult) Close() error {
	if !r.closed && !r.ended {
		if r.stop != nil {
			r.stop()
		}
		r.proc.Close()
		if r.stop != nil {
			<-r.fed
		}
	}
	r.closed = true
	return nil
}
