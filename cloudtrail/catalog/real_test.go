package catalog_test

import (
	"encoding/json"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/internal/publicdata"
)

// TestRealRecordsUseKnownServicesAndAPIs keeps the catalogue from calling a
// service or event that real logs hold unknown.
func TestRealRecordsUseKnownServicesAndAPIs(t *testing.T) {
	c := catalog.Default()
	for _, record := range publicdata.Records(t, "cloudtrail") {
		var r struct{ EventSource, EventName string }
		if err := json.Unmarshal(record.Raw, &r); err != nil {
			t.Fatal(err)
		}
		if known, s := c.Source(r.EventSource); !known {
			t.Errorf("%s: source %q unknown (near: %q)", record.File, r.EventSource, s)
		} else if known, s := c.API(r.EventSource, r.EventName); !known {
			t.Errorf("%s: %s has no %q (near: %q)", record.File, r.EventSource, r.EventName, s)
		}
	}
}
