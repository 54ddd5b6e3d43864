package inflate

import (
	"bytes"
	"compress/gzip"
	"flag"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var corpus = flag.String("corpus", "", "folder of .gz files that BenchmarkCorpus reads")

// The benchmarks read records packed as CloudTrail packs them: 5 events, a
// usual file, a large one.
var benchSizes = []struct {
	name string
	size int
}{{"7KB", 7 << 10}, {"90KB", 90 << 10}, {"8MB", 8 << 20}}

func BenchmarkGunzip(b *testing.B) {
	for _, size := range benchSizes {
		b.Run(size.name, func(b *testing.B) {
			src := pack(text(newRand(b, 8), 2, size.size), 6, 0)
			var d Decoder
			var buf []byte
			b.SetBytes(int64(size.size))
			b.ReportAllocs()
			for b.Loop() {
				out, err := d.Gunzip(buf[:0], src, plenty)
				if err != nil {
					b.Fatal(err)
				}
				buf = out
			}
		})
	}
}

func BenchmarkStandardLibrary(b *testing.B) {
	for _, size := range benchSizes {
		b.Run(size.name, func(b *testing.B) {
			src := pack(text(newRand(b, 8), 2, size.size), 6, 0)
			var z gzip.Reader
			var r bytes.Reader
			buf := make([]byte, size.size)
			b.SetBytes(int64(size.size))
			b.ReportAllocs()
			for b.Loop() {
				r.Reset(src)
				if err := z.Reset(&r); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(&z, buf); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCorpus unpacks every .gz file below -corpus, file by file.
func BenchmarkCorpus(b *testing.B) {
	files := corpusFiles(b)
	var d Decoder
	var buf []byte
	for _, src := range files { // one buffer of the right size, as a worker has after a while
		out, err := d.Gunzip(buf[:0], src, plenty)
		if err != nil {
			b.Fatal(err)
		}
		buf = out
		b.SetBytes(int64(len(out)))
	}
	b.ReportAllocs()
	total := 0
	for b.Loop() {
		total = 0
		for _, src := range files {
			buf, _ = d.Gunzip(buf[:0], src, plenty)
			total += len(buf)
		}
	}
	b.SetBytes(int64(total))
}

// BenchmarkCorpusInPieces unpacks them as cloudtrail does, piece by piece.
func BenchmarkCorpusInPieces(b *testing.B) {
	files := corpusFiles(b)
	var d Decoder
	buf := make([]byte, 0, 512<<10)
	b.ReportAllocs()
	total := 0
	for b.Loop() {
		total = 0
		for _, src := range files {
			total += inPieces(b, &d, buf, src)
		}
	}
	b.SetBytes(int64(total))
}

func inPieces(b *testing.B, d *Decoder, buf, src []byte) (size int) {
	for d.Start(src); ; buf = buf[:copy(buf, buf[len(buf)-History:])] {
		before := len(buf)
		var err error
		buf, err = d.Next(buf)
		size += len(buf) - before
		if err == io.EOF {
			return size
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

func corpusFiles(b *testing.B) (files [][]byte) {
	if *corpus == "" {
		b.Skip("no -corpus given")
	}
	err := filepath.WalkDir(*corpus, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".gz") {
			return err
		}
		data, err := os.ReadFile(path)
		files = append(files, append(make([]byte, 0, len(data)+Padding), data...))
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return files
}
