// Package inflate unpacks gzip files that are already whole in memory.
//
// It reads the gzip container of RFC 1952 and the DEFLATE streams of RFC 1951
// and is about three times as fast as compress/gzip on CloudTrail logs, because
// it knows more than a reader of a stream can: the input is one slice and the
// output is one slice, so there is no window to slide, no call per chunk, and
// a match is copied from where it already lies. It accepts and refuses exactly
// the streams that compress/gzip accepts and refuses; tests and a fuzz target
// hold the two together, byte for byte and error for error, with two known
// differences: zero padding after the last member is accepted, as gzip(1)
// accepts it, and other bytes after the last member are told apart from a
// damaged member.
//
// Input is hostile until shown otherwise: the output has a hard cap, the size
// that a file claims for itself is only a bounded hint, and memory follows what
// was really unpacked. Next unpacks piece by piece into a buffer of any size,
// with the same codes and checks. Reader does the same job for files that are
// too large to hold in memory packed.
package inflate

import (
	"errors"
	"fmt"
	"io"
)

// Padding is how many bytes of capacity Gunzip leaves after the bytes that it
// returns, so that a scanner may load whole words past their end. What these
// bytes hold is unspecified.
const Padding = 64

// ErrTooLarge is returned when the output would pass the caller's cap.
var ErrTooLarge = errors.New("inflate: unpacked size is over the limit")

// ErrTooManyMembers is returned when a file has more gzip members than allowed.
var ErrTooManyMembers = errors.New("inflate: more gzip members than the limit")

// CorruptError says that the input is no valid gzip file.
type CorruptError struct {
	Offset int64  // bytes from the start of the compressed input, at or just before the fault
	Reason string // what was wrong there
}

// Error names the fault and its place.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("inflate: corrupt gzip data at byte %d: %s", e.Offset, e.Reason)
}

// TrailingError says that bytes which are neither another gzip member nor zero
// padding follow the last member. Everything before them was unpacked and its
// checksum is right.
type TrailingError struct {
	Offset int64 // bytes from the start of the compressed input to the first of them
}

// Error names the place.
func (e *TrailingError) Error() string {
	return fmt.Sprintf("inflate: garbage after the end of the gzip data, from byte %d", e.Offset)
}

// Decoder holds the tables that decoding needs, so that they are allocated
// once. The zero value is ready. A Decoder is not for concurrent use.
type Decoder struct {
	// MaxMembers is the most gzip members a file may have; 0 means any number.
	MaxMembers int

	in   bits
	near int    // the fast loop ends where so few bytes of input are left
	out  []byte // the buffer, at its full length
	pos  int    // where the next byte goes in out
	base int    // where the current member began in out
	end  int    // out[:end] is the most that may be produced

	pieces pieces // what Next remembers

	lit, dist     *[litSize]uint32 // tables of the current block
	fastLit       *[litSize]uint32 // lit for the fast loop, with pairs or the same
	endBits       uint             // length of the end-of-block code, 0 when it has none
	lens          [maxLens + lengthsSlack]uint8
	work          code // what is being turned into a table
	dynamicLit    [litSize]uint32
	dynamicDist   [litSize]uint32
	codeLengths   [1 << codeLengthBits]uint32
	fixedLit      [litSize]uint32
	fixedDist     [litSize]uint32
	pairedLit     [litSize]uint32
	fixedAreBuilt bool
	alwaysPair    bool // for tests: also in small files
	plain         bool // for tests: without assembly
}

// Gunzip appends what src unpacks to to dst and returns it, whatever the error,
// so after an error the result still ends with every byte that could be
// decoded. src must hold at least one gzip member. No more than limit bytes are
// appended.
//
// The error is nil, io.ErrUnexpectedEOF when src ends too early, ErrTooLarge,
// ErrTooManyMembers, a *TrailingError or a *CorruptError. Bytes between the
// length and the capacity of dst are overwritten.
func (d *Decoder) Gunzip(dst, src []byte, limit int) ([]byte, error) {
	d.in, d.near = bits{src: src}, inputSlack
	d.out, d.pos = dst[:cap(dst)], len(dst)
	d.end = len(dst) + max(limit, 0)
	if d.end < 0 || d.end > maxInt-outputSlack { // overflow: the caller has no limit
		d.end = maxInt - outputSlack
	}
	d.reserve(sizeHint(src, limit) + outputSlack)
	err := d.members()
	d.reserve(Padding)
	out := d.out[:d.pos]
	d.in.src, d.out = nil, nil // do not keep the caller's memory alive
	return out, err
}

// members unpacks one member after the other to the end of the input.
func (d *Decoder) members() error {
	for n := 1; ; n++ {
		if err := d.member(); err != nil {
			return err
		}
		rest := d.in.src[d.in.pos:]
		if onlyZeros(rest) {
			return nil
		}
		if !startsMember(rest) {
			return &TrailingError{Offset: int64(d.in.pos)}
		}
		if d.MaxMembers > 0 && n >= d.MaxMembers {
			return ErrTooManyMembers
		}
	}
}

// reserve sees to it that at least n bytes of the buffer are free, growing it
// by half or more so that the total work stays linear.
func (d *Decoder) reserve(n int) {
	if len(d.out)-d.pos >= n {
		return
	}
	size := max(d.pos+n, min(len(d.out)+len(d.out)/2, d.end+outputSlack))
	grown := make([]byte, size)
	copy(grown, d.out[:d.pos])
	d.out = grown
}

func (d *Decoder) corrupt(reason string) error {
	return &CorruptError{Offset: d.in.offset(), Reason: reason}
}

// truncated is what reading past the end of the input gives, under a name that
// says why.
var truncated = io.ErrUnexpectedEOF
