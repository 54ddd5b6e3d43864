package lake

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"os"
	"path/filepath"
	"sync"

	"github.com/trailwarden/trailwarden/query/sandbox"
	"github.com/trailwarden/trailwarden/query/schema"
)

// columns are what the lake's files hold.
func columns() schema.Projection {
	var needs []schema.Need
	for _, c := range schema.LakeColumns() {
		needs = append(needs, schema.Need{Column: c.Name})
	}
	return schema.Project(needs, false)
}

// fileSQL chooses the columns of the files.
const fileSQL = `SELECT * EXCLUDE (account, region, ct_key),
	nullif(ct_key, eventid || '/' || recipientaccountid) AS ct_key, account, region FROM ct_trail`

// fileWriter is an engine that writes one file after the other. Several
// goroutines may write.
type fileWriter struct {
	*writer
	mu sync.Mutex
}

func (l *Lake) startFileWriter(ctx context.Context, o *Options) (*fileWriter, error) {
	view := columns()
	w, err := startWriter(ctx, o, filepath.Join(l.dir, "staging"), &sandbox.Request{SQL: fileSQL, Stream: view.Leaves(), Files: true,
		Setup: []string{"CREATE VIEW ct_trail AS " + view.SelectSQL("ct_rows")}}, nil)
	if err != nil {
		return nil, err
	}
	return &fileWriter{writer: w}, nil
}

// write writes the rows of clusters to one file for each day, below dir.
func (w *fileWriter) write(dir string, all []*cluster) (files []File, rows int64, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, day := range days(sortClusters(all)) {
		f, n, err := w.file(dir, day)
		if err != nil {
			return nil, 0, err
		}
		files, rows = append(files, f), rows+n
	}
	return files, rows, nil
}

// file writes the rows of one day.
func (w *fileWriter) file(dir string, all []*cluster) (File, int64, error) {
	var name [16]byte
	_, _ = rand.Read(name[:]) // never fails
	f := File{Path: "day=" + all[0].day + "/part-" + hex.EncodeToString(name[:]) + ".parquet", Holds: holdsOf(all)}
	path, err := filepath.Abs(filepath.Join(dir, filepath.FromSlash(f.Path)))
	if err != nil {
		return f, 0, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return f, 0, err
	}
	if err := w.File(&sandbox.ParquetFile{Path: path, RowGroup: rowGroup}); err != nil {
		return f, 0, w.explain(err)
	}
	if err := w.send(all); err != nil {
		return f, 0, w.explain(err)
	}
	rows, err := w.finish()
	if err != nil {
		return f, 0, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return f, 0, err
	}
	f.Bytes = info.Size()
	return f, rows, nil
}

// send sends the rows in their order.
func (w *fileWriter) send(all []*cluster) error {
	b := sandbox.NewBatch(1)
	for _, c := range all {
		for _, row := range c.rows {
			b.Cell(append(b.Texts(), row.text...), true)
			b.EndRow()
			if !b.Full() {
				continue
			}
			if err := w.Send(b); err != nil {
				return err
			}
		}
	}
	if b.Rows() == 0 {
		return nil
	}
	return w.Send(b)
}
