// Package envelope opens whatever AWS wraps around CloudTrail records.
//
// The same queue, function or endpoint may receive S3 notifications, CloudTrail
// notifications, EventBridge events, CloudWatch Logs messages or bare records,
// each of them inside SNS, SQS, Kinesis, Firehose, base64 or gzip. Open tells
// them apart by their shape alone, opens them down to any depth that Limits
// allows, and gives Items: records, references to objects, things that need no
// work, and poison, which no later try will open either. Names are compared in
// exact case. Nothing is dropped: every message yields at least one Item.
//
// The shapes follow the S3 User Guide (event message structure, EventBridge
// event structure), the CloudTrail User Guide (SNS notifications), the
// EventBridge User Guide (events via CloudTrail), the CloudWatch Logs User Guide
// (subscriptions) and the Lambda Developer Guide (event sources).
package envelope

import "time"

// Kind is what an Item asks for.
type Kind uint8

// The kinds of Item.
const (
	Poison  Kind = iota // cannot be opened; goes to the dead letter
	Record              // one record
	Created             // an object to fetch
	Removed             // an object that somebody deleted
	Nothing             // a known message that needs no work
)

// String names the kind in one word.
func (k Kind) String() string {
	switch k {
	case Record:
		return "record"
	case Created:
		return "created"
	case Removed:
		return "removed"
	case Nothing:
		return "nothing"
	}
	return "poison"
}

// Item is one thing that came out of an envelope.
type Item struct {
	Kind Kind
	// Record is the exact JSON text of a Record. It may share memory with the
	// body that was opened.
	Record []byte
	// Object is what a Created or Removed item names, and a Poison or Nothing
	// item where it concerns an object.
	Object Object
	// What names the innermost message in its sender's own word, such as
	// "ObjectCreated:Put", "s3:TestEvent", "CONTROL_MESSAGE" or "AWS API Call
	// via CloudTrail". It is text from outside.
	What string
	// Reason says why an item is Poison or Nothing, and what to do about it.
	Reason string
	// Excerpt is the beginning of what could not be opened, at most
	// Limits.Excerpt bytes. It is text from outside.
	Excerpt []byte
	// Path are the messages that the item came through, outermost first. Items
	// of one message share it: do not write to it.
	Path []Hop

	unit int
}

// Shape is a kind of message, by the service that makes it.
type Shape string

// The shapes that Open knows.
const (
	ShapeSQS         Shape = "sqs"
	ShapeSNS         Shape = "sns"
	ShapeS3          Shape = "s3"
	ShapeCloudTrail  Shape = "cloudtrail"
	ShapeEventBridge Shape = "eventbridge"
	ShapeLogs        Shape = "logs"
	ShapeKinesis     Shape = "kinesis"
	ShapeFirehose    Shape = "firehose"
	ShapeURL         Shape = "function url"
	ShapeInvocation  Shape = "invocation"
	ShapeLookup      Shape = "lookup"
	ShapeLogFile     Shape = "log file"
	ShapeRecord      Shape = "record"
	ShapeUnknown     Shape = "unknown"
)

// Hop is one message on an item's way.
type Hop struct {
	Shape Shape
	// ID is what the service calls the message: messageId of SQS, MessageId of
	// SNS, id of an EventBridge event or a log event, sequenceNumber of Kinesis,
	// recordId of Firehose, requestId of an invocation.
	ID string
	// Origin is where it came from: the ARN of the queue, topic, data stream or
	// delivery stream, the rule-independent source of an event, or log group and
	// log stream with a colon between them.
	Origin string
	// Receives is how often the queue or stream has handed the message out, the
	// first time included; 0 when it does not say.
	Receives int
	// Time is when the service took the message in, UTC; zero when it does not
	// say.
	Time time.Time
}

// Batch is one body, opened.
type Batch struct {
	// Shape is the outermost message, which decides what a Lambda function has
	// to answer. For gzip and base64 it is the shape inside.
	Shape Shape
	// Units are the parts that can fail one by one: SQS messages, Kinesis and
	// Firehose records. Every other body is one unit.
	Units []Unit
}

// Unit is a part of a batch that is acknowledged as a whole.
type Unit struct {
	// Hop is the message; its ID is the identifier to report when the unit
	// fails. Of a body that is one unit it may be empty.
	Hop   Hop
	Items []Item
}

// Limits bound what opening one body may cost. Start from DefaultLimits: a limit
// of 0 lets nothing through.
type Limits struct {
	// Depth is the most messages, compressions and encodings in one another.
	Depth int
	// Output is the most bytes that everything inside the body may unpack and
	// decode to, added up.
	Output int
	// Items is the most items. Beyond them each further unit has one, and one that
	// says so if there were more.
	Items int
	// Excerpt is the most bytes kept of what could not be opened.
	Excerpt int
}

// DefaultLimits are far above what AWS sends: 6 MB at once to a Lambda function,
// 1 MB in a message, and about five messages in one another.
func DefaultLimits() Limits {
	return Limits{Depth: 16, Output: 64 << 20, Items: 200_000, Excerpt: 64 << 10}
}

// Open opens body: JSON text, gzip, or the plain text of a message. Whatever is
// wrong with it is an Item of kind Poison.
func Open(body []byte, l Limits) Batch {
	o := opener{limits: l, left: l.Output}
	o.text(body)
	return o.batch()
}

// Unwrap is Open for those who do not care for units.
func Unwrap(body []byte, l Limits) []Item {
	o := opener{limits: l, left: l.Output}
	o.text(body)
	return o.items
}

// Via opens the body of a message that the caller received itself: all items
// came through h.
func Via(h Hop, body []byte, l Limits) []Item {
	o := opener{limits: l, left: l.Output}
	o.inside(h, func() { o.text(body) })
	return o.items
}

// LogEvent opens the message of a CloudWatch Logs event that the caller read
// itself: the text of one record.
func LogEvent(h Hop, message []byte, l Limits) []Item {
	o := opener{limits: l, left: l.Output}
	o.inside(h, func() { o.logMessage(message) })
	return o.items
}
