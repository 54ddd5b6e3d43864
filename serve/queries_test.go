package serve_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/assemble"
)

// A server whose configuration has only queries runs what is due when it starts
// and tells its sinks; started again, it tells nothing twice.
func TestQueriesByTheClock(t *testing.T) {
	dir := t.TempDir()
	logs, err := filepath.Abs(examples)
	if err != nil {
		t.Fatal(err)
	}
	text := "queries:\n  stops: {sql: \"SELECT eventtime, eventname, eventid FROM cloudtrail_logs WHERE eventname = 'StopLogging'\", every: 1h, window: 87600h, sinks: [all], paths: [" + logs + "]}\nsinks: {all: {file: {path: DIR/told.ndjson}}}\n"
	told := func() int {
		b, _ := os.ReadFile(filepath.Join(dir, "told.ndjson"))
		return strings.Count(string(b), `"kind":"report"`)
	}
	for range 2 {
		r := run(t, dir, text, assemble.Options{})
		for end := time.Now().Add(60 * time.Second); told() == 0 && time.Now().Before(end); {
			time.Sleep(20 * time.Millisecond)
		}
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
		if n := told(); n != 1 {
			t.Fatalf("told %d times", n)
		}
	}
}
