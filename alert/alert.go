package alert

import (
	"encoding/json"
	"time"
)

// Status is where an alert stands.
type Status string

// The statuses.
const (
	Open         Status = "open"
	Acknowledged Status = "acknowledged"
	Resolved     Status = "resolved"
)

// Alert is the findings of one rule that belong together, as a Store keeps
// them.
type Alert struct {
	// ID is the fingerprint, hex SHA-256 over the rule's ID, the group's values
	// and the start of the bucket. It is the dedup key of every sink and never
	// changes; it does not depend on the order in which findings came.
	ID     string    `json:"id"`
	Rule   *Rule     `json:"rule"`
	Group  []Label   `json:"group"`
	Bucket time.Time `json:"bucket"` // start of the bucket, event time, UTC

	Status    Status    `json:"status"`
	Count     int64     `json:"count"`     // different findings
	FirstSeen time.Time `json:"firstSeen"` // event time, UTC
	LastSeen  time.Time `json:"lastSeen"`  // event time, UTC
	Created   time.Time `json:"created"`   // arrival of the first finding, UTC
	Updated   time.Time `json:"updated"`   // arrival of the last change, UTC
	Mode      string    `json:"mode"`      // of the first finding

	// Samples are the first findings by event time and then identity, at most
	// MaxSamples: the same whatever order they came in.
	Samples []Sample `json:"samples"`
	// Tallies count who, what and where over all findings.
	Tallies []Tally `json:"tallies,omitempty"`

	// Told is what each sink was told, by name of the sink.
	Told []Told `json:"told,omitempty"`

	Silence string `json:"silence,omitempty"` // ID of the silence that holds its messages back
	Notes   []Note `json:"notes,omitempty"`   // what people did with it, oldest first
	Owner   string `json:"owner,omitempty"`   // who acknowledged it
	Version int64  `json:"version"`           // grows by one with each change
}

// MaxSamples bounds the records that an alert keeps whole.
const MaxSamples = 10

// Sample is one finding of an alert, kept with its record.
type Sample struct {
	Record    json.RawMessage `json:"event"`
	Identity  string          `json:"identity"`
	Time      time.Time       `json:"time"`
	Evidence  Evidence        `json:"evidence"`
	Detection *Detection      `json:"detection,omitempty"`
	Row       []Label         `json:"row,omitempty"`
}

// Told is how much of an alert one sink was told.
type Told struct {
	Sink     string    `json:"sink"`
	Count    int64     `json:"count"`             // findings that the last delivered message told of
	At       time.Time `json:"at,omitzero"`       // when it was delivered; zero when none was
	Sequence int64     `json:"sequence"`          // of the last delivery that was made
	Pending  string    `json:"pending,omitzero"`  // ID of the delivery under way that will tell of all findings
	Dead     time.Time `json:"dead,omitzero"`     // when the last delivery became a dead letter, if none came through since
	Reopened time.Time `json:"reopened,omitzero"` // when it last was to be told of a reopening
	Storm    string    `json:"storm,omitzero"`    // ID of the storm whose totals told of it instead
	Summed   int64     `json:"summed,omitzero"`   // findings that the storm's totals count
	Receipt  []byte    `json:"receipt,omitempty"`
}

// MaxTally bounds the different values that a Tally counts.
const MaxTally = 64

// Tally counts the values that one field took in an alert's findings, at most
// MaxTally of them; Others counts the findings with further values. Counts are
// exact. Which values are kept when there are too many does not depend on the
// order of the findings, nor can anyone choose it. The most frequent come first.
type Tally struct {
	Field  string        `json:"field"` // actor, who, account, awsRegion, eventSource, eventName, sourceIPAddress, userAgent, errorCode
	Values []TalliedText `json:"values"`
	Others int64         `json:"others,omitempty"`
}

// TalliedText is a value and how many findings had it.
type TalliedText struct {
	Text  string `json:"text"`
	Count int64  `json:"count"`
}

// Note is something a person or the program did with an alert.
type Note struct {
	Time time.Time `json:"time"`
	By   string    `json:"by"`
	Did  string    `json:"did"` // acknowledged, resolved, reopened, noted …
	Text string    `json:"text,omitempty"`
}

// Silence holds back the messages of alerts that match it. The alerts are
// kept and counted all the same.
type Silence struct {
	ID     string    `json:"id"`
	Match  []Label   `json:"match"` // see Route
	Owner  string    `json:"owner"`
	Reason string    `json:"reason"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"` // required: a silence ends
}

// Exception keeps findings of one rule from becoming alerts.
type Exception struct {
	Match   []Label   `json:"match"` // field = value with * wildcards; all must hold, of one field any
	Owner   string    `json:"owner"`
	Reason  string    `json:"reason"`
	Expires time.Time `json:"expires"`
	Place   string    `json:"place"` // file:line
}
