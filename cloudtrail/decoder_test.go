package cloudtrail_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"

	"github.com/trailwarden/trailwarden/internal/publicdata"
)

// got is a file read to its end.
type got struct {
	cloudtrail.Summary
	raw     []string
	indexes []int
}

func decode(t testing.TB, d *cloudtrail.Decoder, text []byte) got {
	t.Helper()
	var g got
	sum, err := d.Decode(context.Background(), "x.json", bytes.NewReader(text), int64(len(text)), func(r *cloudtrail.Record, i int) error {
		g.raw = append(g.raw, string(r.Raw()))
		g.indexes = append(g.indexes, i)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	g.Summary = sum
	return g
}

func TestInvictusHasExactly2900RecordsInFiftyFiveFiles(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(publicdata.Path(t, "cloudtrail/invictus"), "*.gz"))
	d := cloudtrail.NewDecoder(cloudtrail.DefaultLimits())
	records := 0
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		g := decode(t, d, b)
		records += g.Records
		for _, f := range append(g.Faults, g.Notes...) {
			t.Errorf("%s: %v", name, f)
		}
	}
	if len(files) != 55 || records != 2900 {
		t.Errorf("%d records in %d files, want 2900 in 55", records, len(files))
	}
}

func TestOtherRealLogsHaveNoFault(t *testing.T) {
	d := cloudtrail.NewDecoder(cloudtrail.DefaultLimits())
	for folder, want := range map[string]int{"stratus-red-team": 35, "trailscraper": 1} {
		files, _ := filepath.Glob(filepath.Join(publicdata.Path(t, "cloudtrail/"+folder), "*"))
		if len(files) != want {
			t.Errorf("%d files in %s, want %d", len(files), folder, want)
		}
		for _, name := range files {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if g := decode(t, d, b); g.Records == 0 || len(g.Faults)+len(g.Notes) > 0 {
				t.Errorf("%s: %+v", name, g.Summary)
			}
		}
	}
}

// sized is a file that counts how often its size is asked for. It says with its last
// bytes that they are the last ones.
type sized struct {
	data  []byte
	asked int
}

func (s *sized) Size() int64 { s.asked++; return int64(len(s.data)) }

func (s *sized) Read(p []byte) (int, error) {
	n := copy(p, s.data)
	if s.data = s.data[n:]; len(s.data) == 0 {
		return n, io.EOF
	}
	return n, nil
}

// A reader that can tell its size is asked for it only about files that are large and
// compressed, and its records are the same as ever.
func TestSizeIsAskedForWhenItMatters(t *testing.T) {
	noise := make([]byte, 3<<20)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(noise)
	for i, b := range noise {
		noise[i] = "0123456789abcdef"[b&15]
	}
	record := func(n int) []byte { return []byte(`{"eventName":"A","own":"` + string(noise[:n]) + `"}`) }
	d := cloudtrail.NewDecoder(cloudtrail.DefaultLimits())
	for _, test := range []struct {
		name  string
		text  []byte
		pack  bool
		asked int
	}{{"small", record(500), true, 0}, {"plain", record(200_000), false, 0}, {"large", bytes.Repeat(record(200_000), 15), true, 1}} {
		stored := test.text
		if test.pack {
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			_, _ = z.Write(test.text)
			_ = z.Close()
			stored = b.Bytes()
		}
		for range 2 {
			f, records := &sized{data: stored}, 0
			sum, err := d.Decode(context.Background(), "x.json", f, -1, func(*cloudtrail.Record, int) error { records++; return nil })
			want := decode(t, d, stored)
			if err != nil || records != want.Records || sum.Bytes != int64(len(stored)) || sum.Decompressed != int64(len(test.text)) || len(sum.Faults) > 0 || f.asked > test.asked {
				t.Errorf("%s: %d records, want %d; asked %d times; %+v, %v", test.name, records, want.Records, f.asked, sum, err)
			}
		}
	}
}
