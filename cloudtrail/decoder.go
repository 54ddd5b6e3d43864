package cloudtrail

import (
	"bytes"
	"context"
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
	key     []byte // of the object that may hold records
	ix      *jsonscan.Index
	inner   *jsonscan.Index // of derived
	rec     Record
	w       window
	source  bounded
	file    file     // in hand
	in      counting // what it is read from
}

// NewDecoder makes a Decoder that holds every file to l.
func NewDecoder(l Limits) *Decoder {
	d := &Decoder{limits: l, ix: l.index(), inner: l.index()}
	d.inflate.MaxMembers = l.Members
	return d
}

// Decode reads the file name from r and calls visit for each record in the
// order of the file. size is the file's size in bytes as stored, or -1; if r is
// Sized, it is then asked, unless the file has come to its end before that matters.
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
	d.file, d.in = file{d: d, ctx: ctx, visit: visit, w: &d.w, name: name}, counting{ctx: ctx, r: r}
	d.w.ix = d.ix
	f := &d.file
	d.open(f, &d.in, size)
	f.run()
	f.sum.Bytes = d.in.n
	f.sum.Decompressed = f.w.offset(len(f.w.text))
	d.release(f)
	sum, err := f.sum, f.err
	d.file, d.in = file{}, counting{} // they hold what is the caller's
	return sum, err
}

// Sized is a reader that can tell the size in bytes of what it reads, -1 when it is
// not known. With a small file the question would cost a tenth of reading it.
type Sized interface {
	io.Reader
	Size() int64
}

// sniff is how much of a file is read before its kind is told.
const sniff = 64 << 10

// open reads the beginning of the file, or all of it where it is compressed and
// not too large, and sets the window on its unpacked text.
func (d *Decoder) open(f *file, src *counting, size int64) {
	d.packed.clear()
	head, err := d.packed.fill(src, sniff, size)
	packed := len(head) >= 2 && head[0] == 0x1f && head[1] == 0x8b
	if packed && err == nil && size < 0 {
		if sized, ok := src.r.(Sized); ok {
			size = sized.Size()
		}
	}
	if whole := d.limits.Whole; packed && err == nil && size <= int64(whole) {
		head, err = d.packed.fill(src, whole, size)
	}
	d.source = bounded{limits: &d.limits}
	s := &d.source
	switch {
	case packed && err == io.EOF && len(head) <= d.limits.Whole:
		d.inflate.Start(head)
		s.whole = &d.inflate
	case packed:
		s.packed = &counting{ctx: f.ctx, r: resume(head, err, src)}
		s.r = d.unpacker(s.packed)
	default:
		s.r = resume(head, err, src)
	}
	d.w.stream(s, d.text.take(windowSize), d.limits.Record+windowSlack)
}

// resume reads head again, and then what follows it: src, or err.
func resume(head []byte, err error, src io.Reader) io.Reader {
	switch err {
	case io.EOF:
		return bytes.NewReader(head)
	case nil:
		return io.MultiReader(bytes.NewReader(head), src)
	}
	return io.MultiReader(bytes.NewReader(head), failing{err})
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

// release gives up memory that the next files are not likely to need.
func (d *Decoder) release(f *file) {
	d.text.give(f.w.text)
	f.w.src, f.w.text = nil, nil
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
