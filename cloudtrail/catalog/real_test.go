package catalog_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
)

// TestRealRecordsUseKnownServicesAndAPIs keeps the catalogue from calling a
// service or event that real logs hold unknown.
func TestRealRecordsUseKnownServicesAndAPIs(t *testing.T) {
	root := filepath.Join("..", "..", "..", "shared", "data", "cloudtrail")
	files, _ := filepath.Glob(filepath.Join(root, "*", "*.json*"))
	if len(files) == 0 {
		t.Skipf("%s: no sample logs here", root)
	}
	c := catalog.Default()
	for _, file := range files {
		for _, r := range records(t, file) {
			if known, s := c.Source(r.EventSource); !known {
				t.Errorf("%s: source %q unknown (near: %q)", file, r.EventSource, s)
			} else if known, s := c.API(r.EventSource, r.EventName); !known {
				t.Errorf("%s: %s has no %q (near: %q)", file, r.EventSource, r.EventName, s)
			}
		}
	}
}

type head struct{ EventSource, EventName string }

func records(t *testing.T, file string) []head {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if raw, err = io.ReadAll(z); err != nil {
			t.Fatal(err)
		}
	}
	var wrapped struct{ Records []head }
	if json.Unmarshal(raw, &wrapped) == nil && wrapped.Records != nil {
		return wrapped.Records
	}
	var bare []head
	if err := json.Unmarshal(raw, &bare); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return bare
}
