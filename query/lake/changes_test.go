package lake_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/query"
	"github.com/trailwarden/trailwarden/query/lake"
)

// record is a log of one record.
func record(id, at string) string {
	return fmt.Sprintf(`{"Records":[{"eventID":%q,"eventTime":%q,"eventName":"E","eventSource":"s.amazonaws.com","recipientAccountId":"111122223333"}]}`, id, at)
}

// logOf writes a log of an account and a day.
func logOf(t *testing.T, dir, account, day, name, text string) {
	t.Helper()
	path := filepath.Join(dir, "AWSLogs", account, "CloudTrail", "us-east-1", filepath.FromSlash(day),
		account+"_CloudTrail_us-east-1_"+strings.ReplaceAll(day, "/", "")+"T0900Z_"+name+".json")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// asked answers a statement over a lake and logs as lines.
func asked(t *testing.T, dir string, s query.Statement, paths ...string) []string {
	t.Helper()
	q := &query.Local{Program: engine(t), Listing: pipeline.List(paths, false), LakeDir: dir, Bounds: query.DefaultBounds(), Limits: cloudtrail.DefaultLimits()}
	return answer(t, q, s)
}

func answer(t *testing.T, q *query.Local, s query.Statement) (all []string) {
	t.Helper()
	r, err := q.Query(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for row := r.Next(); row != nil; row = r.Next() {
		var cells []string
		for _, c := range row {
			cells = append(cells, string(c.Text))
		}
		all = append(all, strings.Join(cells, "|"))
	}
	if r.Err() != nil {
		t.Fatal(r.Err())
	}
	return all
}

// What bounds a question bounds the rows of a lake, whose files hold all accounts
// of a day, as it bounds the logs, which are files of one.
func TestALakeIsAskedWithinTheScope(t *testing.T) {
	dir := t.TempDir()
	ingest(t, dir, options(t, logs))
	at := func(s string) time.Time { x, _ := time.Parse(time.RFC3339, s); return x }
	for _, s := range []query.Scope{
		{Accounts: []string{"444455556666"}},
		{Accounts: []string{"123456789012", "111122223333"}, Regions: []string{"us-east-1"}},
		{Regions: []string{"us-west-2"}, From: at("2026-03-14T08:00:00Z"), To: at("2026-03-14T20:00:00Z")},
		{Accounts: []string{"it's nobody"}},
	} {
		statement := query.Statement{SQL: everything, Scope: s}
		fromLogs, fromLake := asked(t, "", statement, logs), asked(t, dir, statement)
		if both := asked(t, dir, statement, logs); !slices.Equal(fromLogs, fromLake) || !slices.Equal(fromLogs, both) {
			t.Errorf("%+v: %d rows from the logs, %d from the lake, %d from both", s, len(fromLogs), len(fromLake), len(both))
		}
		if all := ask(t, "", everything, logs); len(fromLogs) == len(all) {
			t.Errorf("%+v leaves all %d rows", s, len(all))
		}
	}
}

// Times that are not written as CloudTrail writes them are found in a lake as in
// the logs: their texts do not compare as the times do.
func TestOddTimesAreFoundInALake(t *testing.T) {
	for at, scope := range map[string]query.Scope{
		"2026-03-14 23:00:00":       {From: time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)},
		"2026-03-14T23:30:00-02:00": {From: time.Date(2026, 3, 15, 0, 0, 0, 0, time.UTC)},
		"2026-03-15T01:30:00+09:00": {To: time.Date(2026, 3, 14, 17, 0, 0, 0, time.UTC)},
		"some day":                  {To: time.Date(2026, 3, 14, 17, 0, 0, 0, time.UTC)},
	} {
		dir, logs := t.TempDir(), t.TempDir()
		logOf(t, logs, "111122223333", "2026/03/14", "a", record("a", at))
		ingest(t, dir, options(t, logs))
		s := query.Statement{SQL: "SELECT eventid FROM cloudtrail_logs", Scope: scope}
		if a, b := asked(t, "", s, logs), asked(t, dir, s); len(a) != 1 || !slices.Equal(a, b) {
			t.Errorf("%s in %+v: %v from the logs, %v from the lake", at, scope, a, b)
		}
		if back := collect(t, restoring(t, dir, lake.Restore{From: scope.From, To: scope.To})); len(back) != 1 {
			t.Errorf("%s in %+v: not among the lake's records", at, scope)
		}
	}
}

// When what a step wrote cannot be put in its place, the rows are in the lake all
// the same: the manifest says so, and whoever opens it next puts them there.
func TestRowsThatCannotBePutInPlaceAreNotLost(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	inTheWay := filepath.Join(dir, "data", "day=2026-03-15")
	if err := os.WriteFile(inTheWay, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := lake.OpenForWriting(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Ingest(context.Background(), options(t, logs)); err == nil {
		t.Error("no error, though a file lies where a folder has to be")
	}
	if err := errors.Join(l.Close(), os.Remove(inTheWay)); err != nil {
		t.Fatal(err)
	}
	ingest(t, dir, options(t, logs))
	if a, b := ask(t, "", everything, logs), ask(t, dir, everything); !slices.Equal(a, b) {
		t.Errorf("%d rows in the logs, %d in the lake", len(a), len(b))
	}
}

// Copies far apart in a long listing are copies all the same.
func TestCopiesFarApartAreTakenInOnce(t *testing.T) {
	l := new(pipeline.Listing)
	add := func(account, day, name, text string) {
		path := fmt.Sprintf("s3://bucket/AWSLogs/%s/CloudTrail/us-east-1/2026/03/%s/%s_CloudTrail_us-east-1_202603%sT0900Z_%s.json", account, day, account, day, name)
		l.AddRemote(path, int64(len(text)), func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader([]byte(text))), nil
		})
	}
	add("111122223333", "01", "first", record("a", "2026-03-01T09:00:00Z"))
	for i := range 50_000 {
		add("111122223333", "20", fmt.Sprint(i), `{"Records":[]}`)
	}
	add("444455556666", "01", "copy", record("a", "2026-03-01T09:00:00Z"))
	dir := t.TempDir()
	o := options(t)
	o.Listing = l
	if p := ingest(t, dir, o); p.Rows != 1 || p.Duplicates != 1 {
		t.Errorf("%d records added and %d seen before; want one of each", p.Rows, p.Duplicates)
	}
}

// Logs of days that expired are read where somebody gives them.
func TestExpiredDaysAreReadFromTheLogs(t *testing.T) {
	dir := t.TempDir()
	ingest(t, dir, options(t, logs))
	l, err := lake.OpenForWriting(dir)
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 3, 15, 0, 0, 0, 0, time.UTC)
	_, err = l.Expire(day, day)
	if err := errors.Join(err, l.Close()); err != nil {
		t.Fatal(err)
	}
	if a, b := ask(t, "", everything, logs), ask(t, dir, everything, logs); !slices.Equal(a, b) {
		t.Errorf("%d rows from the logs, %d from the lake and the logs", len(a), len(b))
	}
	if p := ingest(t, dir, options(t, logs)); p.Rows != 0 {
		t.Errorf("%d expired records were taken in again", p.Rows)
	}
}

// A question that found out where the lake's files are, just before they were put
// together, is answered.
func TestAQuestionWhileFilesArePutTogether(t *testing.T) {
	dir, l := inManyFiles(t)
	before, looks := ask(t, dir, everything), 0
	q := &query.Local{Program: engine(t), Listing: new(pipeline.Listing), LakeDir: dir, Bounds: query.DefaultBounds(), Limits: cloudtrail.DefaultLimits(),
		Now: func() time.Time {
			if looks++; looks == 2 { // the plan is made, and its time is taken next
				if p, err := l.Compact(context.Background(), options(t)); err != nil || p.Removed == 0 {
					t.Error(p, err)
				}
			}
			return time.Now()
		}}
	if after := answer(t, q, query.Statement{SQL: everything}); looks < 3 || !slices.Equal(before, after) {
		t.Errorf("%d rows before, %d after, in %d looks at the clock", len(before), len(after), looks)
	}
}
