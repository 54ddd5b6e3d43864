package keyword_test

import (
	"encoding/json"
	"regexp"
	"testing"

	"github.com/trailwarden/trailwarden/rule/keyword"

	"github.com/trailwarden/trailwarden/internal/publicdata"
)

// TestThePublishedConfigurationOnRealRecords reads each record with
// encoding/json and the two expressions with regexp, and compares.
func TestThePublishedConfigurationOnRealRecords(t *testing.T) {
	config, list := keyword.Parse([]byte(published))
	if config == nil {
		t.Fatal(list)
	}
	source := regexp.MustCompile(`iam|signin|sts`)
	name := regexp.MustCompile(`Password|AccessKey|PutRolePolicy|User|Token|Login`)
	records, hits := 0, 0
	for _, record := range publicdata.Records(t, "cloudtrail/invictus") {
		var r struct{ EventSource, EventName string }
		if err := json.Unmarshal(record.Raw, &r); err != nil {
			t.Fatal(err)
		}
		want := source.MatchString(r.EventSource) && name.MatchString(r.EventName)
		if got := judge(t, config, string(record.Raw)); got != want {
			t.Errorf("%s %s: got %v", r.EventSource, r.EventName, got)
		}
		records++
		if want {
			hits++
		}
	}
	if records != 2900 || hits == 0 {
		t.Errorf("%d records, %d hits", records, hits)
	}
	t.Logf("%d of %d records match", hits, records)
}
