package sqlite

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
)

// checkJournal reads the write-ahead log that a crash has left (SQLite
// documentation, WAL-mode file format) and says when a part of it is damaged
// that was whole before: a frame with a wrong checksum, and after it a commit of
// the same log. SQLite itself would drop both without a word. The end of a log
// that a power cut tore looks different: nothing was committed after it.
func checkJournal(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return "" // no log: the last process ended in peace
	}
	defer f.Close()
	bad, lost := readJournal(bufio.NewReaderSize(f, 1<<20))
	if lost == 0 {
		return ""
	}
	return fmt.Sprintf("%s: frame %d of the write-ahead log is damaged; %d or more transactions after it are lost, and the sources must be read again from where they stood", path, bad, lost)
}

// readJournal finds the first damaged frame and counts the commits after it.
func readJournal(r io.Reader) (bad, lost int) {
	var h [32]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return 0, 0
	}
	order := binary.ByteOrder(binary.LittleEndian)
	switch binary.BigEndian.Uint32(h[:]) {
	case 0x377f0683:
		order = binary.BigEndian
	case 0x377f0682:
	default:
		return 0, 1 // the log's own header
	}
	c := chain{order: order}
	c.add(h[:24])
	if !c.is(h[24:]) {
		return 0, 1
	}
	size := int(binary.BigEndian.Uint32(h[8:]))
	if size < 512 || size > 65536 {
		return 0, 1
	}
	frame := make([]byte, 24+size)
	for n := 1; ; n++ {
		if _, err := io.ReadFull(r, frame); err != nil {
			return bad, lost
		}
		if [8]byte(frame[8:16]) != [8]byte(h[16:24]) {
			if bad == 0 {
				return 0, afterForeign(r, frame, h, n)
			}
			continue
		}
		if bad == 0 {
			c.add(frame[:8])
			c.add(frame[24:])
			if c.is(frame[16:24]) {
				continue
			}
			bad = n
			continue
		}
		if binary.BigEndian.Uint32(frame[4:]) != 0 {
			lost++
		}
	}
}

// afterForeign counts commits of this log after a frame that seems to be of an
// earlier one: then it was this one's, with a damaged salt.
func afterForeign(r io.Reader, frame []byte, h [32]byte, _ int) (lost int) {
	for {
		if _, err := io.ReadFull(r, frame); err != nil {
			return lost
		}
		if [8]byte(frame[8:16]) == [8]byte(h[16:24]) && binary.BigEndian.Uint32(frame[4:]) != 0 {
			lost++
		}
	}
}

// chain is the running checksum of a log.
type chain struct {
	order  binary.ByteOrder
	s0, s1 uint32
}

func (c *chain) add(b []byte) {
	for ; len(b) >= 8; b = b[8:] {
		c.s0 += c.order.Uint32(b) + c.s1
		c.s1 += c.order.Uint32(b[4:]) + c.s0
	}
}

func (c *chain) is(b []byte) bool {
	return binary.BigEndian.Uint32(b) == c.s0 && binary.BigEndian.Uint32(b[4:]) == c.s1
}
