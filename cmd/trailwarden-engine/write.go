package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/query/sandbox"
)

// write writes a query's result to a Parquet file, or to several in folders.
func (e *engine) write(ctx context.Context, query string, to *sandbox.ParquetFile) (sandbox.Done, error) {
	options := fmt.Sprintf("FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 3, ROW_GROUP_SIZE %d", max(to.RowGroup, 2048))
	if len(to.Partition) > 0 {
		options += ", PARTITION_BY (" + strings.Join(to.Partition, ", ") + "), FILENAME_PATTERN 'part-{uuid}', OVERWRITE_OR_IGNORE"
	}
	res, err := e.conn.ExecContext(ctx, fmt.Sprintf("COPY (%s) TO %s (%s)", query, literal(to.Path), options))
	if err != nil {
		return sandbox.Done{}, at("run", err)
	}
	n, err := res.RowsAffected()
	return sandbox.Done{Rows: n}, err
}

// writeFiles writes one file after the other, until one fails or the parent is
// gone.
func (e *engine) writeFiles(ctx context.Context, q *sandbox.Request, r *bufio.Reader, w *reply) error {
	for {
		kind, body, err := sandbox.ReadFrame(r)
		if err != nil {
			return at("run", err)
		}
		var to sandbox.ParquetFile
		if err := json.Unmarshal(body, &to); err != nil || kind != sandbox.FrameFile {
			return at("run", fmt.Errorf("no file came first (%q): %w", kind, err))
		}
		e.stream.renew()
		idle := make(chan struct{})
		go e.stream.readFile(r, idle)
		done, err := e.write(ctx, q.SQL, &to)
		if err == nil {
			err = w.send(sandbox.FrameDone, done)
		}
		if err != nil {
			return err
		}
		<-idle
	}
}
