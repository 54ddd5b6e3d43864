package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/trailwarden/trailwarden/config"
)

// Whoever copies a configuration can ask which files belong to it: those that are
// read with it, and none that are written or watched.
func TestReads(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "trailwarden.yaml")
	text := `
sources: {logs: {folder: {path: logs}}}
enrich:
  accounts: {file: names.csv, organizations: {cache: cache.json}}
  geoip: {city: /opt/city.mmdb}
queries:
  daily: {file: queries/daily.sql}
sinks:
  out: {file: {path: out.ndjson}}
  mail: {smtp: {server: "mail.example.com:587", from: a@example.com, to: [b@example.com], ca: ca.pem}}
store: {sqlite: {path: alerts.db}}
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	got := c.Reads()
	slices.Sort(got)
	want := []string{"/opt/city.mmdb", filepath.Join(dir, "ca.pem"), filepath.Join(dir, "names.csv"), filepath.Join(dir, "queries", "daily.sql")}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
