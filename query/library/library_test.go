package library_test

import (
	"context"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/needs"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/query"
	"github.com/trailwarden/trailwarden/query/library"
	"github.com/trailwarden/trailwarden/query/sandbox"
)

// finds are questions that must find something in the sample logs.
var finds = map[string]map[string]string{
	"key-activity": {"key": "AKIAI44QH8DHBEXAMPLE"}, "key-owner": {"key": "AKIAI44QH8DHBEXAMPLE"}, "user-activity": {"user": "svc-backup"},
	"keys-by-address": nil, "role-assumptions": nil, "regions": nil, "new-regions": nil, "failed-calls": nil, "refused-bursts": nil,
	"deletions": nil, "sign-ins": nil, "privilege-changes": nil, "trail-tampering": nil, "buckets-opened": nil, "instances-started": nil,
	"first-calls": nil, "busy-hours": nil, "user-agents": nil, "resource-history": nil,
}

// Every question runs on the sample logs, and those about the incident in them
// find it.
func TestQuestionsRunOnTheSamples(t *testing.T) {
	program, err := sandbox.FindEngine(context.Background(), func(string) {})
	if err != nil {
		needs.Missing(t, "engine", err)
	}
	all := library.All()
	if len(all) < 20 {
		t.Fatalf("%d questions; want 20", len(all))
	}
	for _, q := range all {
		t.Run(q.Name, func(t *testing.T) {
			t.Parallel()
			if q.About == "" || q.SQL == "" {
				t.Fatalf("%+v", q)
			}
			l := &query.Local{Program: program, Listing: pipeline.List([]string{"../../examples/AWSLogs"}, false), Bounds: query.DefaultBounds(), Limits: cloudtrail.DefaultLimits()}
			given, must := finds[q.Name]
			r, err := l.Query(context.Background(), query.Statement{SQL: q.SQL, Params: q.Defaults(given)})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			n := 0
			for r.Next() != nil {
				n++
			}
			if r.Err() != nil || must && n == 0 {
				t.Errorf("%d rows: %v", n, r.Err())
			}
		})
	}
}
