package config

import "strings"

// Source is where records come from.
type Source struct {
	Name string

	S3     *S3Source     `key:"s3" kind:"true" doc:"A bucket that is listed: backfill of a range of time, and catching up."`
	SQS    *SQSSource    `key:"sqs" kind:"true" doc:"A queue with notifications of new log files, or with events."`
	HTTP   *HTTPSource   `key:"http" kind:"true" doc:"An HTTP endpoint for SNS topics and for EventBridge API destinations."`
	Logs   *LogsSource   `key:"logs" kind:"true" doc:"A CloudWatch Logs group that is polled."`
	Lookup *LookupSource `key:"lookup" kind:"true" doc:"CloudTrail's LookupEvents: the last 90 days of management events, without a trail."`
	Folder *FolderSource `key:"folder" kind:"true" doc:"A folder that is watched for log files."`

	Enabled bool     `key:"enabled" default:"true" doc:"Whether serve reads it."`
	Silence Duration `key:"silence" doc:"Tell when the source gives nothing for so long, though it never gave anything; without it, serve.silence."`
}

// Client says how AWS is spoken with; it stands in every block that does.
type Client struct {
	Region   string `key:"region" doc:"The AWS region; without it, that of the environment."`
	Role     string `key:"role" doc:"ARN of a role to assume."`
	External string `key:"external_id" doc:"External id of the role's trust policy."`
	Endpoint string `key:"endpoint" doc:"Another endpoint of this one service than AWS's own, such as a VPC endpoint's URL."`
}

// S3Source is a bucket that is listed.
type S3Source struct {
	Bucket   string   `key:"bucket" need:"true" doc:"Name of the bucket."`
	Prefix   string   `key:"prefix" doc:"What keys begin with, before AWSLogs."`
	Accounts []string `key:"accounts" doc:"Only these accounts, 12 digits each; without it, all."`
	Regions  []string `key:"regions" doc:"Only these regions; without it, all."`
	From     string   `key:"from" doc:"Backfill from this time on: 2026-03-14, RFC 3339, or an age such as 7d."`
	To       string   `key:"to" doc:"Backfill up to this time; without it, go on."`
	Every    Duration `key:"every" default:"5m" doc:"How often new files are listed."`
	Workers  int      `key:"workers" default:"4" min:"1" max:"256" doc:"Files read at once."`
	Client
}

// SQSSource is a queue.
type SQSSource struct {
	Queue      string   `key:"queue" need:"true" doc:"URL of the queue."`
	Workers    int      `key:"workers" default:"4" min:"1" max:"256" doc:"Messages worked on at once."`
	Visibility Duration `key:"visibility" default:"2m" doc:"How long a message is hidden from others, renewed while it is worked on."`
	Tries      int      `key:"tries" default:"3" min:"1" max:"1000" doc:"Tries before a message that cannot be read goes to our dead letters."`
	Buckets    []string `key:"buckets" doc:"Only files of these buckets are fetched; without it, of any."`
	Client
}

// AWSRegion is the queue's region: the one that is said, or that of its URL; empty
// where neither has one.
func (s *SQSSource) AWSRegion() string {
	_, host, ok := strings.Cut(s.Queue, "//sqs.")
	if s.Region != "" || !ok {
		return s.Region
	}
	region, _, _ := strings.Cut(host, ".")
	return region
}

// HTTPSource is an endpoint for pushes.
type HTTPSource struct {
	Listen      string   `key:"listen" default:"127.0.0.1:8180" doc:"Address and port to listen on."`
	Path        string   `key:"url_path" default:"/" doc:"Path of the endpoint."`
	Topics      []string `key:"sns_topics" doc:"ARNs of the SNS topics whose messages are taken; signatures are always verified."`
	Confirm     bool     `key:"sns_confirm" default:"true" doc:"Confirm the subscription of these topics."`
	APIKey      Secret   `key:"eventbridge_api_key" doc:"Value of the API key header that an EventBridge API destination sends."`
	APIHeader   string   `key:"eventbridge_api_header" default:"X-Api-Key" doc:"Name of that header."`
	MaxBody     Bytes    `key:"max_body" default:"8MiB" doc:"Most bytes of one request."`
	Certificate string   `key:"tls_certificate" path:"true" doc:"File with the TLS certificate chain, PEM."`
	Key         string   `key:"tls_key" path:"true" doc:"File with the TLS private key, PEM, mode 0600."`
	Client
}

// LogsSource is a log group that is polled.
type LogsSource struct {
	Group  string   `key:"group" need:"true" doc:"Name or ARN of the log group."`
	Prefix string   `key:"stream_prefix" doc:"Only log streams whose names begin so."`
	Every  Duration `key:"every" default:"1m" doc:"How often it is asked."`
	Lag    Duration `key:"overlap" default:"15m" doc:"How far each question reaches back, for events that come late."`
	Client
}

// LookupSource asks LookupEvents.
type LookupSource struct {
	Regions []string `key:"regions" doc:"The regions to ask; without it, all that are enabled."`
	From    string   `key:"from" default:"24h" doc:"Where to begin at first: an age up to 90d, or a time."`
	Every   Duration `key:"every" default:"1m" doc:"How often each region is asked."`
	Overlap Duration `key:"overlap" default:"15m" doc:"How far each question reaches back, for events that come late."`
	Client
}

// FolderSource is a watched folder.
type FolderSource struct {
	Path    string   `key:"path" need:"true" path:"true" doc:"The folder, with its subfolders."`
	Every   Duration `key:"every" default:"10s" doc:"How often it is listed, beside the system's notices of change."`
	Settled Duration `key:"settled" default:"2s" doc:"How long a file must stay unchanged before it is read."`
}
