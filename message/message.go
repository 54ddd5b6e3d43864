// Package message says an alert in words: who did what, where, when, from
// where, why it matters and what to do next. One Message is made from an alert;
// every sink renders the same one.
package message

import (
	"encoding/json"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/severity"
)

// Message is everything that a sink may show. Text in it comes from records
// and so from attackers: each sink escapes it for its own target. Secrets are
// masked and long values summarized already.
type Message struct {
	Kind     alert.Kind     `json:"kind"`
	Key      string         `json:"key"` // the alert's ID: dedup key, hex
	Sequence int64          `json:"sequence"`
	Status   alert.Status   `json:"status"`
	Severity severity.Level `json:"severity"`
	Headline string         `json:"headline"` // one line: "DeleteTrail by alice in 111122223333, eu-west-1"
	Summary  string         `json:"summary"`  // one or two sentences

	Rule Rule `json:"rule"`

	Count     int64     `json:"count"`
	FirstSeen time.Time `json:"firstSeen"` // event time, UTC
	LastSeen  time.Time `json:"lastSeen"`
	Opened    time.Time `json:"opened"` // arrival, UTC
	// DelaySeconds is how much later than FirstSeen the first finding arrived, 0
	// when unknown.
	DelaySeconds int64 `json:"delaySeconds,omitempty"`
	// Mode is what judged the first finding: scan, serve or lambda.
	Mode string `json:"mode,omitempty"`
	// New is how many findings came since the last message of this alert and
	// Since when that was; 0 when it is not known or this is the first.
	New   int64     `json:"new,omitempty"`
	Since time.Time `json:"since,omitzero"`

	Who   Who    `json:"who"`
	What  What   `json:"what"`
	Where Where  `json:"where"`
	From  Origin `json:"from"`

	Group   []alert.Label `json:"group,omitempty"`
	Tallies []alert.Tally `json:"tallies,omitempty"` // when Count > 1
	// Events are the sampled records, reduced to what matters, earliest first.
	Events    []Event          `json:"events"`
	Detection *alert.Detection `json:"detection,omitempty"`

	Next  []Step `json:"next,omitempty"` // what to do
	Links []Link `json:"links,omitempty"`

	Notes     []alert.Note `json:"notes,omitempty"`
	MayRepeat bool         `json:"mayRepeat,omitempty"` // the receiver may have this message already

	// Table is set for reports of scheduled queries: rows under Columns.
	Columns []string   `json:"columns,omitempty"`
	Rows    [][]string `json:"rows,omitempty"`
	More    int64      `json:"more,omitempty"` // rows, or rules of Totals, that are not shown

	// Totals is set in a storm: messages held back, by rule.
	Totals []Total `json:"totals,omitempty"`
	// Facts are what a message without an alert behind it (Health, Test) has to
	// say, beside its headline and summary.
	Facts []alert.Label `json:"facts,omitempty"`

	// Masked counts the secrets that were masked in this message.
	Masked int `json:"masked,omitempty"`

	// Text and HTML are set when the user's template for this sink says the body
	// itself: a sink shows them in place of its own rendering, within its
	// limits. Text is plain text and not escaped for anything; HTML is escaped
	// already. Custom are the template's own fields, by the name that the target
	// knows.
	Text   string        `json:"text,omitempty"`
	HTML   string        `json:"html,omitempty"`
	Custom []alert.Label `json:"custom,omitempty"`
}

// Rule is why.
type Rule struct {
	ID             string      `json:"id"`
	Title          string      `json:"title"`
	Explanation    string      `json:"explanation,omitempty"`
	Attack         []Technique `json:"attack,omitempty"`
	References     []string    `json:"references,omitempty"`
	FalsePositives []string    `json:"falsePositives,omitempty"`
	Author         string      `json:"author,omitempty"`
	Link           string      `json:"link,omitempty"`
	Version        string      `json:"version,omitempty"`
	Place          string      `json:"place,omitempty"`
}

// Technique is an entry of MITRE ATT&CK.
type Technique struct {
	ID   string `json:"id"`   // T1078.004
	Name string `json:"name"` // empty when unknown
	URL  string `json:"url"`
}

// Who is the person or workload behind the session.
type Who struct {
	Name      string `json:"name"` // alice; role/Admin as alice@example.com; AWS service
	Type      string `json:"type"` // as recorded: IAMUser, AssumedRole …
	ARN       string `json:"arn,omitempty"`
	Session   string `json:"session,omitempty"`
	Source    string `json:"source,omitempty"` // sourceIdentity or the identity provider
	AccessKey string `json:"accessKey,omitempty"`
	Account   string `json:"account,omitempty"`
	MFA       string `json:"mfa,omitempty"` // yes, no, or empty when unknown
	// Kind is who that is: user (of IAM), person (of an identity provider), role,
	// workload, service, root, account, anonymous or unknown.
	Kind string `json:"kind,omitempty"`
	// Foreign tells that Account is another than the one that was acted on.
	Foreign bool `json:"foreign,omitempty"`
	// Via is the AWS service that called on behalf of the identity (invokedBy).
	Via string `json:"via,omitempty"`
	// Principal is the unique id behind the session, AIDA… or AROA…, when the
	// record holds one.
	Principal string `json:"principal,omitempty"`
}

// What is the API call in words.
type What struct {
	Action     string        `json:"action"`  // DeleteTrail
	Service    string        `json:"service"` // cloudtrail.amazonaws.com
	Product    string        `json:"product"` // AWS CloudTrail
	Resources  []string      `json:"resources,omitempty"`
	Parameters []alert.Label `json:"parameters,omitempty"` // those that matter, masked
	ErrorCode  string        `json:"errorCode,omitempty"`
	Error      string        `json:"error,omitempty"`
	ReadOnly   string        `json:"readOnly,omitempty"` // true, false, or empty
	// Words is the API in plain words: "delete trail".
	Words string `json:"words,omitempty"`
	// Results are what the answer tells that matters, masked.
	Results []alert.Label `json:"results,omitempty"`
	// Others are further APIs of the alert's findings, beside Action.
	Others []string `json:"others,omitempty"`
}

// Where is the account and region.
type Where struct {
	Account     string `json:"account"`
	AccountName string `json:"accountName,omitempty"`
	Unit        string `json:"unit,omitempty"` // organizational unit path
	Region      string `json:"region"`
	Place       string `json:"place,omitempty"` // Frankfurt, DE
	Partition   string `json:"partition,omitempty"`
}

// Origin is where the call came from.
type Origin struct {
	IP        string `json:"ip,omitempty"` // address or service name, as recorded
	Country   string `json:"country,omitempty"`
	City      string `json:"city,omitempty"`
	ASN       string `json:"asn,omitempty"` // AS64500 Example Net
	UserAgent string `json:"userAgent,omitempty"`
	Client    string `json:"client,omitempty"` // console, AWS CLI, SDK …
}

// Event is one record of the alert.
type Event struct {
	Time     time.Time      `json:"time"`
	Who      string         `json:"who"`
	Action   string         `json:"action"`
	Service  string         `json:"service"`
	Account  string         `json:"account"`
	Region   string         `json:"region"`
	IP       string         `json:"ip,omitempty"`
	Error    string         `json:"error,omitempty"`
	Resource string         `json:"resource,omitempty"`
	Evidence alert.Evidence `json:"evidence"`
	// ID is the record's eventID, as recorded.
	ID string `json:"id,omitempty"`
	// Fields are the record's essentials, masked: the tree that a YAML or JSON
	// body shows, each by its dotted path in the record's own order of
	// importance. Raw is the masked record, whole or summarized, valid JSON.
	Fields []alert.Label   `json:"fields,omitempty"`
	Raw    json.RawMessage `json:"event,omitempty"`
}

// Step is something to do next.
type Step struct {
	Text    string `json:"text"`
	Command string `json:"command,omitempty"` // a command line or SQL, ready to run
}

// Link is a link of our own making, from ids only.
type Link struct {
	Text string `json:"text"`
	URL  string `json:"url"`
}

// Total is a line of a storm's running totals.
type Total struct {
	Rule     string         `json:"rule"`
	Title    string         `json:"title"`
	Severity severity.Level `json:"severity"`
	Alerts   int64          `json:"alerts"`
	Findings int64          `json:"findings"`
}
