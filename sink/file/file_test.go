package file_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/message/messagetest"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/file"
)

func must(t testing.TB, cfg file.Config) sink.Sink {
	t.Helper()
	s, err := file.New(cfg, file.Deps{Now: messagetest.Moment})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func numbered(n int) sink.Notification {
	m := messagetest.Opened()
	m.Sequence = int64(n)
	return sink.Notification{Message: m}
}

// sequences reads the lines of files back, each of which must be whole.
func sequences(t testing.TB, paths ...string) []int64 {
	t.Helper()
	var out []int64
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(text) > 0 && text[len(text)-1] != '\n' {
			t.Errorf("%s ends within a line", path)
		}
		for _, line := range bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n")) {
			var m message.Message
			if err := json.Unmarshal(line, &m); err != nil {
				t.Fatalf("%s: %v: %.100s", path, err, line)
			}
			out = append(out, m.Sequence)
		}
	}
	return out
}

// Lines are whole JSON, one for each message, whatever the message holds.
func TestEveryMessageIsOneLine(t *testing.T) {
	for _, format := range []file.Format{file.NDJSON, file.OCSF} {
		path := filepath.Join(t.TempDir(), "new", "alerts.json")
		s := must(t, file.Config{Path: path, Format: format, Rotate: 1 << 30})
		var ns []sink.Notification
		for _, c := range messagetest.All() {
			ns = append(ns, sink.Notification{Message: c.Message})
		}
		for i, o := range s.(sink.Batcher).DeliverBatch(context.Background(), ns) {
			if o.Class != alert.OK {
				t.Fatalf("message %d: %+v", i, o)
			}
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		if len(lines) != len(ns) {
			t.Errorf("%d lines for %d messages", len(lines), len(ns))
		}
		for i, line := range lines {
			if len(line) > file.MaxLine || !json.Valid([]byte(line)) || !strings.Contains(line, ns[i].Message.Key) {
				t.Errorf("%s line %d: %d bytes, not JSON, or without its key", format, i+1, len(line))
			}
		}
		if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, want 0600: records are nobody else's business", info.Mode())
		}
	}
}

// A file that has grown is put aside whole; the newest that are to be kept are.
func TestRotation(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "alerts.json")
	if err := os.WriteFile(filepath.Join(dir, "alerts.json.bak"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := must(t, file.Config{Path: path, Rotate: 10_000, Keep: 3})
	for i := range 40 {
		if o := s.Deliver(context.Background(), numbered(i)); o.Class != alert.OK {
			t.Fatalf("%+v", o)
		}
	}
	aside, _ := filepath.Glob(path + ".2*")
	if len(aside) != 3 {
		t.Fatalf("%d files are kept, want 3: %v", len(aside), aside)
	}
	got := sequences(t, append(aside, path)...)
	for i, n := range got {
		if want := int64(40 - len(got) + i); n != want {
			t.Fatalf("line %d is message %d, want %d: none may be lost between files", i, n, want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "alerts.json.bak")); err != nil {
		t.Errorf("a file of another name is gone: %v", err)
	}
}

// What a crash left of a line does not spoil the next one.
func TestTornLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.json")
	s := must(t, file.Config{Path: path})
	s.Deliver(context.Background(), numbered(1))
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(f, `{"kind":"opened","key`+strings.Repeat("x", 200_000))
	f.Close()
	s.Deliver(context.Background(), numbered(2))
	if got := fmt.Sprint(sequences(t, path)); got != "[1 2]" {
		t.Errorf("lines %s, want [1 2]", got)
	}
}

// Several goroutines may deliver at once, and the file may be moved away by
// others.
func TestConcurrentDeliveries(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.json")
	s := must(t, file.Config{Path: path})
	var wg sync.WaitGroup
	for i := range 30 {
		wg.Go(func() { s.Deliver(context.Background(), numbered(i)) })
		if i == 15 {
			os.Rename(path, path+".moved")
		}
	}
	wg.Wait()
	all, _ := filepath.Glob(path + "*")
	if got := sequences(t, all...); len(got) != 30 {
		t.Errorf("%d lines, want 30", len(got))
	}
}

// Nor does it stay in a file that is put aside.
func TestTornLinesAreNotPutAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.json")
	s := must(t, file.Config{Path: path, Rotate: 10_000, Keep: 3})
	s.Deliver(context.Background(), numbered(1))
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(f, `{"kind":"opened","key`)
	f.Close()
	for i := range 3 {
		s.Deliver(context.Background(), numbered(i+2))
	}
	aside, _ := filepath.Glob(path + ".2*")
	if got := fmt.Sprint(sequences(t, append(aside, path)...)); len(aside) == 0 || got != "[1 2 3 4]" {
		t.Errorf("lines %s in %d files put aside, want [1 2 3 4]", got, len(aside))
	}
}

// Several sinks write one file, as those of several processes do: no line is
// lost, none is torn, and all of them put the file aside.
func TestSeveralWriters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.json")
	const each = 60
	var wg sync.WaitGroup
	for n := range 3 {
		s := must(t, file.Config{Path: path, Rotate: 100_000, Keep: 1000})
		wg.Go(func() {
			for i := range each {
				if o := s.Deliver(context.Background(), numbered(n*each+i)); o.Class != alert.OK {
					t.Errorf("%+v", o)
				}
			}
		})
	}
	wg.Wait()
	all, _ := filepath.Glob(path + "*")
	seen := map[int64]bool{}
	for _, n := range sequences(t, all...) {
		seen[n] = true
	}
	if len(seen) != 3*each || len(all) < 3 {
		t.Errorf("%d messages in %d files, want %d in several", len(seen), len(all), 3*each)
	}
}

// A path that was mistaken for another file's costs nothing of that file.
func TestForeignFilesStay(t *testing.T) {
	for name, text := range map[string]string{
		"a configuration":         "rules: {packs: [starter]}\nsinks: {a: {stdout: {}}}",
		"another log":             "one\ntwo\n",
		"a database":              "SQLite format 3\x00\x10\x00\n{\x00\x00",
		"a document, not a line":  "{\n  \"a\": 1\n}",
		"lines and something new": "{\"a\":1}\nhalf",
	} {
		path := filepath.Join(t.TempDir(), "mine")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		o := must(t, file.Config{Path: path, Rotate: 10}).Deliver(context.Background(), numbered(1))
		if o.Class != alert.Retry || o.Unsure || !strings.Contains(o.Reason, path) || !strings.Contains(o.Reason, "something else than lines of JSON") {
			t.Errorf("%s: %+v, want a retry that says why", name, o)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("%s: it holds %q now, %v", name, got, err)
		}
	}
}

// A whole line that lost its line break, as by an editor, stays.
func TestLastLinesWithoutBreakStay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.json")
	s := must(t, file.Config{Path: path})
	for i := range 2 {
		s.Deliver(context.Background(), numbered(i+1))
	}
	info, err := os.Stat(path)
	if err != nil || os.Truncate(path, info.Size()-1) != nil {
		t.Fatal(err)
	}
	s.Deliver(context.Background(), numbered(3))
	if got := fmt.Sprint(sequences(t, path)); got != "[1 2 3]" {
		t.Errorf("lines %s, want [1 2 3]", got)
	}
}

// A file that cannot be written is tried again; nothing is half written.
func TestUnwritable(t *testing.T) {
	dir := t.TempDir()
	s := must(t, file.Config{Path: dir}) // a folder
	if o := s.Deliver(context.Background(), numbered(1)); o.Class != alert.Retry || o.Unsure || o.Reason == "" {
		t.Errorf("%+v, want retry", o)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if o := s.Deliver(ctx, numbered(1)); o.Class != alert.Retry || o.Unsure {
		t.Errorf("ended context: %+v", o)
	}
}

func TestConfigMistakesAreNamed(t *testing.T) {
	for want, cfg := range map[string]file.Config{
		"path is needed":       {},
		"want ndjson or ocsf":  {Path: "x", Format: "csv"},
		"keep not below 0":     {Path: "x", Keep: -1},
		"rotate must be at le": {Path: "x", Rotate: -1},
	} {
		if _, err := file.New(cfg, file.Deps{Now: time.Now}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
