package servicenow_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/severity"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/servicenow"
	"github.com/trailwarden/trailwarden/sink/sinktest"
)

// abroad are two records of one person in a region that is not approved.
const abroad = `{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","principalId":"AIDACKCEVSQ6C2EXAMPLE","arn":"arn:aws:iam::111122223333:user/alice",` +
	`"accountId":"111122223333","accessKeyId":"AKIAIOSFODNN7EXAMPLE","userName":"alice"},"eventTime":"2026-03-14T15:09:26Z","eventSource":"ec2.amazonaws.com",` +
	`"eventName":"RunInstances","awsRegion":"ap-southeast-1","sourceIPAddress":"203.0.113.7","userAgent":"aws-cli/2.15.30",` +
	`"requestParameters":{"instancesSet":{"items":[{"imageId":"ami-0abcdef1234567890","minCount":1,"maxCount":1}]}},` +
	`"responseElements":null,"errorCode":"Client.UnauthorizedOperation","errorMessage":"You are not authorized to perform this operation.","requestID":"f5e1d1a5-1111-4222-8333-444455556666",` +
	`"eventID":"0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d","readOnly":false,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management"}`

// The published walk-through from unapproved regions to tickets, with its
// defects mended: the region is the record's own and not guessed from the
// service, many records make one ticket, and the ticket is closed in the end.
func TestWalkThroughToTickets(t *testing.T) {
	b, err := message.NewBuilder(message.Options{})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)
	a := &alert.Alert{ID: "1c1f7a84db00d2fce00b31a7fc73224f7e1aef5d1c5b9c2c1f2d8d8e3f6a9b01", Status: alert.Open, Count: 1, FirstSeen: at, LastSeen: at,
		Created: at.Add(5 * time.Minute), Updated: at.Add(5 * time.Minute), Mode: "lambda",
		Rule: &alert.Rule{ID: "unapproved-region", Title: "Activity in a region that is not approved", Severity: severity.Medium,
			Description: "Nobody here works in this region, so nobody would look there."},
		Group: []alert.Label{{Name: "account", Value: "111122223333"}, {Name: "region", Value: "ap-southeast-1"}, {Name: "actor", Value: "alice"}},
		Samples: []alert.Sample{{Record: json.RawMessage(abroad), Identity: "1", Time: at, Evidence: alert.Evidence{
			File: "s3://trails/AWSLogs/111122223333/CloudTrail/ap-southeast-1/2026/03/14/a.json.gz", Record: 3, EventID: "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"}}}}
	fake := sinktest.NewServiceNow(t)
	c := config(fake)
	c.DisplayValues = true
	c.Fields = map[string]string{"caller_id": "trailwarden", "assignment_group": "Cloud Security", "category": "security"}
	c.Required = []string{"assignment_group"}
	s := start(t, fake, c)
	var receipt []byte
	for _, kind := range []alert.Kind{alert.Opened, alert.Repeated, alert.Closed} {
		m, err := b.Build(t.Context(), a, alert.Delivery{ID: "1", Sink: "tickets", Alert: a.ID, Kind: kind, Sequence: 1, Created: at})
		if err != nil {
			t.Fatal(err)
		}
		n := sink.Notification{Message: m, Receipt: receipt}
		o := s.Deliver(t.Context(), n)
		if o.Class != alert.OK || o.Reason != "" {
			t.Fatalf("%s: %+v", kind, o)
		}
		receipt = o.Receipt
		p, err := s.Preview(n)
		if err != nil {
			t.Fatal(err)
		}
		sinktest.Golden(t, "walk-through "+string(kind), p)
		a.Count = 40
	}
	got := fake.Incidents("")
	if len(got) != 1 || got[0].Fields["state"] != "6" || got[0].Fields["caller_id"] != "trailwarden" || got[0].Fields["assignment_group"] == "" || len(fake.Faults()) > 0 {
		t.Fatalf("%d incidents, %+v, %q", len(got), got[0].Fields, fake.Faults())
	}
	for _, want := range []string{"RunInstances", "111122223333", "ap-southeast-1", "alice", "2026-03-14 15:09:26 UTC", "ec2.amazonaws.com", "203.0.113.7", "UnauthorizedOperation", "record 3"} {
		if !strings.Contains(got[0].Fields["description"], want) {
			t.Errorf("the description lacks %s:\n%s", want, got[0].Fields["description"])
		}
	}
}

var _ servicenow.Ledger = (*ledger)(nil)
