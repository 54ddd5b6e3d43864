package lambda_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/deploy/notification"
	"github.com/trailwarden/trailwarden/lambda"
)

// buckets are the notifications of buckets by their names.
type buckets map[string]notification.Config

func (b buckets) GetBucketNotificationConfiguration(_ context.Context, in *s3.GetBucketNotificationConfigurationInput, _ ...func(*s3.Options)) (*s3.GetBucketNotificationConfigurationOutput, error) {
	c, ok := b[aws.ToString(in.Bucket)]
	if !ok {
		return nil, &types.NoSuchBucket{Message: aws.String("The specified bucket does not exist")}
	}
	return &s3.GetBucketNotificationConfigurationOutput{EventBridgeConfiguration: c.EventBridgeConfiguration, QueueConfigurations: c.QueueConfigurations,
		TopicConfigurations: c.TopicConfigurations, LambdaFunctionConfigurations: c.LambdaFunctionConfigurations}, nil
}

func (b buckets) PutBucketNotificationConfiguration(_ context.Context, in *s3.PutBucketNotificationConfigurationInput, _ ...func(*s3.Options)) (*s3.PutBucketNotificationConfigurationOutput, error) {
	b[aws.ToString(in.Bucket)] = *in.NotificationConfiguration
	return &s3.PutBucketNotificationConfigurationOutput{}, nil
}

// cloudFormation is where answers arrive.
type cloudFormation struct {
	status  int
	err     error
	answers []map[string]string
	headers []http.Header
	hosts   []string
}

func (c *cloudFormation) Do(r *http.Request) (*http.Response, error) {
	if c.err != nil {
		return nil, c.err
	}
	body, err := io.ReadAll(r.Body)
	var answer map[string]string
	if err != nil || r.Method != http.MethodPut || json.Unmarshal(body, &answer) != nil {
		return nil, errors.New("no PUT of a JSON object of texts")
	}
	c.answers, c.headers = append(c.answers, answer), append(c.headers, r.Header)
	c.hosts = append(c.hosts, r.URL.Host)
	return &http.Response{StatusCode: c.status, Body: io.NopCloser(bytes.NewReader(nil))}, nil
}

func (c *cloudFormation) last(t *testing.T) map[string]string {
	t.Helper()
	if len(c.answers) == 0 {
		t.Fatal("CloudFormation waits in vain")
	}
	return c.answers[len(c.answers)-1]
}

const responseURL = "https://cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com/arn%3Aaws?X-Amz-Signature=abc"

// resources is a function whose configuration cannot even be read: custom
// resources are made before there is one.
func resources(t testing.TB, b buckets, to *cloudFormation) *lambda.Function {
	t.Helper()
	return start(t, lambda.Options{Log: slog.New(slog.DiscardHandler),
		Load: func(context.Context) (*assemble.Parts, bool, error) {
			return nil, false, errors.New("there is no configuration yet")
		},
		Resources: &lambda.Resources{Buckets: b, HTTP: to, Wait: func(context.Context, time.Duration) error { return nil }}})
}

func customEvent(kind, physical string, properties map[string]any, more ...any) []byte {
	event := map[string]any{"RequestType": kind, "ResponseURL": responseURL, "StackId": "arn:aws:cloudformation:eu-west-1:111122223333:stack/tw/1",
		"RequestId": "r-1", "ResourceType": "Custom::BucketNotification", "LogicalResourceId": "Notification", "ResourceProperties": properties}
	if physical != "" {
		event["PhysicalResourceId"] = physical
	}
	for i := 0; i+1 < len(more); i += 2 {
		event[more[i].(string)] = more[i+1]
	}
	out, _ := json.Marshal(event)
	return out
}

func foreignQueue(prefix string) notification.Config {
	c, _, _ := notification.Merge(notification.Config{}, notification.Entry{ID: "backup", Prefix: prefix, Destination: "arn:aws:sqs:eu-west-1:111122223333:backup"})
	return c
}

func wanted(bucket, prefix string) map[string]any {
	return map[string]any{"ServiceToken": "arn:aws:lambda:eu-west-1:111122223333:function:trailwarden", "Bucket": bucket, "Id": "tw", "Prefix": prefix,
		"TopicArn": "arn:aws:sns:eu-west-1:111122223333:trail-logs"}
}

// S2.D10: a stack on a bucket that exists already merges its notification, moves
// it, and takes it away again; others' stay.
func TestCustomResource(t *testing.T) {
	b, to := buckets{"logs": foreignQueue("backup/"), "logs-2": {}}, &cloudFormation{status: 200}
	f := resources(t, b, to)
	invoke := func(event []byte, id string, n, n2 int) {
		t.Helper()
		if _, err := f.Invoke(t.Context(), event); err != nil {
			t.Fatal(err)
		}
		a := to.last(t)
		if a["Status"] != "SUCCESS" || a["PhysicalResourceId"] != id || a["RequestId"] != "r-1" || a["LogicalResourceId"] != "Notification" || a["StackId"] == "" {
			t.Errorf("answer %v, want success and id %s", a, id)
		}
		if got, got2 := len(notification.Describe(b["logs"])), len(notification.Describe(b["logs-2"])); got != n || got2 != n2 {
			t.Errorf("%d and %d entries, want %d and %d", got, got2, n, n2)
		}
	}
	invoke(customEvent("Create", "", wanted("logs", "AWSLogs/")), "logs/tw", 2, 0)
	invoke(customEvent("Create", "", wanted("logs", "AWSLogs/")), "logs/tw", 2, 0) // Lambda tries again
	invoke(customEvent("Update", "logs/tw", wanted("logs", "AWSLogs/o-1/"), "OldResourceProperties", wanted("logs", "AWSLogs/")), "logs/tw", 2, 0)
	invoke(customEvent("Update", "logs/tw", wanted("logs-2", ""), "OldResourceProperties", wanted("logs", "AWSLogs/o-1/")), "logs-2/tw", 2, 1)
	invoke(customEvent("Delete", "logs/tw", wanted("logs", "AWSLogs/o-1/")), "logs/tw", 1, 1)
	invoke(customEvent("Delete", "logs-2/tw", wanted("logs-2", "")), "logs-2/tw", 1, 0)
	delete(b, "logs-2")
	invoke(customEvent("Delete", "logs-2/tw", wanted("logs-2", "")), "logs-2/tw", 1, 0)
	if !notification.Equal(b["logs"], foreignQueue("backup/")) {
		t.Errorf("in the end %v", notification.Describe(b["logs"]))
	}
	if got := to.headers[0].Get("Content-Type"); got != "" {
		t.Errorf("the answer has content type %q, which the signature does not cover", got)
	}
}

// A resource that could not be made says why, and its deletion takes nothing of
// a stack that has the same Id.
func TestCustomResourceFailure(t *testing.T) {
	b, to := buckets{"logs": foreignQueue("AWSLogs/")}, &cloudFormation{status: 200}
	f := resources(t, b, to)
	for want, properties := range map[string]map[string]any{
		`"backup"`:            wanted("logs", ""),
		"NoSuchBucket":        wanted("nowhere", ""),
		"want the name":       wanted("", ""),
		"another destination": {"Bucket": "logs", "TopicArn": "arn:aws:sns:eu-west-1:111122223333:t", "QueueArn": "arn:aws:sqs:eu-west-1:111122223333:q"},
		`"Perfix" is unknown`: {"Bucket": "logs", "Perfix": "x"},
		"want a list":         {"Bucket": "logs", "TopicArn": "arn:aws:sns:eu-west-1:111122223333:t", "Events": "s3:ObjectCreated:*"},
	} {
		if _, err := f.Invoke(t.Context(), customEvent("Create", "", properties)); err != nil {
			t.Errorf("%s: Lambda would try again: %v", want, err)
		}
		a := to.last(t)
		if a["Status"] != "FAILED" || !strings.Contains(a["Reason"], want) || a["PhysicalResourceId"] == "" {
			t.Errorf("answer %v, want a failure with %s", a, want)
		}
		b["other"], _, _ = notification.Merge(notification.Config{}, notification.Entry{ID: "tw", Destination: "arn:aws:sns:eu-west-1:111122223333:t"})
		if _, err := f.Invoke(t.Context(), customEvent("Delete", a["PhysicalResourceId"], wanted("other", ""))); err != nil || to.last(t)["Status"] != "SUCCESS" {
			t.Errorf("rollback: %v, %v", to.last(t), err)
		}
		if len(notification.Describe(b["other"])) != 1 {
			t.Error("the rollback took away what it had not made")
		}
	}
}

// denying is a bucket that refuses a number of readings.
type denying struct {
	buckets
	left int
}

func (d *denying) GetBucketNotificationConfiguration(ctx context.Context, in *s3.GetBucketNotificationConfigurationInput, o ...func(*s3.Options)) (*s3.GetBucketNotificationConfigurationOutput, error) {
	if d.left--; d.left >= 0 {
		return nil, &smithy.GenericAPIError{Code: "AccessDenied", Message: "no identity-based policy allows it"}
	}
	return d.buckets.GetBucketNotificationConfiguration(ctx, in, o...)
}

// A role that the stack made a moment ago may not be known yet; one that lacks the
// permission is named in the end.
func TestCustomResourceWaitsForItsRole(t *testing.T) {
	for refusals, want := range map[int]string{2: "SUCCESS", 1000: "FAILED"} {
		to := &cloudFormation{status: 200}
		f := start(t, lambda.Options{Log: slog.New(slog.DiscardHandler), Resources: &lambda.Resources{
			Buckets: &denying{buckets{"logs": {}}, refusals}, HTTP: to, Wait: func(context.Context, time.Duration) error { return nil }}})
		if _, err := f.Invoke(t.Context(), customEvent("Create", "", wanted("logs", ""))); err != nil {
			t.Fatal(err)
		}
		if a := to.last(t); a["Status"] != want || want == "FAILED" && !strings.Contains(a["Reason"], "s3:GetBucketNotification") {
			t.Errorf("after %d refusals: %v, want %s", refusals, a, want)
		}
	}
}

// Whoever may invoke the function cannot have it call other addresses.
func TestResponseURL(t *testing.T) {
	b, to := buckets{"logs": {}}, &cloudFormation{status: 200}
	f := resources(t, b, to)
	for _, bad := range []string{
		"http://cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com/x?Signature=a",
		"https://169.254.169.254/latest?Signature=a",
		"https://evil.example/cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com?Signature=a",
		"https://cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com.evil.example/x?Signature=a",
		"https://cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com:8443/x?Signature=a",
		"https://u:p@cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com/x?Signature=a",
		"https://mybucket.s3.eu-west-1.amazonaws.com/x?Signature=a",
		"https://s3.amazonaws.com/cloudformation-custom-resource-response-euwest1/x?Signature=a",
		"https://cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com/x",
		"https://cloudformation-custom-resource-response-euwest1.s3.eu-west-1.evil.amazonaws.com/x?Signature=a",
		"\x7f://",
	} {
		if _, err := f.Invoke(t.Context(), customEvent("Create", "", wanted("logs", ""), "ResponseURL", bad)); err == nil || strings.Contains(err.Error(), "Signature=a") {
			t.Errorf("%q: %v, want a refusal without the query", bad, err)
		}
	}
	if len(to.answers) > 0 || len(notification.Describe(b["logs"])) > 0 {
		t.Errorf("%d answers were sent, entries %v", len(to.answers), notification.Describe(b["logs"]))
	}
	for _, good := range []string{
		"https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/x?Signature=a",
		"https://cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com/x?Signature=a",
		"https://cloudformation-custom-resource-response-cnnorth1.s3.cn-north-1.amazonaws.com.cn/x?X-Amz-Signature=a",
	} {
		if _, err := f.Invoke(t.Context(), customEvent("Create", "", wanted("logs", ""), "ResponseURL", good)); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
}

// An answer that does not arrive makes Lambda try again.
func TestAnswerLost(t *testing.T) {
	for _, to := range []*cloudFormation{{status: 503}, {err: errors.New("no route")}} {
		_, err := resources(t, buckets{"logs": {}}, to).Invoke(t.Context(), customEvent("Create", "", wanted("logs", "")))
		if err == nil || strings.Contains(err.Error(), "X-Amz-Signature") {
			t.Errorf("%v, want an error without the URL's signature", err)
		}
	}
}

// Terraform invokes directly and says in "tf" what is to be done.
func TestTerraformInvocation(t *testing.T) {
	b := buckets{"logs": foreignQueue("backup/"), "logs-2": {}}
	f := resources(t, b, &cloudFormation{})
	invoke := func(tf map[string]any, properties map[string]any, n, n2 int) {
		t.Helper()
		event := customEvent("", "", properties, "tf", tf, "ResponseURL", nil)
		out, err := f.Invoke(t.Context(), event)
		if err != nil || !strings.Contains(string(out), "SUCCESS") {
			t.Fatalf("%s, %v", out, err)
		}
		if got, got2 := len(notification.Describe(b["logs"])), len(notification.Describe(b["logs-2"])); got != n || got2 != n2 {
			t.Errorf("%v: %d and %d entries, want %d and %d", tf, got, got2, n, n2)
		}
	}
	old := map[string]any{"ResourceProperties": wanted("logs", "AWSLogs/")}
	invoke(map[string]any{"action": "create"}, wanted("logs", "AWSLogs/"), 2, 0)
	invoke(map[string]any{"action": "update", "prev_input": old}, wanted("logs", "AWSLogs/o-1/"), 2, 0)
	invoke(map[string]any{"action": "update", "prev_input": old}, wanted("logs-2", "AWSLogs/"), 1, 1)
	invoke(map[string]any{"action": "delete"}, wanted("logs-2", "AWSLogs/"), 1, 0)
	if _, err := f.Invoke(t.Context(), customEvent("", "", wanted("nowhere", ""), "tf", map[string]any{"action": "create"}, "ResponseURL", nil)); err == nil {
		t.Error("Terraform is not told of a failure")
	}
}

// A record that looks like a request is a record: only the event itself asks.
func TestRecordsAskForNothing(t *testing.T) {
	b := buckets{"logs": {}}
	o := options(t, &heard{keys: map[string]int{}}, nil)
	o.Resources = &lambda.Resources{Buckets: b, HTTP: &cloudFormation{status: 200}}
	event, _ := json.Marshal(map[string]any{"version": "0", "id": "1", "detail-type": "AWS API Call via CloudTrail", "source": "aws.lambda",
		"detail": json.RawMessage(customEvent("Create", "", wanted("logs", "")))})
	start(t, o).Invoke(t.Context(), event)
	if len(notification.Describe(b["logs"])) > 0 {
		t.Error("a record changed a bucket")
	}
}

// Whatever is handed over: no panic, no bucket touched without a request, and no
// answer to anybody but CloudFormation.
func FuzzCustomResource(f *testing.F) {
	f.Add(customEvent("Create", "", wanted("logs", "AWSLogs/")))
	f.Add(customEvent("Update", "logs/tw", wanted("logs", ""), "OldResourceProperties", wanted("logs-2", "")))
	f.Add(customEvent("Delete", "logs/tw", wanted("logs", ""), "tf", map[string]any{"action": "delete"}))
	f.Add([]byte(`{"ResourceType":"Custom::BucketNotification","ResourceProperties":[]}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		if !bytes.Contains(payload, []byte("Custom::BucketNotification")) {
			return // a trigger, which other tests are about
		}
		to := &cloudFormation{status: 200}
		b := buckets{"logs": foreignQueue("backup/")}
		resources(t, b, to).Invoke(t.Context(), payload)
		if !strings.Contains(strings.Join(notification.Describe(b["logs"]), "\n"), "backup: ") {
			t.Error("somebody else's notification is gone")
		}
		for _, host := range to.hosts {
			if !strings.HasPrefix(host, "cloudformation-custom-resource-response-") {
				t.Errorf("answered %s", host)
			}
		}
	})
}
