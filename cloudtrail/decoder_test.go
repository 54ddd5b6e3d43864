package cloudtrail_test

import (
	"bytes"
	"context"
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
