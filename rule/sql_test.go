package rule_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/explain"
)

// A rule may be a query with a window, beside it or with it; what is wrong with
// it names its line, and it is no rule on single records.
func TestMatchSQL(t *testing.T) {
	head := "id: q\ntitle: Q\nseverity: low\n"
	for _, c := range []struct {
		name, text, fail string
		window           time.Duration
	}{
		{"text", "match:\n  sql: SELECT eventid FROM cloudtrail_logs", "", time.Hour},
		{"window beside", "match:\n  window: 15m\n  sql: |\n    SELECT eventid\n    FROM cloudtrail_logs", "", 15 * time.Minute},
		{"window with it", "match: {sql: {query: SELECT eventid FROM cloudtrail_logs, window: 24h}}", "", 24 * time.Hour},
		{"not SQL", "match:\n  sql: |\n    SELECT eventid\n    FORM x", "r.yaml:7", 0},
		{"window too short", "match: {window: 1s, sql: SELECT 1}", "want a time from 1m", 0},
		{"window alone", "match: {window: 1h, where: {eventName: {equals: X}}}", "unknown key", 0},
		{"tests", "match: {sql: SELECT 1}\ntests:\n  - {name: a, event: {eventName: X}, match: true}", "leave tests out", 0},
		{"threshold", "match: {sql: SELECT 1}\nthreshold: {count: 3, within: 5m}", "a query counts by itself", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := fstest.MapFS{"r.yaml": {Data: []byte(head + c.text + "\n")}}
			set, list := rule.LoadFS(files, "", rule.Options{})
			if c.fail != "" {
				if list.Err() == nil || !strings.Contains(list.Err().Error(), c.fail) {
					t.Fatalf("%v; want %q", list, c.fail)
				}
				return
			}
			if list.Err() != nil || len(set.Rules) != 1 {
				t.Fatal(list)
			}
			r := set.Rules[0]
			if r.SQL == nil || r.SQL.Window != c.window || r.Language != "sql" || r.Inactive == "" {
				t.Errorf("%+v %+v", r, r.SQL)
			}
			var words bytes.Buffer
			if err := explain.Rule(&words, r); err != nil || !strings.Contains(words.String(), "query in Athena's SQL") || !strings.Contains(words.String(), "SELECT eventid") {
				t.Errorf("%v: %s", err, words.String())
			}
		})
	}
}
