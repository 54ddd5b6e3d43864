package pipeline

import (
	"slices"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect/memory"
)

// batch is what a worker found in a file, in a part of it, or in several of which
// at most the last has remarks.
type batch struct {
	keys    []key    // identities of the judged records, in order; none when duplicates are kept
	updates []update // records that correct an earlier one
	lines   []byte   // findings as NDJSON
	hits    []hit    // where each finding ends, ascending
	faults  []cloudtrail.Fault
	notes   []cloudtrail.Fault
	more    int    // faults beyond those listed
	ignored string // why the file holds no records that a scan reads
	file    string
	number  int  // of the file in the listing, the last one
	warm    bool // the file is not of the listing itself
	figures figures
	// Of rules that remember: hits of their inputs, which of them findings are
	// to show, their records, the texts that these refer to, those of groups and
	// values, the time of the latest record and the minutes with a record.
	memory  []recalled
	shown   []int32 // indexes in memory
	records []hitRecord
	page    memory.Page
	texts   []byte
	latest  int64
	minutes []int64
	// following is the next batch of the same file in a queue.
	following *batch
}

// figures are a batch's share of the totals.
type figures struct {
	files, records, bytes, decompressed int64
	outside                             int64     // records that the window leaves out
	first, last                         time.Time // of the records, with Options.Span
}

// span takes a record's time in.
func (f *figures) span(t time.Time) {
	if f.first.IsZero() || t.Before(f.first) {
		f.first = t
	}
	if t.After(f.last) {
		f.last = t
	}
}

// hit is one finding of a batch.
type hit struct {
	record int // index in keys
	rule   int
	end    int // in lines
}

// update is a record that repairs an earlier one.
type update struct {
	record   int // index in keys
	replaces key
}

// The sizes at which a worker hands on what it has.
const (
	batchBytes = 56 << 10
	batchKeys  = 4 << 10
)

func (b *batch) full() bool {
	return len(b.lines)+len(b.texts) >= batchBytes || len(b.keys)+len(b.memory) >= batchKeys
}

// remarked tells whether there is something to say about the file.
func (b *batch) remarked() bool {
	return len(b.faults)+len(b.notes)+b.more > 0 || b.ignored != ""
}

// reset empties the batch and keeps its buffers, unless one finding made them
// large.
func (b *batch) reset() {
	lines := b.lines[:0]
	if cap(lines) > 4*batchBytes {
		lines = nil
	}
	texts := b.texts[:0]
	if cap(texts) > 4*batchBytes {
		texts = nil
	}
	*b = batch{
		keys: b.keys[:0], updates: b.updates[:0], lines: lines, hits: b.hits[:0], file: b.file, number: b.number, warm: b.warm,
		memory: b.memory[:0], shown: b.shown[:0], records: b.records[:0], texts: texts, minutes: b.minutes[:0],
	}
}

// wants is about how large a batch should be that handTo makes what b is: one that
// b's owner can fill next, where the two will change their buffers.
func (b *batch) wants() int {
	if b.wellFilled() {
		return b.size() / 2
	}
	return b.used()
}

// wellFilled tells that b's buffers may wait as they are. Where rules remember they
// are about half full when they are handed on, as it is one of them that was full.
func (b *batch) wellFilled() bool {
	if len(b.memory) > 0 {
		return b.size() <= 4*b.used()
	}
	return b.size() <= 2*b.used()
}

// handTo makes c, which is empty, what b is. The two change their buffers where
// b's are filled well and c's are about as large; else c would keep much memory for
// little, or b would have to get as much again.
func (b *batch) handTo(c *batch) {
	if !b.wellFilled() || 2*c.size() < b.used() {
		b.copyTo(c)
		return
	}
	*b, *c = *c, *b
	b.file, b.number, b.warm = c.file, c.number, c.warm
	c.following = nil
}

// copyTo makes c, whose buffers are used again, equal to b.
func (b *batch) copyTo(c *batch) {
	old := *c
	*c = *b
	c.keys = append(old.keys[:0], b.keys...)
	c.updates = append(old.updates[:0], b.updates...)
	c.lines = append(old.lines[:0], b.lines...)
	c.hits = append(old.hits[:0], b.hits...)
	c.memory = append(old.memory[:0], b.memory...)
	c.shown = append(old.shown[:0], b.shown...)
	c.records = append(old.records[:0], b.records...)
	c.texts = append(old.texts[:0], b.texts...)
	c.minutes = append(old.minutes[:0], b.minutes...)
	c.faults, c.notes = slices.Clone(b.faults), slices.Clone(b.notes)
	c.following = nil
}

// leastLines is the room made for findings at first, in bytes.
const leastLines = 32 << 10

// reserve makes room for some more findings: append alone would come to the size
// of most batches in ten steps.
func (b *batch) reserve() {
	if cap(b.lines)-len(b.lines) < leastLines/8 {
		b.lines = slices.Grow(b.lines, max(leastLines, len(b.lines)))
	}
}

// used is how much of the size is in use.
func (b *batch) used() int {
	return 256 + 16*len(b.keys) + 24*len(b.updates) + len(b.lines) + 24*len(b.hits) + 128*(len(b.faults)+len(b.notes)) +
		24*len(b.memory) + 4*len(b.shown) + 64*len(b.records) + len(b.texts) + 8*len(b.minutes)
}

// size is about the bytes of memory that the batch takes.
func (b *batch) size() int {
	return 256 + 16*cap(b.keys) + 24*cap(b.updates) + cap(b.lines) + 24*cap(b.hits) + 128*(len(b.faults)+len(b.notes)) +
		24*cap(b.memory) + 4*cap(b.shown) + 64*cap(b.records) + cap(b.texts) + 8*cap(b.minutes)
}
