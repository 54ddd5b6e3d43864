package notification_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/trailwarden/trailwarden/deploy/notification"
	"github.com/trailwarden/trailwarden/internal/awstest"
)

func TestMain(m *testing.M) { os.Exit(awstest.Main(m)) }

func put(t *testing.T, client *s3.Client, bucket string, c notification.Config) {
	t.Helper()
	_, err := client.PutBucketNotificationConfiguration(t.Context(), &s3.PutBucketNotificationConfigurationInput{Bucket: &bucket, NotificationConfiguration: &c})
	if err != nil {
		t.Fatal(err)
	}
}

// S2.15, S2.D10: against a bucket whose notifications others set up before.
func TestApply(t *testing.T) {
	cfg := awstest.Config(t)
	client, bucket := awstest.S3(cfg), awstest.Bucket(t, cfg)
	_, backup := awstest.Queue(t, cfg)
	_, ours := awstest.Queue(t, cfg)
	before := theirs("s3:ObjectCreated:*", "backup/", ".gz")
	before.QueueConfigurations[0].QueueArn = &backup
	lower(before.QueueConfigurations[0].Filter)
	put(t, client, bucket, before)

	c := notification.Change{Bucket: bucket, Owner: awstest.AccountID(t, cfg), Entry: notification.Entry{Destination: ours, Prefix: "AWSLogs/"}}
	apply := func(name string, c notification.Change, changed, written bool, entries int) {
		t.Helper()
		r, err := c.Apply(t.Context(), client)
		if err != nil || r.Changed != changed || r.Written != written {
			t.Fatalf("%s: changed %v, written %v, %v", name, r.Changed, r.Written, err)
		}
		if got := notification.Describe(r.After); len(got) != entries {
			t.Errorf("%s: %s; want %d entries", name, strings.Join(got, "\n"), entries)
		}
	}
	dry := c
	dry.DryRun = true
	apply("dry run", dry, true, false, 2)
	apply("first", c, true, true, 2)
	apply("second", c, false, false, 2)
	c.Entry.Destination = awstest.Topic(t, cfg)
	apply("another destination", c, true, true, 2)
	c.Remove = true
	apply("remove", c, true, true, 1)
	apply("remove again", c, false, false, 1)
}

// racing is a bucket in which somebody else writes at chosen moments.
type racing struct {
	state   notification.Config
	reads   int
	writes  int
	onRead  map[int]func(*racing) // before the n-th reading is answered
	onWrite map[int]func(*racing) // after the n-th writing
}

func (b *racing) GetBucketNotificationConfiguration(context.Context, *s3.GetBucketNotificationConfigurationInput, ...func(*s3.Options)) (*s3.GetBucketNotificationConfigurationOutput, error) {
	b.reads++
	if f := b.onRead[b.reads]; f != nil {
		f(b)
	}
	return &s3.GetBucketNotificationConfigurationOutput{EventBridgeConfiguration: b.state.EventBridgeConfiguration, TopicConfigurations: b.state.TopicConfigurations,
		QueueConfigurations: b.state.QueueConfigurations, LambdaFunctionConfigurations: b.state.LambdaFunctionConfigurations}, nil
}

func (b *racing) PutBucketNotificationConfiguration(_ context.Context, in *s3.PutBucketNotificationConfigurationInput, _ ...func(*s3.Options)) (*s3.PutBucketNotificationConfigurationOutput, error) {
	b.writes++
	b.state = *in.NotificationConfiguration
	if f := b.onWrite[b.writes]; f != nil {
		f(b)
	}
	return &s3.PutBucketNotificationConfigurationOutput{}, nil
}

func change() notification.Change {
	return notification.Change{Bucket: "b", Entry: notification.Entry{Destination: topicARN, Prefix: "AWSLogs/"},
		Wait: func(context.Context, time.Duration) error { return nil }}
}

// Lost updates: what somebody writes between our two readings is kept, and what
// overwrites us is merged with.
func TestRaces(t *testing.T) {
	other := func(b *racing) { b.state = theirs("s3:ObjectCreated:*", "backup/", "") }
	for name, b := range map[string]*racing{
		"before our writing": {onRead: map[int]func(*racing){2: other}},
		"over our writing":   {onWrite: map[int]func(*racing){1: other}},
	} {
		r, err := change().Apply(t.Context(), b)
		if err != nil || !r.Changed || !r.Written {
			t.Fatalf("%s: %+v, %v", name, r, err)
		}
		if got := strings.Join(notification.Describe(b.state), "\n"); !strings.Contains(got, "backup: ") || !strings.Contains(got, "trailwarden: ") {
			t.Errorf("%s: in the end there is\n%s", name, got)
		}
	}
}

// EventBridge is turned on beside everything else.
func TestApplyEventBridge(t *testing.T) {
	b := &racing{state: theirs("s3:ObjectCreated:*", "", "")}
	c := change()
	c.Entry = notification.Entry{EventBridge: true}
	for _, changed := range []bool{true, false} {
		r, err := c.Apply(t.Context(), b)
		if err != nil || r.Changed != changed || len(notification.Describe(b.state)) != 2 {
			t.Errorf("changed %v, want %v; %v; there is %q", r.Changed, changed, err, notification.Describe(b.state))
		}
	}
}

// Somebody who never stops is named as the cause.
func TestEndlessRace(t *testing.T) {
	b := &racing{onWrite: map[int]func(*racing){}}
	for i := range 20 {
		b.onWrite[i] = func(b *racing) { b.state = notification.Config{} }
	}
	if r, err := change().Apply(t.Context(), b); err == nil || !strings.Contains(err.Error(), "somebody else") || !r.Written {
		t.Errorf("%+v, %v", r, err)
	}
}

// A configuration that becomes visible late is waited for, not written again.
func TestLateVisibility(t *testing.T) {
	var kept notification.Config
	b := &racing{}
	b.onWrite = map[int]func(*racing){1: func(b *racing) { kept, b.state = b.state, notification.Config{} }}
	b.onRead = map[int]func(*racing){5: func(b *racing) { b.state = kept }}
	if r, err := change().Apply(t.Context(), b); err != nil || b.writes != 1 {
		t.Errorf("%d writings, %+v, %v", b.writes, r, err)
	}
}

// What Amazon S3 refuses comes with what to do.
func TestRefusals(t *testing.T) {
	cfg := awstest.Config(t)
	c := notification.Change{Bucket: awstest.Name(t, "nowhere"), Entry: notification.Entry{Destination: topicARN}}
	if _, err := c.Apply(t.Context(), awstest.S3(cfg)); err == nil || !strings.Contains(err.Error(), c.Bucket) {
		t.Errorf("no bucket: %v", err)
	}
	existing := theirs("s3:ObjectCreated:*", "", "")
	_, queue := awstest.Queue(t, cfg)
	existing.QueueConfigurations[0].QueueArn = aws.String(queue)
	existing.QueueConfigurations[0].Filter = nil
	c.Bucket = awstest.Bucket(t, cfg)
	put(t, awstest.S3(cfg), c.Bucket, existing)
	if r, err := c.Apply(t.Context(), awstest.S3(cfg)); err == nil || !strings.Contains(err.Error(), `"backup"`) || r.Written {
		t.Errorf("overlap: %v", err)
	}
}
