package sqs_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/source"
	"github.com/trailwarden/trailwarden/source/envelope"
	ours "github.com/trailwarden/trailwarden/source/sqs"
)

// A file that is put into a bucket is announced by the emulator on each route to
// the queue, and comes out as the same object, whatever its key.
func TestRoutes(t *testing.T) {
	keys := []string{"AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/x.json.gz", "a b+c/ü%25.json.gz"}
	arn := func(b *bench) string {
		out, err := b.direct.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &b.queue, AttributeNames: []sqstypes.QueueAttributeName{"QueueArn"}})
		if err != nil {
			t.Fatal(err)
		}
		return out.Attributes["QueueArn"]
	}
	for name, wire := range map[string]func(b *bench, bucket string) s3types.NotificationConfiguration{
		"bare": func(b *bench, _ string) s3types.NotificationConfiguration {
			return s3types.NotificationConfiguration{QueueConfigurations: []s3types.QueueConfiguration{{QueueArn: aws.String(arn(b)), Events: []s3types.Event{"s3:ObjectCreated:*"}}}}
		},
		"SNS":     func(b *bench, _ string) s3types.NotificationConfiguration { return throughSNS(b, arn(b), "false") },
		"SNS raw": func(b *bench, _ string) s3types.NotificationConfiguration { return throughSNS(b, arn(b), "true") },
		"EventBridge": func(b *bench, _ string) s3types.NotificationConfiguration {
			client := eventbridge.NewFromConfig(b.cfg)
			_, err := client.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: aws.String("logs"), EventPattern: aws.String(`{"source":["aws.s3"]}`)})
			if err == nil {
				_, err = client.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: aws.String("logs"), Targets: []ebtypes.Target{{Id: aws.String("q"), Arn: aws.String(arn(b))}}})
			}
			if err != nil {
				t.Fatal(err)
			}
			return s3types.NotificationConfiguration{EventBridgeConfiguration: &s3types.EventBridgeConfiguration{}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			bucket, client := awstest.Bucket(t, b.cfg), awstest.S3(b.cfg)
			config := wire(b, bucket)
			if _, err := client.PutBucketNotificationConfiguration(t.Context(), &awss3.PutBucketNotificationConfigurationInput{Bucket: &bucket, NotificationConfiguration: &config}); err != nil {
				t.Fatal(err)
			}
			for _, k := range keys {
				if _, err := client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: &bucket, Key: &k, Body: strings.NewReader("x")}); err != nil {
					t.Fatal(err)
				}
			}
			b.handle = func(d source.Delivery) error {
				for _, it := range d.Items {
					if it.Kind == envelope.Poison || it.Kind == envelope.Created && it.Object.Bucket != bucket {
						t.Errorf("%s: %+v %s", it.Kind, it, it.Excerpt)
					}
				}
				return nil
			}
			b.run(func(*ours.Source) bool { return b.count(b.handled) >= len(keys) })
			for _, k := range keys {
				if b.handled[k] != 1 {
					t.Errorf("%q came %d times: %v", k, b.handled[k], b.handled)
				}
			}
		})
	}
}

func throughSNS(b *bench, queue, raw string) s3types.NotificationConfiguration {
	b.t.Helper()
	topic := awstest.Topic(b.t, b.cfg)
	_, err := sns.NewFromConfig(b.cfg).Subscribe(b.t.Context(), &sns.SubscribeInput{TopicArn: &topic, Protocol: aws.String("sqs"), Endpoint: &queue,
		Attributes: map[string]string{"RawMessageDelivery": raw}})
	if err != nil {
		b.t.Fatal(err)
	}
	return s3types.NotificationConfiguration{TopicConfigurations: []s3types.TopicConfiguration{{TopicArn: &topic, Events: []s3types.Event{"s3:ObjectCreated:*"}}}}
}

// Records themselves come through the queue too: events of EventBridge.
func TestEventsOnTheQueue(t *testing.T) {
	b := newBench(t)
	record := map[string]any{"eventVersion": "1.11", "eventSource": "iam.amazonaws.com", "eventID": "e1", "eventName": "CreateUser"}
	event, _ := json.Marshal(map[string]any{"version": "0", "id": "i", "detail-type": "AWS API Call via CloudTrail", "source": "aws.iam", "detail": record})
	b.send(1, func(int) string { return string(event) })
	got := make(chan string, 10)
	b.handle = func(d source.Delivery) error {
		got <- fmt.Sprint(d.Items[0].Kind, " ", string(d.Items[0].Record))
		if d.Sent.IsZero() || time.Since(d.Sent) > time.Hour || d.Receives != 1 {
			t.Errorf("delivery %+v", d)
		}
		return nil
	}
	b.run(func(*ours.Source) bool { return len(got) > 0 })
	if text := <-got; !strings.HasPrefix(text, "record {") || !strings.Contains(text, `"eventID":"e1"`) {
		t.Errorf("got %s", text)
	}
}
