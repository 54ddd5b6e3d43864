package cloudtrail

import (
	"context"
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

// bounded is the unpacked text, which stops at Limits.Decompressed and at
// Limits.Ratio.
type bounded struct {
	whole  *inflate.Decoder // of a compressed file that is in memory
	r      io.Reader        // of any other
	packed *counting        // nil when r is not compressed
	limits *Limits
	n      int64
}

// behind is how much of what it gave unpacking goes back to.
func (b *bounded) behind() int {
	if b.whole != nil {
		return inflate.History
	}
	return 0
}

func (b *bounded) next(dst []byte) ([]byte, error) {
	if b.n > b.limits.Decompressed {
		return dst, refuseSize(b.limits.Decompressed)
	}
	if b.n > b.limits.RatioAfter && b.isPacked() && b.n > b.limits.Ratio*b.used() {
		return dst, refuseRatio(b.limits.Ratio)
	}
	out, err := b.read(dst[:len(dst):min(cap(dst), len(dst)+windowSize)])
	b.n += int64(len(out) - len(dst))
	return dst[:len(out)], err
}

func (b *bounded) isPacked() bool { return b.whole != nil || b.packed != nil }

// used is how much of the compressed file was read.
func (b *bounded) used() int64 {
	if b.whole != nil {
		return b.whole.Used()
	}
	return b.packed.n
}

func (b *bounded) read(dst []byte) ([]byte, error) {
	if b.whole != nil {
		return b.whole.Next(dst)
	}
	n, err := b.r.Read(dst[len(dst):cap(dst)])
	return dst[:len(dst)+n], err
}
