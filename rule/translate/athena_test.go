package translate_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/internal/needs"
	"github.com/trailwarden/trailwarden/internal/randomrule"
	"github.com/trailwarden/trailwarden/internal/seeds"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/query"
	"github.com/trailwarden/trailwarden/query/sandbox"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/translate"
)

var questions = flag.Int("questions", 24, "questions that TestSQLKeepsItsWord asks")

// TestSQLKeepsItsWord asks the embedded engine the questions that random rules
// become, over random records as documented.
func TestSQLKeepsItsWord(t *testing.T) {
	program, err := sandbox.FindEngine(t.Context(), func(string) {})
	if err != nil {
		needs.Missing(t, "engine", err)
	}
	s := seeds.Of(t)
	src := randomrule.Source{R: rand.New(rand.NewPCG(s, s))}
	records, file := trail(t, src)
	engine := &query.Local{Program: program, Listing: pipeline.List([]string{file}, false), Bounds: query.DefaultBounds(), Limits: cloudtrail.DefaultLimits()}
	asked, pairs, exact := 0, 0, 0
	for tries := 0; asked < *questions && tries < 50**questions; tries++ {
		l := src.Languages()[tries%6]
		text := l.Write()
		set, list := rule.LoadText(l.Name, "random", []byte(text), rule.Options{})
		if list.Err() != nil || len(set.Rules) != 1 || set.Rules[0].Inactive != "" {
			continue
		}
		res, err := translate.Rule(set.Rules[0], translate.Athena, translate.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if res.Verdict == translate.Impossible {
			continue
		}
		asked++
		if res.Verdict == translate.Exact {
			exact++
		}
		hits := ask(t, engine, strings.Replace(res.Text, "SELECT *", "SELECT eventid", 1))
		for id, raw := range records {
			want, err := detect.Naive(set.Rules[0].Predicate, raw)
			if err != nil {
				t.Fatal(err)
			}
			pairs++
			if want != hits[id] && (want || res.Verdict == translate.Exact) {
				t.Errorf("%s, %s: the rule says %v, SQL %v\n%s\n%s\n%v\nrecord %s", l.Name, res.Verdict, want, hits[id], text, res.Text, res.Reasons, raw)
				break
			}
		}
	}
	t.Logf("%d questions, %d of them exact, %d pairs", asked, exact, pairs)
}

// trail writes random records to a log file.
func trail(t *testing.T, src randomrule.Source) (map[string][]byte, string) {
	t.Helper()
	records := map[string][]byte{}
	var all [][]byte
	for range 150 {
		event := asDocumented(src.Event())
		event["eventTime"] = "2026-03-14T09:26:53Z"
		raw, err := json.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		if id := event["eventID"].(string); records[id] == nil {
			records[id] = raw
			all = append(all, raw)
		}
	}
	file := filepath.Join(t.TempDir(), "records.json")
	text := append(append([]byte(`{"Records":[`), bytes.Join(all, []byte(","))...), "]}"...)
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return records, file
}

func ask(t *testing.T, e query.Engine, sql string) map[string]bool {
	t.Helper()
	r, err := e.Query(context.Background(), query.Statement{SQL: sql})
	if err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
	defer r.Close()
	hits := map[string]bool{}
	for cells := r.Next(); cells != nil; cells = r.Next() {
		hits[string(cells[0].Text)] = true
	}
	if err := r.Err(); err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
	return hits
}

// The table has one text for a boolean and for its text, which older records
// carry: SQL is exact only where the rule takes both.
func TestAFlagsColumnSaysBothItsSpellings(t *testing.T) {
	for _, c := range []struct {
		language, rule string
		want           translate.Verdict
	}{
		{"filter", `{ $.readOnly IS TRUE }`, translate.Wider},
		{"filter", `{ $.readOnly = "false" }`, translate.Exact},
		{"filter", `{ $.awsRegion = "true" }`, translate.Exact},
		{"eventbridge", `{"detail": {"readOnly": [false]}}`, translate.Wider},
		{"eventbridge", `{"detail": {"readOnly": [{"exists": true}]}}`, translate.Exact},
	} {
		set, list := rule.LoadText(c.language, "flags", []byte(c.rule), rule.Options{})
		if err := list.Err(); err != nil {
			t.Fatal(c.rule, err)
		}
		res, err := translate.Rule(set.Rules[0], translate.Athena, translate.Options{})
		if err != nil {
			t.Fatal(c.rule, err)
		}
		if res.Verdict != c.want {
			t.Errorf("%s is %s, want %s: %v\n%s", c.rule, res.Verdict, c.want, res.Reasons, res.Text)
		}
	}
}
