// Package alert turns findings into alerts: what a person hears about.
//
// A finding is one record and one rule. An alert is all findings of one rule
// that share the values of its group_by fields within one bucket of event
// time. The package decides which alert a finding belongs to, when an alert is
// news, and what is to be told to which sink; a Store keeps the alerts and an
// outbox of what is still to be told, and changes both in one transaction with
// the position in the source.
package alert

import (
	"encoding/json"
	"time"

	"github.com/trailwarden/trailwarden/severity"
)

// Rule is what an alert tells of the rule that raised it.
type Rule struct {
	ID             string         `json:"id"`
	Title          string         `json:"title"`
	Description    string         `json:"description,omitempty"` // the rule's own words: why it matters
	Severity       severity.Level `json:"severity"`
	Tags           []string       `json:"tags,omitempty"` // attack.t1078, …
	References     []string       `json:"references,omitempty"`
	FalsePositives []string       `json:"falsePositives,omitempty"`
	Author         string         `json:"author,omitempty"`
	Link           string         `json:"link,omitempty"`
	Language       string         `json:"language,omitempty"`
	Place          string         `json:"place,omitempty"`   // file:line
	Version        string         `json:"version,omitempty"` // hex, changes with the rule's text

	// GroupBy are the fields whose values tell alerts of one rule apart; empty
	// means account, region and actor.
	GroupBy []string `json:"groupBy,omitempty"`
	// Bucket is the length of event time that one alert covers; 0 means the
	// policy's default.
	Bucket time.Duration `json:"bucket,omitempty"`
	// Exceptions end a finding before it becomes part of an alert.
	Exceptions []Exception `json:"-"`
}

// Label is a named value: a group_by field and what the record holds there.
type Label struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Evidence says where a record was read.
type Evidence struct {
	File    string `json:"file"`              // path or s3://bucket/key
	Version string `json:"version,omitempty"` // version of the object
	Record  int    `json:"record"`            // 0-based position in the file; -1 unknown
	EventID string `json:"eventID,omitempty"`
	// Integrity is what validation said of the file; empty when none ran.
	Integrity string `json:"integrity,omitempty"`
}

// Finding is one record and one rule.
type Finding struct {
	Rule *Rule `json:"rule"`
	// Record is the record as it was logged, valid JSON. It may be anything an
	// attacker chose to write.
	Record json.RawMessage `json:"event"`
	// Identity tells records apart, whatever path they came by: the hex form of
	// cloudtrail.Key, or of what stands in for it (a row of a scheduled query).
	Identity string    `json:"identity"`
	Time     time.Time `json:"time"`    // eventTime, UTC; Arrived when the record has none
	Arrived  time.Time `json:"arrived"` // when it was read, UTC
	Evidence Evidence  `json:"evidence"`
	Mode     string    `json:"mode"` // scan, serve, lambda, backtest: what produced it

	// Detection is set by rules that remember: what the window held.
	Detection *Detection `json:"detection,omitempty"`
	// Row is set by scheduled queries: the result row, in column order.
	Row []Label `json:"row,omitempty"`
}

// Detection is what a rule that remembers says beside the record.
type Detection struct {
	// ID names the window: the same whatever the order of the records in it.
	ID      string    `json:"id"`
	Summary string    `json:"summary"` // "12 denied calls in 5 minutes, usually 0 to 3"
	Group   []Label   `json:"group,omitempty"`
	From    time.Time `json:"from"` // event time of the first record, UTC
	To      time.Time `json:"to"`   // event time of the last record, UTC
	Count   int64     `json:"count"`
	Late    bool      `json:"late,omitempty"` // some record came later than the lateness bound
	// Related are the records behind it, earliest first, bounded.
	Related []Evidence `json:"related,omitempty"`
}
