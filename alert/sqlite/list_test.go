package sqlite_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/sqlite"
	"github.com/trailwarden/trailwarden/alert/storetest"
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
