package lake

import (
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
	var batch pipeline.Listing
	var bytes int64
	flush := func() error {
		if batch.Files() == 0 {
			return nil
		}
		if err := l.step(ctx, &o, &batch, &p); err != nil {
			return err
		}
		batch, bytes = pipeline.Listing{}, 0
		if o.Progress != nil {
			o.Progress(p)
		}
		return nil
	}
	for one := range o.Listing.Each {
		size := one.Size()
		if size >= 0 && l.Has(one.Path(), size) {
			p.Known++
			continue
		}
		batch.Add(one)
		if bytes += max(size, 0); bytes >= o.BatchBytes || batch.Files() >= batchFiles {
			if err := flush(); err != nil {
				return p, err
			}
		}
	}
	return p, flush()
}

// columns are what the lake's files hold.
func columns() schema.Projection {
	var needs []schema.Need
	for _, name := range []string{"managementevent", "insightdetails", "eventcontext", "ct_object", "ct_key", "dt"} {
		needs = append(needs, schema.Need{Column: name})
	}
	return schema.Project(needs, true)
}

// fileSQL chooses the columns of the files, and makes partitions of texts that
// can be folders.
const fileSQL = `SELECT * EXCLUDE (account, region, "timestamp", dt, ct_key),
	nullif(ct_key, eventid || '/' || recipientaccountid) AS ct_key,
	CASE WHEN regexp_full_match(account, '[0-9]{12}') THEN account ELSE 'unknown' END AS account,
	CASE WHEN regexp_full_match(region, '[a-z0-9-]{1,40}') THEN region ELSE 'unknown' END AS region,
	CASE WHEN regexp_full_match(dt, '[0-9]{4}-[0-9]{2}-[0-9]{2}') THEN dt ELSE 'unknown' END AS day
	FROM ct_trail`

// step adds the records of one batch and commits it.
func (l *Lake) step(ctx context.Context, o *Options, batch *pipeline.Listing, p *Progress) error {
	dir, err := l.stage()
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	known, err := l.keysNear(ctx, o, batch)
	if err != nil {
		return err
	}
	view := columns()
	w, err := startWriter(ctx, o, dir, &sandbox.Request{
		SQL: fileSQL, Stream: view.Leaves(), Setup: []string{"CREATE VIEW ct_trail AS " + view.SelectSQL("ct_rows")},
		Write: &sandbox.ParquetFile{Path: dir, RowGroup: 122_880, Partition: []string{"account", "region", "day"}},
	}, nil)
	if err != nil {
		return err
	}
	defer w.Close()
	read := &reading{to: w, known: known, view: view}
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
	e := &entry{Time: o.now().UTC(), Why: "ingest", Rows: rows, Staging: filepath.Base(dir), Added: files, Objects: read.done}
	slices.SortFunc(e.Objects, func(a, b Object) int { return cmpText(a.Name, b.Name) })
	if err := l.commit(e); err != nil {
		return err
	}
	p.count(e, totals, read)
	return nil
}

func cmpText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
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

// keysNear are the identities of the records in the lake that the batch's could
// be copies of: those of the same account and region, from a day before to a day
// after.
func (l *Lake) keysNear(ctx context.Context, o *Options, batch *pipeline.Listing) (map[string]struct{}, error) {
	type near struct{ account, region, day string }
	wanted := map[near]bool{}
	anywhere := false
	for one := range batch.Each {
		at := schema.NewPlace(filepath.ToSlash(one.Path()))
		if at.Key.Date.IsZero() {
			anywhere = true
		}
		for d := -1; d <= 1; d++ {
			wanted[near{at.Key.Account, at.Key.Region, at.Key.Date.AddDate(0, 0, d).Format(time.DateOnly)}] = true
		}
	}
	var paths []string
	for _, f := range l.Files() {
		k := f.Place().Key
		if anywhere || k.Date.IsZero() || wanted[near{k.Account, k.Region, k.Date.Format(time.DateOnly)}] {
			paths = append(paths, l.Path(f))
		}
	}
	known := map[string]struct{}{}
	if len(paths) == 0 {
		return known, nil
	}
	sql := "SELECT coalesce(ct_key, eventid || '/' || recipientaccountid) FROM read_parquet([" + quoteAll(paths) + "], hive_partitioning = false)"
	return known, l.eachRow(ctx, o, sql, func(text []byte) error {
		known[string(text)] = struct{}{}
		return nil
	})
}
