package athena_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/needs"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/query"
	"github.com/trailwarden/trailwarden/query/athena"
	"github.com/trailwarden/trailwarden/query/library"
	"github.com/trailwarden/trailwarden/query/sandbox"
)

// The text that Athena is sent, with parameters and scope written in, gives the
// rows that the embedded engine gives within the same scope, for every question
// that ships.
func TestScopeIsTheSameEverywhere(t *testing.T) {
	program, err := sandbox.FindEngine(context.Background(), func(string) {})
	if err != nil {
		needs.Missing(t, "engine", err)
	}
	ask := func(s query.Statement) []string {
		l := &query.Local{Program: program, Listing: pipeline.List([]string{"../../examples/AWSLogs"}, false), Bounds: query.DefaultBounds(), Limits: cloudtrail.DefaultLimits()}
		r, err := l.Query(context.Background(), s)
		if err != nil {
			t.Fatalf("%v\n%s", err, s.SQL)
		}
		rows := all(t, r)
		if r.Err() != nil {
			t.Fatal(r.Err())
		}
		slices.Sort(rows)
		return rows
	}
	scope := query.Scope{From: time.Date(2026, 3, 14, 2, 0, 0, 0, time.UTC), To: time.Date(2026, 3, 14, 9, 30, 0, 0, time.UTC),
		Accounts: []string{"444455556666", "777788889999"}, Regions: []string{"us-east-1", "us-west-2"}}
	e := athena.New(athena.Options{Now: func() time.Time { return scope.To }})
	found := 0
	for _, q := range library.All() {
		if q.Name == "new-regions" {
			continue // its lists have no order, on Athena neither
		}
		s := query.Statement{SQL: q.SQL, Params: q.Defaults(nil), Scope: scope}
		text, err := e.Text(s)
		if err != nil {
			t.Fatal(err)
		}
		here, there := ask(s), ask(query.Statement{SQL: text})
		if !slices.Equal(here, there) {
			t.Errorf("%s: %d rows by scope, %d by the text for Athena\n%s", q.Name, len(here), len(there), text)
		}
		found += len(here)
	}
	if found < 50 {
		t.Errorf("only %d rows compared", found)
	}
}
