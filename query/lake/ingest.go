package lake

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/query/sandbox"
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
	w := &intake{l: l, o: &o, p: &p, keys: newKeyring(), before: l.Files()}
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
	before []File // that the lake had when the run began
	ahead  []waiting
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

// flush reads the objects that wait, in steps of about BatchBytes.
func (w *intake) flush(ctx context.Context) error {
	slices.SortStableFunc(w.ahead, func(a, b waiting) int { return cmp.Compare(a.day, b.day) })
	for len(w.ahead) > 0 {
		var batch pipeline.Listing
		var bytes int64
		days := map[string]bool{}
		n := 0
		for n < len(w.ahead) && bytes < w.o.BatchBytes && n < batchFiles {
			batch.Add(w.ahead[n].in)
			bytes += w.ahead[n].size
			days[w.ahead[n].day] = true
			n++
		}
		w.ahead = w.ahead[n:]
		if err := w.keys.prepare(ctx, w.l, w.o, days, w.before); err != nil {
			return err
		}
		if err := w.l.step(ctx, w.o, &batch, w.keys, w.p); err != nil {
			return err
		}
		if w.o.Progress != nil {
			w.o.Progress(*w.p)
		}
	}
	w.ahead = nil
	return nil
}

// columns are what the lake's files hold.
func columns() schema.Projection {
	var needs []schema.Need
	for _, name := range []string{"managementevent", "insightdetails", "eventcontext", "ct_object", "ct_key", "dt"} {
		needs = append(needs, schema.Need{Column: name})
	}
	return schema.Project(needs, true)
}

// fileOrder is the order of rows in a file: what is often asked for together
// lies together.
const fileOrder = "eventsource, eventname, account, region, eventtime"

// fileSQL chooses the columns of the files, and makes partitions of days that can
// be folders.
const fileSQL = `SELECT * EXCLUDE (account, region, "timestamp", dt, ct_key),
	nullif(ct_key, eventid || '/' || recipientaccountid) AS ct_key, account, region,
	CASE WHEN regexp_full_match(dt, '[0-9]{4}-[0-9]{2}-[0-9]{2}') THEN dt ELSE 'unknown' END AS day
	FROM ct_trail ORDER BY ` + fileOrder

// step adds the records of one batch and commits it.
func (l *Lake) step(ctx context.Context, o *Options, batch *pipeline.Listing, keys *keyring, p *Progress) error {
	dir, err := l.stage()
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	view := columns()
	w, err := startWriter(ctx, o, dir, &sandbox.Request{
		SQL: fileSQL, Stream: view.Leaves(), Setup: []string{"CREATE VIEW ct_trail AS " + view.SelectSQL("ct_rows")},
		Write: &sandbox.ParquetFile{Path: dir, RowGroup: rowGroup, Partition: []string{"day"}},
	}, nil)
	if err != nil {
		return err
	}
	defer w.Close()
	read := &reading{to: w, keys: keys, view: view, gathered: gathering{days: map[string]*dayHolds{}}}
	totals, err := read.run(ctx, o, batch)
	if err != nil {
		return w.explain(err)
	}
	rows, err := w.finish()
	if err != nil {
		return err
	}
	files, err := staged(dir)
	if err != nil {
		return err
	}
	for i := range files {
		if d, ok := read.gathered.days[files[i].day()]; ok {
			files[i].Holds = d.holds()
		}
	}
	e := &entry{Time: o.now().UTC(), Why: "ingest", Rows: rows, Staging: filepath.Base(dir), Added: files, Objects: read.done}
	slices.SortFunc(e.Objects, func(a, b Object) int { return cmp.Compare(a.Name, b.Name) })
	if err := l.commit(e); err != nil {
		return err
	}
	p.count(e, totals, read)
	return nil
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
