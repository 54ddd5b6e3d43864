package lake

import (
	"context"
	"path/filepath"

	"github.com/trailwarden/trailwarden/query/sandbox"
)

// writer is an engine that writes Parquet files below one folder.
type writer struct{ *sandbox.Process }

func startWriter(ctx context.Context, o *Options, dir string, q *sandbox.Request, read []string) (*writer, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	q.Memory, q.Threads = o.Memory/5*3, 2
	proc, err := sandbox.Start(ctx, o.Program, sandbox.Limits{Memory: o.Memory, Write: []string{dir}, Read: read})
	if err != nil {
		return nil, err
	}
	w := &writer{proc}
	if err := proc.Request(q); err != nil {
		proc.Close()
		return nil, err
	}
	return w, nil
}

// finish ends the rows and waits until the files are written.
func (w *writer) finish() (rows int64, err error) {
	if err := w.End(); err != nil {
		return 0, w.explain(err)
	}
	done, err := w.Done()
	return done.Rows, err
}

// explain is why the engine takes no more rows.
func (w *writer) explain(err error) error {
	if _, e := w.Done(); e != nil {
		return e
	}
	return err
}

// eachRow runs a query over files of the lake and gives the first cell of each
// row.
func (l *Lake) eachRow(ctx context.Context, o *Options, sql string, visit func(text []byte) error) error {
	data, err := filepath.Abs(filepath.Join(l.dir, "data"))
	if err != nil {
		return err
	}
	proc, err := sandbox.Start(ctx, o.Program, sandbox.Limits{Memory: o.Memory, Read: []string{data}})
	if err != nil {
		return err
	}
	defer proc.Close()
	if err := proc.Request(&sandbox.Request{SQL: sql, Folders: []string{data}, Memory: o.Memory / 5 * 3, Threads: 2}); err != nil {
		return err
	}
	if err := proc.End(); err != nil {
		return err
	}
	for {
		rows, _, err := proc.Rows()
		if err != nil || rows == nil {
			return err
		}
		for range rows.Len() {
			text, _ := rows.Next()
			if err := visit(text); err != nil {
				return err
			}
		}
	}
}
