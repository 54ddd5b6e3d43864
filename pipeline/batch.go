package pipeline

import (
	"slices"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// batch is what a worker found in a file or in a part of it.
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
	figures figures
	// following is the next batch of the same file in a queue.
	following *batch
}

// figures are a batch's share of the totals.
type figures struct {
	files, records, bytes, decompressed int64
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
	batchBytes = 256 << 10
	batchKeys  = 16 << 10
)

func (b *batch) full() bool { return len(b.lines) >= batchBytes || len(b.keys) >= batchKeys }

// reset empties the batch and keeps its buffers, unless one finding made them
// large.
func (b *batch) reset() {
	lines := b.lines[:0]
	if cap(lines) > 4*batchBytes {
		lines = nil
	}
	*b = batch{keys: b.keys[:0], updates: b.updates[:0], lines: lines, hits: b.hits[:0], file: b.file}
}

// copyTo makes c, whose buffers are used again, equal to b.
func (b *batch) copyTo(c *batch) {
	old := *c
	*c = *b
	c.keys = append(old.keys[:0], b.keys...)
	c.updates = append(old.updates[:0], b.updates...)
	c.lines = append(old.lines[:0], b.lines...)
	c.hits = append(old.hits[:0], b.hits...)
	c.faults, c.notes = slices.Clone(b.faults), slices.Clone(b.notes)
	c.following = nil
}

// size is about the bytes of memory that the batch takes.
func (b *batch) size() int {
	return 256 + 16*cap(b.keys) + 24*cap(b.updates) + cap(b.lines) + 24*cap(b.hits) + 128*(len(b.faults)+len(b.notes))
}
