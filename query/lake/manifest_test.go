package lake_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/query/lake"
)

// manifest are the names and contents of a lake's manifest.
func manifest(t *testing.T, dir string) (names []string, contents map[string][]byte) {
	t.Helper()
	contents = map[string][]byte{}
	paths, err := filepath.Glob(filepath.Join(dir, "manifest", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		names, contents[filepath.Base(p)] = append(names, filepath.Base(p)), b
	}
	return names, contents
}

// writeManifest writes files of a manifest.
func writeManifest(t *testing.T, dir string, contents map[string][]byte) {
	t.Helper()
	for _, sub := range []string{"manifest", "data"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, b := range contents {
		if err := os.WriteFile(filepath.Join(dir, "manifest", name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func open(t *testing.T, dir string) *lake.Lake {
	t.Helper()
	l, err := lake.OpenForWriting(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func shorten(t *testing.T, l *lake.Lake) (entries int) {
	t.Helper()
	n, err := l.Shorten(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A summary says what the entries said, whose manifest the lake went on without: the
// rows, what was taken in, what expired. What comes later follows it.
func TestAShortManifestSaysWhatTheLongOneSaid(t *testing.T) {
	dir, l := inManyFiles(t)
	day := time.Date(2026, 3, 15, 0, 0, 0, 0, time.UTC)
	if _, err := l.Expire(day, day); err != nil {
		t.Fatal(err)
	}
	before, rows, both := l.Stats(), ask(t, dir, everything), ask(t, dir, everything, logs)
	if n := shorten(t, l); n != before.Entries || n < 3 {
		t.Errorf("%d entries were replaced of %d", n, before.Entries)
	}
	if names, _ := manifest(t, dir); len(names) != 1 {
		t.Errorf("left in the manifest: %v", names)
	}
	if n := shorten(t, l); n != 0 {
		t.Errorf("a summary alone was shortened: %d", n)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, dir)
	after := again.Stats()
	if after.ManifestBytes >= before.ManifestBytes/2 || after.Entries != 1 {
		t.Errorf("%d bytes became %d in %d", before.ManifestBytes, after.ManifestBytes, after.Entries)
	}
	after.Entries, after.ManifestBytes = before.Entries, before.ManifestBytes
	if after != before {
		t.Errorf("%+v became %+v", before, after)
	}
	if a, b := ask(t, dir, everything), ask(t, dir, everything, logs); !slices.Equal(a, rows) || !slices.Equal(b, both) {
		t.Errorf("%d and %d rows before, %d and %d after", len(rows), len(both), len(a), len(b))
	}
	// Entries follow the summary, and the next one takes in both.
	if p, err := again.Ingest(context.Background(), options(t, logs)); err != nil || p.Rows != 0 || p.Objects != 0 {
		t.Errorf("taken in again: %+v, %v", p, err)
	}
	late := t.TempDir()
	logOf(t, late, "111122223333", "2026/03/20", "late", record("late", "2026-03-20T09:00:00Z"))
	for n := range 2 {
		if p, err := again.Ingest(context.Background(), options(t, late)); err != nil || p.Rows != int64(1-n) {
			t.Errorf("turn %d: %+v, %v", n, p, err)
		}
		if got := ask(t, dir, "SELECT count(*) FROM cloudtrail_logs"); got[0] != fmt.Sprint(len(rows)+1) {
			t.Errorf("turn %d: %s rows", n, got[0])
		}
		shorten(t, again)
	}
}

// Killed at any moment of the shortening, a lake is what it was, and whoever writes
// to it next removes what the summary replaces.
func TestAKilledShorteningChangesNothing(t *testing.T) {
	dir, l := inManyFiles(t)
	names, entries := manifest(t, dir)
	before := l.Stats()
	shorten(t, l)
	short, summary := manifest(t, dir)
	if len(short) != 1 {
		t.Fatal(short)
	}
	half := summary[short[0]][:len(summary[short[0]])/2]
	for name, left := range map[string]struct {
		entries []string
		more    map[string][]byte
		files   int
	}{
		"half a summary":    {names, map[string][]byte{short[0] + ".tmp": half}, len(names)},
		"nothing removed":   {names, summary, 1},
		"some were removed": {names[2:], summary, 1},
		"one was left":      {names[1:2], summary, 1},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeManifest(t, dir, left.more)
			for _, n := range left.entries {
				writeManifest(t, dir, map[string][]byte{n: entries[n]})
			}
			same := func(l *lake.Lake) {
				t.Helper()
				if s := l.Stats(); s.Rows != before.Rows || s.Files != before.Files || s.Objects != before.Objects || s.Entries != left.files {
					t.Errorf("%+v, want %+v in %d files of the manifest", s, before, left.files)
				}
			}
			reader, err := lake.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			same(reader)
			writer := open(t, dir)
			same(writer)
			if now, _ := filepath.Glob(filepath.Join(dir, "manifest", "*.json")); len(now) != left.files {
				t.Errorf("left in the manifest: %v", now)
			}
			shorten(t, writer)
			if _, err := lake.OpenForWriting(dir); err == nil {
				t.Error("a second writer was let in")
			}
			if now, _ := manifest(t, dir); len(now) != 1 {
				t.Errorf("left in the manifest after another turn: %v", now)
			}
		})
	}
}

// Whoever reads the manifest while it is shortened sees all of it.
func TestAManifestIsReadWhileItIsShortened(t *testing.T) {
	_, l := inManyFiles(t)
	before := l.Stats()
	_, entries := manifest(t, l.Dir())
	for range 20 {
		dir := t.TempDir()
		writeManifest(t, dir, entries)
		writer := open(t, dir)
		stop, ended := make(chan struct{}), make(chan error, 1)
		go func() {
			for {
				r, err := lake.Open(dir)
				if err == nil {
					if s := r.Stats(); s.Rows != before.Rows || s.Files != before.Files || s.Objects != before.Objects {
						err = fmt.Errorf("%+v, want %+v", s, before)
					}
				}
				select {
				case <-stop:
					ended <- err
					return
				default:
				}
				if err != nil {
					ended <- err
					return
				}
			}
		}()
		shorten(t, writer)
		close(stop)
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
}

// What is missing in a manifest is an error, and not a lake with less in it.
func TestAManifestWithAGapIsRefused(t *testing.T) {
	dir, l := inManyFiles(t)
	names, _ := manifest(t, dir)
	if err := errors.Join(l.Close(), os.Remove(filepath.Join(dir, "manifest", names[1]))); err != nil {
		t.Fatal(err)
	}
	if _, err := lake.Open(dir); err == nil {
		t.Error("no error")
	}
}

// A lake that gets a little again and again, as from serve, keeps a short manifest.
func TestAManifestDoesNotGrowForEver(t *testing.T) {
	if testing.Short() {
		t.Skip("takes in 120 objects one by one")
	}
	dir, in := t.TempDir(), t.TempDir()
	for i := range 120 {
		logOf(t, in, "111122223333", "2026/03/14", fmt.Sprint(i), record(fmt.Sprint("r", i), "2026-03-14T09:00:00Z"))
	}
	o := options(t, in)
	o.BatchBytes = 1 // a step for each object
	if p := ingest(t, dir, o); p.Rows != 120 {
		t.Fatalf("%+v", p)
	}
	s := open(t, dir).Stats()
	if s.Entries > 101 || s.Objects != 120 || s.Rows != 120 {
		t.Errorf("%+v", s)
	}
	if got := ask(t, dir, "SELECT count(DISTINCT eventid) FROM cloudtrail_logs"); got[0] != "120" {
		t.Errorf("%s records of 120", got[0])
	}
}
