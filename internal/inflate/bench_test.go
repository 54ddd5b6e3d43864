package inflate

import (
	"bytes"
	"compress/gzip"
	"io"
	"testing"
)

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
