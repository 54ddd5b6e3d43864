package sqlite_test

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/sqlite"
	"github.com/trailwarden/trailwarden/alert/storetest"
	"github.com/trailwarden/trailwarden/severity"
)

// A listing reads no alert that it leaves out by rule, status or time: here none of
// them could be read.
func TestWhatAListingLeavesOutIsNotRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.db")
	filled(t, path)
	file := readFile(t, path)
	for at := 4096; at < len(file); at += 4096 {
		if file[at] == 0x0d { // a page of a table's rows (SQLite file format, b-tree pages)
			file[at] = 0xff
		}
	}
	write(t, path, file)
	s := open(t, path, sqlite.Options{VerifyBytes: -1})
	defer func() { _ = s.Close() }()
	for name, q := range map[string]alert.Query{
		"rule":   {Rule: "none"},
		"status": {Status: []alert.Status{alert.Acknowledged, alert.Resolved}},
		"time":   {From: storetest.Noon()},
		"both":   {Rule: "none", Status: []alert.Status{alert.Open}, To: storetest.Noon().Add(time.Hour)},
	} {
		if page, _, err := s.Alerts(t.Context(), q); err != nil || len(page) != 0 {
			t.Errorf("%s: got %d alerts, %v", name, len(page), err)
		}
	}
	if page, _, err := s.Alerts(t.Context(), alert.Query{Rule: "r"}); !errors.Is(err, alert.ErrCorrupt) {
		t.Errorf("a rule with alerts: got %d, %v, want ErrCorrupt", len(page), err)
	}
}

// The beginning of an ID that several alerts have names none of them, and says so.
func TestABeginningThatSeveralHave(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "alerts.db"), sqlite.Options{})
	defer func() { _ = s.Close() }()
	seen := map[string]string{}
	fs := storetest.Many(storetest.Rule("r", severity.High), 10_000, 10_000)
	for some := range slices.Chunk(fs, 1000) {
		c, err := s.Commit(t.Context(), alert.Batch{Findings: some, Now: storetest.Noon()})
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range c.Alerts {
			begin := id[:alert.ShortestID]
			other := seen[begin]
			if seen[begin] = id; other == "" {
				continue
			}
			if a, err := s.Alert(t.Context(), begin); !errors.Is(err, alert.ErrAmbiguous) {
				t.Errorf("%s of %s and %s: got %v, %v", begin, id, other, a, err)
			}
			return
		}
	}
	t.Fatal("no two IDs begin alike")
}
