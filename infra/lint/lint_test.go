package lint_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/infra/lint"
	"github.com/trailwarden/trailwarden/internal/needs"
	"github.com/trailwarden/trailwarden/internal/publicdata"
)

// now is the day on which samples are judged.
func now() time.Time { return time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC) }

func load(t testing.TB, names ...string) []lint.File {
	t.Helper()
	var all []lint.File
	for _, n := range names {
		text, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, lint.File{Name: filepath.ToSlash(n), Text: text})
	}
	return all
}

// TestThePublishedDesignsShowTheirMistakes reads the five designs as they were
// published and holds them to the items that their text shows.
func TestThePublishedDesignsShowTheirMistakes(t *testing.T) {
	folder := filepath.Join(publicdata.Path(t, "."), "..", "seeds")
	if _, err := os.Stat(folder); err != nil {
		needs.Missing(t, "data", "shared/seeds is not beside the repository: the published designs are not here")
	}
	for prefix, want := range map[string][]string{
		"000": {"S0.D1", "S0.D3", "S0.D5", "S0.D6", "S0.D7"},
		"001": {"S1.D1"},
		"002": {"S0.D3", "S0.D6", "S0.D7", "S0.D9", "S1.D8", "S2.D1", "S2.D2", "S2.D4", "S2.D5", "S2.D6", "S2.D7", "S2.D8", "S2.D9", "S2.D10", "S2.D11", "S2.D12"},
		"003": {"S3.D1", "S3.D2", "S3.D3", "S3.D4", "S3.D8"},
		"004": {"S4.D1", "S4.D2", "S4.D3", "S4.D4", "S4.D7", "S4.D8", "S4.D9", "S4.D10"},
	} {
		t.Run(prefix, func(t *testing.T) {
			names, err := filepath.Glob(filepath.Join(folder, prefix+"_*.txt"))
			if err != nil || len(names) != 1 {
				t.Fatalf("%v, %v", names, err)
			}
			result := lint.Files(load(t, names...), now())
			var got []string
			for _, d := range result.Findings {
				t.Logf("%d:%d: %s %s: %s: %s", d.Line, d.Column, d.Severity, d.Code, d.Rule, d.Message)
				item, _, _ := strings.Cut(d.Code, "-")
				got = append(got, item)
			}
			for _, d := range result.Unread {
				t.Errorf("not read: %v", d)
			}
			slices.Sort(got)
			got = slices.Compact(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		})
	}
}
