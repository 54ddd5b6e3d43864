package digest

import (
	"bufio"
	"compress/flate"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// The two ways in which a gzip file can be bad. The AWS CLI treats them apart:
// what ends early is hashed as far as it goes, what contradicts itself is of an
// invalid format.
var (
	errCut     = errors.New("the gzip stream ends early")
	errCorrupt = errors.New("not a gzip stream")
)

// gunzip copies what the first gzip member of r unpacks to (RFC 1952) and tells
// whether anything follows it. It is as strict as zlib, which the AWS CLI uses:
// compress/gzip reads a header otherwise (reserved flags, long names, input
// that is shorter than a header).
func gunzip(to io.Writer, r io.Reader) (trailing bool, err error) {
	src := bufio.NewReader(r)
	if err := gzipHeader(src); err != nil {
		return false, err
	}
	sum := crc32.NewIEEE()
	n, err := io.Copy(io.MultiWriter(sum, to), flate.NewReader(src))
	if err != nil {
		return false, fault(err)
	}
	var end [4]byte
	for _, want := range []uint32{sum.Sum32(), uint32(n)} { // the length is kept modulo 2³²
		if _, err := io.ReadFull(src, end[:]); err != nil {
			return false, fault(err)
		}
		if binary.LittleEndian.Uint32(end[:]) != want {
			return false, errCorrupt
		}
	}
	_, more := src.Peek(1)
	return more == nil, nil
}

// fault sorts an error of reading a stream.
func fault(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errCut
	case errors.As(err, &corrupt):
		return errCorrupt
	}
	return err
}

// The flags of a gzip header that announce further fields.
const (
	flagChecksum = 1 << 1
	flagExtra    = 1 << 2
	flagName     = 1 << 3
	flagComment  = 1 << 4
	flagsUnknown = 0xe0
)

// header reads the fields before the compressed data and sums them.
type header struct {
	src *bufio.Reader
	sum uint32
	err error
}

func (h *header) bytes(n int) []byte {
	b := make([]byte, n)
	if h.err == nil {
		_, err := io.ReadFull(h.src, b)
		if h.err = err; err != nil {
			h.err = fault(err)
		}
	}
	h.sum = crc32.Update(h.sum, crc32.IEEETable, b)
	return b
}

// text reads over a text that ends in a zero byte.
func (h *header) text() {
	for h.err == nil && h.bytes(1)[0] != 0 {
		continue
	}
}

func gzipHeader(src *bufio.Reader) error {
	h := &header{src: src}
	if magic := h.bytes(2); h.err == nil && (magic[0] != 0x1f || magic[1] != 0x8b) {
		return errCorrupt
	}
	kind := h.bytes(2)
	flags := kind[1]
	if h.err == nil && (kind[0] != 8 || flags&flagsUnknown != 0) {
		return errCorrupt
	}
	h.bytes(6) // time, level, system
	if flags&flagExtra != 0 {
		h.bytes(int(binary.LittleEndian.Uint16(h.bytes(2))))
	}
	if flags&flagName != 0 {
		h.text()
	}
	if flags&flagComment != 0 {
		h.text()
	}
	if flags&flagChecksum != 0 {
		want := uint16(h.sum)
		if got := binary.LittleEndian.Uint16(h.bytes(2)); h.err == nil && got != want {
			return errCorrupt
		}
	}
	return h.err
}
