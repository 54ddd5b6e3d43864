package assemble_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/internal/needs"
	"github.com/trailwarden/trailwarden/query/lake"
	"github.com/trailwarden/trailwarden/query/sandbox"
)

// A server's lake takes in what its sources read, once, and what comes later.
func TestKeepLake(t *testing.T) {
	if _, err := sandbox.FindEngine(context.Background(), func(string) {}); err != nil {
		needs.Missing(t, "engine", err)
	}
	dir := t.TempDir()
	logs := filepath.Join(dir, "AWSLogs")
	half := filepath.Join("o-exampleorgid", "111122223333")
	if err := os.CopyFS(filepath.Join(logs, half), os.DirFS(filepath.Join("../examples/AWSLogs", half))); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "trailwarden.yaml")
	const text = "lake: {path: lake, serve: true}\nsources:\n  logs:\n    folder: {path: AWSLogs}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	a := assemble.New(cfg, assemble.Options{})
	if !a.KeepsLake() {
		t.Fatal("the lake is not kept")
	}
	turn := func() lake.Progress {
		p, err := a.KeepLake(context.Background(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	first := turn()
	if first.Rows == 0 || turn().Rows != 0 {
		t.Errorf("first %+v", first)
	}
	if err := os.RemoveAll(logs); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(logs, os.DirFS("../examples/AWSLogs")); err != nil {
		t.Fatal(err)
	}
	if more := turn(); more.Rows == 0 || more.Known != first.Objects {
		t.Errorf("then %+v", more)
	}
}

// A rule that is a query is asked by the clock as the queries of the
// configuration are, with its own window.
func TestRuleQueries(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "trailwarden.yaml")
	for name, text := range map[string]string{
		file:                                     "store: {sqlite: {path: s.db}}\nrules: [rules]\nlake: {path: lake}\n",
		filepath.Join(dir, "rules", "many.yaml"): "id: many-denials\nseverity: high\nmatch:\n  window: 15m\n  sql: |\n    SELECT useridentity.arn, count(*) AS n FROM cloudtrail_logs\n    WHERE errorcode = 'AccessDenied' GROUP BY 1 HAVING count(*) > 20\n",
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := assemble.PartsOf(context.Background(), cfg, assemble.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Queries) != 1 || p.Rules.Len() != 0 {
		t.Fatalf("%d queries, %d rules on records", len(p.Queries), p.Rules.Len())
	}
	q := p.Queries[0]
	if q.Rule.ID != "many-denials" || q.Rule.Severity.String() != "high" || q.Every != 15*time.Minute || q.Window != q.Every || q.Check() != nil {
		t.Errorf("%+v %+v", q, q.Rule)
	}
}
