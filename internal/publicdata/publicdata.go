// Package publicdata lets tests judge logs and rules that others published. They
// are not part of the repository: they lie in a folder shared/data beside it or
// above it. Tests skip, saying so, where it is absent; with "data" in
// TRAILWARDEN_NEEDS they fail.
package publicdata

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/internal/needs"
)

// Path is the file or folder name below shared/data.
func Path(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; filepath.Dir(dir) != dir; dir = filepath.Dir(dir) {
		p := filepath.Join(dir, "shared", "data", filepath.FromSlash(name))
		if _, err := os.Stat(p); err == nil {
			return p
		}
	}
	needs.Missing(t, "data", "shared/data/", name, " is not beside the repository: nothing published is judged")
	return ""
}

// Record is one record of a published log, with the file it came from.
type Record struct {
	File string
	Raw  []byte
}

// Records are the records of every log file below the folder name, read by
// encoding/json: files of {"Records": […]} or of a bare array, gzip or plain.
func Records(t testing.TB, name string) []Record {
	t.Helper()
	var records []Record
	err := filepath.WalkDir(Path(t, name), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(d.Name(), ".json") {
			return err
		}
		raw, err := rawRecords(path)
		for _, r := range raw {
			records = append(records, Record{path, r})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(records) == 0 {
		t.Fatalf("no record below shared/data/%s", name)
	}
	return records
}

func rawRecords(path string) ([]json.RawMessage, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(text, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(bytes.NewReader(text))
		if err != nil {
			return nil, err
		}
		if text, err = io.ReadAll(z); err != nil {
			return nil, err
		}
	}
	var file struct{ Records []json.RawMessage }
	if json.Unmarshal(text, &file.Records) == nil {
		return file.Records, nil
	}
	err = json.Unmarshal(text, &file)
	return file.Records, err
}
