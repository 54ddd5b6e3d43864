package keyword_test

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/trailwarden/trailwarden/rule/keyword"
)

// TestThePublishedConfigurationOnRealRecords reads each record with
// encoding/json and the two expressions with regexp, and compares.
func TestThePublishedConfigurationOnRealRecords(t *testing.T) {
	dir, err := os.Getwd()
	var logs []string
	for err == nil && dir != filepath.Dir(dir) && len(logs) == 0 {
		logs, err = filepath.Glob(filepath.Join(dir, "shared/data/cloudtrail/invictus/*.json.gz"))
		dir = filepath.Dir(dir)
	}
	if len(logs) == 0 {
		t.Skip("no shared/data/cloudtrail/invictus beside the repository")
	}
	config, list := keyword.Parse([]byte(published))
	if config == nil {
		t.Fatal(list)
	}
	source := regexp.MustCompile(`iam|signin|sts`)
	name := regexp.MustCompile(`Password|AccessKey|PutRolePolicy|User|Token|Login`)
	records, hits := 0, 0
	for _, file := range logs {
		for _, raw := range read(t, file) {
			var r struct{ EventSource, EventName string }
			if err := json.Unmarshal(raw, &r); err != nil {
				t.Fatal(err)
			}
			want := source.MatchString(r.EventSource) && name.MatchString(r.EventName)
			if got := judge(t, config, string(raw)); got != want {
				t.Errorf("%s %s: got %v", r.EventSource, r.EventName, got)
			}
			records++
			if want {
				hits++
			}
		}
	}
	if records != 2900 || hits == 0 {
		t.Errorf("%d records, %d hits", records, hits)
	}
	t.Logf("%d of %d records match", hits, records)
}

func read(t *testing.T, file string) []json.RawMessage {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var log struct{ Records []json.RawMessage }
	if err := json.NewDecoder(z).Decode(&log); err != nil {
		t.Fatal(err)
	}
	return log.Records
}
