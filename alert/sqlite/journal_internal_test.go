package sqlite

import (
	"bytes"
	"testing"
)

// Whatever lies where the write-ahead log should be, reading it ends and says
// nothing absurd.
func FuzzJournal(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x37\x7f\x06\x82\x00\x2d\xe2\x18\x00\x00\x02\x00"))
	f.Add(bytes.Repeat([]byte{0x37, 0x7f, 0x06, 0x83}, 300))
	f.Fuzz(func(t *testing.T, data []byte) {
		bad, lost := readJournal(bytes.NewReader(data))
		if bad < 0 || lost < 0 || lost > 1+len(data)/512 {
			t.Errorf("frame %d, %d transactions in %d bytes", bad, lost, len(data))
		}
	})
}
