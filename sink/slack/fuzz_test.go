package slack_test

import (
	"encoding/json"
	"testing"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message/messagetest"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/sinktest"
	"github.com/trailwarden/trailwarden/sink/slack"
)

// Whatever a record and its field names hold, the body is valid YAML within
// Slack's limits.
func FuzzYAML(f *testing.F) {
	for _, p := range sinktest.Payloads() {
		quoted, _ := json.Marshal(p.Text)
		f.Add([]byte(`{"a":`+string(quoted)+`,`+string(quoted)+`:[1,{"b":null}]}`), p.Text)
	}
	f.Add([]byte(`{"a":"\ttab\nline","\ttab\nline":1}`), "a")
	f.Add([]byte(`{"a":{"a":{"a":{"a":1e400,"b":12345678901234567890}}},"a":2}`), "a.a")
	f.Fuzz(func(t *testing.T, raw []byte, path string) {
		s, err := slack.New(slack.Config{Webhook: sink.Fixed("x"), Style: slack.YAML, Fields: []string{path, "a"}}, sinktest.Client(t), now)
		if err != nil {
			t.Fatal(err)
		}
		m := messagetest.Opened()
		m.Events[0].Raw = raw
		m.Events[0].Fields = []alert.Label{{Name: path, Value: string(raw)}, {Name: path + ".x", Value: path}}
		p, err := s.Preview(sink.Notification{Message: m})
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Text   string
			Blocks json.RawMessage
		}
		if err := json.Unmarshal(p.Parts[0].Body, &got); err != nil {
			t.Fatal(err)
		}
		if faults := sinktest.SlackFaults(got.Text, got.Blocks); len(faults) > 0 {
			t.Fatalf("%q", faults)
		}
		documents(t, string(got.Blocks))
	})
}
