//go:build !function

package query

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/trailwarden/trailwarden/query/sandbox"
)

// Copy writes all rows of r.
func Copy(w Writer, r Result) error {
	err := w.Columns(r.Columns())
	for row := r.Next(); row != nil && err == nil; row = r.Next() {
		err = w.Row(row)
	}
	if e := w.Close(); err == nil {
		err = e
	}
	return errors.Join(err, r.Err())
}

// WriteParquet writes all rows of r to the Parquet file path, zstd-compressed,
// by an engine that may write into that folder and sees nothing else. The file
// appears when it is whole.
func WriteParquet(ctx context.Context, program, path string, r Result) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	tmp := path + ".part"
	defer os.Remove(tmp)
	proc, err := sandbox.Start(ctx, program, sandbox.Limits{Memory: 2 << 30, Write: []string{filepath.Dir(path)}})
	if err != nil {
		return err
	}
	defer proc.Close()
	names, list := make([]string, len(r.Columns())), make([]string, len(r.Columns()))
	for i, c := range r.Columns() {
		names[i] = fmt.Sprintf("c%d", i)
		list[i] = typedColumn(names[i], c) + ` AS "` + strings.ReplaceAll(c.Name, `"`, `""`) + `"`
	}
	req := &sandbox.Request{SQL: "SELECT " + strings.Join(list, ", ") + " FROM ct_rows", Stream: names, Memory: 1 << 30, Threads: 2,
		Write: &sandbox.ParquetFile{Path: tmp, RowGroup: 122_880}}
	if err := proc.Request(req); err != nil {
		return err
	}
	if err := sendRows(proc, r); err != nil {
		return err
	}
	if _, err := proc.Done(); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// typedColumn makes a value of the column's type out of its text.
func typedColumn(name string, c Column) string {
	switch t := c.EngineType; {
	case t == "" || t == "VARCHAR":
		return name
	case strings.HasSuffix(t, "]") || strings.HasPrefix(t, "STRUCT(") || strings.HasPrefix(t, "MAP("):
		return "CAST(CAST(" + name + " AS JSON) AS " + t + ")"
	case t == "TIMESTAMP WITH TIME ZONE":
		return "CAST(replace(" + name + ", ' UTC', '+00') AS TIMESTAMPTZ)"
	case t == "INTERVAL" || t == "BLOB" || t == "JSON" || strings.Contains(t, "NULL"):
		return name
	default:
		return "CAST(" + name + " AS " + t + ")"
	}
}

func sendRows(proc *sandbox.Process, r Result) error {
	b := sandbox.NewBatch(len(r.Columns()))
	for row := r.Next(); row != nil; row = r.Next() {
		for _, c := range row {
			b.Cell(append(b.Texts(), c.Text...), !c.Null)
		}
		b.EndRow()
		if b.Full() {
			if err := proc.Send(b); err != nil {
				return err
			}
		}
	}
	if r.Err() != nil {
		return r.Err()
	}
	if b.Rows() > 0 {
		if err := proc.Send(b); err != nil {
			return err
		}
	}
	return proc.End()
}
