package sqlite_test

import (
	"flag"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/sqlite"
	"github.com/trailwarden/trailwarden/alert/storetest"
	"github.com/trailwarden/trailwarden/severity"
)

var (
	listed = flag.Int("listed", 20_000, "alerts in the store that BenchmarkList lists")
	heap   = flag.String("heap", "", "file of the store that BenchmarkList fills or finds filled")
)

// batches commits findings by 250, as a server does.
func batches(tb testing.TB, s *sqlite.Store, fs []alert.Finding) {
	tb.Helper()
	for begin := 0; begin < len(fs); begin += 250 {
		if _, err := s.Commit(tb.Context(), alert.Batch{Findings: fs[begin:min(begin+250, len(fs))], Now: storetest.Noon()}); err != nil {
			tb.Fatal(err)
		}
	}
}

// What a finding costs that is kept: one that opens an alert, and one that joins
// one of forty.
func BenchmarkKeep(b *testing.B) {
	for name, groups := range map[string]int{"opens": 1 << 30, "joins": 40} {
		b.Run(name, func(b *testing.B) {
			s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "alerts.db"), sqlite.Options{Policy: paging})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			fs := storetest.Many(storetest.Rule("r", severity.High), b.N, groups)
			b.ReportAllocs()
			b.ResetTimer()
			batches(b, s, fs)
		})
	}
}

// A listing that finds nothing, or little, among many alerts.
func BenchmarkList(b *testing.B) {
	path := *heap
	if path == "" {
		path = filepath.Join(b.TempDir(), "alerts.db")
	}
	s, err := sqlite.Open(b.Context(), path, sqlite.Options{Policy: paging, VerifyBytes: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if page, _, err := s.Alerts(b.Context(), alert.Query{Limit: 1}); err != nil || len(page) == 0 {
		for i := range 10 {
			batches(b, s, storetest.Many(storetest.Rule(fmt.Sprint("rule-", i), severity.High), *listed/10, 1<<30))
		}
	}
	for name, q := range map[string]alert.Query{
		"rule": {Rule: "none"}, "status": {Status: []alert.Status{alert.Acknowledged}}, "text": {Text: "no such text"},
		"time": {Rule: "none", From: storetest.Noon().Add(-time.Hour), To: storetest.Noon().Add(-50 * time.Minute)}, "all": {},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := s.Alerts(b.Context(), q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What it costs to hand out and settle a message while many others wait.
func BenchmarkTell(b *testing.B) {
	quick := func() *alert.Policy {
		p := paging()
		p.Sinks = map[string]alert.SinkPolicy{"pager": {Quota: -1}}
		return p
	}
	s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "alerts.db"), sqlite.Options{Policy: quick})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	batches(b, s, storetest.Many(storetest.Rule("r", severity.High), b.N+1000, 1<<30))
	b.ResetTimer()
	for range b.N {
		ds, err := s.Claim(b.Context(), "pager", 1, storetest.Noon(), time.Minute)
		if err != nil || len(ds) != 1 {
			b.Fatal(len(ds), err)
		}
		if err := s.Settle(b.Context(), ds[0], alert.Outcome{Class: alert.OK}, storetest.Noon()); err != nil {
			b.Fatal(err)
		}
	}
}
