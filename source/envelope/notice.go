package envelope

import (
	"net/url"
	"strings"
)

const s3TestEvent = "s3:TestEvent"

// s3Record opens one record of an S3 event notification (S3 User Guide, event
// message structure).
func (o *opener) s3Record(n node) {
	name := strings.TrimPrefix(n.get("eventName").str(), "s3:")
	h := Hop{Shape: ShapeS3, ID: n.at("responseElements", "x-amz-request-id").str(), Origin: n.at("s3", "bucket", "arn").str(),
		Time: n.get("eventTime").instant()}
	o.inside(h, func() {
		if n.get("eventSource").str() != "aws:s3" {
			o.poison(n.raw, "the record stands among S3 notifications and is none")
			return
		}
		if major, _, _ := strings.Cut(n.get("eventVersion").str(), "."); major != "2" {
			o.poison(n.raw, "version %.20q of S3 notifications is unknown; version 2 is read", n.get("eventVersion").str())
			return
		}
		s3 := n.get("s3")
		key, err := url.QueryUnescape(s3.at("object", "key").str())
		if err != nil {
			o.poison(n.raw, "the object key of the S3 notification is not URL-encoded as Amazon S3 does it: %v", err)
			return
		}
		obj := Object{Bucket: s3.at("bucket", "name").str(), Key: key, VersionID: s3.at("object", "versionId").str(),
			ETag: unquote(s3.at("object", "eTag").str()), Region: n.get("awsRegion").str(), Sequencer: s3.at("object", "sequencer").str(),
			Size: size(s3.at("object", "size")), Time: h.Time}
		o.object3(n, obj, name, s3Kind(name))
	})
}

// s3Kind tells what an S3 event asks for. Removal by a lifecycle rule is what
// the bucket's owner set up; anybody else's removal of a log is news.
func s3Kind(event string) Kind {
	switch {
	case strings.HasPrefix(event, "ObjectCreated:"):
		return Created
	case strings.HasPrefix(event, "ObjectRemoved:"):
		return Removed
	case event == "":
		return Poison
	}
	return Nothing
}

// object3 gives a reference to an object, if it can be one.
func (o *opener) object3(n node, obj Object, what string, k Kind) {
	if err := obj.Check(); err != nil {
		o.poison(n.raw, "the notification is of no use: %v", err)
		return
	}
	it := Item{Kind: k, Object: obj, What: what}
	switch {
	case k == Poison:
		o.poison(n.raw, "the notification names no event")
		return
	case k == Nothing:
		it.Reason = "the event creates no object"
	case k == Created && obj.Class() == SecurityLake:
		it.Kind = Poison
		it.Excerpt = n.raw[:min(len(n.raw), o.limits.Excerpt)]
		it.Reason = "the object is a Parquet file of Security Lake (OCSF), which does not keep the whole record: " +
			"subscribe to the trail's own bucket, and search the lake with query"
	}
	o.emit(it)
}

func size(n node) int64 {
	if i, ok := n.integer(); ok && i >= 0 {
		return i
	}
	return -1
}

func unquote(etag string) string { return strings.Trim(etag, `"`) }

// trailNotice opens CloudTrail's own notification of delivered files, whose
// keys are not encoded (CloudTrail User Guide, SNS notifications).
func (o *opener) trailNotice(n node) {
	o.inside(Hop{Shape: ShapeCloudTrail, Origin: n.get("s3Bucket").str()}, func() {
		bucket, keys := n.get("s3Bucket").str(), n.get("s3ObjectKey")
		one := func(k node) {
			if !k.is('"') {
				o.poison(k.raw, "an object key of the CloudTrail notification is no text")
				return
			}
			o.object3(n, Object{Bucket: bucket, Key: k.str(), Size: -1}, "CloudTrail delivery", Created)
		}
		if keys.array() {
			keys.each(one)
			return
		}
		one(keys)
	})
}

// event opens an EventBridge event (EventBridge User Guide, events via
// CloudTrail; S3 User Guide, EventBridge event structure).
func (o *opener) event(n node) {
	what := n.get("detail-type").str()
	h := Hop{Shape: ShapeEventBridge, ID: n.get("id").str(), Origin: n.get("source").str(), Time: n.get("time").instant()}
	o.inside(h, func() {
		detail := n.get("detail")
		switch {
		case h.Origin == "aws.s3" && detail.get("bucket").object():
			o.s3Event(n, what, h)
		case scheduled(h.Origin, what):
			o.nothing(what, "a schedule")
		case isInvocation(detail):
			o.invocation(detail)
		case isRecord(detail) || viaCloudTrail(what) && promised(detail): // other services have events with an eventName, too
			o.record(detail, what)
		case viaCloudTrail(what):
			o.poison(n.raw, "the EventBridge event promises a CloudTrail record, and its detail is none")
		default:
			o.poison(n.raw, "the EventBridge event %.80q of %.80q holds no CloudTrail record: narrow the pattern of the rule that sends it", what, h.Origin)
		}
	})
}

// Schedule is the What of an item that stands for a moment in time and for
// nothing else.
const Schedule = "Scheduled Event"

// scheduled tells whether an event comes from a clock: from a rule with a
// schedule, or from EventBridge Scheduler, whose detail is a text (EventBridge
// Scheduler User Guide, templated targets).
func scheduled(source, detailType string) bool {
	return (source == "aws.events" || source == "aws.scheduler") && detailType == Schedule
}

// viaCloudTrail compares a detail-type ignoring blanks and case, for AWS spells
// one of them in two ways.
func viaCloudTrail(detailType string) bool {
	t := strings.ToLower(strings.ReplaceAll(detailType, " ", ""))
	return strings.HasSuffix(t, "viacloudtrail")
}

// s3Event opens an event of a bucket. The key is plain here.
func (o *opener) s3Event(n node, what string, h Hop) {
	d := n.get("detail")
	obj := Object{Bucket: d.at("bucket", "name").str(), Key: d.at("object", "key").str(), VersionID: d.at("object", "version-id").str(),
		ETag: unquote(d.at("object", "etag").str()), Region: n.get("region").str(), Sequencer: d.at("object", "sequencer").str(),
		Size: size(d.at("object", "size")), Time: h.Time, Requester: d.get("requester").str()}
	kind := Nothing
	switch reason := d.get("reason").str(); {
	case what == "Object Created":
		kind = Created
	case what == "Object Deleted" && !strings.HasPrefix(reason, "Lifecycle"):
		kind = Removed
	}
	o.object3(n, obj, what, kind)
}
