package synth

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// A File is one log file of a corpus.
type File struct {
	Key     string // object key, AWSLogs/…/ACCOUNT_CloudTrail_REGION_TIME_ID.json.gz
	Records int
	Body    []byte // JSON, not packed
}

// File makes file i of the corpus, from 0 to Files()-1. It may be called from
// several goroutines.
func (g *Generator) File(i int) File {
	s, key := g.scene(i)
	var body bytes.Buffer
	body.Grow(g.sizes[i]*bytesPerRecord*9/8 + 64)
	_, _ = g.writeRecords(&body, s, g.sizes[i]) // a buffer takes everything
	return File{Key: key, Records: g.sizes[i], Body: body.Bytes()}
}

// scene opens file i.
func (g *Generator) scene(i int) (*scene, string) {
	r := source(g.o.Seed, 3, uint64(i))
	s := &scene{r: r, account: g.accounts[skewed(r, len(g.accounts), 1.8)], region: pickRegion(r, g.o.Regions)}
	// CloudTrail delivers about every five minutes what happened up to a
	// quarter of an hour before.
	s.delivered = g.o.Start.Add(time.Duration(r.IntN(g.o.Days*288)) * 5 * time.Minute)
	return s, g.key(s, s.delivered)
}

// writeRecords writes the JSON of a file with n records, and returns its size.
// It holds back no more than a piece, however large the file.
func (g *Generator) writeRecords(w io.Writer, s *scene, n int) (size int64, err error) {
	const piece = 256 << 10
	b := append(make([]byte, 0, piece+64<<10), `{"Records":[`...)
	for k := range n {
		if k > 0 {
			b = append(b, ',')
		}
		s.at = s.delivered.Add(-time.Duration(s.r.IntN(600)) * time.Second)
		b = s.appendRecord(b, g.calls.pick(s.r))
		if k == n-1 {
			b = append(b, "]}"...)
		}
		if k == n-1 || len(b) >= piece {
			if _, err := w.Write(b); err != nil {
				return size, err
			}
			size += int64(len(b))
			b = b[:0]
		}
	}
	return size, nil
}

// key is an object key as CloudTrail documents it under "CloudTrail log file
// examples".
func (g *Generator) key(s *scene, at time.Time) string {
	folder := "AWSLogs/"
	if g.o.Organization != "" {
		folder += g.o.Organization + "/"
	}
	return fmt.Sprintf("%s%s/CloudTrail/%s/%s/%s_CloudTrail_%s_%s_%s.json.gz", folder, s.account.id, s.region, at.Format("2006/01/02"),
		s.account.id, s.region, at.Format("20060102T1504Z"), from(s.r, alphanumeric, 16))
}

// A Summary counts what was written.
type Summary struct {
	Files, Records int
	Bytes          int64 // JSON
	PackedBytes    int64 // gzip
}

// String is one line for a person.
func (s Summary) String() string {
	return fmt.Sprintf("%d files, %d records, %d bytes of JSON (%d a record), %d bytes packed (%.1f to one)",
		s.Files, s.Records, s.Bytes, s.Bytes/int64(max(s.Records, 1)), s.PackedBytes, float64(s.Bytes)/float64(max(s.PackedBytes, 1)))
}

// Write writes the corpus below dir, one goroutine per processor.
func (g *Generator) Write(dir string) (Summary, error) {
	var next, size, packed atomic.Int64
	var failure error
	var once sync.Once
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(g.Files()); i = next.Add(1) - 1 {
				n, m, err := g.writeFile(dir, int(i))
				size.Add(n)
				packed.Add(m)
				if err != nil {
					once.Do(func() { failure = err })
					return
				}
			}
		})
	}
	workers.Wait()
	return Summary{Files: g.Files(), Records: g.Records(), Bytes: size.Load(), PackedBytes: packed.Load()}, failure
}

// writeFile stores file i below dir and returns its size before and after
// packing.
func (g *Generator) writeFile(dir string, i int) (size, packed int64, err error) {
	s, key := g.scene(i)
	path := filepath.Join(dir, filepath.FromSlash(key))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return 0, 0, err
	}
	f, err := os.Create(path)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	z, err := gzip.NewWriterLevel(f, g.o.Level)
	if err != nil {
		return 0, 0, err
	}
	if size, err = g.writeRecords(z, s, g.sizes[i]); err != nil {
		return size, 0, err
	}
	if err := z.Close(); err != nil {
		return size, 0, err
	}
	packed, err = f.Seek(0, io.SeekCurrent)
	return size, packed, err
}
