package sigma_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/rule/sigma"

	"github.com/trailwarden/trailwarden/internal/publicdata"
)

func TestRealRulesParseAndCarryTheirAuthors(t *testing.T) {
	for name, text := range realRules(t) {
		r, list := sigma.Parse(text, sigma.Options{})
		if len(list) > 0 {
			t.Errorf("%s: %v", name, list)
			continue
		}
		if r.Inactive != "" || r.Author == "" || r.Level == "" || !strings.HasSuffix(r.Link, r.ID) || len(r.Tags) == 0 {
			t.Errorf("%s: %+v", name, r)
		}
		if l := r.Lint(nil); len(l) > 0 {
			t.Logf("%s: %v", name, l)
		}
	}
}

func realRules(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(publicdata.Path(t, "sigma"), "*.yml"))
	if err != nil || len(files) == 0 {
		t.Fatal("no Sigma rules in the data folder", err)
	}
	out := map[string][]byte{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(f)] = text
	}
	return out
}

func TestRealRulesHitTheSameRecordsAsASecondReading(t *testing.T) {
	records := publicdata.Records(t, "cloudtrail")
	var names []string
	var nodes []detect.Node
	var readings []*reading
	for name, text := range realRules(t) {
		r, list := sigma.Parse(text, sigma.Options{})
		if list.Err() != nil {
			t.Fatal(name, list)
		}
		second, err := read(text)
		if err != nil {
			t.Fatal(name, err)
		}
		names, nodes, readings = append(names, name), append(nodes, r.Predicate()), append(readings, second)
	}
	m := detect.Compile(nodes).NewMatcher()
	hits := 0
	for _, r := range records {
		raw := r.Raw
		rec, err := cloudtrail.ParseRecord(raw)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]bool, len(nodes))
		m.Match(rec, func(i int) { got[i] = true; hits++ })
		e := newEvent(raw)
		for i, second := range readings {
			if want := second.matches(e); got[i] != want {
				t.Errorf("%s: %v, the second reading says %v, on %.300s", names[i], got[i], want, raw)
			}
		}
	}
	t.Logf("%d rules, %d records, %d hits", len(nodes), len(records), hits)
	if hits == 0 {
		t.Error("no rule hit anything")
	}
}
