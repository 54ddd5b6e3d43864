package cloudtrail

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/trailwarden/trailwarden/internal/inflate"
)

// What the reader does about each fault of a compressed file.
const (
	adviceCut     = "the gzip data ends too early: the file is incomplete, fetch it again; complete records before the cut were judged"
	adviceGarbage = "bytes that are no gzip data follow the gzip data: they were not read; fetch the file again if it should hold more"
)

func adviceCorrupt(reason string) string {
	return "the gzip data is damaged (" + reason + "): fetch the file again; complete records before the damage were judged"
}

// refusal is an input that was given up because it exceeds a limit.
type refusal struct{ reason string }

func (r *refusal) Error() string { return r.reason }

func refuseSize(limit int64) error {
	return &refusal{fmt.Sprintf("the file unpacks to more than %d bytes and was refused from there on: split it, or raise the limit", limit)}
}

func refuseRatio(ratio int64) error {
	return &refusal{fmt.Sprintf("the file unpacks to more than %d times its size, which log files never do: refused from there on as a decompression bomb", ratio)}
}

func refuseMembers(n int) error {
	return &refusal{fmt.Sprintf("the file has more than %d gzip members and was refused from there on: repack it as one", n)}
}

// adviceFor is the reason of a fault that stopped the input, in words for the
// person who has to mend it.
func adviceFor(err error) string {
	var corrupt *inflate.CorruptError
	var trailing *inflate.TrailingError
	var refused *refusal
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return adviceCut
	case errors.As(err, &trailing), errors.Is(err, errGarbage):
		return adviceGarbage
	case errors.As(err, &corrupt):
		return adviceCorrupt(corrupt.Reason)
	case errors.As(err, &refused):
		return refused.reason
	}
	if reason, ok := gzipReason(err); ok {
		return adviceCorrupt(reason)
	}
	return fmt.Sprintf("reading stopped: %v", err)
}

// claimedSize is what a gzip file says its last member unpacks to (RFC 1952,
// ISIZE). Anyone can lie here; it only chooses the way to unpack.
func claimedSize(packed []byte) int {
	if len(packed) < 18 {
		return 0
	}
	return int(binary.LittleEndian.Uint32(packed[len(packed)-4:]))
}

// smallWhole is what a file may always unpack to in one piece, whatever it
// says of itself.
const smallWhole = 4 << 20

// wholeLimit is the most bytes that packed may unpack to in one piece, or 0
// when it has to be streamed.
func (l *Limits) wholeLimit(packed []byte) int {
	claim := claimedSize(packed)
	if claim > l.Whole || int64(claim) > l.Decompressed {
		return 0
	}
	if int64(claim) > l.RatioAfter && int64(claim) > l.Ratio*int64(len(packed)) {
		return 0
	}
	return int(min(int64(max(claim, min(smallWhole, l.Whole))), l.Decompressed))
}

// counting counts the bytes read from a file.
type counting struct {
	r io.Reader
	n int64
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// bounded stops at Limits.Decompressed and at Limits.Ratio.
type bounded struct {
	r      io.Reader
	packed *counting // nil when r is not compressed
	limits *Limits
	n      int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.n > b.limits.Decompressed {
		return 0, refuseSize(b.limits.Decompressed)
	}
	if b.packed != nil && b.n > b.limits.RatioAfter && b.n > b.limits.Ratio*b.packed.n {
		return 0, refuseRatio(b.limits.Ratio)
	}
	n, err := b.r.Read(p[:min(len(p), windowSize)])
	b.n += int64(n)
	return n, err
}

var errGarbage = errors.New("garbage after gzip data")

// unpacker reads all members of a gzip stream.
type unpacker struct {
	br      *bufio.Reader
	zr      *gzip.Reader
	members int
	limit   int
}

func (u *unpacker) reset(r io.Reader, limit int) {
	if u.br == nil {
		u.br = bufio.NewReaderSize(nil, 64<<10)
	}
	u.br.Reset(r)
	u.members, u.limit = 0, limit
}

func (u *unpacker) Read(p []byte) (int, error) {
	for {
		if u.members == 0 {
			if err := u.next(); err != nil {
				return 0, err
			}
		}
		n, err := u.zr.Read(p)
		if err == io.EOF {
			err = u.next()
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// next opens the next member. Zero padding after the last one is its end.
func (u *unpacker) next() error {
	if u.members > 0 {
		if err := u.padding(); err != nil {
			return err
		}
	}
	if u.members++; u.members > u.limit {
		return refuseMembers(u.limit)
	}
	if u.zr == nil {
		u.zr = new(gzip.Reader)
	}
	err := u.zr.Reset(u.br)
	u.zr.Multistream(false)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// padding skips zeros after a member and looks at what follows them.
func (u *unpacker) padding() error {
	for {
		b, err := u.br.Peek(1)
		if err != nil {
			return err
		}
		if b[0] == 0 {
			u.br.Discard(1)
			continue
		}
		if b, _ = u.br.Peek(2); b[0] != 0x1f || len(b) > 1 && b[1] != 0x8b {
			return errGarbage
		}
		return nil
	}
}

func gzipReason(err error) (string, bool) {
	switch {
	case errors.Is(err, gzip.ErrChecksum):
		return "its checksum does not match", true
	case errors.Is(err, gzip.ErrHeader):
		return "a member's header is invalid", true
	}
	return corruptReason(err)
}
