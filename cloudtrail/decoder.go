package cloudtrail

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/trailwarden/trailwarden/internal/inflate"
	"github.com/trailwarden/trailwarden/internal/jsonscan"
)

// Decoder opens log files into records. It keeps its buffers from file to
// file, so one worker should use one Decoder for all its files; it is not for
// concurrent use.
type Decoder struct {
	limits  Limits
	inflate inflate.Decoder
	stream  *inflate.Reader
	packed  buffer // the file as stored
	text    buffer // the file unpacked, or the window on it
	derived []byte // a record taken out of a string or a row
	ix      *jsonscan.Index
	inner   *jsonscan.Index // of derived
	rec     Record
	w       window
}

// NewDecoder makes a Decoder that holds every file to l.
func NewDecoder(l Limits) *Decoder {
	d := &Decoder{limits: l, ix: l.index(), inner: l.index()}
	d.inflate.MaxMembers = l.Members
	return d
}

// Decode reads the file name from r and calls visit for each record in the
// order of the file. size is the file's size in bytes as stored, or -1.
//
// The Record is a view that is valid during the call only, and index is its
// place in the file, from 0; a record that was refused has an index too. The
// contents tell what kind of file it is, not the name: gzip, one member or
// many, or plain text; a {"Records": [...]} object, a bare array, one record
// after the other, LookupEvents output, or rows of an Athena or Lake export as
// JSON or CSV.
//
// Everything that is wrong with the input is in the Summary; the error is that
// of visit, which stops the file, or the context's.
func (d *Decoder) Decode(ctx context.Context, name string, r io.Reader, size int64, visit func(rec *Record, index int) error) (Summary, error) {
	f := &file{d: d, ctx: ctx, visit: visit, w: &d.w, sum: Summary{}, name: name}
	d.w.ix = d.ix
	src := &counting{ctx: ctx, r: r}
	d.open(f, src, size)
	f.run()
	f.sum.Bytes = src.n
	f.sum.Decompressed = f.w.offset(len(f.w.text))
	d.release(f)
	return f.sum, f.err
}

const (
	// sniff is how much of a file is read before its kind is told.
	sniff = 64 << 10
	// wholePacked is the largest compressed file that is read in one piece.
	wholePacked = 16 << 20
)

// open reads the beginning of the file, or all of it, and sets the window on
// its unpacked text.
func (d *Decoder) open(f *file, src *counting, size int64) {
	head, err := d.packed.fill(src, sniff, size)
	packed := len(head) >= 2 && head[0] == 0x1f && head[1] == 0x8b
	if packed && err == nil {
		head, err = d.packed.fill(src, wholePacked, size)
	}
	if packed && err == io.EOF {
		if limit := d.limits.wholeLimit(head); limit > 0 && d.openWhole(f, head, limit) {
			return
		}
	}
	rest := io.Reader(bytes.NewReader(head))
	if err == nil {
		rest = io.MultiReader(rest, src)
	} else if err != io.EOF {
		rest = io.MultiReader(rest, failing{err})
	}
	limited := &bounded{r: rest, limits: &d.limits}
	if packed {
		limited.packed = &counting{ctx: f.ctx, r: rest}
		limited.r = d.unpacker(limited.packed)
	}
	d.w.stream(limited, d.text.take(windowSize), d.limits.Record+windowSlack)
}

// unpacker reads the members of a gzip file one after the other.
func (d *Decoder) unpacker(r io.Reader) io.Reader {
	if d.stream == nil {
		d.stream = inflate.NewReader(r)
		d.stream.MaxMembers = d.limits.Members
	}
	d.stream.Reset(r)
	return d.stream
}

// failing gives its error.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// openWhole unpacks a file in one piece and reports whether it fitted.
func (d *Decoder) openWhole(f *file, packed []byte, limit int) bool {
	out, err := d.inflate.Gunzip(d.text.take(0), packed, limit)
	d.text.give(out)
	if errors.Is(err, inflate.ErrTooLarge) {
		return false
	}
	d.w.whole(out)
	d.w.err = err
	return true
}

// release gives up memory that the next files are not likely to need.
func (d *Decoder) release(f *file) {
	if f.w.src != nil {
		d.text.give(f.w.text)
		f.w.src = nil
	}
	f.w.text = nil
	d.text.settle()
	d.packed.settle()
	d.rec.drop()
	for _, ix := range []*jsonscan.Index{d.ix, d.inner} {
		if ix.Size() > keepIndex {
			ix.Free()
		}
	}
	if cap(d.derived) > keepAlways {
		d.derived = nil
	}
}

// keepIndex is the most memory that an index keeps from file to file, in bytes.
const keepIndex = 4 << 20
