package messagetest

import (
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/severity"
)

// Repeated is the message of an alert that went on: 12 findings, 4 of them new.
func Repeated() *message.Message {
	m := Opened()
	m.Kind, m.Sequence = alert.Repeated, 3
	m.Headline = "Again: DeleteTrail and 2 more by alice in production (111122223333), eu-west-1 (12 findings)"
	m.Count, m.New, m.Since = 12, 4, Moment().Add(10*time.Minute)
	m.LastSeen = Moment().Add(25 * time.Minute)
	m.What.Others = []string{"StopLogging", "PutEventSelectors"}
	m.Tallies = []alert.Tally{
		{Field: "eventName", Values: []alert.TalliedText{{Text: "DeleteTrail", Count: 7}, {Text: "StopLogging", Count: 4}, {Text: "PutEventSelectors", Count: 1}}},
		{Field: "sourceIPAddress", Values: []alert.TalliedText{{Text: "203.0.113.7", Count: 11}}, Others: 1},
	}
	m.Detection = &alert.Detection{ID: "d41d8cd98f00b204", Summary: "12 changes to trails in 25 minutes, usually 0",
		Group: []alert.Label{{Name: "actor", Value: "alice"}}, From: Moment(), To: m.LastSeen, Count: 12}
	m.Events = nil
	for i := range alert.MaxSamples {
		m.Events = append(m.Events, event(i))
	}
	return m
}

func acknowledged() *message.Message {
	m := Repeated()
	m.Kind, m.Status, m.Sequence = alert.Acked, alert.Acknowledged, 4
	m.Headline = "Acknowledged: DeleteTrail by alice in production (111122223333), eu-west-1"
	m.New, m.Since = 0, time.Time{}
	m.Notes = []alert.Note{{Time: Moment().Add(time.Hour), By: "bob@example.com", Did: "acknowledged", Text: "Calling Alice."}}
	return m
}

func resolved() *message.Message {
	m := acknowledged()
	m.Kind, m.Status, m.Sequence = alert.Closed, alert.Resolved, 5
	m.Headline = "Resolved: DeleteTrail by alice in production (111122223333), eu-west-1"
	m.Notes = append(m.Notes, alert.Note{Time: Moment().Add(2 * time.Hour), By: "bob@example.com", Did: "resolved", Text: "Planned; the trail is back."})
	return m
}

func reopened() *message.Message {
	m := resolved()
	m.Kind, m.Status, m.Sequence, m.New = alert.Reopened, alert.Open, 6, 1
	m.Headline = "Reopened: DeleteTrail by alice in production (111122223333), eu-west-1"
	m.Count, m.LastSeen = 13, Moment().Add(3*time.Hour)
	return m
}

// Storm is what takes the place of single messages when there are too many.
func Storm() *message.Message {
	return &message.Message{Kind: alert.Storm, Key: Key, Sequence: 1, Severity: severity.High,
		Headline: "Alert storm: 1,204 alerts of 2 rules held back",
		Summary:  "More alerts came than this receiver is to be sent. They are kept; the totals are below.",
		Count:    99_310, FirstSeen: Moment(), LastSeen: Moment().Add(5 * time.Minute), Opened: Moment().Add(5 * time.Minute),
		Totals: []message.Total{
			{Rule: "access-denied", Title: "Calls were denied", Severity: severity.Medium, Alerts: 1200, Findings: 99_300},
			{Rule: "cloudtrail-stopped", Title: "A trail was stopped or deleted", Severity: severity.High, Alerts: 4, Findings: 10}},
		Next: []message.Step{{Text: "List the alerts", Command: "trailwarden alerts list"}}}
}

// Report is the result of a scheduled query.
func Report() *message.Message {
	m := &message.Message{Kind: alert.Report, Key: Key, Sequence: 1, Status: alert.Open, Severity: severity.Low,
		Headline: "Resource deletions: 3 rows", Summary: "The query found 53 rows between 2026-03-14 00:00 and 2026-03-15 00:00 UTC; 3 are shown.",
		Count: 53, FirstSeen: Moment(), LastSeen: Moment().Add(time.Hour), Opened: Moment().Add(9 * time.Hour), More: 50,
		Columns: []string{"eventtime", "account", "region", "identity", "eventsource", "eventname"}}
	m.Rule = message.Rule{ID: "resource-deletion-daily", Title: "Resource deletions", Explanation: "What was deleted yesterday."}
	m.Rows = [][]string{
		{"2026-03-14T15:09:26Z", "111122223333", "eu-west-1", "arn:aws:iam::111122223333:user/alice", "cloudtrail.amazonaws.com", "DeleteTrail"},
		{"2026-03-14T15:12:00Z", "111122223333", "eu-west-1", "", "s3.amazonaws.com", "DeleteBucket"},
		{"2026-03-14T16:09:26Z", "444455556666", "us-east-1", "arn:aws:sts::444455556666:assumed-role/Ops/bob", "ec2.amazonaws.com", "TerminateInstances"},
	}
	return m
}

// Health says that the watcher itself needs attention.
func Health() *message.Message {
	return &message.Message{Kind: alert.Health, Key: Key, Sequence: 1, Severity: severity.High,
		Headline: "The sink tickets refuses its credentials", Summary: "Nothing is sent to it until they are renewed; 12 messages wait.",
		Opened: Moment(), FirstSeen: Moment(), LastSeen: Moment(),
		Facts: []alert.Label{{Name: "sink", Value: "tickets"}, {Name: "answer", Value: "401 Unauthorized"}, {Name: "waiting", Value: "12"}},
		Next:  []message.Step{{Text: "Renew the credentials and try again", Command: "trailwarden notify test --sink tickets"}}}
}

// Test is what `trailwarden notify test` sends.
func Test() *message.Message {
	return &message.Message{Kind: alert.Test, Key: Key, Sequence: 1, Severity: severity.Informational,
		Headline: "Test message from Trailwarden", Summary: "If you can read this, the sink works. Nothing happened.",
		Opened: Moment(), FirstSeen: Moment(), LastSeen: Moment(),
		Facts: []alert.Label{{Name: "sink", Value: "tickets"}}}
}
