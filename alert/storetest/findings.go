// Package storetest holds every alert.Store to one meaning: the same suite runs
// against each of them.
package storetest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/severity"
)

// Noon is the arrival time at which the suite begins; events come from the hour
// before it.
func Noon() time.Time { return time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC) }

// Rule makes a rule.
func Rule(id string, level severity.Level) *alert.Rule {
	return &alert.Rule{ID: id, Title: "Title of " + id, Description: "Why " + id + " matters.", Severity: level, Tags: []string{"attack.t1078"}}
}

// Event is what a finding's record says.
type Event struct {
	ID      string // eventID; the record's identity is made of it
	Account string
	Role    string
	Session string
	IP      string
	At      time.Time // event time
}

// Finding makes a finding of an event.
func Finding(r *alert.Rule, e Event) alert.Finding {
	if e.Account == "" {
		e.Account = "111122223333"
	}
	if e.Role == "" {
		e.Role = "Admin"
	}
	if e.At.IsZero() {
		e.At = Noon().Add(-time.Hour)
	}
	record, err := json.Marshal(map[string]any{
		"eventVersion": "1.11", "eventID": e.ID, "eventTime": e.At.UTC().Format(time.RFC3339),
		"eventSource": "cloudtrail.amazonaws.com", "eventName": "DeleteTrail", "awsRegion": "eu-west-1",
		"sourceIPAddress": e.IP, "recipientAccountId": e.Account,
		"userIdentity": map[string]any{
			"type": "AssumedRole", "accountId": e.Account,
			"arn": fmt.Sprintf("arn:aws:sts::%s:assumed-role/%s/%s", e.Account, e.Role, e.Session),
			"sessionContext": map[string]any{"sessionIssuer": map[string]any{
				"type": "Role", "userName": e.Role, "arn": fmt.Sprintf("arn:aws:iam::%s:role/%s", e.Account, e.Role),
			}},
		},
	})
	if err != nil {
		panic(err) // the map above can be written
	}
	sum := sha256.Sum256([]byte(e.ID))
	return alert.Finding{
		Rule: r, Record: record, Identity: hex.EncodeToString(sum[:16]), Time: e.At.UTC(), Arrived: Noon(),
		Evidence: alert.Evidence{File: "s3://logs/" + e.ID + ".json.gz", EventID: e.ID}, Mode: "serve",
	}
}

// Many makes n findings of one rule, spread over groups, one a second.
func Many(r *alert.Rule, n, groups int) []alert.Finding {
	fs := make([]alert.Finding, n)
	for i := range fs {
		fs[i] = Finding(r, Event{
			ID: fmt.Sprintf("%s-%d", r.ID, i), Role: fmt.Sprintf("role-%d", i%groups), Session: fmt.Sprintf("session-%d", i),
			IP: fmt.Sprintf("198.51.100.%d", i%250), At: Noon().Add(-time.Hour).Add(time.Duration(i%3000) * time.Second),
		})
	}
	return fs
}
