package sinktest

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/sink"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Golden compares a preview with the file testdata/NAME.golden, or writes it
// with -update.
func Golden(t *testing.T, name string, p sink.Preview) {
	t.Helper()
	var b bytes.Buffer
	for _, part := range p.Parts {
		b.WriteString("--- " + part.Name + " (" + part.ContentType + ")\n")
		b.Write(bytes.TrimRight(part.Body, "\n"))
		b.WriteString("\n")
	}
	file := filepath.Join("testdata", strings.ReplaceAll(name, " ", "-")+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; run the test with -update", err)
	}
	if !bytes.Equal(want, b.Bytes()) {
		t.Errorf("%s differs from what is rendered now; look at the difference after -update:\n%s", file, b.Bytes())
	}
}
