package cloudtrail

import (
	"bytes"
	"slices"
	"strings"
)

// isCSV tells whether the text at pos starts with the header line of an
// export: at least two columns that are fields of a record, or one that holds it whole.
func (f *file) isCSV() bool {
	f.w.atLeast(16 << 10)
	line := f.w.text[f.w.pos:]
	if i := bytes.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
	}
	cells, _ := csvCells(line)
	n := 0
	for _, c := range cells {
		c = strings.TrimSpace(c)
		if name, ok := columnNames[strings.ToLower(c)]; ok && leadingFields[FieldIDOf(name)] {
			n++
		}
		if slices.Contains(wrappers[:], c) {
			n += 2
		}
	}
	return n >= 2
}

// csv reads the rows of an export, the header at pos.
func (f *file) csv() {
	header, _, ok := f.csvRow()
	for i := range header {
		header[i] = strings.TrimSpace(header[i])
	}
	for ok && f.err == nil {
		var cells []string
		var at int64
		if cells, at, ok = f.csvRow(); !ok || len(cells) == 1 && cells[0] == "" {
			continue
		}
		index := f.take()
		if len(cells) != len(header) {
			f.fault(at, index, "the row does not have as many cells as the header: it was not judged")
			continue
		}
		f.derive(f.rowText(header, cells), at, index)
	}
}

// rowText is the record in a row.
func (f *file) rowText(header, cells []string) []byte {
	row := rowWriter{out: f.d.derived[:0]}
	for i, c := range cells {
		if slices.Contains(wrappers[:], header[i]) && structured([]byte(c)) {
			return append(row.out[:0], c...)
		}
		row.text(header[i], c)
	}
	return row.close()
}

// csvRow reads the next row. ok is false at the end of the file.
func (f *file) csvRow() (cells []string, at int64, ok bool) {
	w := f.w
	w.hold = -1
	for {
		line, ended := csvLine(w.text[w.pos:], w.final)
		if !ended {
			w.keep = w.pos
			if w.more() {
				continue
			}
			if !w.final {
				f.fault(w.offset(w.pos), f.take(), f.tooLarge())
				f.csvSkip()
				continue
			}
		}
		at = w.offset(w.pos)
		w.pos += len(line)
		if len(line) == 0 {
			return nil, at, false
		}
		cells, ok = csvCells(bytes.TrimRight(line, "\r\n"))
		if !ok && w.final && w.pos == len(w.text) {
			if w.err == nil {
				f.fault(at, f.take(), "the file ends inside a row: it is incomplete, fetch it again")
			}
			return nil, at, false
		}
		return cells, at, true
	}
}

// csvSkip drops text up to the next line.
func (f *file) csvSkip() {
	w := f.w
	for {
		if i := bytes.IndexByte(w.text[w.pos:], '\n'); i >= 0 {
			w.pos += i + 1
			return
		}
		w.pos = len(w.text)
		w.keep = w.pos
		if !w.more() {
			return
		}
	}
}

// csvLine is the text of one row with its line end (RFC 4180: a line break
// inside quotes is part of a cell), and whether it is complete.
func csvLine(b []byte, final bool) ([]byte, bool) {
	quoted := false
	for i, c := range b {
		if c == '"' {
			quoted = !quoted
		}
		if c == '\n' && !quoted {
			return b[:i+1], true
		}
	}
	return b, final
}

// csvCells splits a row. ok is false when a quote is not closed. What follows a
// closing quote is part of the cell: a line of JSON behind some prefix has its names
// in quotes between commas, too, and is no header.
func csvCells(line []byte) (cells []string, ok bool) {
	for {
		var cell []byte
		if len(line) > 0 && line[0] == '"' {
			cell, line, ok = quotedCell(line)
			if !ok {
				return append(cells, string(cell)), false
			}
		}
		n := bytes.IndexByte(line, ',')
		if n < 0 {
			n = len(line)
		}
		cell, line = append(cell, line[:n]...), line[n:]
		cells = append(cells, string(cell))
		if len(line) == 0 {
			return cells, true
		}
		if line[0] == ',' {
			line = line[1:]
		}
	}
}

// quotedCell takes a cell in quotes, in which two quotes stand for one.
func quotedCell(line []byte) (cell, rest []byte, ok bool) {
	line = line[1:]
	for {
		n := bytes.IndexByte(line, '"')
		if n < 0 {
			return append(cell, line...), nil, false
		}
		cell = append(cell, line[:n]...)
		line = line[n+1:]
		if len(line) == 0 || line[0] != '"' {
			return cell, line, true
		}
		cell = append(cell, '"')
		line = line[1:]
	}
}
