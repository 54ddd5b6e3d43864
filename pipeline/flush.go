package pipeline

import (
	"fmt"
	"slices"

	"github.com/trailwarden/trailwarden/report"
)

// flusher receives all batches in listing order, one at a time. It alone knows
// which records were seen before, so that what counts as the duplicate does not
// depend on which worker was faster.
type flusher struct {
	o       *Options
	seen    *seen // nil when duplicates are kept
	totals  report.Totals
	span    figures // its times and outside alone
	byRule  []int64
	repeats []bool // of the current batch's records
	memory  *remembering
}

func (f *flusher) flush(b *batch) error {
	f.totals.Files += int(b.figures.files)
	f.totals.Records += b.figures.records
	f.span.outside += b.figures.outside
	f.totals.Bytes += b.figures.bytes
	f.totals.DecompressedBytes += b.figures.decompressed
	if !b.figures.first.IsZero() {
		f.span.span(b.figures.first)
		f.span.span(b.figures.last)
	}
	f.totals.Faults += int64(len(b.faults) + b.more)
	if b.ignored != "" && f.o.Ignored != nil {
		f.o.Ignored(b.file, b.ignored)
	}
	f.recognize(b)
	if err := f.findings(b); err != nil {
		return err
	}
	if err := f.remember(b); err != nil {
		return err
	}
	f.remarks(b)
	return nil
}

func (f *flusher) remarks(b *batch) {
	for _, x := range b.faults {
		if f.o.Fault != nil {
			f.o.Fault(x)
		}
	}
	if b.more > 0 && f.o.Fault != nil {
		f.o.Fault(fileFault(b.file, fmt.Sprintf("%d more faults in this file", b.more)))
	}
	for _, x := range b.notes {
		if f.o.Note != nil {
			f.o.Note(x)
		}
	}
}

// recognize marks the records of b whose identity was seen before. A record that
// repairs an earlier one has an identity of its own; what it repairs counts as
// seen from then on, so that it is not judged if it comes later.
func (f *flusher) recognize(b *batch) {
	if f.seen == nil {
		return
	}
	f.repeats = slices.Grow(f.repeats[:0], len(b.keys))[:len(b.keys)]
	clear(f.repeats)
	updates := b.updates
	var ready, next []spot
	for i := range b.keys {
		if i%warmed == 0 {
			if ready = next; i == 0 {
				ready = f.seen.warm(b.keys[:min(warmed, len(b.keys))])
			}
			if from := i + warmed; from < len(b.keys) {
				next = f.seen.warm(b.keys[from:min(from+warmed, len(b.keys))])
			}
		}
		if !f.seen.put(ready[i%warmed]) {
			f.repeats[i] = true
			if !b.warm {
				f.totals.Duplicates++
			}
		}
		if len(updates) > 0 && updates[0].record == i {
			f.seen.add(updates[0].replaces)
			updates = updates[1:]
		}
	}
}

// findings writes the findings of records that are no duplicates, each run of
// them in one piece.
func (f *flusher) findings(b *batch) error {
	start, begin := 0, 0 // of the line; of the run
	for _, h := range b.hits {
		if f.seen != nil && f.repeats[h.record] {
			if err := f.write(b.lines[begin:start]); err != nil {
				return err
			}
			begin = h.end
		} else {
			f.totals.Findings++
			f.byRule[h.rule]++
		}
		start = h.end
	}
	return f.write(b.lines[begin:start])
}

func (f *flusher) write(lines []byte) error {
	if len(lines) == 0 || f.o.Findings == nil {
		return nil
	}
	return f.o.Findings(lines)
}
