package cloudtrail_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// Answers of Athena lie in log buckets and are no faults; exports of records are
// read whatever they are called, and other text is named.
func TestQueryResults(t *testing.T) {
	const id = "2b1c6b3e-0000-4000-8000-0000000000ab"
	answer := "\"eventname\",\"doc\"\n\"X\",\"{\"\"Records\"\":[{\"\"eventVersion\"\":\"\"1.11\"\"}]}\"\n" + strings.Repeat("\"a\",\"{\"\n", 100_000)
	export := "eventVersion,eventID,eventName,eventSource,eventTime\n1.11,e1,CreateUser,iam.amazonaws.com,2026-03-14T09:00:00Z\n"
	for _, c := range []struct {
		name, text, ignored string
		records, faults     int
	}{
		{"results/" + id + ".csv", answer, "query result", 0, 0},
		{id + ".csv", answer, "query result", 0, 0},
		{`C:\logs\` + id + ".csv", answer, "query result", 0, 0},
		{"s3://b/tables/" + id + "-manifest.csv", "s3://b/x/y\n", "query result", 0, 0},
		{"results/" + id + ".csv", "", "empty file", 0, 0},
		{"results/" + id + ".csv", export, "", 1, 0},
		{"results/" + id + ".csv", "PK\x03\x04zzz", "", 0, 1},
		{"results/" + strings.ToUpper(id) + ".csv", "a,b\n", "", 0, 1},
		{"results/x" + id + ".csv", "a,b\n", "", 0, 1},
		{"results/" + id + ".json", "a,b\n", "", 0, 1},
		{"mine.csv", "a,b\n", "", 0, 1},
	} {
		for _, size := range []int64{int64(len(c.text)), -1} {
			records := 0
			sum, err := cloudtrail.NewDecoder(cloudtrail.DefaultLimits()).Decode(t.Context(), c.name, strings.NewReader(c.text), size,
				func(*cloudtrail.Record, int) error { records++; return nil })
			got := fmt.Sprint(sum.Ignored, records, len(sum.Faults), err)
			if want := fmt.Sprint(c.ignored, c.records, c.faults, nil); got != want {
				t.Errorf("%s of %d bytes: %s, want %s: %v", c.name, len(c.text), got, want, sum.Faults)
			}
		}
	}
}
