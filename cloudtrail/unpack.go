package cloudtrail

import (
	"context"
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
	adviceMembers = "the file has more gzip members than the limit and was refused from there on: repack it as one"
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

// adviceFor is the reason of a fault that stopped the input, in words for the
// person who has to mend it.
func adviceFor(err error) string {
	var corrupt *inflate.CorruptError
	var trailing *inflate.TrailingError
	var refused *refusal
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return adviceCut
	case errors.Is(err, inflate.ErrTooManyMembers):
		return adviceMembers
	case errors.As(err, &trailing):
		return adviceGarbage
	case errors.As(err, &corrupt):
		return adviceCorrupt(corrupt.Reason)
	case errors.As(err, &refused):
		return refused.reason
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

// counting counts the bytes read from a file, and stops when ctx is done.
type counting struct {
	ctx context.Context
	r   io.Reader
	n   int64
}

func (c *counting) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
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
