package sink

// Limit is a bound that a target sets on one part of a message.
type Limit struct {
	Target string // as in trailwarden.yaml: slack, sns …
	Part   string
	Max    int
	Unit   string // bytes, characters, UTF-16 units, or what is counted
	Source string // the vendor's page by name
}

// Bound names a limit.
type Bound int

// The bounds, by target.
const (
	SlackText40k Bound = iota // top-level text, hard
	SlackFallback
	SlackBlocks
	SlackSection
	SlackFields
	SlackField
	SlackHeader
	SlackContext
	SlackActions
	SlackButton
	SlackButtonValue
	SlackURL
	SlackID
	SlackWhole
	ServiceNowShort
	ServiceNowDescription
	ServiceNowJournal
	ServiceNowCorrelation
	PagerDutySummary
	PagerDutyKey
	PagerDutyRequest
	TeamsMessage
	SNSMessage
	SNSSubject
	SNSBatch
	SNSDedup
	SESMessage
	SESRecipients
	SMTPLine
	ASFFFinding
	ASFFBatch
	ASFFID
	ASFFTitle
	ASFFDescription
	ASFFResources
	ASFFProductFields
	ASFFProductKey
	ASFFProductValue
	EventBridgeEntry
	EventBridgeBatch
	EventBridgeDetailType
	SQSMessage
	WebhookBody
	bounds
)

// Units.
const (
	inBytes      = "bytes"
	inCharacters = "characters"
	inUTF16      = "UTF-16 units"
	inItems      = "items"
)

// Pages of the vendors that state the limits.
const (
	slackBlocks   = "Slack, Reference: blocks and composition objects"
	slackPost     = "Slack, chat.postMessage"
	snTable       = "ServiceNow, incident table dictionary (default lengths)"
	pagerDutyV2   = "PagerDuty, Events API v2 overview"
	teamsWebhooks = "Microsoft Teams, webhooks and connectors: size limit"
	snsPublish    = "Amazon SNS API Reference, Publish"
	sesQuotas     = "Amazon SES Developer Guide, Service quotas"
	rfc5321       = "RFC 5321, 4.5.3.1.6"
	asff          = "AWS Security Hub User Guide, ASFF"
	putEvents     = "Amazon EventBridge API Reference, PutEvents"
	sqsQuotas     = "Amazon SQS Developer Guide, Message quotas"
	slackTotal    = "our choice: below what Slack refuses as msg_blocks_too_long without saying where that begins"
	own           = "our choice: a body that every receiver takes"
)

// limits is the one table: renderers, tests and docs read it. Slack and
// ServiceNow do not say what a character is; UTF-16 units never count fewer
// than their own measure can.
var limits = [bounds]Limit{
	SlackText40k:     {"slack", "text", 40000, inUTF16, slackPost},
	SlackFallback:    {"slack", "text, recommended", 4000, inUTF16, slackPost},
	SlackBlocks:      {"slack", "blocks of a message", 50, inItems, slackBlocks},
	SlackSection:     {"slack", "section text", 3000, inUTF16, slackBlocks},
	SlackFields:      {"slack", "fields of a section", 10, inItems, slackBlocks},
	SlackField:       {"slack", "section field", 2000, inUTF16, slackBlocks},
	SlackHeader:      {"slack", "header", 150, inUTF16, slackBlocks},
	SlackContext:     {"slack", "elements of a context", 10, inItems, slackBlocks},
	SlackActions:     {"slack", "elements of actions", 25, inItems, slackBlocks},
	SlackButton:      {"slack", "button text", 75, inUTF16, slackBlocks},
	SlackButtonValue: {"slack", "button value", 2000, inUTF16, slackBlocks},
	SlackURL:         {"slack", "button url", 3000, inUTF16, slackBlocks},
	SlackID:          {"slack", "block_id and action_id", 255, inUTF16, slackBlocks},

	SlackWhole: {"slack", "text of all blocks together", 12000, inUTF16, slackTotal},

	ServiceNowShort:       {"servicenow", "short_description", 160, inUTF16, snTable},
	ServiceNowDescription: {"servicenow", "description", 4000, inUTF16, snTable},
	ServiceNowJournal:     {"servicenow", "work_notes, comments and close_notes", 4000, inUTF16, snTable},
	ServiceNowCorrelation: {"servicenow", "correlation_id and correlation_display", 100, inUTF16, snTable},

	PagerDutySummary: {"pagerduty", "payload.summary", 1024, inCharacters, pagerDutyV2},
	PagerDutyKey:     {"pagerduty", "dedup_key", 255, inCharacters, pagerDutyV2},
	PagerDutyRequest: {"pagerduty", "request", 512 * 1024, inBytes, pagerDutyV2},

	TeamsMessage: {"teams", "message", 28 * 1024, inBytes, teamsWebhooks},

	SNSMessage: {"sns", "message with attributes", 262144, inBytes, snsPublish},
	SNSSubject: {"sns", "subject", 99, inCharacters, snsPublish},
	SNSBatch:   {"sns", "entries of PublishBatch", 10, inItems, snsPublish},
	SNSDedup:   {"sns", "MessageDeduplicationId", 128, inCharacters, snsPublish},

	SESMessage:    {"ses", "message", 40 << 20, inBytes, sesQuotas},
	SESRecipients: {"ses", "recipients", 50, inItems, sesQuotas},
	SMTPLine:      {"smtp", "line without CR LF", 998, inBytes, rfc5321},

	ASFFFinding:       {"securityhub", "finding", 240 * 1024, inBytes, asff},
	ASFFBatch:         {"securityhub", "findings of a call", 100, inItems, asff},
	ASFFID:            {"securityhub", "Id and GeneratorId", 512, inCharacters, asff},
	ASFFTitle:         {"securityhub", "Title", 256, inCharacters, asff},
	ASFFDescription:   {"securityhub", "Description", 1024, inCharacters, asff},
	ASFFResources:     {"securityhub", "Resources", 32, inItems, asff},
	ASFFProductFields: {"securityhub", "ProductFields", 50, inItems, asff},
	ASFFProductKey:    {"securityhub", "key of ProductFields", 128, inCharacters, asff},
	ASFFProductValue:  {"securityhub", "value of ProductFields", 2048, inCharacters, asff},

	EventBridgeEntry:      {"eventbridge", "entry", 256 * 1024, inBytes, putEvents},
	EventBridgeBatch:      {"eventbridge", "entries of a call", 10, inItems, putEvents},
	EventBridgeDetailType: {"eventbridge", "DetailType", 128, inCharacters, putEvents},

	SQSMessage:  {"sqs", "message", 1 << 20, inBytes, sqsQuotas},
	WebhookBody: {"webhook", "body", 256 * 1024, inBytes, own},
}

// Limits is the table of all limits, by target.
func Limits() []Limit { return append([]Limit(nil), limits[:]...) }

// Limit is what the table says of b.
func (b Bound) Limit() Limit { return limits[b] }

// Max is the number of b.
func (b Bound) Max() int { return limits[b].Max }

// Meter counts in the unit of b; limits of items have none and count code points.
func (b Bound) Meter() Meter {
	switch limits[b].Unit {
	case inBytes:
		return Bytes
	case inUTF16:
		return UTF16
	}
	return Characters
}

// Cut is Cut to the limit of b in its own unit.
func (b Bound) Cut(s string) string { return Cut(s, b.Max(), b.Meter()) }
