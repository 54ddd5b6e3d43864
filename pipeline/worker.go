package pipeline

import (
	"context"
	"io"
	"math"
	"path/filepath"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/detect/memory"
	"github.com/trailwarden/trailwarden/report"
)

// worker judges one file after the other, with buffers of its own that it uses
// again for each.
type worker struct {
	*scan
	decoder *cloudtrail.Decoder
	matcher *detect.Matcher
	batch   batch

	// The file and the record in hand.
	number int
	file   []byte // quoted
	event  []byte // what findings on the record have in common; empty until there is one
	rec    *cloudtrail.Record
	index  int
	hitFn  func(rule int) // w.hit, bound once
	warm   bool           // findings on single records are not asked for
	stream bool           // the file cannot be read again

	// What rules that remember need of the record in hand.
	numbering    *memory.Numbering
	likely       *memory.Likely
	noted        bool // the record is among the batch's
	at           int64
	hasTime      bool
	clock        clock
	told         [64]int64 // minutes with a record that were handed on, by their last bits
	begun, timed int       // the index of the record that reading, and at, are of
	newest       []byte    // the latest eventTime of the file, as written
	saidUntimed  int       // number of the file that has a note of that, plus one
	visit        func(rec *cloudtrail.Record, index int) error
}

func newWorker(s *scan) *worker {
	w := &worker{scan: s, decoder: cloudtrail.NewDecoder(s.o.Limits), matcher: s.engine.NewMatcher()}
	if s.memory != nil {
		w.numbering, w.likely = memory.NewNumbering(&s.memory.fields), memory.NewLikely(s.memory.specs)
		for i := range w.told {
			w.told[i] = math.MinInt64
		}
	}
	w.hitFn, w.visit = w.hit, w.record
	return w
}

// work takes entries until there are none left or the scan has ended.
func (w *worker) work(ctx context.Context) {
	entries := w.entries
	for {
		i := int(w.taken.Add(1)) - 1
		if i >= len(entries) {
			return
		}
		if ctx.Err() != nil {
			w.cut.Store(true)
			return
		}
		w.number = i
		w.entry(ctx, &entries[i])
		err := w.handOn(true)
		w.progress()
		if err != nil {
			return
		}
	}
}

func (w *worker) progress() {
	if p := w.o.Progress; p != nil {
		p.Files.Add(1)
	}
}

// watched counts the bytes of a file as they are read.
type watched struct {
	io.Reader
	progress *Progress
}

func (r watched) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	r.progress.Bytes.Add(int64(n))
	return n, err
}

func (w *worker) entry(ctx context.Context, e *entry) {
	w.batch.file, w.batch.number, w.batch.warm = e.path, w.number, e.warm
	w.warm, w.stream, w.begun, w.timed = e.warm, e.stream(), -1, -1
	w.newest = w.newest[:0]
	take(ctx, w, e, w.o.Stdin)
}

// passOver tells from a path in the layout of a log bucket that the file is not
// to be opened: because other things than records are in it, unless somebody
// named it, or because all its records are before From.
func (w *worker) passOver(e *entry) bool {
	if (e.warm || w.o.From.IsZero()) && (!e.found || strings.Contains(e.path, "/CloudTrail/")) {
		return false // as nearly always
	}
	k, ok := cloudtrail.ParseObjectKey(filepath.ToSlash(e.path))
	switch {
	case !ok:
		return false
	case e.found && k.File != "" && !k.Kind.HoldsRecords():
		w.batch.ignored = string(k.Kind) + " file"
		return true
	}
	return !e.warm && tooOld(k.Delivered, w.o.From)
}

// emptyFile is what Summary.Ignored says of a log file without records; every
// other reason means that the file is no log of records.
const emptyFile = "empty file"

func (w *worker) read(ctx context.Context, name string, r io.Reader, size int64) {
	if w.o.Progress != nil {
		r = watched{r, w.o.Progress}
	}
	w.file = report.AppendFile(w.file[:0], name)
	sum, err := w.decoder.Decode(ctx, name, r, size, w.visit)
	b := &w.batch
	if w.warm {
		sum.Bytes, sum.Decompressed = 0, 0
	} else if sum.Ignored == "" || sum.Ignored == emptyFile {
		b.figures.files++
	}
	b.figures.bytes += sum.Bytes
	b.figures.decompressed += sum.Decompressed
	b.faults = append(b.faults, sum.Faults...)
	b.notes, b.more = append(b.notes, sum.Notes...), sum.MoreFaults
	b.ignored = sum.Ignored
	switch {
	case ctx.Err() != nil && (err != nil || size < 0):
		w.cut.Store(true)
		b.faults = nil // not the input's: reading was interrupted
	case err != nil:
		w.order.stop(err)
	}
}

func (w *worker) fault(f cloudtrail.Fault) { w.batch.faults = append(w.batch.faults, f) }

// record judges one record.
func (w *worker) record(rec *cloudtrail.Record, index int) error {
	b := &w.batch
	if !w.warm {
		b.figures.records++
		if !inTime(rec, w.o.From, w.o.To) {
			return nil
		}
		if w.o.Span {
			if t, ok := rec.Time(); ok {
				b.figures.span(t)
			}
		}
	}
	w.rec, w.index, w.event = rec, index, w.event[:0]
	if w.out.seen != nil {
		w.identify()
	}
	if w.memory != nil && w.memory.clock {
		w.timed = -1
		w.tick()
	}
	w.matcher.Match(rec, w.hitFn)
	if !b.full() {
		return nil
	}
	return w.handOn(false)
}

// handOn gives the batch to the flusher; done says that it is the file's last.
func (w *worker) handOn(done bool) error {
	if w.numbering != nil {
		w.batch.page = w.numbering.Page()
		if w.numbering.Renew() {
			w.likely.Renew()
		}
	}
	err := w.order.put(w.number, &w.batch, done)
	w.batch.reset()
	return err
}

// identify notes the record's identity for the flusher.
func (w *worker) identify() {
	b := &w.batch
	if earlier, ok := w.rec.Supersedes(); ok {
		b.updates = append(b.updates, update{len(b.keys), asKey(earlier)})
	}
	b.keys = append(b.keys, asKey(w.rec.Key()))
}

// hit notes a finding of rule number n on the record in hand.
func (w *worker) hit(n int) {
	if n >= len(w.active) {
		for _, input := range w.memory.same[n-len(w.active)] {
			w.remember(int(input))
		}
		return
	}
	if w.warm {
		return
	}
	b := &w.batch
	if len(w.event) == 0 {
		w.event = w.encode.AppendEvent(w.event, w.rec, w.file, w.index)
	}
	b.lines = w.encode.AppendWith(b.lines, n, w.rec, w.event)
	b.hits = append(b.hits, hit{record: len(b.keys) - 1, rule: n, end: len(b.lines)})
}
