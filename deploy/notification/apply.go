package notification

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/trailwarden/trailwarden/internal/awsx"
)

// Client is what is needed of Amazon S3; *s3.Client has it. It must be of the
// bucket's region.
type Client interface {
	GetBucketNotificationConfiguration(context.Context, *s3.GetBucketNotificationConfigurationInput, ...func(*s3.Options)) (*s3.GetBucketNotificationConfigurationOutput, error)
	PutBucketNotificationConfiguration(context.Context, *s3.PutBucketNotificationConfigurationInput, ...func(*s3.Options)) (*s3.PutBucketNotificationConfigurationOutput, error)
}

// Change is what is to be done with one bucket.
type Change struct {
	Bucket string
	// Owner is the account, 12 digits, that the bucket must belong to; empty asks
	// no such thing.
	Owner  string
	Entry  Entry
	Remove bool // takes the entry away, by its Id
	DryRun bool // reads and decides, and writes nothing
	// Wait waits between attempts; nil waits by the clock.
	Wait func(context.Context, time.Duration) error
}

// Result is what was done.
type Result struct {
	Before, After Config
	Changed       bool // After is not Before
	Written       bool // something was written, also when it failed afterwards
}

// How often a change is tried, and how often it is looked for after it was
// written: configurations of buckets become visible with a delay (Amazon S3 User
// Guide, data consistency model).
const (
	attempts = 4
	looks    = 5
)

// Apply makes the change. It reads again right before it writes, so that it
// does not undo what somebody else writes meanwhile, and once more afterwards:
// when the entry is gone because somebody wrote over it, it is merged into what
// is there then. Amazon S3 has no write on condition, so a write of somebody
// else in the moment between that reading and ours can still be lost.
func (c Change) Apply(ctx context.Context, client Client) (Result, error) {
	var r Result
	for range attempts {
		before, err := c.read(ctx, client)
		if err != nil {
			return r, err
		}
		r.Before = before
		if r.After, r.Changed, err = c.decide(before); err != nil {
			return r, fmt.Errorf("bucket %s: %w", c.Bucket, err)
		}
		if !r.Changed || c.DryRun {
			r.Changed = r.Changed || r.Written // an earlier attempt was kept after all
			return r, nil
		}
		again, err := c.read(ctx, client)
		if err != nil {
			return r, err
		}
		if !Equal(before, again) {
			continue
		}
		if err := c.write(ctx, client, r.After); err != nil {
			return r, err
		}
		r.Written = true
		if kept, err := c.kept(ctx, client); kept || err != nil {
			return r, err
		}
	}
	return r, fmt.Errorf("bucket %s: its notifications are being written by somebody else all the time: stop that (another deployment?) and try again", c.Bucket)
}

func (c Change) decide(existing Config) (Config, bool, error) {
	if !c.Remove {
		return Merge(existing, c.Entry)
	}
	if err := c.Entry.checkID(); err != nil {
		return existing, false, err
	}
	rest, changed := Remove(existing, c.Entry.ID)
	return rest, changed, nil
}

// kept looks until the change can be seen.
func (c Change) kept(ctx context.Context, client Client) (bool, error) {
	for i := range looks {
		now, err := c.read(ctx, client)
		if err != nil {
			return false, err
		}
		if _, change, err := c.decide(now); err == nil && !change {
			return true, nil
		}
		if err := c.Pause(ctx, time.Second<<i/2); err != nil {
			return false, err
		}
	}
	return false, nil
}

// Pause waits as the change does.
func (c Change) Pause(ctx context.Context, d time.Duration) error {
	if c.Wait != nil {
		return c.Wait(ctx, d)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c Change) owner() *string {
	if c.Owner == "" {
		return nil
	}
	return &c.Owner
}

func (c Change) read(ctx context.Context, client Client) (Config, error) {
	out, err := client.GetBucketNotificationConfiguration(ctx, &s3.GetBucketNotificationConfigurationInput{Bucket: &c.Bucket, ExpectedBucketOwner: c.owner()})
	if err != nil {
		return Config{}, c.explain("reading its notifications", "s3:GetBucketNotification", err)
	}
	return Config{
		EventBridgeConfiguration:     out.EventBridgeConfiguration,
		TopicConfigurations:          out.TopicConfigurations,
		QueueConfigurations:          out.QueueConfigurations,
		LambdaFunctionConfigurations: out.LambdaFunctionConfigurations,
	}, nil
}

func (c Change) write(ctx context.Context, client Client, cfg Config) error {
	_, err := client.PutBucketNotificationConfiguration(ctx, &s3.PutBucketNotificationConfigurationInput{
		Bucket: &c.Bucket, ExpectedBucketOwner: c.owner(), NotificationConfiguration: &cfg})
	if err != nil {
		return c.explain("writing its notifications", "s3:PutBucketNotification", err)
	}
	return nil
}

// explain adds what to do to what Amazon S3 says.
func (c Change) explain(doing, action string, err error) error {
	fault := awsx.Classify(err)
	hint := ""
	switch {
	case fault.Advice() != "":
		return fmt.Errorf("bucket %s: %s: %w. %s", c.Bucket, doing, fault, fault.Advice())
	case fault.Kind == awsx.Denied:
		hint = ": the caller needs " + action + " on the bucket"
		if c.Owner != "" {
			hint += ", and account " + c.Owner + " has to own it"
		}
	case strings.Contains(fault.Text, "Unable to validate the following destination"):
		hint = ": a destination does not exist or does not let s3.amazonaws.com in (topic or queue policy, function permission, key of the queue); this may be one that was there before"
	case fault.Code == "PermanentRedirect" || fault.Status == 301:
		hint = ": the bucket is in another region, which has to be named"
	}
	return fmt.Errorf("bucket %s: %s: %w%s", c.Bucket, doing, err, hint)
}

// Describe lists what a configuration has, one line each, for people.
func Describe(c Config) []string {
	var out []string
	for _, e := range entries(c) {
		names := make([]string, len(e.events))
		for i, name := range e.events {
			names[i] = string(name)
		}
		out = append(out, fmt.Sprintf("%s: %s of keys %s to %s", e.id, strings.Join(names, ", "), keys(e.prefix, e.suffix), e.destination))
	}
	if c.EventBridgeConfiguration != nil {
		out = append(out, "every event to EventBridge")
	}
	return out
}

var _ Client = (*s3.Client)(nil)
