package sinktest

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message/messagetest"
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

// Previews compares what s renders of each message with its golden file.
func Previews(t *testing.T, s sink.Sink, cases []messagetest.Case) {
	t.Helper()
	for _, c := range cases {
		p, err := s.Preview(sink.Notification{Message: c.Message})
		if err != nil {
			t.Fatal(err)
		}
		Golden(t, c.Name, p)
	}
}

// Expect holds the outcome of a delivery at now to its class, to whether it is
// known that the message was not taken, and to the wait that the receiver asked
// for, 0 for none.
func Expect(t *testing.T, name string, o alert.Outcome, want alert.Class, unsure bool, now time.Time, after time.Duration) {
	t.Helper()
	until := time.Time{}
	if after > 0 {
		until = now.Add(after)
	}
	if o.Class != want || o.Unsure != unsure || !o.NotUntil.Equal(until) {
		t.Errorf("%s: %+v", name, o)
	}
}
