package lake

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"time"

	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/query/sandbox"
	"github.com/trailwarden/trailwarden/query/schema"
)

// Restore says how records are read back from a lake.
type Restore struct {
	Program string // the SQL engine, see sandbox.FindEngine
	// From and To pass over files that hold no record of From ≤ eventTime < To;
	// those that are read are read whole. Zero times set no bound.
	From, To time.Time
	Memory   int64 // most bytes of an engine's process, of which each worker has one; 0 means 1 GiB
}

// inputBytes is how many bytes of files are one input: for each an engine is
// started, and what several files of a day make is one input.
const inputBytes = 16 << 20

// AddTo adds the lake's records to a listing. Files of a day are an input, whose
// bytes are the records as JSON, one a line; schema.Keeps tells which fields
// they have. Whatever reads the listing starts the SQL engine for each.
func (l *Lake) AddTo(to *pipeline.Listing, o Restore) {
	if o.Memory <= 0 {
		o.Memory = 1 << 30
	}
	var group []File
	var size int64
	end := func() {
		if len(group) > 0 {
			l.addInput(to, o, group)
		}
		group, size = nil, 0
	}
	for _, f := range l.Files() { // by day, as paths begin with it
		if !f.within(o.From, o.To) {
			continue
		}
		if len(group) > 0 && (partition(f.Path) != partition(group[0].Path) || size+f.Bytes > inputBytes) {
			end()
		}
		group, size = append(group, f), size+f.Bytes
	}
	end()
}

// within tells whether the file may hold records of the time.
func (f File) within(from, to time.Time) bool {
	const layout = "2006-01-02T15:04:05" // of texts that compare as times do
	first, last, ok := f.Holds.Bounds()
	if !ok {
		return true
	}
	return (from.IsZero() || last >= from.UTC().Format(layout)) && (to.IsZero() || first <= to.UTC().Format(layout+"Z"))
}

// addInput adds files of one folder as one input, which has the name of its
// first file.
func (l *Lake) addInput(to *pipeline.Listing, o Restore, files []File) {
	name := filepath.Join(l.dir, "data", filepath.FromSlash(files[0].Path))
	to.AddRemote(name, -1, func(ctx context.Context) (io.ReadCloser, error) {
		paths := make([]string, len(files))
		for i, f := range files {
			paths[i] = l.Path(f)
		}
		return l.restore(ctx, o, paths)
	})
}

func (l *Lake) restore(ctx context.Context, o Restore, paths []string) (io.ReadCloser, error) {
	proc, err := sandbox.Start(ctx, o.Program, sandbox.Limits{Memory: o.Memory, Read: []string{l.dir}})
	if err != nil {
		return nil, err
	}
	// One thread keeps the order, by which records are found again.
	q := &sandbox.Request{SQL: schema.RestoreSQL(readSQL(paths)), Folders: []string{l.dir}, Memory: o.Memory / 5 * 3, Threads: 1}
	if err := errors.Join(proc.Request(q), proc.End()); err != nil {
		_, _, why := proc.Receive()
		proc.Close()
		return nil, errors.Join(why, err)
	}
	return &restored{proc: proc}, nil
}

// restored is the records of some files as JSON lines.
type restored struct {
	proc  *sandbox.Process
	text  []byte // lines of a batch
	lines bytes.Reader
	err   error
}

// Read reads lines.
func (r *restored) Read(b []byte) (int, error) {
	for r.lines.Len() == 0 {
		if r.err == nil {
			r.err = r.more()
		}
		if r.err != nil {
			return 0, r.err
		}
	}
	return r.lines.Read(b)
}

// more receives a batch.
func (r *restored) more() error {
	rows, _, err := r.proc.Rows()
	switch {
	case err != nil:
		return err
	case rows == nil:
		return io.EOF
	}
	r.text = r.text[:0]
	for range rows.Len() {
		r.text = append(schema.Restored(r.text, rows.Next), '\n')
	}
	r.lines.Reset(r.text)
	return nil
}

// Close ends the engine.
func (r *restored) Close() error {
	r.proc.Close()
	return nil
}
