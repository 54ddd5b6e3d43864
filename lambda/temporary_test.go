package lambda_test

import (
	"os"
	"testing"

	"github.com/trailwarden/trailwarden/lambda/sample"
)

// S2.D6: log files are read in memory, so that nothing of them fills the disk of
// an environment that is used again and again.
func TestNothingOfALogFileStaysOnDisk(t *testing.T) {
	to := &heard{keys: map[string]int{}}
	o := options(t, to, sample.Files{})
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	f := start(t, o)
	event, err := sample.Event("s3")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := f.Invoke(t.Context(), event); err != nil {
			t.Fatal(err)
		}
		left, err := os.ReadDir(folder)
		if err != nil || len(left) > 0 {
			t.Fatalf("%v, %v", left, err)
		}
	}
	if len(to.keys) == 0 {
		t.Error("nothing was told")
	}
}
