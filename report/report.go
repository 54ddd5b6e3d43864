// Package report writes findings for people and programs: a table with a
// summary, NDJSON, JSON, CSV and YAML.
//
// A finding travels as one line of NDJSON, made by an Encoder where the record
// is at hand; every other format is read from that line. Text in findings comes
// from records and so from attackers: no format passes on a terminal escape
// sequence to a terminal or a formula to a spreadsheet.
package report

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Formats are the names that New knows.
var formats = []string{"table", "ndjson", "json", "csv", "yaml"}

// Formats lists the names of the formats.
func Formats() []string { return append([]string(nil), formats...) }

// Writer writes the findings of one scan in one format.
type Writer interface {
	// Findings writes lines: whole findings as NDJSON, each ending in a line
	// break. The bytes are valid during the call only.
	Findings(lines []byte) error
	// Close writes what the format has to say at the end.
	Close(t Totals) error
}

// Totals are the figures of a finished scan, also the content of --stats.
type Totals struct {
	Files             int     `json:"files"`             // log files read
	Records           int64   `json:"records"`           // records found in them, duplicates included
	Duplicates        int64   `json:"duplicates"`        // records seen before and not judged again
	Findings          int64   `json:"findings"`          // records × rules that matched
	Faults            int64   `json:"faults"`            // things that could not be read
	Bytes             int64   `json:"bytes"`             // bytes read
	DecompressedBytes int64   `json:"decompressedBytes"` // bytes after decompression
	Seconds           float64 `json:"seconds"`           // wall-clock time
}

// Layout says where a report goes.
type Layout struct {
	Terminal bool // the output is a terminal: show hidden characters
	Color    bool // ANSI colours may be used
	Width    int  // columns of the terminal; 0 when there is none
	// WithEvent adds the raw record to CSV, whose columns are fixed in advance.
	WithEvent bool
	// MaxRows bounds the findings that a table shows; 0 means DefaultMaxRows.
	MaxRows int
	Now     func() time.Time
}

// New is a Writer of the named format on w.
func New(format string, w io.Writer, l Layout) (Writer, error) {
	if l.Terminal && format != "table" && format != "csv" {
		w = TerminalJSON(w)
	}
	switch format {
	case "table":
		return newTable(w, l), nil
	case "ndjson":
		return ndjson{w}, nil
	case "json":
		return &jsonArray{w: w}, nil
	case "csv":
		return newCSV(w, l), nil
	case "yaml":
		return &yamlList{w: w}, nil
	}
	return nil, fmt.Errorf("format %q: want one of %s", format, strings.Join(formats, ", "))
}

// ndjson is the lines as they are.
type ndjson struct{ w io.Writer }

func (n ndjson) Findings(lines []byte) error {
	_, err := n.w.Write(lines)
	return err
}

func (n ndjson) Close(Totals) error { return nil }

// jsonArray is one JSON array with a finding on each line.
type jsonArray struct {
	w   io.Writer
	any bool
	buf []byte
}

func (j *jsonArray) Findings(lines []byte) error {
	j.buf = j.buf[:0]
	for line := range eachLine(lines) {
		sep := ",\n"
		if !j.any {
			sep, j.any = "[\n", true
		}
		j.buf = append(append(j.buf, sep...), line...)
	}
	_, err := j.w.Write(j.buf)
	return err
}

func (j *jsonArray) Close(Totals) error {
	end := "\n]\n"
	if !j.any {
		end = "[]\n"
	}
	_, err := io.WriteString(j.w, end)
	return err
}
