package inflate

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math"
)

// The gzip container, RFC 1952 section 2.3.
const (
	headerSize  = 10
	trailerSize = 8

	flagHeaderCRC = 1 << 1
	flagExtra     = 1 << 2
	flagName      = 1 << 3
	flagComment   = 1 << 4

	// maxHeaderString is the longest name or comment, its final NUL included.
	// RFC 1952 has no limit; compress/gzip has this one, and Reader uses it.
	maxHeaderString = 512
)

const (
	maxInt = math.MaxInt

	// hintRatio bounds how far a file's own word about its size is believed.
	// CloudTrail logs pack 6 to 20 to one; a file that claims more is given
	// memory as its output appears.
	hintRatio = 32
	minHint   = 4 << 10
)

var (
	gzipMagic = []byte{0x1f, 0x8b, 8} // the last byte is the only method, DEFLATE
	zeros     [512]byte
)

// sizeHint is how much output to make room for at first: the last member's own
// size, within reason.
func sizeHint(src []byte, limit int) int {
	if len(src) < trailerSize {
		return 0
	}
	claim := int(binary.LittleEndian.Uint32(src[len(src)-4:]))
	return max(0, min(claim, limit, max(len(src)*hintRatio, minHint)))
}

// startsMember reports whether b begins as a gzip member does. A beginning that
// is cut short counts, so that it is called truncated and not garbage.
func startsMember(b []byte) bool {
	return bytes.HasPrefix(gzipMagic, b[:min(len(b), len(gzipMagic))])
}

func onlyZeros(b []byte) bool {
	for len(b) > len(zeros) {
		if !bytes.Equal(b[:len(zeros)], zeros[:]) {
			return false
		}
		b = b[len(zeros):]
	}
	return bytes.Equal(b, zeros[:len(b)])
}

// member unpacks the member that starts at the read position.
func (d *Decoder) member() error {
	if err := d.header(); err != nil {
		return err
	}
	d.base = d.pos
	sum, err := d.stream()
	if err != nil {
		return err
	}
	return d.trailer(sum)
}

// header steps over a member's header.
func (d *Decoder) header() error {
	src, start := d.in.src, d.in.pos
	if len(src)-start < headerSize {
		return truncated
	}
	if !bytes.Equal(src[start:start+len(gzipMagic)], gzipMagic) {
		return d.corrupt("no gzip header")
	}
	flags := src[start+3]
	d.in.pos += headerSize
	if err := d.headerFields(flags); err != nil {
		return err
	}
	if flags&flagHeaderCRC == 0 {
		return nil
	}
	sum := crc32.ChecksumIEEE(src[start:d.in.pos])
	b, err := d.take(2)
	if err != nil {
		return err
	}
	if binary.LittleEndian.Uint16(b) != uint16(sum) {
		return d.corrupt("header checksum does not match")
	}
	return nil
}

// headerFields steps over the optional fields that flags announces.
func (d *Decoder) headerFields(flags byte) error {
	if flags&flagExtra != 0 {
		b, err := d.take(2)
		if err != nil {
			return err
		}
		if _, err := d.take(int(binary.LittleEndian.Uint16(b))); err != nil {
			return err
		}
	}
	for _, f := range [...]byte{flagName, flagComment} {
		if flags&f == 0 {
			continue
		}
		if err := d.headerString(); err != nil {
			return err
		}
	}
	return nil
}

// headerString steps over a NUL-terminated name or comment.
func (d *Decoder) headerString() error {
	rest := d.in.src[d.in.pos:]
	n := bytes.IndexByte(rest[:min(len(rest), maxHeaderString)], 0)
	if n < 0 && len(rest) >= maxHeaderString {
		return d.corrupt("name or comment in the header is too long")
	}
	if n < 0 {
		return truncated
	}
	d.in.pos += n + 1
	return nil
}

// take returns the next n bytes of the input, at a byte boundary.
func (d *Decoder) take(n int) ([]byte, error) {
	b := d.in.src[d.in.pos:]
	if len(b) < n {
		return nil, truncated
	}
	d.in.pos += n
	return b[:n], nil
}

// trailer compares a member's checksum and size with what was unpacked.
func (d *Decoder) trailer(sum uint32) error {
	at := d.in.offset()
	b, err := d.take(trailerSize)
	if err != nil {
		return err
	}
	if binary.LittleEndian.Uint32(b) != sum {
		return &CorruptError{Offset: at, Reason: "checksum of the unpacked bytes does not match"}
	}
	if binary.LittleEndian.Uint32(b[4:]) != uint32(d.pos-d.base) {
		return &CorruptError{Offset: at + 4, Reason: "number of unpacked bytes does not match"}
	}
	return nil
}
