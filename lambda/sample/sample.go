// Package sample makes sample trigger events: four made-up records on each of
// the ways by which CloudTrail reaches a Lambda function.
package sample

import (
	"bytes"
	"compress/gzip"
	"context"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/trailwarden/trailwarden/source"
)

//go:embed records.json
var records []byte

// Bucket and Key name the log file that the events announce.
const (
	Bucket = "example-trail-logs"
	Key    = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/14/111122223333_CloudTrail_us-east-1_20260314T0910Z_Example0Example0.json.gz"
)

const (
	region   = "us-east-1"
	account  = "111122223333"
	queueARN = "arn:aws:sqs:us-east-1:111122223333:trail-logs"
	topicARN = "arn:aws:sns:us-east-1:111122223333:trail-logs"
)

// Names lists the samples.
func Names() []string {
	return []string{"s3", "sns", "sqs", "sqs-sns", "eventbridge", "eventbridge-s3", "logs", "kinesis", "firehose", "schedule"}
}

// Event is the sample of that name, as Lambda hands it over, indented.
func Event(name string) ([]byte, error) {
	makers := map[string]func() any{
		"s3":             s3Event,
		"sns":            func() any { return sns(text(trailNotice())) },
		"sqs":            func() any { return sqs(text(s3Event())) },
		"sqs-sns":        func() any { return sqs(text(snsJSON(text(s3Event())))) },
		"eventbridge":    func() any { return eventBridge(each()[0]) },
		"eventbridge-s3": objectCreated,
		"logs":           func() any { return map[string]any{"awslogs": map[string]any{"data": packed(logsMessage())}} },
		"kinesis":        kinesis,
		"firehose":       firehose,
		"schedule":       schedule,
	}
	m := makers[name]
	if m == nil {
		return nil, fmt.Errorf("no sample %q: want one of %s", name, strings.Join(Names(), ", "))
	}
	return json.MarshalIndent(m(), "", "  ")
}

// Files opens the log file that the samples announce.
type Files struct{}

// Open opens the sample's log file.
func (Files) Open(_ context.Context, o source.Object) (io.ReadCloser, source.Info, error) {
	if o.Bucket != Bucket || o.Key != Key {
		return nil, source.Info{}, &source.Deleted{Object: o}
	}
	body := pack(records)
	o.Size = int64(len(body))
	return io.NopCloser(bytes.NewReader(body)), source.Info{Object: o}, nil
}

// each are the records one by one.
func each() []json.RawMessage {
	var file map[string][]json.RawMessage
	if err := json.Unmarshal(records, &file); err != nil {
		panic(err) // it is part of the program
	}
	return file["Records"]
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func pack(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write(b) // a Buffer takes everything
	_ = z.Close()
	return out.Bytes()
}

func packed(v any) string { return base64.StdEncoding.EncodeToString(pack([]byte(text(v)))) }

func s3Event() any {
	return map[string]any{"Records": []any{map[string]any{
		"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": region, "eventTime": "2026-03-14T09:10:12.345Z",
		"eventName": "ObjectCreated:Put", "userIdentity": map[string]any{"principalId": "AWS:AROAEXAMPLE:cloudtrail"},
		"requestParameters": map[string]any{"sourceIPAddress": "203.0.113.1"},
		"s3": map[string]any{"s3SchemaVersion": "1.0", "configurationId": "trailwarden",
			"bucket": map[string]any{"name": Bucket, "arn": "arn:aws:s3:::" + Bucket, "ownerIdentity": map[string]any{"principalId": "EXAMPLE"}},
			"object": map[string]any{"key": strings.ReplaceAll(url.QueryEscape(Key), "%2F", "/"), "size": len(pack(records)),
				// No eTag: whoever names a log of theirs here would be told that it was written again.
				"sequencer": "0062E99A88DC407460"}},
	}}}
}

func trailNotice() any { return map[string]any{"s3Bucket": Bucket, "s3ObjectKey": []string{Key}} }

func snsJSON(message string) map[string]any {
	return map[string]any{"Type": "Notification", "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e", "TopicArn": topicARN,
		"Message": message, "Timestamp": "2026-03-14T09:10:13.000Z", "SignatureVersion": "1", "Signature": "EXAMPLE",
		"SigningCertURL": "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-example.pem"}
}

func sns(message string) any {
	m := snsJSON(message)
	m["SigningCertUrl"] = m["SigningCertURL"]
	delete(m, "SigningCertURL")
	return map[string]any{"Records": []any{map[string]any{"EventVersion": "1.0", "EventSource": "aws:sns",
		"EventSubscriptionArn": topicARN + ":example", "Sns": m}}}
}

func sqs(body string) any {
	return map[string]any{"Records": []any{map[string]any{
		"messageId": "059f36b4-87a3-44ab-83d2-661975830a7d", "receiptHandle": "EXAMPLE", "body": body,
		"attributes": map[string]any{"ApproximateReceiveCount": "1", "SentTimestamp": "1773479413000",
			"SenderId": "AIDAEXAMPLE", "ApproximateFirstReceiveTimestamp": "1773479413100"},
		"messageAttributes": map[string]any{}, "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
		"eventSource": "aws:sqs", "eventSourceARN": queueARN, "awsRegion": region,
	}}}
}

func event(source, what string, detail any) any {
	return map[string]any{"version": "0", "id": "7bf73129-1428-4cd3-a780-95db273d1602", "detail-type": what, "source": source,
		"account": account, "time": "2026-03-14T09:02:31Z", "region": region, "resources": []any{}, "detail": detail}
}

func eventBridge(record json.RawMessage) any {
	return event("aws.cloudtrail", "AWS API Call via CloudTrail", record)
}

func objectCreated() any {
	return event("aws.s3", "Object Created", map[string]any{"version": "0", "bucket": map[string]any{"name": Bucket},
		"object":     map[string]any{"key": Key, "size": len(pack(records)), "sequencer": "0062E99A88DC407460"},
		"request-id": "EXAMPLE", "requester": "cloudtrail.amazonaws.com", "source-ip-address": "203.0.113.1", "reason": "PutObject"})
}

func logsMessage() any {
	var events []any
	for i, r := range each() {
		events = append(events, map[string]any{"id": fmt.Sprintf("3855510%d", i), "timestamp": 1773479351000 + i, "message": string(r)})
	}
	return map[string]any{"messageType": "DATA_MESSAGE", "owner": account, "logGroup": "trail", "logStream": account + "_CloudTrail_" + region,
		"subscriptionFilters": []string{"trailwarden"}, "logEvents": events}
}

func kinesis() any {
	return map[string]any{"Records": []any{map[string]any{
		"kinesis": map[string]any{"kinesisSchemaVersion": "1.0", "partitionKey": "1", "data": packed(logsMessage()),
			"sequenceNumber": "49590338271490256608559692538361571095921575989136588898", "approximateArrivalTimestamp": 1773479414.2},
		"eventSource": "aws:kinesis", "eventVersion": "1.0", "eventName": "aws:kinesis:record", "awsRegion": region,
		"eventID":        "shardId-000000000006:49590338271490256608559692538361571095921575989136588898",
		"eventSourceARN": "arn:aws:kinesis:us-east-1:111122223333:stream/trail", "invokeIdentityArn": "arn:aws:iam::111122223333:role/trailwarden",
	}}}
}

func firehose() any {
	return map[string]any{"invocationId": "2b4d1ad9-2f48-94bd-a088-767c317e994a", "region": region,
		"deliveryStreamArn": "arn:aws:firehose:us-east-1:111122223333:deliverystream/trail",
		"records": []any{map[string]any{"recordId": "49546986683135544286507457936321625675700192471156785154000000",
			"approximateArrivalTimestamp": 1773479414000, "data": packed(logsMessage())}}}
}

func schedule() any { return event("aws.events", "Scheduled Event", map[string]any{}) }
