package inflate

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"slices"
	"testing"
)

// A class is what an error means, whichever decoder it comes from.
type class string

const (
	fine     class = "none"
	short    class = "truncated"
	damaged  class = "corrupt"
	garbage  class = "garbage after the last member"
	tooLarge class = "too large"
	unknown  class = "unknown"
)

// oracle is what compress/gzip makes of src, with this package's rules for what
// may follow a member and for the limit.
func oracle(src []byte, limit int) ([]byte, class) {
	var out bytes.Buffer
	r := bytes.NewReader(src)
	z := new(gzip.Reader)
	for {
		if err := z.Reset(r); err != nil {
			return out.Bytes(), oracleClass(err)
		}
		z.Multistream(false)
		_, err := io.Copy(&out, io.LimitReader(z, int64(limit-out.Len()+1)))
		if out.Len() > limit {
			return out.Bytes()[:limit], tooLarge
		}
		if err != nil {
			return out.Bytes(), oracleClass(err)
		}
		rest := src[len(src)-r.Len():]
		if len(bytes.TrimLeft(rest, "\x00")) == 0 {
			return out.Bytes(), fine
		}
		if !bytes.HasPrefix([]byte{0x1f, 0x8b, 8}, rest[:min(3, len(rest))]) {
			return out.Bytes(), garbage
		}
	}
}

func oracleClass(err error) class {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return short
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		return damaged
	}
	return unknown
}

func classOf(err error) class {
	var corrupt *CorruptError
	var trailing *TrailingError
	switch {
	case err == nil:
		return fine
	case errors.Is(err, io.ErrUnexpectedEOF):
		return short
	case errors.Is(err, ErrTooLarge):
		return tooLarge
	case errors.As(err, &corrupt):
		return damaged
	case errors.As(err, &trailing):
		return garbage
	}
	return unknown
}

// compare decodes src with d, with and without a table of pairs, with and without
// assembly, and with the oracle, and reports any difference.
func compare(t testing.TB, d *Decoder, buf, src []byte, limit int) (got []byte) {
	t.Helper()
	want, wantClass := oracle(src, limit)
	for _, form := range []struct{ pairs, plain bool }{{true, true}, {false, true}, {true, false}, {false, false}} {
		d.alwaysPair, d.plain = form.pairs, form.plain
		var err error
		got, err = d.Gunzip(buf[:0], src, limit)
		if !bytes.Equal(got, want) {
			t.Fatalf("output differs from compress/gzip: %d bytes, want %d; error %v, want %s; limit %d; form %+v; input %x",
				len(got), len(want), err, wantClass, limit, form, head(src))
		}
		if classOf(err) != wantClass {
			t.Fatalf("error is %v, compress/gzip says %s; limit %d; form %+v; input %x", err, wantClass, limit, form, head(src))
		}
		if cap(got)-len(got) < Padding {
			t.Fatalf("only %d bytes of padding", cap(got)-len(got))
		}
	}
	for _, room := range []int{MinPiece, 20_000} {
		for _, d.plain = range []bool{true, false} {
			comparePieces(t, d, src, room, want, wantClass, limit)
		}
	}
	return got
}

// comparePieces decodes src with Next, once with nothing behind it in memory and
// once with what a cut took off or with something else.
func comparePieces(t testing.TB, d *Decoder, src []byte, room int, want []byte, wantClass class, limit int) {
	t.Helper()
	comparePiecesOf(t, d, slices.Clip(src), room, want, wantClass, limit)
	if cap(src)-len(src) < paddedSlack {
		src = append(slices.Clip(src), bytes.Repeat([]byte{0xa7}, paddedSlack)...)[:len(src)]
	}
	comparePiecesOf(t, d, src, room, want, wantClass, limit)
}

// comparePiecesOf decodes src into a buffer that slides along, and compares what
// comes out up to the limit.
func comparePiecesOf(t testing.TB, d *Decoder, src []byte, room int, want []byte, wantClass class, limit int) {
	t.Helper()
	var got []byte
	buf := make([]byte, 0, History+room)
	err := error(nil)
	for d.Start(src); err == nil && len(got) <= limit; {
		if n := len(buf) - History; n > 0 {
			buf = buf[:copy(buf, buf[n:])]
		}
		before := len(buf)
		buf, err = d.Next(buf)
		if err == nil && len(buf) == before {
			t.Fatalf("no headway with %d bytes of room; input %x", room, head(src))
		}
		got = append(got, buf[before:]...)
	}
	if err == io.EOF {
		err = nil
	}
	if len(got) > limit { // Next knows no limit
		got, err = got[:limit], ErrTooLarge
	}
	if !bytes.Equal(got, want) || classOf(err) != wantClass {
		t.Fatalf("in pieces of %d: %d bytes, error %v; compress/gzip gives %d bytes, %s; limit %d; input %x",
			room, len(got), err, len(want), wantClass, limit, head(src))
	}
}

func head(b []byte) []byte { return b[:min(len(b), 4096)] }
