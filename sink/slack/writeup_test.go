package slack_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/severity"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/sinktest"
	"github.com/trailwarden/trailwarden/sink/slack"
)

// trusted is a record whose request parameters name another account than the
// one it happened in, and hold a secret.
const trusted = `{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"AROACKCEVSQ6C2EXAMPLE:bob@example.com",` +
	`"arn":"arn:aws:sts::444455556666:assumed-role/Admin/bob@example.com","accountId":"444455556666","accessKeyId":"ASIAIOSFODNN7EXAMPLE",` +
	`"sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROACKCEVSQ6C2EXAMPLE","arn":"arn:aws:iam::444455556666:role/Admin","accountId":"444455556666","userName":"Admin"},` +
	`"attributes":{"creationDate":"2026-03-14T14:00:00Z","mfaAuthenticated":"true"}}},` +
	`"eventTime":"2026-03-14T15:09:26Z","eventSource":"rds.amazonaws.com","eventName":"ModifyDBInstance","awsRegion":"eu-central-1",` +
	`"sourceIPAddress":"203.0.113.7","userAgent":"aws-cli/2.15.30","requestParameters":{"accountId":"999999999999","dBInstanceIdentifier":"orders","masterUserPassword":"not-to-be-seen-42"},` +
	`"responseElements":null,"requestID":"f5e1d1a5-1111-4222-8333-444455556666","eventID":"0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d","readOnly":false,` +
	`"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"444455556666","eventCategory":"Management"}`

// The published walk-through from EventBridge to Slack, with its defects mended:
// the account is the record's own, secrets are masked, and the body is YAML.
func TestWalkThroughToSlack(t *testing.T) {
	b, err := message.NewBuilder(message.Options{})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)
	a := &alert.Alert{ID: "9b1f7a84db00d2fce00b31a7fc73224f7e1aef5d1c5b9c2c1f2d8d8e3f6a9b01", Status: alert.Open, Count: 1, FirstSeen: at, LastSeen: at,
		Created: at.Add(time.Minute), Updated: at.Add(time.Minute), Mode: "lambda",
		Rule:    &alert.Rule{ID: "database-changed", Title: "A database was changed", Severity: severity.Medium},
		Group:   []alert.Label{{Name: "account", Value: "444455556666"}},
		Samples: []alert.Sample{{Record: json.RawMessage(trusted), Identity: "1", Time: at, Evidence: alert.Evidence{Record: -1, EventID: "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"}}}}
	m, err := b.Build(t.Context(), a, alert.Delivery{ID: "1", Sink: "slack", Alert: a.ID, Kind: alert.Opened, Sequence: 1, Created: at})
	if err != nil {
		t.Fatal(err)
	}
	for name, fields := range map[string][]string{"walk-through": nil, "walk-through chosen": {"eventSource", "eventName", "awsRegion", "userIdentity.arn", "requestParameters"}} {
		fake := sinktest.NewSlack(t)
		s, err := slack.New(slack.Config{Webhook: sink.Fixed(fake.Hook), Style: slack.YAML, Fields: fields}, sinktest.Client(t), now)
		if err != nil {
			t.Fatal(err)
		}
		n := sink.Notification{Message: m}
		if o := s.Deliver(t.Context(), n); o.Class != alert.OK {
			t.Fatalf("%+v, %q", o, fake.Faults())
		}
		d := documents(t, string(fake.Posts()[0].Blocks))[0]
		p, _ := d["requestParameters"].(map[string]any)
		if d["account"] != "444455556666" || d["awsRegion"] != "eu-central-1" || d["eventName"] != "ModifyDBInstance" || p["dBInstanceIdentifier"] != "orders" || p["masterUserPassword"] == "not-to-be-seen-42" {
			t.Errorf("%s: %v", name, d)
		}
		preview, err := s.Preview(n)
		if err != nil {
			t.Fatal(err)
		}
		sinktest.Golden(t, name, preview)
	}
}
