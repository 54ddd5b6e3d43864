package main

import (
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// The sample logs in the repository are what this program makes: compared by
// content, because compressors of different Go releases differ.
func TestSampleLogsAreGenerated(t *testing.T) {
	want := files(story())
	got := map[string]string{}
	root := os.DirFS("..")
	err := fs.WalkDir(root, "AWSLogs", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		got[p] = unpack(t, filepath.Join("..", p))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for p, content := range want {
		if got[p] != string(content) {
			t.Errorf("%s differs from what the generator makes; run: go run ./examples/generate -o examples", p)
		}
	}
	for p := range got {
		if want[p] == nil {
			t.Errorf("%s is not made by the generator", p)
		}
	}
}

// A second run in the same process gives the same bytes.
func TestGeneratorIsDeterministic(t *testing.T) {
	a, b := files(story()), files(story())
	for p := range a {
		if string(a[p]) != string(b[p]) {
			t.Errorf("%s differs between two runs", p)
		}
	}
	if len(a) != len(b) {
		t.Errorf("%d and %d files", len(a), len(b))
	}
}

func unpack(t *testing.T, p string) string {
	t.Helper()
	f, err := os.Open(p)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatalf("%s: %v", p, err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatalf("%s: %v", p, err)
	}
	return string(b)
}
