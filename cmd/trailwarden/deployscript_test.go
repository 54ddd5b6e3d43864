package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/trailwarden/trailwarden/deploy"
	"github.com/trailwarden/trailwarden/deploy/awscli"
	"github.com/trailwarden/trailwarden/deploy/notification"
	"github.com/trailwarden/trailwarden/deploy/plan"
	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/internal/deploytest"
)

// awsCommand is a folder with the AWS CLI as aws, which is started once for all
// of its calls.
func awsCommand(t *testing.T) string {
	t.Helper()
	requirements, err := os.ReadFile(filepath.Join("..", "..", "verify", "testdata", "awscli.txt"))
	if err != nil {
		t.Fatal(err)
	}
	python := awstest.PythonWith(t, "awscli-1.46.3", string(requirements))
	program, err := filepath.Abs(filepath.Join("testdata", "awscli", "awsd.py"))
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "awsd") // short: it is a part of a socket's name
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "socket")
	startAWS(t, exec.Command(python, program, socket, "s3,sns,sqs,iam,lambda,events,logs,cloudwatch,cloudtrail,kms,sts"))
	text := fmt.Sprintf("#!/bin/sh\nexec '%s' -I -S '%s' '%s' call \"$@\"\n", python, program, socket)
	if err := os.WriteFile(filepath.Join(dir, "aws"), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// startAWS starts the process that the calls go to.
func startAWS(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	cmd.Stderr = os.Stderr
	_, out := awstest.Beside(t, cmd)
	if line, err := out.ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("the AWS CLI does not start: %q, %v", line, err)
	}
}

// scripted is a rendered script in an account of the emulator.
type scripted struct {
	cfg  aws.Config
	plan *plan.Plan
	name string
	env  []string
}

func newScripted(t *testing.T, topology string, variables ...string) *scripted {
	t.Helper()
	s := &scripted{plan: deploytest.Sample(t, topology, deploy.Options{Open: true}), cfg: awstest.Config(t)}
	s.cfg.Region = s.plan.Home
	files, err := awscli.Render(s.plan)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	deploytest.Write(t, dir, files)
	s.name = filepath.Join(dir, awscli.Name)
	s.env = append(append(os.Environ(), awstest.Env(t, s.cfg)...), variables...)
	s.env = append(s.env, "PATH="+awsCommand(t)+":"+os.Getenv("PATH"), "RETRY_SECONDS=0")
	return s
}

func (s *scripted) run(t *testing.T, verb string, more ...string) string {
	t.Helper()
	cmd := exec.Command("bash", s.name, verb)
	cmd.Env = append(slices.Clone(s.env), more...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", awscli.Name, verb, err, out)
	}
	return string(out)
}

// state is what there is, in an order that does not change.
func (s *scripted) state(t *testing.T, bucket string) string {
	t.Helper()
	ctx := context.Background()
	var out []string
	note := func(what string, err error, names ...string) {
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		for _, n := range names {
			out = append(out, what+" "+n)
		}
	}
	functions := awslambda.NewFromConfig(s.cfg)
	list, err := functions.ListFunctions(ctx, nil)
	note("function", err)
	for _, f := range list.Functions {
		note("function", nil, *f.FunctionName)
		policy, err := functions.GetPolicy(ctx, &awslambda.GetPolicyInput{FunctionName: f.FunctionName})
		note("policy", err, aws.ToString(policy.Policy))
	}
	roles, err := iam.NewFromConfig(s.cfg).ListRoles(ctx, nil)
	note("role", err)
	for _, r := range roles.Roles {
		note("role", nil, *r.RoleName)
	}
	topics, err := sns.NewFromConfig(s.cfg).ListSubscriptions(ctx, nil)
	note("subscription", err)
	for _, x := range topics.Subscriptions {
		note("subscription", nil, *x.TopicArn+" "+*x.Endpoint)
	}
	queues, err := sqs.NewFromConfig(s.cfg).ListQueues(ctx, nil)
	note("queue", err, queues.QueueUrls...)
	trails, err := cloudtrail.NewFromConfig(s.cfg).ListTrails(ctx, nil)
	note("trail", err)
	for _, x := range trails.Trails {
		note("trail", nil, *x.Name)
	}
	note("notification", nil, s.notifications(t, bucket)...)
	slices.Sort(out)
	return strings.Join(out, "\n")
}

func (s *scripted) notifications(t *testing.T, bucket string) []string {
	t.Helper()
	r, err := notification.Change{Bucket: bucket, Remove: true, DryRun: true}.Apply(t.Context(), awstest.S3(s.cfg))
	if err != nil {
		t.Fatal(err)
	}
	return notification.Describe(r.Before)
}

// S2.1 to S2.19 by commands: the script makes everything, in a bucket that has
// files and a notification of somebody else; a second run changes nothing; and
// everything goes again except for what is not ours.
func TestDeployScript(t *testing.T) {
	s := newScripted(t, "s3-lambda-sns", "LOG_BUCKET_NAME=existing-logs", "ALERT_EMAIL=soc@example.com")
	client := awstest.S3(s.cfg)
	theirs := s.existing(t, client, "existing-logs")

	first := s.run(t, "create")
	made := s.state(t, "existing-logs")
	for _, want := range []string{"function trailwarden-watch", "trail trailwarden", "role trailwarden-watch-", "queue ", "subscription ", "soc@example.com", `"s3.amazonaws.com"`, "backup:", "AWSLogs/"} {
		if !strings.Contains(made, want) {
			t.Errorf("there is no %q in\n%s\nafter\n%s", want, made, first)
		}
	}
	s.run(t, "create")
	if again := s.state(t, "existing-logs"); again != made {
		t.Errorf("a second run changed\n%s\nto\n%s", made, again)
	}
	said := s.run(t, "remove", "PURGE=yes")
	if left := s.state(t, "existing-logs"); left != "notification "+strings.Join(theirs, "\nnotification ") {
		t.Errorf("left:\n%s\nafter\n%s", left, said)
	}
	if _, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("existing-logs"), Key: aws.String("backup/a")}); err != nil {
		t.Errorf("a file of the bucket is gone: %v", err)
	}
	if !strings.Contains(said, "kept: bucket existing-logs") {
		t.Errorf("it does not say that the bucket stays:\n%s", said)
	}
	s.run(t, "remove", "PURGE=yes")
}

// existing is a bucket with a file and a notification of somebody else.
func (s *scripted) existing(t *testing.T, client *s3.Client, bucket string) []string {
	t.Helper()
	_, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket,
		CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(s.cfg.Region)}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("backup/a"), Body: strings.NewReader("a")}); err != nil {
		t.Fatal(err)
	}
	c := notification.Change{Bucket: bucket, Entry: notification.Entry{ID: "backup", Prefix: "backup/", Destination: "arn:aws:lambda:" + s.cfg.Region + ":" + awstest.AccountID(t, s.cfg) + ":function:backup"}}
	if _, err := c.Apply(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	return s.notifications(t, bucket)
}
