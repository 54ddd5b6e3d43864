package inflate

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

// The streaming path and the whole-buffer path tell the same story about every
// file, however it was damaged.
func TestReaderEqualsDecoder(t *testing.T) {
	m := newMutator(newRand(t, 9))
	z := NewReader(nil)
	var d Decoder
	for range 2000 {
		src := m.input()
		want, wantErr := d.Gunzip(nil, src, plenty)
		z.Reset(bytes.NewReader(src))
		got, err := io.ReadAll(z)
		if !bytes.Equal(got, want) || classOf(err) != classOf(wantErr) {
			t.Fatalf("Reader gives %d bytes and %v, Decoder %d bytes and %v; input %x", len(got), err, len(want), wantErr, head(src))
		}
		var a, b *TrailingError
		if errors.As(err, &a) && errors.As(wantErr, &b) && a.Offset != b.Offset {
			t.Fatalf("trailing garbage from byte %d, Decoder says %d", a.Offset, b.Offset)
		}
	}
}

func TestReaderMaxMembers(t *testing.T) {
	z := NewReader(bytes.NewReader(bytes.Repeat(pack([]byte("x"), 6, 0), 3)))
	z.MaxMembers = 2
	if out, err := io.ReadAll(z); !errors.Is(err, ErrTooManyMembers) || string(out) != "xx" {
		t.Fatalf("%q, %v", out, err)
	}
}

// An error of the file itself comes out as it is, and stays.
func TestReaderPassesOnReadErrors(t *testing.T) {
	boom := errors.New("disk on fire")
	src := pack([]byte("some text"), 0, 0)
	for n := range len(src) + 1 {
		z := NewReader(io.MultiReader(bytes.NewReader(src[:n]), iotest.ErrReader(boom)))
		_, err := io.ReadAll(z)
		if !errors.Is(err, boom) {
			t.Errorf("cut after %d bytes: %v", n, err)
		}
		if _, again := z.Read(make([]byte, 1)); !errors.Is(again, boom) {
			t.Errorf("second read: %v", again)
		}
	}
}

func TestReaderTakesBytesAsTheyCome(t *testing.T) {
	src := append(packWithHeader([]byte("slow ")), pack([]byte("line"), 6, 0)...)
	out, err := io.ReadAll(NewReader(iotest.OneByteReader(bytes.NewReader(append(src, 0, 0)))))
	if err != nil || string(out) != "slow line" {
		t.Fatalf("%q, %v", out, err)
	}
}
