package sigma_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/rule/sigma"
)

// realData finds the folder of data by others that lies beside the repository.
func realData(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil {
		if data := filepath.Join(dir, "shared", "data"); isDir(data) {
			return data
		}
		up := filepath.Dir(dir)
		if up == dir {
			break
		}
		dir = up
	}
	t.Skip("no folder shared/data beside the repository: real rules and records are not tested")
	return ""
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// realRecords are the records of every log file below dir.
func realRecords(t *testing.T, dir string) []json.RawMessage {
	t.Helper()
	var out []json.RawMessage
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if z, err := gzip.NewReader(bytes.NewReader(text)); err == nil {
			if text, err = io.ReadAll(z); err != nil {
				return err
			}
		}
		var file struct{ Records []json.RawMessage }
		var list []json.RawMessage
		if json.Unmarshal(text, &file) == nil {
			list = file.Records
		} else if err := json.Unmarshal(text, &list); err != nil {
			t.Logf("%s left out: %v", path, err)
		}
		out = append(out, list...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRealRulesParseAndCarryTheirAuthors(t *testing.T) {
	data := realData(t)
	for name, text := range realRules(t, data) {
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

func realRules(t *testing.T, data string) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(data, "sigma", "*.yml"))
	if err != nil || len(files) == 0 {
		t.Skip("no Sigma rules in the data folder")
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
	data := realData(t)
	records := realRecords(t, filepath.Join(data, "cloudtrail"))
	var names []string
	var nodes []detect.Node
	var readings []*reading
	for name, text := range realRules(t, data) {
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
	for _, raw := range records {
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
