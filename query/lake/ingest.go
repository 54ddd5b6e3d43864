package lake

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/query/schema"
)

// Options say how a lake is written.
type Options struct {
	Program string // the SQL engine, see sandbox.FindEngine
	// Listing is the log objects; only those that are not in the lake are read.
	Listing *pipeline.Listing
	// BatchBytes is how many bytes of logs, as stored, go into one step; 0 means
	// 24 MiB. A step takes memory in proportion, and is repeated when it is
	// interrupted.
	BatchBytes int64
	Memory     int64 // most bytes of the engine; 0 means 2 GiB
	Workers    int   // log files read at once; 0 means one per CPU
	Limits     cloudtrail.Limits
	Now        func() time.Time // nil means time.Now
	Fault      func(cloudtrail.Fault)
	// Progress, when set, is told after each step.
	Progress func(Progress)
}

// Progress is what was done so far.
type Progress struct {
	Objects, Known   int   // objects read, and passed over because they are in the lake
	Rows, Duplicates int64 // added, and passed over
	Bytes            int64 // of the objects read, as stored
	Decompressed     int64
	Faults           int64
	WrittenFiles     int
	WrittenBytes     int64
	Removed          int // files
}

func (o *Options) now() time.Time {
	if o.Now != nil {
		return o.Now()
	}
	return time.Now()
}

// batchFiles is the most objects in one step.
const batchFiles = 4000

// rowGroup is how many rows a reader may pass over at once.
const rowGroup = 10_240

// Ingest adds the records of all objects that the lake does not have. An object
// with faults is not marked as done, so that it is read again when it is sound;
// what could be read of it is in the lake and not doubled then.
func (l *Lake) Ingest(ctx context.Context, o Options) (p Progress, err error) {
	if o.BatchBytes <= 0 {
		o.BatchBytes = 24 << 20
	}
	if o.Memory <= 0 {
		o.Memory = 2 << 30
	}
	w := &intake{l: l, o: &o, p: &p, keys: newKeyring()}
	defer w.close()
	for one := range o.Listing.Each {
		size := one.Size()
		if size >= 0 && l.Has(one.Path(), size) {
			p.Known++
			continue
		}
		if err := w.take(ctx, one, size); err != nil {
			return p, err
		}
	}
	return p, w.flush(ctx)
}

// intake orders objects by their days, so that each step makes few files.
type intake struct {
	l      *Lake
	o      *Options
	p      *Progress
	keys   *keyring
	before []File // that the lake had when the flush began
	ahead  []waiting
	to     *fileWriter // nil until something is written
	arena  arena
	held   atomic.Int64 // bytes of rows in memory
}

func (w *intake) close() {
	if w.to != nil {
		w.to.Close()
	}
}

// waiting is an object that was not read yet.
type waiting struct {
	in   pipeline.Input
	size int64
	day  string
}

// maxAhead is how many objects are ordered at once.
const maxAhead = 50_000

func (w *intake) take(ctx context.Context, one pipeline.Input, size int64) error {
	at := schema.NewPlace(filepath.ToSlash(one.Path()))
	w.ahead = append(w.ahead, waiting{one, max(size, 0), dayOf(&at)})
	if len(w.ahead) < maxAhead {
		return nil
	}
	return w.flush(ctx)
}

// flush reads the objects that wait, in steps of about BatchBytes. While the
// engine writes one step the next is read.
func (w *intake) flush(ctx context.Context) (err error) {
	slices.SortStableFunc(w.ahead, func(a, b waiting) int { return cmp.Compare(a.day, b.day) })
	w.before = w.l.Files() // with those of the flush before: its days come again
	written := func() error { return nil }
	defer func() { err = errors.Join(err, w.told(written())) }()
	for len(w.ahead) > 0 {
		n := w.stepSize()
		var batch pipeline.Listing
		days := map[string]bool{}
		for _, one := range w.ahead[:n] {
			batch.Add(one.in)
			days[one.day] = true
		}
		w.ahead = w.ahead[n:]
		if err := w.keys.prepare(ctx, w.l, w.o, days, w.before); err != nil {
			return err
		}
		s, err := w.read(ctx, &batch, days)
		if err != nil {
			return err
		}
		if err := w.told(written()); err != nil {
			written = func() error { return nil }
			return err
		}
		ended := make(chan error, 1)
		go func() { ended <- w.finish(s) }()
		written = func() error { return <-ended }
	}
	w.ahead = nil
	return nil
}

// told tells of a step that ended well.
func (w *intake) told(err error) error {
	if err == nil && w.o.Progress != nil && w.p.Objects > 0 {
		w.o.Progress(*w.p)
	}
	return err
}

// stepSize is how many of the objects go into a step. It ends with a day where it
// can, so that a day is one file.
func (w *intake) stepSize() int {
	var bytes int64
	for i := range min(len(w.ahead), batchFiles) {
		newDay := i > 0 && w.ahead[i].day != w.ahead[i-1].day
		if newDay && bytes >= w.o.BatchBytes/2 || i > 0 && bytes >= w.o.BatchBytes/2*3 {
			return i
		}
		bytes += w.ahead[i].size
	}
	return min(len(w.ahead), batchFiles)
}

// fileOrder is the order of rows in a file that is put together.
const fileOrder = "eventsource, eventname, account, region, useridentity.type, awsregion, eventtime"

// read begins a step: it reads the batch, and writes what has no room in memory.
func (w *intake) read(ctx context.Context, batch *pipeline.Listing, days map[string]bool) (*step, error) {
	if w.to == nil {
		to, err := w.l.startFileWriter(ctx, w.o)
		if err != nil {
			return nil, err
		}
		w.to = to
	}
	dir, err := w.l.stage()
	if err != nil {
		return nil, err
	}
	s := &step{dir: dir, reading: reading{to: w.to, dir: dir, keys: w.keys, arena: &w.arena, view: columns(), held: &w.held}}
	s.totals, err = s.run(ctx, w.o, batch, len(days) == 1 && !days[""])
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

// step is a batch whose records were read.
type step struct {
	reading
	dir    string
	totals pipeline.RecordTotals
}

// finish writes the rest of a step and commits it. From the commit on the staged
// files may be the lake's, also when it fails: they are left to whoever opens the
// lake next.
func (w *intake) finish(s *step) error {
	defer func() {
		w.arena.giveBack(s.used)
		w.held.Add(-s.leftBytes)
	}()
	files, rows, err := w.writeRest(s)
	if err != nil {
		return errors.Join(err, os.RemoveAll(s.dir))
	}
	e := &entry{Time: w.o.now().UTC(), Why: "ingest", Rows: s.rows + rows, Staging: filepath.Base(s.dir), Added: files, Objects: s.done}
	slices.SortFunc(e.Objects, func(a, b Object) int { return cmp.Compare(a.Name, b.Name) })
	if err := w.l.commit(e); err != nil {
		return err
	}
	w.p.count(e, s.totals, &s.reading)
	return nil
}

// writeRest writes what is left of a step's rows, and syncs all of its files.
func (w *intake) writeRest(s *step) (files []File, rows int64, err error) {
	files, rows, err = w.to.write(s.dir, s.left)
	if err != nil {
		return nil, 0, err
	}
	files = append(s.files, files...)
	for _, f := range files {
		if err := syncPath(filepath.Join(s.dir, filepath.FromSlash(f.Path))); err != nil {
			return nil, 0, err
		}
	}
	return files, rows, nil
}

func (p *Progress) count(e *entry, t pipeline.RecordTotals, r *reading) {
	p.Objects += int(t.Files)
	p.Rows += e.Rows
	p.Duplicates += t.Duplicates + r.doubles.Load()
	p.Bytes += t.Bytes
	p.Decompressed += t.Decompressed
	p.Faults += t.Faults
	p.WrittenFiles += len(e.Added)
	for _, f := range e.Added {
		p.WrittenBytes += f.Bytes
	}
}
