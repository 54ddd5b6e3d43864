package cloudtrail_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"

	"github.com/trailwarden/trailwarden/internal/publicdata"
)

// benchFiles are the log files to measure: those under TRAILWARDEN_BENCH_LOGS,
// or the real capture beside the checkout.
func benchFiles(b *testing.B) (packed [][]byte, texts [][]byte) {
	root := os.Getenv("TRAILWARDEN_BENCH_LOGS")
	if root == "" {
		root = publicdata.Path(b, "cloudtrail/invictus")
	}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".json.gz") {
			return err
		}
		file, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		r, err := gzip.NewReader(bytes.NewReader(file))
		if err != nil {
			return err
		}
		text, err := io.ReadAll(r)
		packed, texts = append(packed, file), append(texts, text)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return packed, texts
}

// measure decodes all files in each round and reports bytes unpacked a second.
func measure(b *testing.B, files [][]byte, visit func(*cloudtrail.Record)) {
	d := cloudtrail.NewDecoder(cloudtrail.DefaultLimits())
	b.ReportAllocs()
	total, records := int64(0), 0
	used := cpuTime()
	for b.Loop() {
		total, records = 0, 0
		for _, f := range files {
			s, err := d.Decode(context.Background(), "x", bytes.NewReader(f), int64(len(f)), func(r *cloudtrail.Record, _ int) error {
				visit(r)
				return nil
			})
			if err != nil || len(s.Faults) > 0 {
				b.Fatal(err, s.Faults)
			}
			total += s.Decompressed
			records += s.Records
		}
		b.SetBytes(total)
	}
	used = (cpuTime() - used) / time.Duration(b.N)
	b.ReportMetric(float64(used.Nanoseconds())/float64(records), "cpu-ns/record")
	b.ReportMetric(float64(total)/float64(used.Nanoseconds()), "GB/cpu-s")
}

func BenchmarkDecode(b *testing.B) {
	packed, texts := benchFiles(b)
	nothing := func(*cloudtrail.Record) {}
	six := func(r *cloudtrail.Record) {
		r.Field(cloudtrail.EventSource)
		r.Field(cloudtrail.EventName)
		r.Field(cloudtrail.AWSRegion)
		r.Field(cloudtrail.ReadOnly)
		r.Field(cloudtrail.ErrorCode)
		r.Field(cloudtrail.UserIdentity).Get("type")
	}
	b.Run("gzip", func(b *testing.B) { measure(b, packed, nothing) })
	b.Run("plain", func(b *testing.B) { measure(b, texts, nothing) })
	b.Run("plain, six fields", func(b *testing.B) { measure(b, texts, six) })
	b.Run("plain, six fields and key", func(b *testing.B) {
		measure(b, texts, func(r *cloudtrail.Record) { six(r); r.Key() })
	})
}
