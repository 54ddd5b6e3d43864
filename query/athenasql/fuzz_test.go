package athenasql_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/query/athenasql"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

var now = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// No text makes the translation panic, and every error says where.
func FuzzTranslate(f *testing.F) {
	for _, file := range []string{"queries.sql", "published.sql", "investigations.sql"} {
		b, err := os.ReadFile("../testdata/" + file)
		if err != nil {
			f.Fatal(err)
		}
		for part := range strings.SplitSeq(string(b), "-- name: ") {
			f.Add(part)
		}
	}
	f.Add(`SELECT regexp_replace(a, b, c), regexp_replace(a, b)`)
	f.Add(`SELECT regexp_replace(a, '[^\p{Lower}]*(?<x>\u0041)|\Q[\E', '$1${x}'), regexp_extract(a, '(b)?\P{Alnum}', 1), regexp_like(a, '\p{Lower')`)
	f.Fuzz(func(t *testing.T, text string) {
		_, err := athenasql.Translate(text, athenasql.Options{Now: now})
		var d diagnostic.Diagnostic
		if err != nil && (!errors.As(err, &d) || d.Line < 1 || d.Code == "") {
			t.Errorf("%v says no place", err)
		}
		if err == nil {
			if _, err := athenasql.Check(text, athenasql.Options{Now: now}); err != nil {
				t.Errorf("translated, but not checked: %v", err)
			}
		}
	})
}

// What cannot be the same here is refused or pointed out by a code.
func TestCodes(t *testing.T) {
	for _, c := range []struct{ name, sql, code string }{
		{"syntax", "SELECT FROM x", "AQ001"},
		{"no query", "DELETE FROM x", "AQ002"},
		{"two statements", "SELECT 1; SELECT 2", "AQ003"},
		{"unknown function", "SELECT nvl(1, 2)", "AQ004"},
		{"refused function", "SELECT st_point(1, 2)", "AQ005"},
		{"arguments", "SELECT lower()", "AQ006"},
		{"aggregate's clause on a scalar", "SELECT lower(DISTINCT 'a')", "AQ006"},
		{"unsupported syntax", "SELECT * FROM x MATCH_RECOGNIZE (PATTERN (a))", "AQ007"},
		{"row patterns behind a name", "SELECT * FROM x AS y (a) MATCH_RECOGNIZE (PATTERN (a | b{2}^$))", "AQ007"},
		{"row patterns of a query", "SELECT * FROM (SELECT 1) y MATCH_RECOGNIZE (PATTERN (a))", "AQ007"},
		{"a query in the ON of a full join", "SELECT 1 FROM cloudtrail_logs a FULL JOIN cloudtrail_logs b ON a.eventid IN (SELECT 'x')", "AQ007"},
		{"a value of two columns", "SELECT (SELECT 1, 2)", "AQ007"},
		{"rows of different lengths", "VALUES (1, 2), (3, 4), (5, 6, 7)", "AQ006"},
		{"an expression in ROLLUP", "SELECT 1 FROM cloudtrail_logs GROUP BY ROLLUP (lower(eventname))", "AQ006"},
		{"a field in CUBE", "SELECT 1 FROM cloudtrail_logs GROUP BY CUBE (useridentity.type)", "AQ006"},
		{"a position in GROUPING SETS", "SELECT eventname FROM cloudtrail_logs GROUP BY GROUPING SETS ((1), ())", "AQ006"},
		{"too many sets", "SELECT 1 FROM cloudtrail_logs GROUP BY DISTINCT CUBE (" + strings.Repeat("eventname, ", 20) + "eventid)", "AQ011"},
		{"one of two columns by its table", "SELECT a.eventid FROM cloudtrail_logs a JOIN cloudtrail_logs b USING (eventid)", "AQ012"},
		{"a row's fields without its table", "SELECT useridentity.* FROM cloudtrail_logs", "AQ012"},
		{"a star behind a text", "SELECT c.eventname.* FROM cloudtrail_logs c", "AQ006"},
		{"an aggregate to group by", "SELECT eventname, 1 + count(*) FROM cloudtrail_logs GROUP BY 1, 2", "AQ006"},
		{"an aggregate in WHERE", "SELECT eventname FROM cloudtrail_logs WHERE count(*) > 1", "AQ006"},
		{"a window in WHERE", "SELECT eventname FROM cloudtrail_logs WHERE row_number() OVER (ORDER BY eventtime) = 1", "AQ006"},
		{"an aggregate in ON", "SELECT 1 FROM cloudtrail_logs a JOIN cloudtrail_logs b ON max(a.eventid) = b.eventid", "AQ006"},
		{"an aggregate of an aggregate", "SELECT max(count(*)) FROM cloudtrail_logs GROUP BY eventname", "AQ006"},
		{"more columns in one part of UNION", "SELECT eventname FROM cloudtrail_logs UNION SELECT eventname, eventtime FROM cloudtrail_logs", "AQ006"},
		{"no part of a time", "SELECT EXTRACT(EPOCH FROM now())", "AQ006"},
		{"a position that is not there", "SELECT eventname FROM cloudtrail_logs GROUP BY 2", "AQ006"},
		{"too many columns in IN", "SELECT 1 FROM cloudtrail_logs WHERE eventname IN (SELECT 'a', 'b')", "AQ007"},
		{"too many columns in ANY", "SELECT 1 FROM cloudtrail_logs WHERE eventname = ANY (SELECT 'a', 'b')", "AQ007"},
		{"too few names for a table", "SELECT t.* AS (a, b) FROM (VALUES (1, 2, 3)) AS t", "AQ006"},
		{"too few names for fields", "SELECT (1, 2).* AS (a)", "AQ006"},
		{"natural join", "SELECT 1 FROM cloudtrail_logs NATURAL JOIN cloudtrail_logs", "AQ102"},
		{"a condition on UNNEST", "SELECT 1 FROM cloudtrail_logs CROSS JOIN UNNEST(resources) AS u(r) LEFT JOIN UNNEST(ARRAY[1]) AS t(x) ON x = 1", "AQ102"},
		{"an order in a window's arguments", "SELECT array_agg(eventid ORDER BY eventtime) OVER () FROM cloudtrail_logs", "AQ102"},
		{"listagg without an order", "SELECT listagg(eventid, ',') FROM cloudtrail_logs", "AQ102"},
		{"look-around", "SELECT regexp_like('a', '(?=a)')", "AQ008"},
		{"format", "SELECT format_datetime(now(), 'QQ')", "AQ009"},
		{"parameter", "SELECT :x", "AQ010"},
		{"functions in functions", "SELECT " + strings.Repeat("substr(", 60) + "eventname" + strings.Repeat(", length('a'), 5)", 60) + " FROM cloudtrail_logs", "AQ011"},
		{"depth", "SELECT " + strings.Repeat("(", 500) + "1", "AQ011"},
		{"column", "SELECT nothing FROM cloudtrail_logs", "AQ012"},
		{"field", "SELECT useridentity.nothing FROM cloudtrail_logs", "AQ012"},
		{"table's name", "SELECT 1 FROM something", "AQ101"},
		{"not Athena's", "SELECT 1 FROM cloudtrail_logs WHERE eventname ILIKE 'a'", "AQ102"},
		{"subscript", "SELECT resources[1].arn FROM cloudtrail_logs", "AQ103"},
		{"text and number", "SELECT 1 FROM cloudtrail_logs WHERE eventversion > 1", "AQ104"},
		{"text and time", "SELECT 1 FROM cloudtrail_logs WHERE eventtime > now()", "AQ104"},
		{"text and span", "SELECT 1 FROM cloudtrail_logs WHERE eventtime BETWEEN timestamp '2026-03-14 00:00:00' AND now()", "AQ104"},
		{"number from a time", "SELECT now() - 7", "AQ104"},
		{"number from a day", "SELECT current_date - 7", "AQ104"},
		{"number and text in a sum", "SELECT eventversion + 1 FROM cloudtrail_logs", "AQ104"},
		{"JSON and text", "SELECT json_extract(requestparameters, '$.a') = 'x' FROM cloudtrail_logs", "AQ006"},
		{"JSON in texts", "SELECT json_extract(requestparameters, '$.a') IN ('x', 'y') FROM cloudtrail_logs", "AQ006"},
		{"JSON like a text", "SELECT json_extract(requestparameters, '$.a') LIKE '%x%' FROM cloudtrail_logs", "AQ006"},
		{"path with all", "SELECT json_extract_scalar(requestparameters, '$.items[*].id') FROM cloudtrail_logs", "AQ006"},
		{"made", "CREATE VIEW v AS SELECT 1", "AQ108"},
		{"hidden column", `SELECT "$file_size" FROM cloudtrail_logs`, "AQ109"},
		{"prepared elsewhere", "EXECUTE q USING 1", "AQ010"},
		{"definition", "CREATE EXTERNAL TABLE t (a string) STORED IN 's3://x/'", "AQ001"},
		{"something to drop", "DROP TABLE cloudtrail_logs", "AQ002"},
		{"approximate", "SELECT approx_distinct(eventname) FROM cloudtrail_logs", "AQ106"},
		{"other layout", "SELECT 1 FROM cloudtrail_logs WHERE year = '2026'", "AQ107"},
		{"no day", "SELECT 1 FROM cloudtrail_logs", "AQ120"},
		{"no account", `SELECT 1 FROM cloudtrail_logs WHERE "timestamp" >= '2026/03/14'`, "AQ121"},
		{"one day", `SELECT 1 FROM cloudtrail_logs WHERE "timestamp" = '2026/03/14'`, "AQ122"},
		{"last hour", "SELECT 1 FROM cloudtrail_logs WHERE from_iso8601_timestamp(eventtime) > now() - interval '1' hour", "AQ123"},
		{"deletions", "SELECT 1 FROM cloudtrail_logs WHERE lower(eventname) LIKE '%delete%'", "AQ124"},
		{"root", "SELECT 1 FROM cloudtrail_logs WHERE useridentity.type = 'Root'", "AQ125"},
		{"time without day", "SELECT 1 FROM cloudtrail_logs WHERE eventtime > '2026'", "AQ126"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			r, err := athenasql.Check(c.sql, athenasql.Options{Now: now})
			var d diagnostic.Diagnostic
			if errors.As(err, &d) {
				got = append(got, d.Code)
			} else {
				for _, d := range r.List {
					got = append(got, d.Code)
				}
			}
			if !strings.Contains(strings.Join(got, " "), c.code) {
				t.Errorf("%v; want %s (%v)", got, c.code, err)
			}
		})
	}
}
