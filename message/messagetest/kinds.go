// Package messagetest makes messages for the tests of sinks and for previews:
// plain ones of every kind, hostile ones, large ones, and ones with canaries in
// place of secrets. Everything in it is made up; addresses and accounts are those
// reserved for documentation.
package messagetest

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/severity"
)

// Case is a message with the name of what is special about it.
type Case struct {
	Name    string
	Message *message.Message
}

// Key is the dedup key of the messages made here.
const Key = "5f1d7a84db00d2fce00b31a7fc73224f7e1aef5d1c5b9c2c1f2d8d8e3f6a9b01"

// EventID is the eventID of the plain messages' first record.
const EventID = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"

// Moment is the event time of the plain messages' first record.
func Moment() time.Time { return time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC) }

// Kinds are plain messages, one of each kind, in the order of a life.
func Kinds() []Case {
	return []Case{
		{"opened", Opened()}, {"repeated", Repeated()}, {"acknowledged", acknowledged()},
		{"resolved", resolved()}, {"reopened", reopened()},
		{"storm", Storm()}, {"report", Report()}, {"health", Health()}, {"test", Test()},
	}
}

// Opened is the first message of an alert of one finding.
func Opened() *message.Message {
	m := &message.Message{
		Kind: alert.Opened, Key: Key, Sequence: 1, Status: alert.Open, Severity: severity.High,
		Headline: "DeleteTrail by alice in production (111122223333), eu-west-1",
		Summary: "alice (IAM user, without MFA) called DeleteTrail of AWS CloudTrail in account production (111122223333), " +
			"eu-west-1 (Ireland, IE), at 2026-03-14 15:09:26 UTC from 203.0.113.7 with the AWS CLI.",
		Count: 1, FirstSeen: Moment(), LastSeen: Moment(), Opened: Moment().Add(4*time.Minute + 30*time.Second),
		DelaySeconds: 270,
	}
	m.Rule, m.Who, m.What = rule(), who(), what()
	m.Where = message.Where{Account: "111122223333", AccountName: "production", Unit: "Root/Workloads",
		Region: "eu-west-1", Place: "Ireland, IE", Partition: "aws"}
	m.From = message.Origin{IP: "203.0.113.7", Country: "NL", City: "Utrecht", ASN: "AS64500 Example Net",
		UserAgent: "aws-cli/2.15.30 Python/3.11.8 Linux/6.1 exe/x86_64", Client: "AWS CLI 2.15.30"}
	m.Group = []alert.Label{{Name: "account", Value: "111122223333"}, {Name: "region", Value: "eu-west-1"}, {Name: "actor", Value: "alice"}}
	m.Events = []message.Event{event(0)}
	m.Next, m.Links = next(), links()
	return m
}

func rule() message.Rule {
	return message.Rule{
		ID: "cloudtrail-stopped", Title: "A trail was stopped or deleted",
		Explanation: "Without the trail, what happens next leaves no trace. Attackers stop trails before they act.",
		Attack: []message.Technique{
			{ID: "TA0005", Name: "Defense Evasion", URL: "https://attack.mitre.org/tactics/TA0005/"},
			{ID: "T1562.008", Name: "Impair Defenses: Disable or Modify Cloud Logs", URL: "https://attack.mitre.org/techniques/T1562/008/"},
		},
		References:     []string{"https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-delete-trails-console.html"},
		FalsePositives: []string{"A planned change of the logging set-up."},
		Author:         "Security team", Version: "9f8e7d6c5b4a3921", Place: "rules/cloudtrail.yaml:12",
	}
}

func who() message.Who {
	return message.Who{Name: "alice", Type: "IAMUser", ARN: "arn:aws:iam::111122223333:user/alice", AccessKey: "AKIA************MPLE",
		Account: "111122223333", MFA: "no", Kind: "user", Principal: "AIDACKCEVSQ6C2EXAMPLE"}
}

func what() message.What {
	return message.What{Action: "DeleteTrail", Service: "cloudtrail.amazonaws.com", Product: "AWS CloudTrail", Words: "delete trail",
		Resources:  []string{"arn:aws:cloudtrail:eu-west-1:111122223333:trail/management-events"},
		Parameters: []alert.Label{{Name: "name", Value: "arn:aws:cloudtrail:eu-west-1:111122223333:trail/management-events"}},
		ReadOnly:   "false"}
}

func next() []message.Step {
	return []message.Step{
		{Text: "See the alert with its records", Command: "trailwarden alerts show " + Key},
		{Text: "Take it", Command: "trailwarden alerts ack " + Key},
		{Text: "Ask what else the same identity did", Command: "SELECT eventtime, eventsource, eventname, awsregion, sourceipaddress, errorcode, eventid\n" +
			"FROM cloudtrail_logs\nWHERE \"account\" = '111122223333' AND \"timestamp\" BETWEEN '2026/03/13' AND '2026/03/15'\n" +
			"  AND useridentity.principalid = 'AIDACKCEVSQ6C2EXAMPLE'\nORDER BY eventtime"},
	}
}

func links() []message.Link {
	return []message.Link{{Text: "Event in the CloudTrail console",
		URL: "https://eu-west-1.console.aws.amazon.com/cloudtrailv2/home?region=eu-west-1#/events/" + EventID}}
}

// event is the i-th record of a plain alert, a minute after the one before.
func event(i int) message.Event {
	id := EventID[:len(EventID)-2] + strconv.Itoa(40+i)
	if i == 0 {
		id = EventID
	}
	at := Moment().Add(time.Duration(i) * time.Minute)
	fields := []alert.Label{
		{Name: "eventTime", Value: at.Format(time.RFC3339)}, {Name: "eventSource", Value: "cloudtrail.amazonaws.com"},
		{Name: "eventName", Value: "DeleteTrail"}, {Name: "awsRegion", Value: "eu-west-1"},
		{Name: "recipientAccountId", Value: "111122223333"}, {Name: "userIdentity.type", Value: "IAMUser"},
		{Name: "userIdentity.userName", Value: "alice"}, {Name: "sourceIPAddress", Value: "203.0.113.7"},
		{Name: "requestParameters.name", Value: what().Resources[0]},
	}
	raw, _ := json.Marshal(map[string]any{ // strings and maps only: it cannot fail
		"eventVersion": "1.11", "eventTime": at.Format(time.RFC3339), "eventSource": "cloudtrail.amazonaws.com", "eventName": "DeleteTrail",
		"awsRegion": "eu-west-1", "recipientAccountId": "111122223333", "sourceIPAddress": "203.0.113.7", "eventID": id,
		"userIdentity":      map[string]any{"type": "IAMUser", "userName": "alice", "accountId": "111122223333", "accessKeyId": "AKIA************MPLE"},
		"requestParameters": map[string]any{"name": what().Resources[0]}, "responseElements": nil,
	})
	return message.Event{ID: id, Time: at, Who: "alice", Action: "DeleteTrail", Service: "cloudtrail.amazonaws.com",
		Account: "111122223333", Region: "eu-west-1", IP: "203.0.113.7", Resource: what().Resources[0], Fields: fields, Raw: raw,
		Evidence: alert.Evidence{File: "s3://trail-logs/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/" +
			"111122223333_CloudTrail_eu-west-1_20260314T1515Z_AbCdEfGhIjKlMnOp.json.gz", Record: 17 + i, EventID: id}}
}
