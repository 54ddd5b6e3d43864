package awstest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Name returns a name that no other call of this process returned: lower-case
// letters, digits and hyphens, at most 60, fit for buckets too.
func Name(t testing.TB, prefix string) string {
	t.Helper()
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(prefix+"-"+t.Name()))
	if len(clean) > 50 {
		clean = clean[:50]
	}
	return fmt.Sprintf("%s-%d", strings.Trim(clean, "-"), process.names.Add(1))
}

// S3 returns a client that addresses buckets by path, as the emulator needs.
func S3(cfg aws.Config) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
}

// Bucket makes an empty bucket and returns its name.
func Bucket(t testing.TB, cfg aws.Config) string {
	t.Helper()
	name := Name(t, "bucket")
	_, err := S3(cfg).CreateBucket(context.Background(), &s3.CreateBucketInput{
		Bucket: &name,
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{
			LocationConstraint: s3types.BucketLocationConstraint(cfg.Region),
		},
	})
	must(t, "creating a bucket", err)
	return name
}

// Queue makes a standard queue and returns its URL and ARN.
func Queue(t testing.TB, cfg aws.Config) (queueURL, arn string) {
	t.Helper()
	return queue(t, cfg, Name(t, "queue"), nil)
}

// FIFOQueue makes a FIFO queue and returns its URL and ARN.
func FIFOQueue(t testing.TB, cfg aws.Config) (queueURL, arn string) {
	t.Helper()
	return queue(t, cfg, Name(t, "queue")+".fifo", map[string]string{"FifoQueue": "true"})
}

func queue(t testing.TB, cfg aws.Config, name string, attributes map[string]string) (queueURL, arn string) {
	t.Helper()
	client := sqs.NewFromConfig(cfg)
	out, err := client.CreateQueue(context.Background(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	must(t, "creating a queue", err)
	got, err := client.GetQueueAttributes(context.Background(), &sqs.GetQueueAttributesInput{
		QueueUrl: out.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameQueueArn},
	})
	must(t, "asking for a queue's ARN", err)
	return aws.ToString(out.QueueUrl), got.Attributes["QueueArn"]
}

// Topic makes a standard topic and returns its ARN.
func Topic(t testing.TB, cfg aws.Config) string {
	t.Helper()
	return topic(t, cfg, Name(t, "topic"), nil)
}

// FIFOTopic makes a FIFO topic and returns its ARN.
func FIFOTopic(t testing.TB, cfg aws.Config) string {
	t.Helper()
	return topic(t, cfg, Name(t, "topic")+".fifo", map[string]string{"FifoTopic": "true"})
}

func topic(t testing.TB, cfg aws.Config, name string, attributes map[string]string) string {
	t.Helper()
	out, err := sns.NewFromConfig(cfg).CreateTopic(context.Background(),
		&sns.CreateTopicInput{Name: &name, Attributes: attributes})
	must(t, "creating a topic", err)
	return aws.ToString(out.TopicArn)
}

// Table makes a DynamoDB table with string keys and waits until it can be
// used; sort may be empty.
func Table(t testing.TB, cfg aws.Config, partition, sort string) string {
	t.Helper()
	name := Name(t, "table")
	in := &dynamodb.CreateTableInput{TableName: &name, BillingMode: ddb.BillingModePayPerRequest}
	in.AttributeDefinitions = append(in.AttributeDefinitions, stringKey(partition))
	in.KeySchema = append(in.KeySchema, ddb.KeySchemaElement{AttributeName: &partition, KeyType: ddb.KeyTypeHash})
	if sort != "" {
		in.AttributeDefinitions = append(in.AttributeDefinitions, stringKey(sort))
		in.KeySchema = append(in.KeySchema, ddb.KeySchemaElement{AttributeName: &sort, KeyType: ddb.KeyTypeRange})
	}
	client := dynamodb.NewFromConfig(cfg)
	_, err := client.CreateTable(context.Background(), in)
	must(t, "creating a table", err)
	err = dynamodb.NewTableExistsWaiter(client).Wait(context.Background(),
		&dynamodb.DescribeTableInput{TableName: &name}, time.Minute)
	must(t, "waiting for a table", err)
	return name
}

func stringKey(name string) ddb.AttributeDefinition {
	return ddb.AttributeDefinition{AttributeName: &name, AttributeType: ddb.ScalarAttributeTypeS}
}

// Receive takes what waits in a queue, oldest first, and deletes it.
func Receive(t testing.TB, cfg aws.Config, queueURL string) []sqstypes.Message {
	t.Helper()
	client := sqs.NewFromConfig(cfg)
	var all []sqstypes.Message
	for {
		out, err := client.ReceiveMessage(context.Background(), &sqs.ReceiveMessageInput{
			QueueUrl: &queueURL, MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"},
		})
		must(t, "receiving messages", err)
		if len(out.Messages) == 0 {
			return all
		}
		for _, m := range out.Messages {
			_, err := client.DeleteMessage(context.Background(),
				&sqs.DeleteMessageInput{QueueUrl: &queueURL, ReceiptHandle: m.ReceiptHandle})
			must(t, "deleting a message", err)
		}
		all = append(all, out.Messages...)
	}
}

// Subscribe has a topic deliver raw messages to a queue.
func Subscribe(t testing.TB, cfg aws.Config, topicARN, queueARN string, attributes map[string]string) {
	t.Helper()
	all := map[string]string{"RawMessageDelivery": "true"}
	for k, v := range attributes {
		all[k] = v
	}
	_, err := sns.NewFromConfig(cfg).Subscribe(context.Background(), &sns.SubscribeInput{
		TopicArn: &topicARN, Protocol: aws.String("sqs"), Endpoint: &queueARN, Attributes: all,
	})
	must(t, "subscribing a queue", err)
}

// Mail is a message that SES accepted. Simple messages have Subject and Body,
// raw ones Raw.
type Mail struct {
	ID           string `json:"id"`
	Source       string `json:"source"`
	Destinations any    `json:"destinations"` // a list, or lists by kind
	Subject      string `json:"subject"`
	Body         string `json:"body"`
	Raw          string `json:"raw_data"`
}

// SentMail returns what SES accepted for cfg's account, oldest first.
func SentMail(t testing.TB, cfg aws.Config) []Mail {
	t.Helper()
	query := url.Values{"account": {AccountID(t, cfg)}, "region": {cfg.Region}}
	resp, err := http.Get(Endpoint(t) + "/sent-mail?" + query.Encode())
	must(t, "asking for sent mail", err)
	defer resp.Body.Close()
	var mails []Mail
	must(t, "reading sent mail", json.NewDecoder(resp.Body).Decode(&mails))
	return mails
}

func must(t testing.TB, doing string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s in the AWS emulator: %v", doing, err)
	}
}
