package inflate

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
)

// Reader unpacks a gzip file that is too large to hold in memory. It needs some
// 100 KiB whatever the size of the file, gives the same bytes and the same
// kinds of error as Decoder, and leaves the unpacking to compress/gzip: it is
// for the rare file, where bounded memory matters more than speed. There is no
// cap on the output: the caller counts what it reads.
type Reader struct {
	// MaxMembers is the most gzip members a file may have; 0 means any number.
	MaxMembers int

	source  countingReader
	in      *bufio.Reader
	member  gzip.Reader
	members int
	inside  bool  // in a member, past its header
	err     error // returned from now on
}

// NewReader returns a Reader of the file that r gives.
func NewReader(r io.Reader) *Reader {
	z := &Reader{in: bufio.NewReaderSize(nil, 64<<10)}
	z.Reset(r)
	return z
}

// Reset makes z read another file, with the memory that it already has.
func (z *Reader) Reset(r io.Reader) {
	z.source = countingReader{r: r}
	z.in.Reset(&z.source)
	z.members, z.inside, z.err = 0, false, nil
}

// Read unpacks into p. At the end of the file the error is io.EOF; else it is
// one that Decoder.Gunzip gives, or one of the underlying reader.
func (z *Reader) Read(p []byte) (int, error) {
	for z.err == nil {
		if !z.inside {
			z.err = z.open()
			continue
		}
		n, err := z.member.Read(p)
		switch {
		case errors.Is(err, io.EOF):
			z.inside = false
			z.err = z.next()
		case err != nil:
			z.err = z.translate(err)
		}
		if n > 0 || len(p) == 0 {
			return n, nil
		}
	}
	return 0, z.err
}

// open reads the header of a member.
func (z *Reader) open() error {
	if err := z.member.Reset(z.in); err != nil {
		return z.translate(err)
	}
	z.member.Multistream(false)
	z.inside = true
	z.members++
	return nil
}

// next looks at what follows a member: nil means another one.
func (z *Reader) next() error {
	start := z.offset()
	magic, err := z.in.Peek(len(gzipMagic))
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return err
	case len(magic) == 0:
		return io.EOF
	case magic[0] == 0:
		return z.padding(start)
	case !startsMember(magic):
		return &TrailingError{Offset: start}
	case z.MaxMembers > 0 && z.members >= z.MaxMembers:
		return ErrTooManyMembers
	}
	return nil
}

// padding reads zeros to the end of the file.
func (z *Reader) padding(start int64) error {
	for {
		b, err := z.in.Peek(len(zeros))
		if !bytes.Equal(b, zeros[:len(b)]) {
			return &TrailingError{Offset: start}
		}
		if err != nil {
			return err // io.EOF is a good end
		}
		if _, err := z.in.Discard(len(b)); err != nil {
			return err
		}
	}
}

// translate gives errors of compress/gzip the form that Decoder gives them.
func (z *Reader) translate(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, io.EOF): // no header where one must be
		return truncated
	case errors.Is(err, gzip.ErrHeader):
		return &CorruptError{Offset: z.offset(), Reason: "no valid gzip header"}
	case errors.Is(err, gzip.ErrChecksum):
		return &CorruptError{Offset: z.offset(), Reason: "checksum or number of the unpacked bytes does not match"}
	case errors.As(err, &corrupt):
		return &CorruptError{Offset: z.offset(), Reason: "invalid code, distance or block"}
	}
	return err
}

// offset is how many bytes of the file were used.
func (z *Reader) offset() int64 { return z.source.n - int64(z.in.Buffered()) }

// countingReader counts the bytes it passes on.
type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
