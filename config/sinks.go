package config

// Sink is where messages go.
type Sink struct {
	Name string

	Slack       *Slack       `key:"slack" kind:"true" doc:"A Slack channel, by incoming webhook or bot token."`
	SNS         *SNS         `key:"sns" kind:"true" doc:"An SNS topic, standard or FIFO."`
	SES         *SES         `key:"ses" kind:"true" doc:"E-mail by Amazon SES v2."`
	SMTP        *SMTP        `key:"smtp" kind:"true" doc:"E-mail by an SMTP server."`
	ServiceNow  *ServiceNow  `key:"servicenow" kind:"true" doc:"ServiceNow incidents."`
	PagerDuty   *PagerDuty   `key:"pagerduty" kind:"true" doc:"PagerDuty Events API v2."`
	Teams       *Teams       `key:"teams" kind:"true" doc:"Microsoft Teams, by a Workflows webhook."`
	Webhook     *Webhook     `key:"webhook" kind:"true" doc:"Any HTTP endpoint, signed JSON or CloudEvents."`
	SecurityHub *SecurityHub `key:"securityhub" kind:"true" doc:"AWS Security Hub findings, ASFF."`
	EventBridge *EventBridge `key:"eventbridge" kind:"true" doc:"An EventBridge bus."`
	File        *File        `key:"file" kind:"true" doc:"A file of NDJSON."`
	OCSF        *OCSF        `key:"ocsf" kind:"true" doc:"A file of OCSF Detection Findings."`
	Stdout      *Stdout      `key:"stdout" kind:"true" doc:"The standard output, as text or NDJSON."`

	Enabled   bool     `key:"enabled" default:"true" doc:"Whether messages are sent; a sink that is off gets none queued."`
	Quota     Rate     `key:"quota" default:"30/m" doc:"Most messages; above it the sink is told running totals instead."`
	Timeout   Duration `key:"timeout" default:"30s" doc:"How long one delivery may take."`
	Lifecycle bool     `key:"lifecycle" default:"true" doc:"Tell also of acknowledged, resolved and reopened alerts, where the target knows what they are."`
	Template  string   `key:"template" doc:"Name of a template of messages.templates, in place of the sink's own rendering."`
}

// Kind is the sink's kind, such as slack; empty when it has none.
func (s *Sink) Kind() string { return kindOf(s) }

// Outgoing is how HTTP sinks connect.
type Outgoing struct {
	Private []string `key:"allow_private" doc:"Addresses inside private ranges that may be called, as CIDR ranges; without it, none."`
	Proxy   Secret   `key:"proxy" doc:"URL of an HTTP proxy, as a reference, because it may hold a password."`
	CA      string   `key:"ca" path:"read" doc:"File with further certificate authorities, PEM."`
}

// Slack is a channel.
type Slack struct {
	Webhook Secret   `key:"webhook" doc:"Incoming webhook's URL. Either this or token and channel."`
	Token   Secret   `key:"token" doc:"Bot token with the scope chat:write: repeats become replies in a thread."`
	Channel string   `key:"channel" doc:"Channel id or name, with token."`
	Style   string   `key:"style" default:"blocks" enum:"blocks,yaml,line" doc:"blocks; yaml, the record's essentials as a YAML body; or line, one line for each event."`
	Fields  []string `key:"fields" doc:"With style yaml, the record's fields to show."`
	APIURL  string   `key:"api_url" doc:"Base URL of Slack's API, such as https://slack-gov.com/api."`
	Outgoing
}

// SNS is a topic or endpoint.
type SNS struct {
	Topic       string `key:"topic" doc:"ARN of the topic; one that ends in .fifo deduplicates. Either this or target."`
	Target      string `key:"target" doc:"ARN of an endpoint (mobile push) in place of a topic."`
	PerProtocol bool   `key:"per_protocol" doc:"A short text for SMS and push subscribers and the full one for mail, whatever the style."`
	Style       string `key:"style" default:"full" enum:"full,lines,json" doc:"full text; lines, the published walk-through's Event, Source, Params and Region; or json."`
	Client
}

// SES is e-mail by SES v2.
type SES struct {
	From             string   `key:"from" need:"true" doc:"Sender, a verified identity."`
	To               []string `key:"to" need:"true" doc:"Recipients."`
	Cc               []string `key:"cc" doc:"Recipients of copies."`
	ReplyTo          []string `key:"reply_to" doc:"Where answers go."`
	ConfigurationSet string   `key:"configuration_set" doc:"SES configuration set."`
	IdentityARN      string   `key:"identity_arn" doc:"ARN of the identity, when another account owns it."`
	Client
}

// SMTP is e-mail by a server.
type SMTP struct {
	Server   string   `key:"server" need:"true" doc:"Host and port, such as smtp.example.com:587."`
	From     string   `key:"from" need:"true" doc:"Sender."`
	To       []string `key:"to" need:"true" doc:"Recipients."`
	Cc       []string `key:"cc" doc:"Recipients of copies."`
	ReplyTo  []string `key:"reply_to" doc:"Where answers go."`
	Username Login    `key:"username" doc:"For servers that want one; a name, or a reference as for a secret."`
	Password Secret   `key:"password" doc:"Password of username."`
	TLS      string   `key:"tls" default:"starttls" enum:"starttls,implicit,off" doc:"starttls, implicit (port 465), or off for a server on this machine."`
	Helo     string   `key:"helo" doc:"Name to say hello with; without it, the machine's."`
	CA       string   `key:"ca" path:"read" doc:"File with further certificate authorities, PEM."`
}

// ServiceNow is an instance's table of incidents.
type ServiceNow struct {
	Instance     string            `key:"instance" need:"true" doc:"URL of the instance, such as https://example.service-now.com."`
	Table        string            `key:"table" default:"incident" doc:"The table that incidents stand in."`
	Auth         string            `key:"auth" default:"basic" enum:"basic,client_credentials,password" doc:"Basic, or OAuth 2.0 by the grant named."`
	Username     Login             `key:"username" doc:"User, for basic and for the password grant; a name, or a reference as for a secret."`
	Password     Secret            `key:"password" doc:"Password of username."`
	ClientID     Login             `key:"client_id" doc:"OAuth client id, or a reference as for a secret."`
	ClientSecret Secret            `key:"client_secret" doc:"OAuth client secret."`
	Fields       map[string]string `key:"fields" open:"true" doc:"Values of the table's fields, such as assignment_group or category; {{…}} templates are filled in."`
	Required     []string          `key:"required" doc:"Fields that must have been stored as given: a wrong reference is otherwise stored empty without a word."`
	DisplayValue bool              `key:"display_values" default:"true" doc:"Names stand in reference fields, not sys_ids."`
	Urgency      map[string]int    `key:"urgency" open:"true" doc:"Urgency (1 to 3) by severity."`
	Impact       map[string]int    `key:"impact" open:"true" doc:"Impact (1 to 3) by severity."`
	Inactive     string            `key:"inactive" default:"reopen" enum:"reopen,new,comment" doc:"What to do when the incident was resolved or closed meanwhile."`
	Reopen       Duration          `key:"reopen_within" default:"7d" doc:"How old a resolved incident may be to be reopened; an older one gets a new incident."`
	States       SNStates          `key:"states" doc:"The instance's state values."`
	CloseCode    string            `key:"close_code" default:"Solved (Permanently)" doc:"close_code on resolve."`
	CloseNotes   string            `key:"close_notes" default:"Resolved in Trailwarden." doc:"close_notes on resolve."`
	Journal      string            `key:"journal" default:"work_notes" enum:"work_notes,comments" doc:"The journal field that repeats are written to."`
	Outgoing
}

// SNStates are an instance's state values.
type SNStates struct {
	New      string `key:"new" default:"1" doc:"New."`
	Work     string `key:"in_progress" default:"2" doc:"In Progress, also after reopening."`
	Resolved string `key:"resolved" default:"6" doc:"Resolved."`
	Closed   string `key:"closed" default:"7" doc:"Closed."`
	Canceled string `key:"canceled" default:"8" doc:"Canceled."`
}

// PagerDuty is a service's integration.
type PagerDuty struct {
	RoutingKey Secret `key:"routing_key" need:"true" doc:"Integration key of the service, 32 characters."`
	Site       string `key:"site" default:"us" enum:"us,eu" doc:"PagerDuty's service region."`
	URL        string `key:"events_url" doc:"Another endpoint than the site's."`
	Component  string `key:"component" doc:"Component to name in events."`
	Class      string `key:"class" doc:"Class to name in events; without it, the rule's id."`
	Outgoing
}

// Teams is a Workflows webhook.
type Teams struct {
	Webhook Secret `key:"webhook" need:"true" doc:"URL of the workflow that a Teams webhook request starts."`
	Outgoing
}

// Webhook is an HTTP endpoint.
type Webhook struct {
	URL     Secret            `key:"url" need:"true" doc:"Where messages are posted, as a reference: webhook URLs hold secrets."`
	Format  string            `key:"format" default:"json" enum:"json,cloudevents,cloudevents-binary" doc:"The message as JSON, or as CloudEvents 1.0, structured or binary."`
	HMAC    Secret            `key:"hmac_key" doc:"Key of the HMAC-SHA-256 signature over timestamp and body."`
	Token   Secret            `key:"bearer_token" doc:"Token of the Authorization header."`
	Headers map[string]Secret `key:"secret_headers" open:"true" doc:"Further headers with secret values."`
	Plain   map[string]string `key:"headers" open:"true" doc:"Further headers."`
	Source  string            `key:"source" default:"trailwarden" doc:"Source of CloudEvents."`
	Max     Bytes             `key:"max_body" doc:"Most bytes of one message, 8KiB or more; without it, 256KiB."`
	Cert    string            `key:"client_certificate" path:"read" doc:"File with the certificate chain, PEM, that is shown to endpoints that ask for one (mutual TLS)."`
	CertKey Secret            `key:"client_key" doc:"Private key of client_certificate, PEM."`
	Outgoing
}

// SecurityHub is the account's default product.
type SecurityHub struct {
	Account string   `key:"account" doc:"The account that findings are imported into; without it, the caller's."`
	Types   []string `key:"types" doc:"ASFF types; without it, TTPs."`
	Client
}

// EventBridge is a bus.
type EventBridge struct {
	Bus      string `key:"bus" default:"default" doc:"Name or ARN of the bus."`
	Source   string `key:"source" default:"trailwarden" doc:"Source of the events; it must not begin with aws."`
	MaxEntry Bytes  `key:"max_entry" default:"256KiB" doc:"Most bytes of one event, 32KiB or more."`
	Client
}

// File is NDJSON.
type File struct {
	Path   string `key:"path" need:"true" path:"true" doc:"The file; it is appended to."`
	Rotate Bytes  `key:"rotate" default:"100MiB" doc:"Size at which the file is put aside."`
	Keep   int    `key:"keep" default:"10" min:"0" max:"100000" doc:"Files put aside that are kept."`
}

// OCSF is Detection Findings.
type OCSF struct {
	Path   string `key:"path" need:"true" path:"true" doc:"The file; it is appended to."`
	Rotate Bytes  `key:"rotate" default:"100MiB" doc:"Size at which the file is put aside."`
	Keep   int    `key:"keep" default:"10" min:"0" max:"100000" doc:"Files put aside that are kept."`
}

// Stdout is the standard output.
type Stdout struct {
	Format string `key:"format" default:"text" enum:"text,json" doc:"Lines for people, or NDJSON."`
}
