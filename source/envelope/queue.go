package envelope

import (
	"time"

	"github.com/trailwarden/trailwarden/internal/jsonscan"
)

// isSQS tells whether n is an SQS message as EventBridge Pipes hands it on.
func isSQS(n node) bool {
	return n.get("messageId").exists() && n.get("receiptHandle").exists() && n.get("body").exists()
}

// sqs opens one record of Lambda's SQS event (Lambda Developer Guide, using
// Lambda with Amazon SQS).
func (o *opener) sqs(n node) {
	h := Hop{Shape: ShapeSQS, ID: n.get("messageId").str(), Origin: n.get("eventSourceARN").str()}
	attrs := n.get("attributes")
	if r, ok := attrs.get("ApproximateReceiveCount").integer(); ok && r > 0 {
		h.Receives = int(min(r, 1<<30))
	}
	h.Time = attrs.get("SentTimestamp").instant()
	o.inside(h, func() {
		body := n.get("body").bytes()
		if body == nil {
			o.poison(n.raw, "the SQS message has no body of text")
			return
		}
		o.text(body)
	})
}

// snsType tells whether Type is one of SNS JSON.
func snsType(t string) bool {
	return t == "Notification" || t == "SubscriptionConfirmation" || t == "UnsubscribeConfirmation"
}

// snsRecord opens one record of Lambda's SNS event.
func (o *opener) snsRecord(n node) {
	if !n.get("Sns").object() {
		o.poison(n.raw, "the SNS record has no \"Sns\" object")
		return
	}
	o.sns(n.get("Sns"))
}

// sns opens SNS JSON: the body of an HTTP post or of an SQS message, or what
// Lambda's event holds.
func (o *opener) sns(n node) {
	h := Hop{Shape: ShapeSNS, ID: n.get("MessageId").str(), Origin: n.get("TopicArn").str(), Time: n.get("Timestamp").instant()}
	o.inside(h, func() {
		if t := n.get("Type").str(); t == "SubscriptionConfirmation" || t == "UnsubscribeConfirmation" {
			o.nothing(t, "the topic "+t+" asks the endpoint itself, not the reader of messages")
			return
		}
		message := n.get("Message").bytes()
		if message == nil {
			o.poison(n.raw, "the SNS notification has no Message of text")
			return
		}
		o.text(message)
	})
}

// kinesis opens one record of Lambda's Kinesis event.
func (o *opener) kinesis(n node) {
	k := n.get("kinesis")
	h := Hop{Shape: ShapeKinesis, ID: k.get("sequenceNumber").str(), Origin: n.get("eventSourceARN").str(),
		Time: k.get("approximateArrivalTimestamp").instant()}
	o.inside(h, func() { o.encoded(k.get("data")) })
}

// firehose opens what Firehose hands to a transformation.
func (o *opener) firehose(n node) {
	o.begin(ShapeFirehose)
	stream := n.get("deliveryStreamArn").str()
	empty := true
	n.get("records").each(func(r node) {
		empty = false
		h := Hop{Shape: ShapeFirehose, ID: r.get("recordId").str(), Origin: stream, Time: r.get("approximateArrivalTimestamp").instant()}
		o.inside(h, func() { o.encoded(r.get("data")) })
	})
	if empty {
		o.nothing("empty", "the delivery holds no records")
	}
}

// logs opens a message of a CloudWatch Logs subscription (CloudWatch Logs User
// Guide, subscription filters).
func (o *opener) logs(n node) {
	o.begin(ShapeLogs)
	origin := n.get("logGroup").str() + ":" + n.get("logStream").str()
	switch t := n.get("messageType").str(); t {
	case "CONTROL_MESSAGE":
		o.inside(Hop{Shape: ShapeLogs, Origin: origin}, func() {
			o.nothing(t, "CloudWatch Logs sends it to see whether the destination can be reached")
		})
	case "DATA_MESSAGE":
		o.inside(Hop{Shape: ShapeLogs, Origin: origin}, func() { n.get("logEvents").each(o.logEvent) })
	default:
		o.poison(n.raw, "the CloudWatch Logs message is of the unknown type %.80q", t)
	}
}

// logEvent opens one log event: the JSON text of one record.
func (o *opener) logEvent(n node) {
	h := o.path[len(o.path)-1]
	h.ID, h.Time = n.get("id").str(), time.Time{}
	if ms, ok := n.get("timestamp").integer(); ok && ms > 0 {
		h.Time = time.UnixMilli(ms).UTC()
	}
	outer := o.path[:len(o.path)-1]
	o.path, o.shared = append(outer[:len(outer):len(outer)], h), nil
	message := n.get("message").bytes()
	if message == nil {
		o.poison(n.raw, "the log event has no message of text")
		return
	}
	o.logMessage(message)
}

// logMessage opens the text of one record. Whatever else it is, is opened by its
// shape.
func (o *opener) logMessage(message []byte) {
	if at := jsonscan.SkipSpace(message, 0); at < len(message) && message[at] == '{' {
		ix := o.index(message, at)
		end, mark, err := ix.Parse(at)
		found := err == nil && jsonscan.SkipSpace(message, end) == len(message) && isMessage(node{ix, message[at:end], mark})
		o.release(ix)
		if found {
			o.record(node{raw: message[at:end]}, "log event")
			return
		}
	}
	o.text(message)
}

// isMessage tells whether a log event is a record, and no message that only has
// a field of the same name.
func isMessage(n node) bool {
	return promised(n) && !n.get("Records").exists() && !n.get("detail").exists()
}
