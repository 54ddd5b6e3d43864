package athena_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/sqlite"
	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/query"
	"github.com/trailwarden/trailwarden/query/athena"
	"github.com/trailwarden/trailwarden/query/schedule"
	"github.com/trailwarden/trailwarden/severity"
)

// signIns is a result with the columns eventtime, eventid and arn.
func signIns(rows ...string) string {
	data := func(cells ...string) string {
		return `{"Data":[{"VarCharValue":"` + strings.Join(cells, `"},{"VarCharValue":"`) + `"}]}`
	}
	all := []string{data("eventtime", "eventid", "arn")}
	for _, id := range rows {
		all = append(all, data("2026-03-14T10:30:00Z", id, "arn:aws:iam::111122223333:root"))
	}
	return `{"rows":[` + strings.Join(all, ",") + `],"column_info":[{"Name":"eventtime","Type":"varchar"},{"Name":"eventid","Type":"varchar"},{"Name":"arn","Type":"varchar"}]}`
}

// Two runs whose times overlap get the same row from Athena and tell it once; what
// came late is told by the second.
func TestOverlappingRunsTellARowOnce(t *testing.T) {
	cfg := awstest.Config(t)
	store, err := sqlite.Open(context.Background(), filepath.Join(t.TempDir(), "alerts.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	var now time.Time
	q := &schedule.Query{Rule: &alert.Rule{ID: "query.root", Title: "Root", Severity: severity.High}, SQL: "SELECT eventtime, eventid, useridentity.arn FROM cloudtrail_logs",
		Every: time.Hour, Overlap: 6 * time.Hour, Tell: schedule.Report, Sinks: []string{"soc"},
		Engine: func(context.Context, time.Time) (query.Engine, error) {
			return athena.New(athena.Options{Config: cfg, Output: "s3://results/", Sleep: soon, Now: func() time.Time { return now }}), nil
		}}
	r := &schedule.Runner{Store: store, Mode: "query", Now: func() time.Time { return now }}
	for i, run := range []struct {
		found    []string
		new, all int
	}{{[]string{"e-1"}, 1, 1}, {[]string{"e-1", "late"}, 1, 2}, {[]string{"late", "e-1"}, 0, 2}} {
		now = time.Date(2026, 3, 14, 11+i, 0, 0, 0, time.UTC)
		queue(t, cfg, signIns(run.found...))
		o, err := r.Run(context.Background(), q)
		if err != nil {
			t.Fatal(err)
		}
		if o.New != run.new || o.Rows != run.all || o.Queued != min(run.new, 1) {
			t.Errorf("run %d: %+v; want %d new of %d", i, o, run.new, run.all)
		}
	}
}
