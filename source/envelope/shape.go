package envelope

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// object opens a JSON object by its shape; the first that fits counts.
func (o *opener) object(n node) {
	recs := n.get("Records")
	if recs.array() && o.records(recs) {
		return
	}
	switch {
	case n.get("deliveryStreamArn").exists() && n.get("records").array():
		o.firehose(n)
	case n.at("awslogs", "data").exists():
		o.begin(ShapeLogs)
		o.encoded(n.at("awslogs", "data"))
	case n.get("messageType").exists() && n.get("logEvents").exists():
		o.logs(n)
	case snsType(n.get("Type").str()):
		o.begin(ShapeSNS)
		o.sns(n)
	case n.get("detail-type").exists() && n.get("source").exists():
		o.begin(ShapeEventBridge)
		o.event(n)
	case n.get("s3Bucket").exists() && n.get("s3ObjectKey").exists():
		o.begin(ShapeCloudTrail)
		o.trailNotice(n)
	case n.get("Service").str() == "Amazon S3" && n.get("Event").str() == s3TestEvent:
		o.begin(ShapeS3)
		o.inside(Hop{Shape: ShapeS3, ID: n.get("RequestId").str(), Time: n.get("Time").instant()}, func() {
			o.nothing(s3TestEvent, "Amazon S3 sends it when a notification is configured")
		})
	case n.at("requestContext", "http").object() && n.get("rawPath").exists():
		o.begin(ShapeURL)
		o.request(n)
	case isInvocation(n):
		o.begin(ShapeInvocation)
		o.invocation(n)
	case isRecord(n):
		o.begin(ShapeRecord)
		o.record(n, "record")
	case n.get("digestS3Object").exists() && n.get("digestEndTime").exists():
		o.nothing("digest file", "a digest file holds no records")
	case recs.array() || lookupOutput(n.get("Events")):
		o.begin(ShapeLogFile)
		o.logFile(n.raw)
	default:
		o.poison(n.raw, "the message has no shape that CloudTrail is delivered in (%s)", keysOf(n))
	}
}

// keysOf names the first keys of an object, for the person who has to find out
// what it is.
func keysOf(n node) string {
	names := cloudtrail.ValueOf(n.raw)
	var keys []string
	names.Members(func(key []byte, _ cloudtrail.Value) bool {
		keys = append(keys, fmt.Sprintf("%.40q", key))
		return len(keys) < 8
	})
	if len(keys) == 0 {
		return "an empty object"
	}
	return "its keys are " + strings.Join(keys, ", ")
}

// records opens an array of an event source's records, and reports whether it
// is one.
func (o *opener) records(n node) bool {
	first := n.first()
	switch source := first.get("eventSource").str(); {
	case source == "aws:sqs" || isSQS(first):
		o.begin(ShapeSQS)
		n.each(o.sqs)
	case first.get("EventSource").str() == "aws:sns":
		o.begin(ShapeSNS)
		n.each(o.snsRecord)
	case source == "aws:s3":
		o.begin(ShapeS3)
		n.each(o.s3Record)
	case source == "aws:kinesis":
		o.begin(ShapeKinesis)
		n.each(o.kinesis)
	case strings.HasPrefix(source, "aws:") && source != "aws:sns": // which SNS itself writes otherwise
		o.poison(n.raw, "the records are of the event source %.80q, which delivers no CloudTrail records: take away what invokes the function for it", source)
	default:
		return false
	}
	return true
}

// isRecord tells whether an object that stands alone is a CloudTrail record.
func isRecord(n node) bool {
	return n.get("eventCategory").exists() ||
		n.get("eventVersion").exists() && strings.HasSuffix(n.get("eventSource").str(), ".amazonaws.com")
}

// promised tells whether an object in a place where a record must be is one,
// even if some of its fields have wrong types or are missing.
func promised(n node) bool {
	if !n.object() {
		return false
	}
	if isRecord(n) {
		return true
	}
	for _, k := range []string{"eventVersion", "eventID", "eventName", "eventTime", "eventCategory", "eventId"} {
		if n.get(k).exists() {
			return true
		}
	}
	return false
}

// record gives n as it is.
func (o *opener) record(n node, what string) {
	o.emit(Item{Kind: Record, Record: n.raw, What: what})
}

// lookupOutput tells whether n is what LookupEvents gives.
func lookupOutput(n node) bool {
	return n.first().get("CloudTrailEvent").exists()
}

// looksLikeLogFile tells whether text that is not valid JSON begins like a log
// file, so that the records in its sound parts count.
func looksLikeLogFile(b []byte) bool {
	head := b[:min(len(b), 256)]
	return bytes.HasPrefix(head, []byte("{")) && bytes.Contains(head, []byte(`"Records"`)) && bytes.Contains(head, []byte(`"event`)) &&
		!bytes.Contains(head, []byte(`"aws:`))
}

// logFile opens the body of a log file as a scan does, so that both find the
// same records and the same faults.
func (o *opener) logFile(b []byte) {
	if o.decoder == nil {
		o.decoder = cloudtrail.NewDecoder(cloudtrail.DefaultLimits())
	}
	before := len(o.items)
	sum, err := o.decoder.Decode(context.Background(), "", bytes.NewReader(b), int64(len(b)),
		func(rec *cloudtrail.Record, _ int) error {
			o.emit(Item{Kind: Record, Record: bytes.Clone(rec.Raw()), What: "log file"})
			return nil
		})
	if err != nil {
		o.poison(b, "the log file cannot be read: %v", err)
	}
	for _, f := range sum.Faults {
		o.poison(b[max(0, min(int(f.Offset), len(b))):], "log file, byte %d: %s", f.Offset, f.Reason)
	}
	if sum.MoreFaults > 0 {
		o.poison(nil, "log file: %d more faults", sum.MoreFaults)
	}
	if len(o.items) == before {
		o.nothing("log file", "the log file holds no records")
	}
}
