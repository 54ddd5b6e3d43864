package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/trailwarden/trailwarden/deploy/notification"
	"github.com/trailwarden/trailwarden/internal/awsx"
)

// deployNotifyCommand merges a destination into a bucket's notifications.
type deployNotifyCommand struct {
	Bucket      string   `required:"" placeholder:"NAME" help:"Bucket whose notifications are changed."`
	Topic       string   `xor:"destination" placeholder:"ARN" help:"Send to this SNS topic."`
	Queue       string   `xor:"destination" placeholder:"ARN" help:"Send to this SQS queue."`
	Function    string   `xor:"destination" placeholder:"ARN" help:"Send to this Lambda function."`
	Eventbridge bool     `xor:"destination" help:"Send every event of the bucket to EventBridge, whatever other destinations there are."`
	ID          string   `default:"trailwarden" placeholder:"ID" help:"Id by which our notification is found again."`
	Event       []string `placeholder:"NAME" help:"Event to send; may be repeated. Default: s3:ObjectCreated:*."`
	Prefix      string   `placeholder:"TEXT" help:"Only keys that begin with TEXT, such as AWSLogs/."`
	Suffix      string   `placeholder:"TEXT" help:"Only keys that end with TEXT, such as .json.gz."`
	Owner       string   `placeholder:"ACCOUNT" help:"Refuse a bucket that belongs to another account."`
	Region      string   `placeholder:"NAME" help:"Region of the bucket. Default: that of the environment."`
	DryRun      bool     `help:"Say what would change, and do nothing."`
	Remove      bool     `help:"Take our notification away again. EventBridge is never turned off: nobody can tell who else listens."`
}

// Help says what is never touched.
func (deployNotifyCommand) Help() string {
	return `Amazon S3 knows only one call that writes all notifications of a bucket. This command reads them, adds ours or puts it in the place of the one with our Id, writes all of them back and looks whether that was kept. Everything of others stays as it is, and a second run changes nothing.

Amazon S3 takes one destination for each key and event: where ours would overlap with another it is named and nothing is written.

It needs s3:GetBucketNotification and s3:PutBucketNotification on the bucket, and the destination has to let s3.amazonaws.com in first.

Exit codes: 0 it is as it should be; 1 it overlaps with another notification; 2 bad usage, or Amazon S3 refused.`
}

// Run reads, merges and writes.
func (c *deployNotifyCommand) Run(s *streams) error {
	change, err := c.change()
	if err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop()
	cfg, err := awsx.Load(ctx, awsx.Settings{Region: c.Region, Version: versionName()})
	if err != nil {
		return err
	}
	result, err := change.Apply(ctx, bucketClient(cfg))
	if overlap := (*notification.OverlapError)(nil); errors.As(err, &overlap) {
		s.say("%v", err)
		return exit{exitFinding}
	}
	if err != nil {
		return err
	}
	c.report(s, result)
	return nil
}

func (c *deployNotifyCommand) change() (notification.Change, error) {
	e := notification.Entry{ID: c.ID, Destination: cmp.Or(c.Topic, c.Queue, c.Function), EventBridge: c.Eventbridge, Events: c.Event, Prefix: c.Prefix, Suffix: c.Suffix}
	change := notification.Change{Bucket: c.Bucket, Owner: c.Owner, Entry: e, Remove: c.Remove, DryRun: c.DryRun}
	if c.Remove {
		return change, nil
	}
	if e.Destination == "" && !e.EventBridge {
		return change, errors.New("give one of --topic, --queue, --function and --eventbridge, or --remove")
	}
	return change, e.Check()
}

// report says what was done, and with a dry run what there would be.
func (c *deployNotifyCommand) report(s *streams, r notification.Result) {
	switch {
	case !r.Changed:
		s.say("bucket %s: nothing to change", c.Bucket)
	case c.DryRun:
		s.say("bucket %s would have these notifications:", c.Bucket)
	default:
		s.say("bucket %s now has these notifications:", c.Bucket)
	}
	for _, line := range notification.Describe(r.After) {
		fmt.Fprintln(s.out, line)
	}
}

// bucketClient addresses buckets by path where an endpoint is named.
func bucketClient(cfg aws.Config) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = cfg.BaseEndpoint != nil || os.Getenv("AWS_ENDPOINT_URL") != "" })
}
