package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/trailwarden/trailwarden/query/sandbox"
)

// stream is the rows that come over the standard input, as the table function
// ct_stream().
type stream struct {
	columns []string
	batches chan []byte
	spare   chan []byte // batches that were taken in, to be used again
	err     error       // set before batches is closed
	begun   atomic.Int32
}

func newStream() *stream {
	return &stream{batches: make(chan []byte, 4), spare: make(chan []byte, 4)}
}

// renew makes it ready for the rows of another file.
func (s *stream) renew() {
	s.batches, s.err = make(chan []byte, 4), nil
	s.begun.Store(0)
}

// read takes frames until the stream ends. When the input breaks off our parent
// is gone, and nobody waits for an answer.
func (s *stream) read(r *bufio.Reader) {
	if s.take(r) {
		exitWithParent(r)
	}
}

// readFile takes the frames of one file, and is idle when the next one comes.
func (s *stream) readFile(r *bufio.Reader, idle chan<- struct{}) {
	if !s.take(r) {
		return
	}
	if _, err := r.Peek(1); err != nil {
		os.Exit(3)
	}
	close(idle)
}

// take takes frames until the stream ends well.
func (s *stream) take(r *bufio.Reader) bool {
	defer close(s.batches)
	for {
		var buf []byte
		select {
		case buf = <-s.spare:
		default:
		}
		kind, body, err := sandbox.ReadFrameInto(buf, r)
		switch {
		case err != nil:
			os.Exit(3)
		case kind == sandbox.FrameEnd:
			return true
		case kind != sandbox.FrameRows:
			s.err = fmt.Errorf("unexpected frame %q in the stream", kind)
			return false
		}
		s.batches <- body
	}
}

func exitWithParent(r io.Reader) {
	_, _ = io.Copy(io.Discard, r)
	os.Exit(3)
}

// ColumnInfos are the stream's columns, all text.
func (s *stream) ColumnInfos() []duckdb.ColumnInfo {
	text := typeInfo(duckdb.TYPE_VARCHAR)
	infos := make([]duckdb.ColumnInfo, 0, max(1, len(s.columns)))
	for _, name := range s.columns {
		infos = append(infos, duckdb.ColumnInfo{Name: name, T: text})
	}
	if len(infos) == 0 { // a query that only counts rows
		infos = append(infos, duckdb.ColumnInfo{Name: "ct_row", T: text})
	}
	return infos
}

// Cardinality is unknown.
func (s *stream) Cardinality() *duckdb.CardinalityInfo { return nil }

// Init begins a scan of the stream.
func (s *stream) Init() { s.begun.Add(1) }

// FillChunk takes the next rows.
func (s *stream) FillChunk(chunk duckdb.DataChunk) error {
	if s.begun.Load() > 1 {
		return errAgain
	}
	body, rows, err := s.next()
	if err != nil || rows == nil {
		return errors.Join(err, chunk.SetSize(0))
	}
	if rows.Columns() != len(s.columns) || rows.Len() > duckdb.GetDataChunkCapacity() {
		return errors.New("a batch of the wrong shape")
	}
	for i := range rows.Len() {
		for j := range s.columns {
			if err := setCell(chunk, j, i, rows); err != nil {
				return err
			}
		}
	}
	select {
	case s.spare <- body:
	default:
	}
	return chunk.SetSize(rows.Len())
}

func setCell(chunk duckdb.DataChunk, column, row int, rows *sandbox.Rows) error {
	text, ok := rows.Next()
	if !ok {
		return chunk.SetValue(column, row, nil)
	}
	return duckdb.SetChunkValue(chunk, column, row, text)
}

func (s *stream) next() ([]byte, *sandbox.Rows, error) {
	for body := range s.batches {
		rows, err := sandbox.ReadBatch(body)
		if err != nil || rows.Len() > 0 {
			return body, rows, err
		}
	}
	return nil, nil, s.err
}

func typeInfo(t duckdb.Type) duckdb.TypeInfo {
	info, err := duckdb.NewTypeInfo(t)
	if err != nil {
		panic(err) // only for types with parameters
	}
	return info
}
