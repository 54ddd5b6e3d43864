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
			o.nothing(t, "the topic's "+t+" asks the endpoint itself, not the reader of messages")
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

// request opens what Lambda hands on of a request to a function's URL (Lambda
// Developer Guide, invoking Lambda function URLs). Only AWS_IAM tells who sent it;
// what anybody may have sent is refused, as a forged message is.
func (o *opener) request(n node) {
	caller := n.at("requestContext", "authorizer", "iam")
	h := Hop{Shape: ShapeURL, ID: n.at("requestContext", "requestId").str(), Origin: caller.get("userArn").str(), Time: n.at("requestContext", "timeEpoch").instant()}
	o.inside(h, func() {
		switch body := n.get("body"); {
		case !caller.object():
			o.nothing("request of anybody", "the function's URL asks for no authorization, so anybody may have sent it: set its auth type to AWS_IAM")
		case string(n.get("isBase64Encoded").raw) == "true":
			o.encoded(body)
		case body.is('"'):
			o.text(body.bytes())
		case body.exists() && string(body.raw) != "null":
			o.poison(n.raw, "the body of the request is no text")
		}
	})
}

// isInvocation tells whether n is what Lambda hands to a function's destination
// (Lambda Developer Guide, records of asynchronous invocations).
func isInvocation(n node) bool {
	return n.at("requestContext", "functionArn").exists() && n.get("requestPayload").exists()
}

// invocation opens the event that a function was invoked with, when it failed on
// it: it is judged when the queue of such records is read.
func (o *opener) invocation(n node) {
	c := n.get("requestContext")
	h := Hop{Shape: ShapeInvocation, ID: c.get("requestId").str(), Origin: c.get("functionArn").str(), Time: n.get("timestamp").instant()}
	o.inside(h, func() {
		if c.get("condition").str() == "Success" {
			o.nothing("invocation", "the function handled the event")
			return
		}
		o.deeper(n.raw, func() { o.value(n.get("requestPayload")) })
	})
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
		o.inside(Hop{Shape: ShapeLogs, Origin: origin}, func() { o.logEvents(n) })
	default:
		o.poison(n.raw, "the CloudWatch Logs message is of the unknown type %.80q", t)
	}
}

// logEvents opens the events of a message.
func (o *opener) logEvents(n node) {
	events := n.get("logEvents")
	if !events.array() {
		o.poison(n.raw, "the logEvents of the CloudWatch Logs message are no array")
		return
	}
	events.each(o.logEvent)
}

// logEvent opens one log event: the JSON text of one record.
func (o *opener) logEvent(n node) {
	if o.full {
		return
	}
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
