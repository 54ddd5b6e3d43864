package lake_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/query/lake"
	"github.com/trailwarden/trailwarden/query/schema"
)

// collect reads a listing's records, by event ID.
func collect(t *testing.T, l *pipeline.Listing) map[string]map[string]any {
	t.Helper()
	c := &collector{all: map[string]map[string]any{}}
	o := pipeline.RecordOptions{Listing: l, Limits: cloudtrail.DefaultLimits(), Fault: func(f cloudtrail.Fault) { t.Error(f) }}
	if _, err := pipeline.Records(context.Background(), o, func() pipeline.RecordVisitor { return c }); err != nil {
		t.Fatal(err)
	}
	return c.all
}

type collector struct {
	mu  sync.Mutex
	all map[string]map[string]any
}

func (c *collector) Record(_ string, rec *cloudtrail.Record) error {
	d := json.NewDecoder(bytes.NewReader(rec.Raw()))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all[string(rec.Field(cloudtrail.EventID).Text(nil))] = m
	return nil
}

func (c *collector) File(string, cloudtrail.Summary) error { return nil }
func (c *collector) Close() error                          { return nil }

// kept is a record without what the lake says that it does not keep.
func kept(v any, path ...string) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			here := append(path[:len(path):len(path)], k)
			if !schema.Keeps(here...) || x == nil && len(path) == 0 && k != "requestParameters" && k != "responseElements" {
				continue
			}
			out[k] = kept(x, here...)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = kept(x, path...)
		}
		return out
	}
	return v
}

// Records that are read back from the lake are those of the logs, field by field,
// but for the fields that the lake says it does not keep.
func TestRecordsComeBackAsTheyWere(t *testing.T) {
	paths := []string{logs}
	if more := sharedLogs(); more != "" {
		paths = append(paths, more)
	}
	odd := filepath.Join(t.TempDir(), "odd.json")
	if err := os.WriteFile(odd, []byte(oddRecords), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range append(paths, odd) {
		dir := t.TempDir()
		ingest(t, dir, options(t, path))
		want, got := collect(t, pipeline.List([]string{path}, false)), collect(t, restoring(t, dir, lake.Restore{}))
		if len(want) == 0 || len(got) != len(want) {
			t.Errorf("%s: %d records, %d from the lake", path, len(want), len(got))
		}
		for id := range maps.Keys(want) {
			if w, g := kept(want[id]), any(got[id]); !reflect.DeepEqual(w, g) {
				a, _ := json.Marshal(w)
				b, _ := json.Marshal(g)
				t.Fatalf("%s: record %s:\n%s\nfrom the lake:\n%s", path, id, a, b)
			}
		}
	}
}

// oddRecords hold what is rarely there.
const oddRecords = `{"Records":[
{"eventVersion":"1.11","eventTime":"2026-03-14T09:00:00Z","eventID":"a","recipientAccountId":"111122223333","userIdentity":{"type":"AssumedRole","sessionContext":{"sessionIssuer":{},"attributes":{"mfaAuthenticated":"false"},"webIdFederationData":{"attributes":{"a.b":"x\"y"}}}},"readOnly":true,"managementEvent":false,"requestParameters":{"a":[1,2.50,null,{"b":"é\u0000"}],"b":""},"responseElements":null,"resources":[{"ARN":"arn:aws:s3:::b","type":"AWS::S3::Bucket"},{"accountId":"111122223333"}],"serviceEventDetails":"{not json","additionalEventData":{},"errorMessage":"a, \"b\"\nc\u2028","userAgent":""},
{"eventTime":"2026-03-15T09:00:00Z","eventID":"b","recipientAccountId":"111122223333","requestParameters":null,"responseElements":[],"resources":[],"readOnly":"yes","edgeDeviceDetails":"a text","addendum":{"reason":"UPDATED_DATA"},"tlsDetails":{}},
{"eventTime":"2026-03-16T09:00:00Z","eventID":"c","recipientAccountId":"111122223333","requestParameters":{"z":1,"a":{"b":[]}},"responseElements":null,"sourceIPAddress":"AWS Internal","eventContext":{"tagContext":{"resourceTags":[]}},"userIdentity":{}}
]}`

// sharedLogs is a folder of real logs, where there is one beside the repository.
func sharedLogs() string {
	for dir, _ := filepath.Abs("."); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		found := filepath.Join(dir, "shared", "data", "cloudtrail")
		if info, err := os.Stat(found); err == nil && info.IsDir() {
			return found
		}
	}
	return ""
}

func restoring(t *testing.T, dir string, o lake.Restore) *pipeline.Listing {
	t.Helper()
	l, err := lake.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	o.Program = engine(t)
	listing := new(pipeline.Listing)
	l.AddTo(listing, o)
	return listing
}

// Files outside the asked time are not opened.
func TestRecordsOfATimeOnly(t *testing.T) {
	dir, odd := t.TempDir(), filepath.Join(t.TempDir(), "odd.json")
	if err := os.WriteFile(odd, []byte(oddRecords), 0o600); err != nil {
		t.Fatal(err)
	}
	ingest(t, dir, options(t, odd))
	at := func(s string) time.Time { x, _ := time.Parse(time.RFC3339, s); return x }
	got := collect(t, restoring(t, dir, lake.Restore{From: at("2026-03-15T00:00:00Z"), To: at("2026-03-16T00:00:00Z")}))
	if len(got) != 1 || got["b"] == nil {
		t.Errorf("of one day: %v", got)
	}
}

// A file that is broken is a fault that names it, and the rest is read.
func TestABrokenFileOfALakeIsAFault(t *testing.T) {
	dir := t.TempDir()
	ingest(t, dir, options(t, logs))
	files, err := filepath.Glob(filepath.Join(dir, "data", "*", "*.parquet"))
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	if err := os.WriteFile(files[0], []byte("no parquet"), 0o600); err != nil {
		t.Fatal(err)
	}
	var faults []string
	c := &collector{all: map[string]map[string]any{}}
	o := pipeline.RecordOptions{Listing: restoring(t, dir, lake.Restore{}), Limits: cloudtrail.DefaultLimits(),
		Fault: func(f cloudtrail.Fault) { faults = append(faults, f.Error()) }}
	if _, err := pipeline.Records(context.Background(), o, func() pipeline.RecordVisitor { return c }); err != nil {
		t.Fatal(err)
	}
	if len(faults) != 1 || !strings.Contains(faults[0], filepath.Base(files[0])) || len(c.all) == 0 {
		t.Errorf("%d records and the faults %q", len(c.all), faults)
	}
}
