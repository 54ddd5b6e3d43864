package topology_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/deploy/plan"
	"github.com/trailwarden/trailwarden/deploy/topology"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/packs"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/eventbridge"
	"github.com/trailwarden/trailwarden/rule/filterpattern"
)

// wanted are records that some rule of the starter pack looks at: those of its
// own tests.
func wanted(t *testing.T, single bool, approved []string) map[string][][]byte {
	t.Helper()
	set, list := packs.Starter().Rules(rule.Options{ApprovedRegions: approved, Configured: approved})
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	out := map[string][][]byte{}
	for _, r := range set.Rules {
		n := r.Records()
		if n == nil || single && (r.Memory != nil || r.CountedBy != "") {
			continue
		}
		for _, c := range r.Tests {
			for _, e := range append(slices.Clone(c.Events), c.Event) {
				if hit, err := detect.Naive(n, e); len(e) > 0 && err == nil && hit {
					out[r.ID] = append(out[r.ID], e)
				}
			}
		}
	}
	return out
}

// everyRule switches all rules on.
func everyRule(c *config.Config) { c.RuleSettings.Overrides = nil }

// No record that a rule looks at is lost on the way: some forwarding rule matches
// it, as EventBridge would.
func TestForwardersLoseNothing(t *testing.T) {
	p := mustMake(t, topology.Slack, everyRule)
	s := p.Stack("trailwarden-forward")
	at := plan.Place{Stack: s, Account: "222222222222", Region: "eu-west-1", Partition: "aws"}
	var patterns []detect.Node
	for _, r := range s.Resources {
		if r.Type != "AWS::Events::Rule" {
			continue
		}
		v, err := at.Fill(r.Properties.Get("EventPattern"))
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if len(text) > 4096 {
			t.Errorf("%s: the pattern has %d characters", r.ID, len(text))
		}
		pattern, list := eventbridge.Parse(text)
		if pattern == nil {
			t.Fatalf("%s: EventBridge would refuse it: %v", r.ID, list)
		}
		patterns = append(patterns, pattern.Event())
	}
	lost(t, patterns, wanted(t, false, []string{"us-east-1", "eu-west-1"}), func(record []byte) []byte {
		return slices.Concat([]byte(`{"version":"0","source":"aws.x","detail-type":"AWS API Call via CloudTrail","detail":`), record, []byte("}"))
	})
}

// The same for metric filters and rules that judge single records.
func TestFiltersLoseNothing(t *testing.T) {
	p := mustMake(t, topology.Alarms, nil)
	var filters []detect.Node
	for _, r := range p.Stack("trailwarden-watch").Resources {
		if r.Type != "AWS::Logs::MetricFilter" {
			continue
		}
		text, _ := r.Properties.Get("FilterPattern").(plan.Text)
		if n := len([]rune(string(text))); n > 1024 {
			t.Errorf("%s: the pattern has %d characters", r.ID, n)
		}
		f, list := filterpattern.Parse(string(text))
		if f == nil {
			t.Fatalf("%s: CloudWatch Logs would refuse it: %v", r.ID, list)
		}
		filters = append(filters, f.Predicate())
	}
	lost(t, filters, wanted(t, true, []string{"us-east-1", "us-west-2"}), func(record []byte) []byte { return record })
}

// lost says which records no node matches.
func lost(t *testing.T, nodes []detect.Node, records map[string][][]byte, as func([]byte) []byte) {
	t.Helper()
	if len(records) < 20 {
		t.Fatalf("records of %d rules only", len(records))
	}
	for id, all := range records {
		for _, record := range all {
			found := slices.ContainsFunc(nodes, func(n detect.Node) bool {
				hit, err := detect.Naive(n, as(record))
				return err == nil && hit
			})
			if !found {
				t.Errorf("rule %s: this record is lost: %s", id, record)
			}
		}
	}
}
