package sqlite_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/sqlite"
	"github.com/trailwarden/trailwarden/alert/storetest"
	"github.com/trailwarden/trailwarden/severity"
)

// A sink that takes many messages at once gets fewer where their alerts hold large
// records, which all are in memory until they are told; the others follow.
func TestClaimsAreBoundedByBytes(t *testing.T) {
	const alerts, size = 40, 1 << 20 // bytes of each record
	quota := func() *alert.Policy {
		p := paging()
		p.Sinks = map[string]alert.SinkPolicy{"pager": {Quota: -1}}
		return p
	}
	s := open(t, t.TempDir()+"/alerts.db", sqlite.Options{Policy: quota})
	defer s.Close()
	rule := storetest.Rule("r", severity.High)
	var b alert.Batch
	for i := range alerts {
		f := storetest.Finding(rule, storetest.Event{ID: fmt.Sprint("e", i), Role: fmt.Sprint("role", i)})
		pad := fmt.Appendf(nil, `,"requestParameters":{"x":"%s"}}`, bytes.Repeat([]byte("x"), size-2000))
		f.Record = append(bytes.TrimSuffix(f.Record, []byte("}")), pad...)
		b.Findings = append(b.Findings, f)
	}
	b.Now = storetest.Noon()
	if _, err := s.Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for len(told) < alerts {
		ds, err := s.Claim(t.Context(), "pager", 250, storetest.Noon(), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		held := 0
		for _, d := range ds {
			if told[d.Alert] {
				t.Fatalf("%s is claimed twice", d.Alert)
			}
			told[d.Alert] = true
			for _, sample := range d.Of.Samples {
				held += len(sample.Record)
			}
		}
		if held == 0 || held > 17<<20 {
			t.Fatalf("one claim holds %d bytes of records in %d messages, and %d are told", held, len(ds), len(told))
		}
	}
}
