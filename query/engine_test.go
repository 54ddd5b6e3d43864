package query_test

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/needs"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/query"
	"github.com/trailwarden/trailwarden/query/sandbox"
)

// program is the engine, built once for all tests.
var program = sync.OnceValues(func() (string, error) {
	return sandbox.FindEngine(context.Background(), func(string) {})
})

func local(t testing.TB, paths ...string) *query.Local {
	t.Helper()
	p, err := program()
	if err != nil {
		needs.Missing(t, "engine", err)
	}
	return &query.Local{Program: p, Listing: pipeline.List(paths, false), Bounds: query.DefaultBounds(), Limits: cloudtrail.DefaultLimits()}
}

// run answers a statement as rows of texts; NULL is "NULL", an empty text "”".
func run(l query.Engine, sql string) (columns []string, rows [][]string, err error) {
	r, err := l.Query(context.Background(), query.Statement{SQL: sql})
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	for _, c := range r.Columns() {
		columns = append(columns, c.Name)
	}
	for cells := r.Next(); cells != nil; cells = r.Next() {
		row := make([]string, len(cells))
		for i, c := range cells {
			switch {
			case c.Null:
				row[i] = "NULL"
			case len(c.Text) == 0:
				row[i] = "''"
			default:
				row[i] = string(c.Text)
			}
		}
		rows = append(rows, row)
	}
	return columns, rows, r.Err()
}

// functionCase is a line of testdata/functions.txt.
type functionCase struct {
	line       int
	expr, want string
}

func functionCases(t *testing.T) (all []functionCase) {
	b, err := os.ReadFile("testdata/functions.txt")
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(string(b), "\n") {
		if expr, want, ok := strings.Cut(line, " => "); ok && !strings.HasPrefix(line, "#") {
			all = append(all, functionCase{i + 1, expr, want})
		}
	}
	return all
}

// Every function gives what Athena gives. Cases go together in one query; when it
// fails, and for those that are to fail, each goes alone.
func TestFunctionsAsOnAthena(t *testing.T) {
	l := local(t)
	var together []functionCase
	for _, c := range functionCases(t) {
		if c.want == "error" {
			if _, rows, err := run(l, "SELECT "+c.expr); err == nil {
				t.Errorf("functions.txt:%d: %s = %v; want an error", c.line, c.expr, rows)
			}
			continue
		}
		together = append(together, c)
	}
	checkFunctions(t, l, together)
}

func checkFunctions(t *testing.T, l query.Engine, cases []functionCase) {
	list := make([]string, len(cases))
	for i, c := range cases {
		list[i] = c.expr
	}
	_, rows, err := run(l, "SELECT "+strings.Join(list, ",\n"))
	if err != nil && len(cases) > 1 {
		half := len(cases) / 2
		checkFunctions(t, l, cases[:half])
		checkFunctions(t, l, cases[half:])
		return
	}
	for i, c := range cases {
		if err != nil {
			t.Errorf("functions.txt:%d: %s: %v", c.line, c.expr, err)
		} else if rows[0][i] != c.want {
			t.Errorf("functions.txt:%d: %s = %s; want %s", c.line, c.expr, rows[0][i], c.want)
		}
	}
}

// namedQuery is a query of a file in testdata.
type namedQuery struct{ name, sql string }

func namedQueries(t *testing.T, files ...string) (all []namedQuery) {
	for _, file := range files {
		b, err := os.ReadFile("testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for part := range strings.SplitSeq(string(b), "-- name: ") {
			if name, sql, ok := strings.Cut(part, "\n"); ok && !strings.HasPrefix(part, "--") {
				all = append(all, namedQuery{name, sql})
			}
		}
	}
	return all
}

// Queries in the style of published ones run as they are.
func TestPublishedStyleQueriesRun(t *testing.T) {
	all := namedQueries(t, "queries.sql", "published.sql", "investigations.sql")
	if len(all) < 440 {
		t.Fatalf("%d queries; want 440", len(all))
	}
	l := local(t, "../examples/AWSLogs")
	for _, q := range all {
		t.Run(q.name, func(t *testing.T) {
			t.Parallel()
			if _, _, err := run(l, q.sql); err != nil {
				t.Errorf("%v\n%s", err, q.sql)
			}
		})
	}
}

// What has no name of its own is called by its place among the columns, as Athena
// calls it.
func TestNamesOfColumns(t *testing.T) {
	l := local(t)
	for _, c := range []struct{ sql, want string }{
		{"SELECT *, upper(b), c AS d, 1 FROM (VALUES ('x', 'y', 'z')) AS t(a, b, c)", "a b c _col3 d _col5"},
		{"SELECT t.*, count(*) FROM (VALUES (1, 2)) AS t(a, b) GROUP BY a, b", "a b _col2"},
		{"SELECT 'x', (1, 2).*, 3", "_col0 _col1 _col2 _col3"},
		{"SELECT t.r.*, t.r.n + 1 FROM (SELECT CAST(ROW(1) AS row(n bigint)) AS r) AS t", "n _col1"},
		{"SELECT * FROM (VALUES (1, 7)) AS x(a, k) JOIN (VALUES (2, 7)) AS y(b, k) USING (k)", "k a b"},
		{"SELECT c.useridentity.*, eventname FROM cloudtrail_logs c", "type principalid arn accountid invokedby accesskeyid username onbehalfof sessioncontext eventname"},
		{"SELECT y.*, 1 FROM (VALUES (1, 7)) AS x(a, k) JOIN (VALUES (2, 7)) AS y(b, k) USING (k)", "b _col1"},
	} {
		columns, _, err := run(l, c.sql)
		if got := strings.Join(columns, " "); err != nil || got != c.want {
			t.Errorf("%s: %s (%v); want %s", c.sql, got, err, c.want)
		}
	}
}

// A column of days in a table of somebody else's is compared with what it was
// there: dates, whole days under the name day, or parts of one.
func TestDaysOfOtherTables(t *testing.T) {
	l := local(t, "../examples/AWSLogs")
	count := func(where string) string {
		_, rows, err := run(l, "SELECT count(*) FROM cloudtrail_logs WHERE "+where)
		if err != nil {
			t.Fatalf("%s: %v", where, err)
		}
		return rows[0][0]
	}
	want := count(`"timestamp" = '2026/03/14'`)
	if want == "0" {
		t.Fatal("no record of the day")
	}
	for _, where := range []string{
		"day = DATE '2026-03-14'", "day = '2026/03/14'", "day = '2026-03-14'", "day BETWEEN DATE '2026-03-14' AND DATE '2026-03-14'",
		"dt IN (DATE '2026-03-14')", "DATE '2026-03-14' = eventdate", "partition_date = date(from_iso8601_timestamp('2026-03-14T10:00:00Z'))",
		"year = '2026' AND month = '03' AND day = '14'", "date = '2026/03/14'", "dt = '2026-03-14'",
	} {
		if got := count(where); got != want {
			t.Errorf("%s: %s; want %s", where, got, want)
		}
	}
}

// TRY catches what fails within it and touches nothing else: neither the column
// that it reads nor what else is made of that, however often it is in the text.
func TestTryLeavesTheRestAsItIs(t *testing.T) {
	l := local(t, "../examples/AWSLogs")
	for sql, want := range map[string]string{
		`count(TRY(date_parse(eventtime, '%Y-%m-%d'))), count(TRY(CAST(eventname AS bigint))), count_if(eventtime IS NULL), count_if(eventname IS NULL)`:         "0 0 0 0",
		`count(TRY(CAST(errorcode AS bigint))), count(errorcode), count(upper(errorcode))`:                                                                       "0 10 10",
		`count(TRY(json_parse(eventname))), count(TRY(split(eventname, 'e')[2])), count_if(length(eventname) > 0)`:                                               "0 388 393",
		`count(TRY(date_parse(eventname, '%Y'))), count(TRY(date_parse(eventname, '%Y') + interval '1' day))`:                                                    "0 0",
		`count(TRY(CAST(eventname AS bigint) * CAST(eventname AS bigint))), count(TRY(coalesce(TRY(CAST(eventname AS bigint)), 0) + CAST(eventname AS bigint)))`: "0 0",
		`count_if(TRY_CAST(sourceipaddress AS ipaddress) IS NULL), count_if(sourceipaddress IS NULL)`:                                                            "104 0",
	} {
		_, rows, err := run(l, "SELECT "+sql+" FROM cloudtrail_logs")
		if err != nil || len(rows) != 1 {
			t.Errorf("%s: %v, %v", sql, rows, err)
		} else if got := strings.Join(rows[0], " "); got != want {
			t.Errorf("%s = %s, want %s", sql, got, want)
		}
	}
	_, rows, err := run(l, `SELECT count(coalesce(eventname, CAST(CAST(eventname AS bigint) AS varchar))),
		count(coalesce(eventsource, errorcode, CAST(CAST(eventname AS bigint) AS varchar))) FROM cloudtrail_logs`)
	if want := "393 393"; err != nil || len(rows) != 1 || strings.Join(rows[0], " ") != want {
		t.Errorf("coalesce: got %v, %v, want %s", rows, err, want)
	}
	_, rows, err = run(l, `SELECT TRY(date_parse(eventtime, '%Y-%m-%d')) AS t, date(from_iso8601_timestamp(eventtime)) AS d, substr(eventtime, 1, 10) AS x
		FROM cloudtrail_logs WHERE TRY(CAST(eventname AS bigint)) IS NULL AND eventname = 'StopLogging'`)
	if want := "NULL 2026-03-14 2026-03-14"; err != nil || len(rows) != 1 || strings.Join(rows[0], " ") != want {
		t.Errorf("got %v, %v, want %s", rows, err, want)
	}
}

// A row that has NULL is like one that has NULL at the same place, unless the rows
// of the answer must be in those of the query.
func TestRowsWithNullInAQuery(t *testing.T) {
	l := local(t)
	const rows = "(VALUES (1, 'x'), (2, CAST(NULL AS varchar)), (3, 'z'), (4, CAST(NULL AS varchar))) AS t(a, b)"
	const in = "(a, b) IN (SELECT c, d FROM (VALUES (1, 'x'), (2, CAST(NULL AS varchar)), (5, 'q')) AS u(c, d))"
	for condition, want := range map[string]string{
		in: "1", "a > 0 AND " + in: "1", "NOT (NOT " + in + ")": "1",
		"NOT " + in: "3 4", "(a > 1 AND " + in + ") OR a = 3": "2 3", in + " OR a = 3": "1 2 3",
		"NOT (" + in + " OR a = 3)": "4", "(" + in + ") = true": "1 2", "CASE WHEN " + in + " THEN a < 9 END": "1 2",
	} {
		_, answer, err := run(l, "SELECT a FROM "+rows+" WHERE "+condition+" ORDER BY a")
		var got []string
		for _, r := range answer {
			got = append(got, r...)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v (%v); want %s", condition, got, err, want)
		}
	}
}
