package sandbox

import (
	"encoding/binary"
	"errors"
)

// BatchRows is the most rows in a batch: as many as the engine takes at once.
const BatchRows = 2048

// batchBytes is the size at which a batch is full whatever its rows.
const batchBytes = 1 << 20

// Batch collects rows of nullable texts, to be sent in one frame: the number of
// rows and columns, then row by row each cell's length plus one (0 is NULL),
// and then the texts of all cells.
type Batch struct {
	columns int
	rows    int
	lengths []uint32
	texts   []byte
}

// NewBatch makes an empty batch of rows with so many columns.
func NewBatch(columns int) *Batch { return &Batch{columns: columns} }

// Texts is where the next cell's text is appended to; give the longer slice to
// Cell.
func (b *Batch) Texts() []byte { return b.texts }

// Cell adds a cell whose text is what was appended to Texts; ok is false for
// NULL, whatever was appended.
func (b *Batch) Cell(texts []byte, ok bool) {
	if !ok {
		b.lengths = append(b.lengths, 0)
		return
	}
	b.lengths = append(b.lengths, uint32(len(texts)-len(b.texts))+1)
	b.texts = texts
}

// EndRow ends a row, all of whose cells were added.
func (b *Batch) EndRow() { b.rows++ }

// Rows is the number of rows.
func (b *Batch) Rows() int { return b.rows }

// Full tells that the batch should be sent.
func (b *Batch) Full() bool { return b.rows >= BatchRows || len(b.texts) >= batchBytes }

// Reset empties the batch.
func (b *Batch) Reset() { b.rows, b.lengths, b.texts = 0, b.lengths[:0], b.texts[:0] }

// AppendTo appends the batch as a frame's body.
func (b *Batch) AppendTo(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(b.rows))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(b.columns))
	for _, n := range b.lengths {
		dst = binary.LittleEndian.AppendUint32(dst, n)
	}
	return append(dst, b.texts...)
}

// Rows reads the rows of a batch that came in a frame.
type Rows struct {
	rows, columns int
	lengths       []byte
	texts         []byte
	at            int
}

var errBatch = errors.New("a batch of rows that does not hold together")

// ReadBatch views the body of a frame as rows.
func ReadBatch(body []byte) (*Rows, error) {
	if len(body) < 8 {
		return nil, errBatch
	}
	rows, columns := binary.LittleEndian.Uint32(body), binary.LittleEndian.Uint32(body[4:])
	cells := uint64(rows) * uint64(columns)
	if cells > uint64(len(body)-8)/4 {
		return nil, errBatch
	}
	r := &Rows{rows: int(rows), columns: int(columns), lengths: body[8 : 8+4*cells], texts: body[8+4*cells:]}
	var sum uint64
	for i := range int(cells) {
		if n := binary.LittleEndian.Uint32(r.lengths[4*i:]); n > 0 {
			sum += uint64(n - 1)
		}
	}
	if sum != uint64(len(r.texts)) {
		return nil, errBatch
	}
	return r, nil
}

// Len is the number of rows.
func (r *Rows) Len() int { return r.rows }

// Columns is the number of cells in a row.
func (r *Rows) Columns() int { return r.columns }

// Next is the next cell, row by row; ok is false for NULL. There must be one.
func (r *Rows) Next() (text []byte, ok bool) {
	n := binary.LittleEndian.Uint32(r.lengths[4*r.at:])
	r.at++
	if n == 0 {
		return nil, false
	}
	text, r.texts = r.texts[:n-1:n-1], r.texts[n-1:]
	return text, true
}
