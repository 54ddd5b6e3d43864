package pipeline

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// RecordOptions say which records Records reads.
type RecordOptions struct {
	Listing *Listing
	Stdin   io.Reader // what the path "-" reads
	// Workers is the number of files read at once; 0 means one per CPU.
	Workers int
	// From and To bound the records by eventTime: From ≤ eventTime < To; zero
	// times set no bound. A record without a valid eventTime is handed over.
	From, To time.Time
	// KeepDuplicates hands a record over even if its identity was seen before.
	// Which of two copies is handed over is not determined.
	KeepDuplicates bool
	Limits         cloudtrail.Limits
	// Skip, when set, passes over a file by its name before it is opened.
	Skip func(name string) bool

	// The receivers are never called two at a time; each may be nil.
	Fault   func(cloudtrail.Fault)
	Note    func(cloudtrail.Fault)
	Ignored func(file, reason string)
}

// RecordTotals say what Records read.
type RecordTotals struct {
	Files        int64 // opened
	Skipped      int64 // passed over by Skip or because they are too old
	Bytes        int64 // as stored
	Decompressed int64
	Records      int64 // handed over
	Duplicates   int64
	Unwanted     int64 // that a RecordFilter did not want, copies included
	Faults       int64
}

// RecordVisitor receives records on one goroutine. The Record is valid during
// the call only. An error ends the reading.
type RecordVisitor interface {
	Record(file string, rec *cloudtrail.Record) error
	// File is called when all records of a file were handed over.
	File(file string, sum cloudtrail.Summary) error
	Close() error // called once at the end, also after an error
}

// RecordFilter is a RecordVisitor that can tell before a record's identity is
// found, which costs more, that it does not want it. Copies of a record must be
// judged alike.
type RecordFilter interface {
	Wants(file string, rec *cloudtrail.Record) bool
}

// Records reads all records of the listing without judging them, on several
// goroutines at once; visitor makes what receives those of one goroutine. What
// is wrong with an input is a fault, and the rest is read. The error is that of
// ctx or of a visitor.
func Records(ctx context.Context, o RecordOptions, visitor func() RecordVisitor) (RecordTotals, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	r := &recordReading{o: &o, stop: stop}
	if !o.KeepDuplicates {
		r.seen = newSeen()
		defer r.seen.free()
	}
	n := o.Workers
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	var wg sync.WaitGroup
	for range min(n, max(1, len(o.Listing.entries))) {
		wg.Go(func() {
			w := &recordWorker{recordReading: r, decoder: cloudtrail.NewDecoder(o.Limits), to: visitor()}
			w.visit = w.record
			w.filter, _ = w.to.(RecordFilter)
			w.work(ctx)
			if err := w.to.Close(); err != nil {
				stop(err)
			}
			r.count(w.totals)
		})
	}
	wg.Wait()
	return r.totals, context.Cause(ctx)
}

// recordReading is one run of Records.
type recordReading struct {
	o     *RecordOptions
	stop  context.CancelCauseFunc
	taken atomic.Int64

	mu     sync.Mutex // receivers and totals
	totals RecordTotals

	seenMu sync.Mutex
	seen   *seen
}

func (r *recordReading) count(t RecordTotals) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.totals.Files += t.Files
	r.totals.Skipped += t.Skipped
	r.totals.Bytes += t.Bytes
	r.totals.Decompressed += t.Decompressed
	r.totals.Records += t.Records
	r.totals.Duplicates += t.Duplicates
	r.totals.Unwanted += t.Unwanted
}

func (r *recordReading) fault(f cloudtrail.Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.totals.Faults++
	if r.o.Fault != nil {
		r.o.Fault(f)
	}
}

// first tells whether the record's identity is new.
func (r *recordReading) first(rec *cloudtrail.Record) bool {
	if r.seen == nil {
		return true
	}
	k := asKey(rec.Key())
	r.seenMu.Lock()
	defer r.seenMu.Unlock()
	return r.seen.add(k)
}

type recordWorker struct {
	*recordReading
	opener
	decoder *cloudtrail.Decoder
	to      RecordVisitor
	filter  RecordFilter // nil wants all
	totals  RecordTotals
	file    string
	visit   func(rec *cloudtrail.Record, index int) error
}

func (w *recordWorker) work(ctx context.Context) {
	defer w.release()
	entries := w.o.Listing.entries
	for {
		i := int(w.taken.Add(1)) - 1
		if i >= len(entries) || ctx.Err() != nil {
			return
		}
		take(ctx, w, &entries[i], w.o.Stdin)
	}
}

func (w *recordWorker) passOver(e *entry) bool {
	over := w.unwanted(e)
	if over {
		w.totals.Skipped++
	}
	return over
}

// unwanted tells from its name that a file is not to be opened.
func (w *recordWorker) unwanted(e *entry) bool {
	if w.o.Skip != nil && w.o.Skip(e.path) {
		return true
	}
	k, ok := cloudtrail.ParseObjectKey(filepath.ToSlash(e.path))
	if !ok {
		return false
	}
	return e.found && k.File != "" && !k.Kind.HoldsRecords() || tooOld(k.Delivered, w.o.From)
}

func (w *recordWorker) read(ctx context.Context, name string, r io.Reader, size int64) {
	w.file = name
	sum, err := w.decoder.Decode(ctx, name, r, size, w.visit)
	w.totals.Files++
	w.totals.Bytes += sum.Bytes
	w.totals.Decompressed += sum.Decompressed
	if err == nil && ctx.Err() == nil {
		err = w.to.File(name, sum)
	}
	if err != nil {
		w.stop(err)
		return
	}
	w.say(name, sum)
}

// say hands on what the decoder remarked.
func (w *recordWorker) say(name string, sum cloudtrail.Summary) {
	for _, f := range sum.Faults {
		w.fault(f)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.recordReading.totals.Faults += int64(sum.MoreFaults)
	for _, f := range sum.Notes {
		if w.o.Note != nil {
			w.o.Note(f)
		}
	}
	if sum.Ignored != "" && w.o.Ignored != nil {
		w.o.Ignored(name, sum.Ignored)
	}
}

func (w *recordWorker) record(rec *cloudtrail.Record, _ int) error {
	if !inTime(rec, w.o.From, w.o.To) {
		return nil
	}
	if w.filter != nil && !w.filter.Wants(w.file, rec) {
		w.totals.Unwanted++
		return nil
	}
	if !w.first(rec) {
		w.totals.Duplicates++
		return nil
	}
	w.totals.Records++
	return w.to.Record(w.file, rec)
}

// Input is one input of a listing.
type Input struct{ e entry }

// Path is the input's path as found.
func (i Input) Path() string { return i.e.path }

// Size is the file's size in bytes; -1 when it is not known.
func (i Input) Size() int64 {
	if i.e.size < 0 && i.e.fault == "" && !i.e.waits && i.e.fetch == nil && i.e.path != Stdin {
		if info, err := os.Stat(i.e.path); err == nil {
			return info.Size()
		}
	}
	return i.e.size
}

// Each calls yield for each input in order until it returns false.
func (l *Listing) Each(yield func(Input) bool) {
	for _, e := range l.entries {
		if !yield(Input{e}) {
			return
		}
	}
}

// Add adds an input of another listing.
func (l *Listing) Add(i Input) { l.entries = append(l.entries, i.e) }
