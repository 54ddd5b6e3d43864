package sqlite_test

import (
	"bytes"
	"compress/gzip"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/sqlite"
	"github.com/trailwarden/trailwarden/alert/storetest"
	"github.com/trailwarden/trailwarden/severity"
)

var keep = flag.String("keep", "", "keep a store of this version in the named file of testdata, for later versions to read")

// F12: a store of every version so far is read by this one. testdata holds one
// of each, made with -keep when the version was new.
func TestUpgrade(t *testing.T) {
	if *keep != "" {
		keepStore(t, filepath.Join("testdata", *keep))
	}
	files, err := filepath.Glob("testdata/*.db.gz")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stores of earlier versions: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "alerts.db")
			write(t, path, unpacked(t, file))
			s := open(t, path, sqlite.Options{Policy: paging})
			defer func() { _ = s.Close() }()
			if err := s.Check(t.Context()); err != nil {
				t.Error(err)
			}
			all, _, err := s.Alerts(t.Context(), alert.Query{})
			if err != nil || len(all) != 3 || all[0].Count+all[1].Count+all[2].Count != 9 {
				t.Fatalf("got %d alerts, %v", len(all), err)
			}
			if data, err := s.Load(t.Context(), "s3"); err != nil || string(data) != "here" {
				t.Errorf("position: %q, %v", data, err)
			}
			c, err := s.Commit(t.Context(), alert.Batch{Findings: keptFindings(), Now: storetest.Noon()})
			if err != nil || c.Known != 9 {
				t.Errorf("committed again: got %+v, %v, want 9 known", c, err)
			}
			if _, err := s.Commit(t.Context(), alert.Batch{Now: storetest.Noon(), Letters: []alert.Letter{{ID: "new", Reason: "unreadable"}}}); err != nil {
				t.Error(err)
			}
			if ls, _, err := s.Letters(t.Context(), 10, ""); err != nil || len(ls) != 1 || ls[0].Reason != "unreadable" {
				t.Errorf("letters: %+v, %v", ls, err)
			}
			if n, err := s.Backlog(t.Context()); err != nil || n["pager"] != 3 {
				t.Errorf("backlog: %v, %v", n, err)
			}
			tellAll(t, s)
			if err := s.Check(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// tellAll settles what waits and finds it told, also when another reads it.
func tellAll(t *testing.T, s *sqlite.Store) {
	t.Helper()
	now := storetest.Noon().Add(time.Hour)
	ds, err := s.Claim(t.Context(), "pager", 10, now, time.Minute)
	if err != nil || len(ds) != 3 {
		t.Fatalf("claimed %d, %v", len(ds), err)
	}
	for _, d := range ds {
		d.Count = d.Of.Count
		if err := s.Settle(t.Context(), d, alert.Outcome{Class: alert.OK, Receipt: []byte("r")}, now); err != nil {
			t.Error(err)
		}
		a, err := s.Alert(t.Context(), d.Alert)
		if err != nil || len(a.Told) != 1 || !a.Told[0].At.Equal(now) || string(a.Told[0].Receipt) != "r" || a.Version <= d.Of.Version {
			t.Errorf("after it was told: %+v, %v", a, err)
		}
	}
}

func keptFindings() []alert.Finding {
	return storetest.Many(storetest.Rule("kept", severity.High), 9, 3)
}

func keepStore(t *testing.T, file string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "alerts.db")
	s := open(t, path, sqlite.Options{Policy: paging})
	_, err := s.Commit(t.Context(), alert.Batch{
		Findings: keptFindings(), Now: storetest.Noon(), Positions: []alert.Position{{Name: "s3", Data: []byte("here")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(readFile(t, path)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, file, packed.Bytes())
}

func unpacked(t *testing.T, file string) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(readFile(t, file)))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
