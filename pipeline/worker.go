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
	opener

	// The stretch, the file and the record in hand.
	first  int    // entry of the stretch
	number int    // of the file's entry
	small  bool   // the last file was
	failed bool   // reading has to stop
	below  string // the folder of records that the last file lies below
	file   []byte // as quotedFile gives it; empty until it does
	event  []byte // what rules that remember keep of the record; empty until one does
	rec    *cloudtrail.Record
	index  int
	// written is where, in the batch's lines, stands what findings on the record
	// have in common; its end is 0 until there is one.
	written struct{ at, end int }
	hitFn   func(rule int) // w.hit, bound once
	warm    bool           // findings on single records are not asked for
	stream  bool           // the file cannot be read again

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

// work takes stretches until there are none left or the scan has ended.
func (w *worker) work(ctx context.Context) {
	defer w.release()
	for {
		s := w.dealer.deal(w.small)
		if s.first == s.end {
			return
		}
		w.first = s.first
		n := w.stretch(ctx, s)
		if n == 0 || w.handOn(n) != nil {
			return
		}
	}
}

// stretch judges the files of s and says how many. It does not go on when it comes
// to a file that is not small: the rest of them is for whoever is free.
func (w *worker) stretch(ctx context.Context, s stretch) int {
	for i := s.first; i < s.end; i++ {
		if ctx.Err() != nil {
			w.cut.Store(true)
			w.order.end()
			return i - s.first
		}
		w.number = i
		w.entry(ctx, &w.entries[i])
		w.progress()
		switch {
		case w.failed:
			return i + 1 - s.first
		case !w.small:
			w.dealer.giveBack(stretch{i + 1, s.end})
			return i + 1 - s.first
		case w.batch.remarked() && i+1 < s.end:
			if w.handOn(0) != nil {
				return 0
			}
		}
	}
	return s.end - s.first
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
	if (e.warm || w.o.From.IsZero()) && (!e.found || w.holdsRecords(e.path)) {
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

// recordsFolder is the folder of a log bucket that nothing but records lies below.
const recordsFolder = "/CloudTrail/"

// holdsRecords tells that the file lies below such a folder, mostly the one that the
// file before it lies below.
func (w *worker) holdsRecords(path string) bool {
	if w.below == "" || !strings.HasPrefix(path, w.below) {
		i := strings.Index(path, recordsFolder)
		if i < 0 {
			return false
		}
		w.below = path[:i+len(recordsFolder)]
	}
	return true
}

// emptyFile is what Summary.Ignored says of a log file without records; every
// other reason means that the file is no log of records.
const emptyFile = "empty file"

func (w *worker) read(ctx context.Context, name string, r io.Reader, size int64) {
	f, here := r.(*logFile)
	if w.o.Progress != nil {
		if here {
			size = f.Size()
		}
		r = watched{r, w.o.Progress}
	}
	w.file = w.file[:0]
	sum, err := w.decoder.Decode(ctx, name, r, size, w.visit)
	w.small = sum.Bytes < smallFile
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
	case ctx.Err() != nil && (err != nil || size < 0 && !here):
		w.cut.Store(true)
		b.faults = nil // not the input's: reading was interrupted
	case err != nil:
		w.failed = true
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
			b.figures.outside++
			return nil
		}
		if w.o.Span {
			if t, ok := rec.Time(); ok {
				b.figures.span(t)
			}
		}
	}
	w.rec, w.index, w.event, w.written.end = rec, index, w.event[:0], 0
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
	return w.handOn(0)
}

// handOn gives the batch to the flusher; with the stretch's last one done is how
// many entries it has.
func (w *worker) handOn(done int) error {
	if w.numbering != nil {
		w.batch.page = w.numbering.Page()
		if w.numbering.Renew() {
			w.likely.Renew()
		}
	}
	err := w.order.put(w.first, &w.batch, done)
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
	b.reserve()
	if x := &w.written; x.end > 0 {
		b.lines = w.encode.AppendWith(b.lines, n, w.rec, b.lines[x.at:x.end])
	} else {
		x.at, x.end, b.lines = w.encode.AppendFirst(b.lines, n, w.rec, w.quotedFile(), w.index)
	}
	b.hits = append(b.hits, hit{record: len(b.keys) - 1, rule: n, end: len(b.lines)})
}

// quotedFile is the file's path for findings. Most small files have none.
func (w *worker) quotedFile() []byte {
	if len(w.file) == 0 {
		w.file = report.AppendFile(w.file, w.batch.file)
	}
	return w.file
}
