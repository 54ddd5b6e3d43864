// Package sandbox runs SQL in a child process that can harm nobody: the engine
// is started with limits that the operating system keeps, is fed rows over a
// pipe, answers over a pipe, and is killed at its deadline.
//
// The two sides speak in frames over the child's standard input and output. A
// frame is one byte that says its kind, the length of the rest in four bytes
// (little-endian), and the rest:
//
//	parent → child  'Q' a Request, JSON; once, first
//	                'R' rows of the stream, a Batch; any number
//	                'E' the stream ends
//	                'F' a ParquetFile, JSON: the rows up to the stream's end go there
//	child → parent  'C' the columns of the result, JSON; once
//	                'B' rows of the result, a Batch; any number
//	                'S' the stream would have to be read again; nothing ran
//	                'D' Done, JSON: the result ends
//	                'X' Failure, JSON: it ends with an error
//
// The child ends after 'S', 'D' or 'X', and whenever its input ends. One that is
// to write a file after the other (Request.Files) ends each with 'D' and waits for
// the next.
package sandbox

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// FrameKind is the first byte of a frame.
type FrameKind byte

// The kinds of frame.
const (
	FrameRequest FrameKind = 'Q'
	FrameRows    FrameKind = 'R'
	FrameEnd     FrameKind = 'E'
	FrameFile    FrameKind = 'F'
	FrameColumns FrameKind = 'C'
	FrameResult  FrameKind = 'B'
	FrameAgain   FrameKind = 'S'
	FrameDone    FrameKind = 'D'
	FrameFailure FrameKind = 'X'
)

// maxFrame bounds the bytes of a frame; a batch is far smaller unless one text
// alone is large.
const maxFrame = 256 << 20

// WriteFrame writes one frame.
func WriteFrame(w io.Writer, kind FrameKind, body []byte) error {
	if len(body) > maxFrame {
		return fmt.Errorf("a frame of %d bytes is over the limit of %d", len(body), maxFrame)
	}
	head := [5]byte{byte(kind)}
	binary.LittleEndian.PutUint32(head[1:], uint32(len(body)))
	if _, err := w.Write(head[:]); err != nil {
		return err
	}
	_, err := w.Write(body)
	return err
}

// WriteJSON writes a frame that holds v as JSON.
func WriteJSON(w io.Writer, kind FrameKind, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return WriteFrame(w, kind, body)
}

// ReadFrame reads one frame; the error is io.EOF when there are no more.
func ReadFrame(r io.Reader) (FrameKind, []byte, error) { return ReadFrameInto(nil, r) }

// ReadFrameInto is ReadFrame into the memory of buf, when that has room.
func ReadFrameInto(buf []byte, r io.Reader) (FrameKind, []byte, error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.LittleEndian.Uint32(head[1:])
	if n > maxFrame {
		return 0, nil, fmt.Errorf("a frame of %d bytes is over the limit of %d", n, maxFrame)
	}
	body := slices.Grow(buf[:0], int(n))[:n]
	if _, err := io.ReadFull(r, body); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return 0, nil, err
	}
	return FrameKind(head[0]), body, nil
}
