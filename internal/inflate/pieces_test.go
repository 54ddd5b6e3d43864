package inflate

import (
	"bytes"
	"io"
	"testing"
)

// TestNextNeedsItsHistory: a buffer that lacks what matches may copy from is
// refused, whatever the input.
func TestNextNeedsItsHistory(t *testing.T) {
	var d Decoder
	d.Start(pack(bytes.Repeat([]byte("abcdefgh"), 1<<16), 6, 0))
	buf, err := d.Next(make([]byte, 0, 2*History))
	if err != nil || len(buf) < History {
		t.Fatalf("%d bytes, %v", len(buf), err)
	}
	if out, err := d.Next(buf[:0]); err == nil || len(out) > 0 {
		t.Fatalf("%d bytes without history, %v", len(out), err)
	}
}

// TestNextAllocatesNothing: the tables are made once.
func TestNextAllocatesNothing(t *testing.T) {
	var d Decoder
	src, buf := pack(bytes.Repeat([]byte("a log of many events, "), 1<<12), 6, 0), make([]byte, 0, 1<<20)
	n := testing.AllocsPerRun(20, func() {
		d.Start(src)
		if out, err := d.Next(buf); err != io.EOF || len(out) != 22<<12 {
			t.Fatalf("%d bytes, %v", len(out), err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations a file", n)
	}
}
