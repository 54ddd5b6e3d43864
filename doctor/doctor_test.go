package doctor_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cttypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	sestypes "github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/doctor"
	"github.com/trailwarden/trailwarden/internal/awstest"
)

// said are the results of a report that are neither ok nor about nothing.
func said(r doctor.Report) (out []doctor.Result) {
	for _, x := range r.Results {
		if x.State != doctor.OK && x.State != doctor.NotApplicable {
			out = append(out, x)
		}
	}
	return out
}

func show(list []doctor.Result) string {
	var b strings.Builder
	for _, x := range list {
		fmt.Fprintf(&b, "\n  %s %s %s: %s", x.Check, x.State, x.Object, x.Cause)
	}
	return b.String()
}

// Of a healthy account every check says ok, or that there is nothing to check;
// and every check is about something in it.
func TestHealthy(t *testing.T) {
	t.Parallel()
	a := healthy(t)
	r := a.examine()
	if bad := said(r); len(bad) > 0 {
		t.Errorf("a healthy account: %s", show(bad))
	}
	for _, c := range doctor.Catalogue() {
		if !slices.ContainsFunc(r.Of(c.ID), func(x doctor.Result) bool { return x.State == doctor.OK }) {
			t.Errorf("%s says ok of nothing: %s", c.ID, show(r.Of(c.ID)))
		}
	}
}

// A function whose variables name secrets and hold none, and which writes to a log
// group of another name than Lambda's, is in order.
func TestFunctionThatIsSetOtherwise(t *testing.T) {
	t.Parallel()
	a := healthy(t)
	f, err := lambda.NewFromConfig(a.cfg).GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: aws.String("watcher")})
	a.must(err)
	f.Environment = &lambdatypes.EnvironmentResponse{Variables: map[string]string{"SECRET_NAME": "trailwarden/slack", "SNOW_PASSWORD": "secretsmanager:snow", "SLACK_WEBHOOK_PARAMETER": "slack"}}
	f.LoggingConfig = &lambdatypes.LoggingConfig{LogGroup: aws.String("/teams/watch")}
	a.calls.answer("Lambda.GetFunctionConfiguration", f, nil)
	var statements []string
	for _, s := range a.roleStatements() {
		statements = append(statements, strings.Replace(s, "log-group:/aws/lambda/watcher:", "log-group:/teams/watch:", 1))
	}
	a.rolePolicy("watcher", statements...)
	r := a.examine()
	for _, check := range []string{"function-state", "role-files"} {
		if bad := said(doctor.Report{Results: r.Of(check)}); len(bad) > 0 {
			t.Errorf("%s", show(bad))
		}
	}
}

// A role that is allowed no more than is needed is in order: files' keys under
// CloudTrail's or a file's context, the domain of the sender, a role to assume
// where a sink or the store has one, a bus in another region.
func TestRoleOfLeastPrivilege(t *testing.T) {
	t.Parallel()
	a := healthy(t)
	other := "arn:aws:iam::444455556666:role/tell"
	a.configure(strings.NewReplacer(
		"soc: {sns: {topic:", "bus: {eventbridge: {region: us-east-1, bus: events}}\n  hub: {securityhub: {role: "+other+"}}\n  soc: {sns: {role: "+other+", topic:",
		"store: {dynamodb: {", "store: {dynamodb: {role: "+other+", ").Replace(a.yaml))
	under := func(condition, statement string) string {
		return strings.TrimSuffix(statement, "}") + `,"Condition":{` + condition + `}}`
	}
	says := func(check string, statements ...string) string {
		a.rolePolicy("watcher", statements...)
		return show(said(doctor.Report{Results: a.examine().Of(check)}))
	}
	files := []string{
		allow("logs:CreateLogStream logs:PutLogEvents", a.arn("logs", "log-group:/aws/lambda/watcher:*")), allow("s3:GetObject", "arn:aws:s3:::"+a.bucket+"/AWSLogs/*"),
		allow("sqs:ReceiveMessage sqs:DeleteMessage sqs:GetQueueAttributes", a.queue),
	}
	for _, condition := range []string{
		`"StringLike":{"kms:EncryptionContext:aws:cloudtrail:arn":"` + a.trail + `"}`,
		`"StringLike":{"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::` + a.bucket + `/*"}`,
		`"StringLike":{"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::` + a.bucket + `"}`,
	} {
		if got := says("role-files", append(files, under(condition, allow("kms:Decrypt", a.key)))...); got != "" {
			t.Errorf("%s: %s", condition, got)
		}
	}
	if got := says("role-files", append(files, under(`"StringLike":{"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::another/*"}`, allow("kms:Decrypt", a.key)))...); !strings.Contains(got, "may not call kms:Decrypt") {
		t.Errorf("the files of another bucket: %s", got)
	}
	sinks := []string{
		allow("ses:SendEmail", a.arn("ses", "identity/example.com")), allow("secretsmanager:GetSecretValue", a.arn("secretsmanager", "secret:hook-*")),
		allow("events:PutEvents", strings.Replace(a.arn("events", "event-bus/events"), a.cfg.Region, "us-east-1", 1)),
	}
	if got := says("role-sinks", append(sinks, allow("sts:AssumeRole", other))...); got != "" {
		t.Error(got)
	}
	if got := says("role-sinks", sinks...); strings.Count(got, "may not call sts:AssumeRole on "+other) == 0 || strings.Contains(got, "sns:Publish") {
		t.Errorf("a role that may not be assumed: %s", got)
	}
}

// A version or alias that is called has a policy of its own; the rest is asked of
// the function.
func TestFunctionThatIsCalledByAlias(t *testing.T) {
	t.Parallel()
	a := healthy(t)
	live := a.function + ":live"
	a.calls.answer("S3.GetBucketNotificationConfiguration", &s3.GetBucketNotificationConfigurationOutput{LambdaFunctionConfigurations: []s3types.LambdaFunctionConfiguration{{LambdaFunctionArn: &live, Events: []s3types.Event{"s3:ObjectCreated:*"}}}}, nil)
	says := func(check, resource string) string {
		a.calls.answer("Lambda.GetPolicy", &lambda.GetPolicyOutput{Policy: aws.String(`{"Statement":[` +
			`{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"*","Condition":{"StringEquals":{"aws:SourceAccount":"` + a.id + `"}}},` +
			`{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"` + resource + `","Condition":{"StringEquals":{"aws:SourceAccount":"` + a.id + `"},"ArnLike":{"aws:SourceArn":"arn:aws:s3:::` + a.bucket + `"}}}]}`)}, nil)
		return show(said(doctor.Report{Results: a.examine().Of(check)}))
	}
	if got := says("function-permission", live); got != "" {
		t.Errorf("the alias may be called: %s", got)
	}
	if got := says("function-permission", a.function); !strings.Contains(got, live+": s3.amazonaws.com may not hand over") {
		t.Errorf("the alias may not be called, only the function: %s", got)
	}
	a.rolePolicy("watcher", slices.DeleteFunc(a.roleStatements(), func(s string) bool { return strings.Contains(s, "s3:GetObject") })...)
	if got := says("role-files", live); !strings.Contains(got, "may not call s3:GetObject") {
		t.Errorf("the function may not read what its alias is told of: %s", got)
	}
}

// What a configuration has beyond the ordinary is in order, too: a bus that is told
// under one source only, a queue in the region of its URL. A policy that decides by
// what is not understood here is said to be unknown, and not to refuse.
func TestWhatIsNotBroken(t *testing.T) {
	t.Parallel()
	a := healthy(t)
	far := a.cfg.Copy()
	far.Region = "us-east-1"
	url, _ := awstest.Queue(t, far)
	a.target.Config.Sources = append(a.target.Config.Sources, config.Source{Name: "far", Enabled: true,
		SQS: &config.SQSSource{Queue: "https://sqs.us-east-1.amazonaws.com/" + a.id + "/" + url[strings.LastIndexByte(url, '/')+1:]}})
	a.target.Config.Sinks = append(a.target.Config.Sinks, config.Sink{Name: "bus", Enabled: true, EventBridge: &config.EventBridge{Bus: "findings", Source: "trailwarden"}})
	a.rolePolicy("watcher", append(a.roleStatements(), fmt.Sprintf(`{"Effect":"Allow","Action":"events:PutEvents","Resource":"%s","Condition":{"StringEquals":{"events:source":"trailwarden"}}}`, a.arn("events", "event-bus/findings")))...)
	_, err := sqs.NewFromConfig(a.cfg).SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{QueueUrl: &a.queueURL, Attributes: map[string]string{
		"Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"` + a.queue + `","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}}}]}`}})
	a.must(err)
	r := a.examine()
	for _, x := range r.Results {
		if x.State == doctor.Broken {
			t.Errorf("%s is broken: %s: %s", x.Check, x.Object, x.Cause)
		}
	}
	if !slices.ContainsFunc(r.Of("queue-policy"), func(x doctor.Result) bool {
		return x.State == doctor.Unknown && strings.Contains(x.Cause, "whether sns.amazonaws.com may hand over") && x.Fix != ""
	}) {
		t.Errorf("a condition that is not understood: %s", show(r.Of("queue-policy")))
	}
}

// A query that is switched off judges nothing.
func TestAQueryThatIsOffIsNoWay(t *testing.T) {
	t.Parallel()
	a := &account{t: t, cfg: awstest.Config(t), calls: newCalls(), target: doctor.Target{Config: config.Default(), Regions: []string{awstest.Region}}}
	a.target.Config.Queries = []config.ScheduledQuery{{Name: "off", Engine: "athena"}}
	r := a.examine()
	if !slices.ContainsFunc(r.Of("wiring"), func(x doctor.Result) bool { return x.State == doctor.Broken }) {
		t.Errorf("an account without any way: %s", show(r.Of("wiring")))
	}
	for _, x := range r.Of("athena-workgroup") {
		if x.State != doctor.NotApplicable {
			t.Errorf("Athena is asked for a query that is off: %s", show(r.Of("athena-workgroup")))
		}
	}
}

// breakage is one thing that goes wrong, and the check that says so. Others may
// follow from it only if they are named.
type breakage struct {
	name   string
	harm   func(a *account)
	check  string
	state  doctor.State
	cause  string   // part of it
	follow []string // checks that must complain too
}

// S2.17 and the D items: each thing that is broken is said by exactly the check
// that is about it, with a cause and a fix.
func TestEachBreakageIsSaid(t *testing.T) {
	well := healthy(t)
	well.calls.keeping = true
	well.examine()
	for _, b := range breakages() {
		t.Run(b.check+"/"+b.name, func(t *testing.T) {
			a := well.sick(t)
			b.harm(a)
			defer a.mend()
			bad := said(a.examine())
			checks := []string{}
			for _, x := range bad {
				if x.Fix == "" {
					t.Errorf("%s has no fix: %s", x.Check, x.Cause)
				}
				if !slices.Contains(checks, x.Check) {
					checks = append(checks, x.Check)
				}
			}
			hit := func(x doctor.Result) bool {
				return x.Check == b.check && x.State == b.state && strings.Contains(x.Cause, b.cause)
			}
			if !slices.ContainsFunc(bad, hit) {
				t.Errorf("want %s %s with %q, got %s", b.check, b.state, b.cause, show(bad))
			}
			want := append([]string{b.check}, b.follow...)
			slices.Sort(want)
			slices.Sort(checks)
			if !slices.Equal(checks, want) {
				t.Errorf("checks that complain: %v, want %v%s", checks, want, show(bad))
			}
		})
	}
}

func breakages() []breakage {
	return slices.Concat(trailBreakages(), bucketBreakages(), messageBreakages(), functionBreakages(), logBreakages(), busBreakages(), otherBreakages())
}

func (a *account) status(out *cloudtrail.GetTrailStatusOutput) {
	out.IsLogging = aws.Bool(true)
	a.calls.answer("CloudTrail.GetTrailStatus", out, nil)
}

func trailBreakages() []breakage {
	return []breakage{
		{"logging off", func(a *account) {
			_, err := cloudtrail.NewFromConfig(a.cfg).StopLogging(a.t.Context(), &cloudtrail.StopLoggingInput{Name: &a.trail})
			a.must(err)
		}, "trail-logging", doctor.Broken, "logging is off", nil},
		{"delivery refused", func(a *account) {
			a.status(&cloudtrail.GetTrailStatusOutput{LatestDeliveryError: aws.String("AccessDenied")})
		}, "trail-logging", doctor.Broken, "the last delivery to the bucket failed: AccessDenied", nil},
		{"log group refused", func(a *account) {
			a.status(&cloudtrail.GetTrailStatusOutput{LatestCloudWatchLogsDeliveryError: aws.String("Access denied.")})
		}, "trail-logging", doctor.Broken, "the log group failed", nil},
		{"no such trail", func(a *account) {
			a.target.Trail, a.target.Needs = "nothing", nil
			a.configure("sources: {x: {lookup: {}}}")
		},
			"trail-exists", doctor.Broken, "no trail of that name", nil},
		{"one region only", func(a *account) {
			a.updateTrail(&cloudtrail.UpdateTrailInput{IsMultiRegionTrail: aws.Bool(false), IncludeGlobalServiceEvents: aws.Bool(true)})
		}, "trail-regions", doctor.Broken, "1 regions have no trail", nil},
		{"no organization trail", func(a *account) { a.updateTrail(&cloudtrail.UpdateTrailInput{IsOrganizationTrail: aws.Bool(false)}) },
			"trail-accounts", doctor.Warn, "no organization trail", nil},
		{"a silent account", func(a *account) {
			a.calls.answer("Organizations.ListAccounts", &organizations.ListAccountsOutput{Accounts: []orgtypes.Account{{Id: &a.id, Status: orgtypes.AccountStatusActive}, {Id: aws.String("444455556666"), Status: orgtypes.AccountStatusActive}}}, nil)
		}, "trail-accounts", doctor.Warn, "1 of 2 active accounts have no files", nil},
		{"management events off", func(a *account) {
			a.selectors(cttypes.EventSelector{ReadWriteType: cttypes.ReadWriteTypeAll, IncludeManagementEvents: aws.Bool(false)})
		}, "trail-selectors", doctor.Broken, "switched off", nil},
		{"reads only", func(a *account) {
			a.selectors(cttypes.EventSelector{ReadWriteType: cttypes.ReadWriteTypeReadOnly, IncludeManagementEvents: aws.Bool(true)})
		}, "trail-selectors", doctor.Broken, "only reads", nil},
		{"writes only", func(a *account) {
			a.selectors(cttypes.EventSelector{ReadWriteType: cttypes.ReadWriteTypeWriteOnly, IncludeManagementEvents: aws.Bool(true)})
		}, "trail-selectors", doctor.Warn, "only writes", nil},
		{"advanced selectors without management events", func(a *account) {
			a.calls.answer("CloudTrail.GetEventSelectors", &cloudtrail.GetEventSelectorsOutput{AdvancedEventSelectors: []cttypes.AdvancedEventSelector{{FieldSelectors: []cttypes.AdvancedFieldSelector{
				{Field: aws.String("eventCategory"), Equals: []string{"Data"}}}}}}, nil)
		}, "trail-selectors", doctor.Broken, "switched off", nil},
		{"advanced selectors without kms", func(a *account) {
			a.calls.answer("CloudTrail.GetEventSelectors", &cloudtrail.GetEventSelectorsOutput{AdvancedEventSelectors: []cttypes.AdvancedEventSelector{{FieldSelectors: []cttypes.AdvancedFieldSelector{
				{Field: aws.String("eventCategory"), Equals: []string{"Management"}}, {Field: aws.String("eventSource"), NotEquals: []string{"kms.amazonaws.com"}}}}}}, nil)
		}, "trail-selectors", doctor.Warn, "kms.amazonaws.com", nil},
		{"no digests", func(a *account) {
			a.updateTrail(&cloudtrail.UpdateTrailInput{EnableLogFileValidation: aws.Bool(false)})
		},
			"trail-digests", doctor.Broken, "validation is off", nil},
	}
}

func bucketBreakages() []breakage {
	bucketPolicy := func(change func(a *account, text string) string) func(a *account) {
		return func(a *account) {
			out, err := awstest.S3(a.cfg).GetBucketPolicy(a.t.Context(), &s3.GetBucketPolicyInput{Bucket: &a.bucket})
			a.must(err)
			a.setBucketPolicy(change(a, aws.ToString(out.Policy)))
		}
	}
	return []breakage{
		{"the trail of another account", bucketPolicy(func(a *account, text string) string {
			return strings.ReplaceAll(text, a.trail, "arn:aws:cloudtrail:eu-west-1:444455556666:trail/everything")
		}), "bucket-policy", doctor.Broken, "StringEquals wants aws:SourceArn arn:aws:cloudtrail:eu-west-1:444455556666", nil},
		{"no folder of the organization", bucketPolicy(func(a *account, text string) string {
			return strings.ReplaceAll(text, "AWSLogs/"+a.org+"/*", "AWSLogs/o-anotherone12/*")
		}), "bucket-policy", doctor.Broken, "may not write to AWSLogs/o-", nil},
		{"any account's trail", bucketPolicy(func(a *account, text string) string {
			return strings.ReplaceAll(text, `{"StringEquals":{"aws:SourceArn":"`+a.trail+`","s3:x-amz-acl":"bucket-owner-full-control"}}`, `{"StringEquals":{"s3:x-amz-acl":"bucket-owner-full-control"}}`)
		}), "bucket-policy", doctor.Warn, "trails of any account", nil},
		{"no policy", func(a *account) {
			_, err := awstest.S3(a.cfg).DeleteBucketPolicy(a.t.Context(), &s3.DeleteBucketPolicyInput{Bucket: &a.bucket})
			a.must(err)
		}, "bucket-policy", doctor.Broken, "no statement allows it", nil},
		{"everybody reads", bucketPolicy(func(a *account, text string) string {
			return strings.Replace(text, `"Statement":[`, `"Statement":[{"Sid":"Open","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::`+a.bucket+`/*"},`, 1)
		}), "bucket-private", doctor.Broken, "statement Open allows it", nil},
		{"everybody from anywhere reads", bucketPolicy(func(a *account, text string) string {
			return strings.Replace(text, `"Statement":[`, `"Statement":[{"Sid":"Open","Effect":"Allow","Principal":"*","Action":"s3:ListBucket","Resource":"arn:aws:s3:::`+a.bucket+`","Condition":{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"},"StringLike":{"aws:PrincipalOrgID":"o-*"}}},`, 1)
		}), "bucket-private", doctor.Broken, "statement Open allows it", nil},
		{"everybody reads until a day", bucketPolicy(func(a *account, text string) string {
			return strings.Replace(text, `"Statement":[`, `"Statement":[{"Sid":"Open","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::`+a.bucket+`/*","Condition":{"DateLessThan":{"aws:CurrentTime":"2099-01-01T00:00:00Z"}}},`, 1)
		}), "bucket-private", doctor.Unknown, "whether anybody may call s3:GetObject: statement Open decides it by what is not known here", nil},
		{"another organization", bucketPolicy(func(_ *account, text string) string {
			return strings.Replace(text, `"Statement":[`, `"Statement":[{"Sid":"Ours","Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"*","Condition":{"StringNotEquals":{"aws:SourceOrgID":"o-anotherone12"},"Bool":{"aws:PrincipalIsAWSService":"true"}}},`, 1)
		}), "bucket-policy", doctor.Broken, "statement Ours denies it", nil},
		{"public access not blocked", func(a *account) {
			_, err := awstest.S3(a.cfg).DeletePublicAccessBlock(a.t.Context(), &s3.DeletePublicAccessBlockInput{Bucket: &a.bucket})
			a.must(err)
		}, "bucket-private", doctor.Warn, "not blocked", nil},
		{"key disabled", func(a *account) {
			a.calls.answer("KMS.DescribeKey", &kms.DescribeKeyOutput{KeyMetadata: &kmstypes.KeyMetadata{KeyId: &a.key, Arn: &a.key, KeyState: kmstypes.KeyStateDisabled}}, nil)
		}, "key-policy", doctor.Broken, "the key is Disabled", nil},
		{"key refuses", func(a *account) {
			text := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"kms:*","Resource":"*"}]}`, a.id)
			a.setKeyPolicy(text)
		}, "key-policy", doctor.Broken, "may not make data keys", nil},
		{"no files", func(a *account) { a.empty() }, "files-arrive", doctor.Broken, "holds no folder of an account", []string{"athena-table", "trail-accounts"}},
		{"old files", func(a *account) { a.late = 5 * time.Hour },
			"files-arrive", doctor.Warn, "5h0m0s ago", nil},
		{"not compressed", func(a *account) {
			list, err := awstest.S3(a.cfg).ListObjectsV2(a.t.Context(), &s3.ListObjectsV2Input{Bucket: &a.bucket})
			a.must(err)
			_, err = awstest.S3(a.cfg).PutObject(a.t.Context(), &s3.PutObjectInput{Bucket: &a.bucket, Key: list.Contents[0].Key, Body: bytes.NewReader([]byte(`{"Records":[]}`))})
			a.must(err)
		}, "files-readable", doctor.Warn, "not compressed", nil},
		{"reading denied", func(a *account) { a.calls.deny("S3.GetObject") }, "files-readable", doctor.Unknown, "s3:GetObject is refused", nil},
	}
}

// empty takes all files out of the bucket.
func (a *account) empty() {
	list, err := awstest.S3(a.cfg).ListObjectsV2(a.t.Context(), &s3.ListObjectsV2Input{Bucket: &a.bucket})
	a.must(err)
	for _, o := range list.Contents {
		_, err := awstest.S3(a.cfg).DeleteObject(a.t.Context(), &s3.DeleteObjectInput{Bucket: &a.bucket, Key: o.Key})
		a.must(err)
	}
}

func messageBreakages() []breakage {
	return []breakage{
		{"no notification", func(a *account) {
			_, err := awstest.S3(a.cfg).PutBucketNotificationConfiguration(a.t.Context(), &s3.PutBucketNotificationConfigurationInput{Bucket: &a.bucket, NotificationConfiguration: &s3types.NotificationConfiguration{}})
			a.must(err)
			a.target.Needs = []string{doctor.WayBucketFunction}
		}, "wiring", doctor.Broken, "the way bucket-function is not there", nil},
		{"another prefix", func(a *account) { a.notify("logs/", ".json.gz") }, "bucket-notification", doctor.Broken, `prefix "logs/"`, nil},
		{"another suffix", func(a *account) { a.notify("AWSLogs/", ".log") }, "bucket-notification", doctor.Broken, `suffix ".log"`, nil},
		{"about removal", func(a *account) {
			a.calls.answer("S3.GetBucketNotificationConfiguration", &s3.GetBucketNotificationConfigurationOutput{TopicConfigurations: []s3types.TopicConfiguration{{TopicArn: &a.topic, Events: []s3types.Event{"s3:ObjectRemoved:*"}}}}, nil)
		}, "bucket-notification", doctor.Broken, "not about objects that are created", nil},
		{"topic refuses", func(a *account) { a.topicPolicy(policy("events.amazonaws.com", "sns:Publish", a.topic, "x")) },
			"topic-policy", doctor.Broken, "s3.amazonaws.com may not hand over", nil},
		{"topic of anybody", func(a *account) {
			a.topicPolicy(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sns:Publish","Resource":"` + a.topic + `"}]}`)
		}, "topic-policy", doctor.Warn, "for anybody", nil},
		{"queue refuses", func(a *account) {
			a.queuePolicy = policy("sns.amazonaws.com", "sqs:SendMessage", a.queue, a.alerts)
			a.queueSet("VisibilityTimeout", "720")
		}, "queue-policy", doctor.Broken, "ArnEquals wants aws:SourceArn", nil},
		{"subscription pending", func(a *account) {
			a.calls.answer("SNS.GetSubscriptionAttributes", &sns.GetSubscriptionAttributesOutput{Attributes: map[string]string{"PendingConfirmation": "true"}}, nil)
		}, "subscription", doctor.Broken, "not confirmed", nil},
		{"nobody subscribed", func(a *account) {
			a.alerts = awstest.Topic(a.t, a.cfg)
			a.configure(strings.ReplaceAll(a.yaml, a.target.Config.Sink("soc").SNS.Topic, a.alerts))
			a.rolePolicy("watcher", a.roleStatements()...)
		}, "subscription", doctor.Broken, "nobody has subscribed", nil},
		{"no dead-letter queue", func(a *account) { a.queueSet("RedrivePolicy", "") }, "queue-state", doctor.Warn, "no dead-letter queue", nil},
		{"given up at once", func(a *account) {
			a.queueSet("RedrivePolicy", fmt.Sprintf(`{"deadLetterTargetArn":"%s","maxReceiveCount":1}`, a.dead))
		}, "queue-state", doctor.Warn, "received 1 times", nil},
		{"hidden too shortly", func(a *account) { a.queueSet("VisibilityTimeout", "60") }, "queue-state", doctor.Broken, "hidden for 60 s", nil},
		{"dead letters", func(a *account) {
			_, err := sqs.NewFromConfig(a.cfg).SendMessage(a.t.Context(), &sqs.SendMessageInput{QueueUrl: &a.deadURL, MessageBody: aws.String("x")})
			a.must(err)
		}, "dead-letters", doctor.Broken, "1 messages were given up", nil},
		{"the whole batch counts as done", func(a *account) { a.mapping() }, "queue-mapping", doctor.Broken, "does not report single messages", nil},
		{"function may not be called", (*account).forbid, "function-permission", doctor.Broken, "events.amazonaws.com may not hand over", nil},
	}
}

func functionBreakages() []breakage {
	without := func(action string) func(a *account) {
		return func(a *account) {
			var kept []string
			for _, s := range a.roleStatements() {
				if !strings.Contains(s, action) {
					kept = append(kept, s)
				}
			}
			a.rolePolicy("watcher", kept...)
		}
	}
	return []breakage{
		{"retired runtime", func(a *account) { a.changeFunction(&lambda.UpdateFunctionConfigurationInput{Runtime: "python2.7"}) },
			"function-state", doctor.Broken, "python2.7 is retired", nil},
		{"a runtime retired this year", func(a *account) {
			a.changeFunction(&lambda.UpdateFunctionConfigurationInput{Runtime: "nodejs20.x"})
		}, "function-state", doctor.Broken, "nodejs20.x is retired", nil},
		{"short timeout", func(a *account) { a.changeFunction(&lambda.UpdateFunctionConfigurationInput{Timeout: aws.Int32(10)}) },
			"function-state", doctor.Warn, "the timeout is 10 s", nil},
		{"secret in clear", func(a *account) {
			a.changeFunction(&lambda.UpdateFunctionConfigurationInput{Environment: &lambdatypes.Environment{Variables: map[string]string{"SNOW_PASSWORD": "hunter2"}}})
		}, "function-state", doctor.Warn, "SNOW_PASSWORD", nil},
		{"switched off", func(a *account) {
			a.calls.answer("Lambda.GetFunctionConcurrency", &lambda.GetFunctionConcurrencyOutput{ReservedConcurrentExecutions: aws.Int32(0)}, nil)
		}, "function-state", doctor.Broken, "reserved concurrency is 0", nil},
		{"failures are gone", func(a *account) {
			a.calls.answer("Lambda.GetFunctionEventInvokeConfig", &lambda.GetFunctionEventInvokeConfigOutput{}, nil)
		}, "function-retries", doctor.Warn, "fails three times is gone", nil},
		{"never ran", func(a *account) {
			a.calls.answer("CloudWatch Logs.FilterLogEvents", nil, &smithy.GenericAPIError{Code: "ResourceNotFoundException"})
		}, "function-ran", doctor.Broken, "never ran", nil},
		{"errors in its log", func(a *account) { a.ran(`{"level":"INFO"}`, `{"level":"ERROR","msg":"publish: AccessDenied"}`) },
			"function-ran", doctor.Warn, "publish: AccessDenied", nil},
		{"may not read", without("s3:GetObject"), "role-files", doctor.Broken, "may not call s3:GetObject", nil},
		{"may not decrypt", without("kms:Decrypt"), "role-files", doctor.Broken, "may not call kms:Decrypt", nil},
		{"may not receive", without("sqs:ReceiveMessage"), "role-files", doctor.Broken, "may not call sqs:ReceiveMessage", nil},
		{"may not publish", without("sns:Publish"), "role-sinks", doctor.Broken, "may not call sns:Publish", nil},
		{"may not write alerts", without("dynamodb:"), "role-sinks", doctor.Broken, "may not call dynamodb:", nil},
		{"may not read the secret", without("secretsmanager:"), "role-sinks", doctor.Broken, "secretsmanager:GetSecretValue", nil},
		{"not Lambda's role", func(a *account) {
			a.trust("watcher", "ec2.amazonaws.com")
		}, "role-files", doctor.Broken, "Lambda may not become the role", nil},
	}
}

func logBreakages() []breakage {
	return []breakage{
		{"no group", func(a *account) {
			_, err := cloudwatchlogs.NewFromConfig(a.cfg).DeleteLogGroup(a.t.Context(), &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String("trail")})
			a.must(err)
			a.target.Needs = nil
		}, "log-group", doctor.Broken, "no such log group", nil},
		{"role may not write", func(a *account) { a.rolePolicy("writer", allow("logs:PutLogEvents", "*")) }, "log-group", doctor.Broken, "logs:CreateLogStream", nil},
		{"always true", func(a *account) {
			a.filter(`{ ($.awsRegion != "us-east-1" || $.region != "us-west-2") && $.eventName != "Get*" }`)
		}, "metric-filters", doctor.Warn, "FPW3", nil},
		{"no alarm", func(a *account) {
			_, err := cloudwatch.NewFromConfig(a.cfg).DeleteAlarms(a.t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"root"}})
			a.must(err)
		}, "filter-alarms", doctor.Broken, "no alarm watches", nil},
		{"alarm off", func(a *account) { a.alarm(false) }, "filter-alarms", doctor.Broken, "no action that is on", nil},
	}
}

func busBreakages() []breakage {
	reads := `{"source":["aws.iam"],"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventSource":["iam.amazonaws.com"],"eventName":["ListUsers","GetUser"]}}`
	both := func(a *account, text string, state ebtypes.RuleState) {
		for _, region := range []string{a.cfg.Region, "us-east-1"} {
			a.rule(region, "default", "trailwarden-sign-in", text, state)
		}
	}
	return []breakage{
		{"disabled", func(a *account) { both(a, signIns, ebtypes.RuleStateDisabled) }, "bus-rules", doctor.Broken, "the rule is disabled", nil},
		{"reads are not delivered", func(a *account) { both(a, reads, ebtypes.RuleStateEnabled) }, "bus-rules", doctor.Broken, "EBW08", nil},
		{"sign-in asked for as a call", func(a *account) {
			both(a, strings.Replace(signIns, "Console Sign In", "API Call", 1), ebtypes.RuleStateEnabled)
		}, "bus-rules", doctor.Warn, "EBW09", nil},
		{"no target", func(a *account) {
			_, err := eventbridge.NewFromConfig(a.in("us-east-1")).RemoveTargets(a.t.Context(), &eventbridge.RemoveTargetsInput{Rule: aws.String("trailwarden-sign-in"), Ids: []string{"1"}})
			a.must(err)
		}, "bus-targets", doctor.Broken, "the rule has no target", nil},
		{"role may not put events", func(a *account) { a.rolePolicy("forwarder", allow("events:PutEvents", a.bus+"2")) }, "bus-targets", doctor.Broken, "may not put events", nil},
		{"changed in one region", func(a *account) {
			a.rule("us-east-1", "default", "trailwarden-sign-in", strings.Replace(signIns, `["ConsoleLogin"]`, `["ConsoleLogin","SwitchRole"]`, 1), ebtypes.RuleStateEnabled)
		}, "bus-drift", doctor.Broken, "differs", nil},
		{"missing in one region", func(a *account) { a.target.Regions = append(a.target.Regions, "eu-central-1") }, "bus-drift", doctor.Broken, "missing in eu-central-1", nil},
		{"nothing in us-east-1", func(a *account) {
			client := eventbridge.NewFromConfig(a.in("us-east-1"))
			_, err := client.RemoveTargets(a.t.Context(), &eventbridge.RemoveTargetsInput{Rule: aws.String("trailwarden-sign-in"), Ids: []string{"1"}})
			a.must(err)
			_, err = client.DeleteRule(a.t.Context(), &eventbridge.DeleteRuleInput{Name: aws.String("trailwarden-sign-in")})
			a.must(err)
		}, "bus-global", doctor.Broken, "no rule is in us-east-1", []string{"bus-drift"}},
		{"region not looked at", func(a *account) { a.target.Regions = a.target.Regions[:1] }, "bus-global", doctor.Unknown, "us-east-1 was not looked at", nil},
		{"open to anybody", func(a *account) {
			a.busPolicy(`{"Version":"2012-10-17","Statement":[{"Sid":"open","Effect":"Allow","Principal":"*","Action":"events:PutEvents","Resource":"` + a.bus + `"}]}`)
		}, "bus-policy", doctor.Broken, "anybody may put events", nil},
		{"an account is missing", func(a *account) {
			a.target.Accounts = []string{"444455556666"}
			a.busPolicy(`{"Version":"2012-10-17","Statement":[{"Sid":"one","Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"events:PutEvents","Resource":"` + a.bus + `"}]}`)
		}, "bus-policy", doctor.Broken, "444455556666 may not", nil},
	}
}

func otherBreakages() []breakage {
	return []breakage{
		{"all of the logs", func(a *account) {
			a.rolePolicy("watcher", append(a.roleStatements(), allow("logs:*", "*"))...)
		}, "policies", doctor.Warn, "logs:*", nil},
		{"invalid rule", func(a *account) { a.ruleFile("id: x\nmatch: {where: {eventNam: {equals: [}}}\n") }, "rules-match", doctor.Broken, "TW", nil},
		{"a rule that never matches", func(a *account) {
			a.ruleFile("id: x\nseverity: high\nmatch: {where: {eventSource: {equals: iam.amazon.com}, readOnly: {equals: false}, errorCode: {exists: false}}}\n")
		}, "rules-match", doctor.Warn, "TL02", nil},
		{"no table", func(a *account) { a.target.Config.Query.Athena.Table = "another" }, "athena-table", doctor.Broken, "no such table", nil},
		{"a region is missing", func(a *account) { a.tableOf([]string{"eu-west-1", "us-east-1"}) }, "athena-table", doctor.Broken, "region ", nil},
		{"no workgroup", func(a *account) {
			_, err := athena.NewFromConfig(a.cfg).DeleteWorkGroup(a.t.Context(), &athena.DeleteWorkGroupInput{WorkGroup: aws.String("watch")})
			a.must(err)
		}, "athena-workgroup", doctor.Broken, "no such workgroup", nil},
		{"no table of alerts", func(a *account) {
			a.calls.answer("DynamoDB.DescribeTable", nil, &smithy.GenericAPIError{Code: "ResourceNotFoundException"})
		}, "store-table", doctor.Broken, "no such table", nil},
		{"no secret", func(a *account) {
			a.calls.answer("Secrets Manager.DescribeSecret", nil, &smithy.GenericAPIError{Code: "ResourceNotFoundException"})
		}, "secrets", doctor.Broken, "is not in secretsmanager", nil},
		{"not verified", func(a *account) { a.calls.answer("SESv2.GetEmailIdentity", &sesv2.GetEmailIdentityOutput{}, nil) }, "ses-identity", doctor.Broken, "not verified", nil},
		{"not signed", func(a *account) {
			a.calls.answer("SESv2.GetEmailIdentity", &sesv2.GetEmailIdentityOutput{VerifiedForSendingStatus: true, IdentityType: sestypes.IdentityTypeDomain}, nil)
		}, "ses-identity", doctor.Warn, "junk folder", nil},
		{"sandbox", func(a *account) {
			a.calls.answer("SESv2.GetAccount", &sesv2.GetAccountOutput{SendingEnabled: true}, nil)
			a.calls.answer("SESv2.GetEmailIdentity", &sesv2.GetEmailIdentityOutput{}, nil)
		}, "ses-account", doctor.Broken, "sandbox", []string{"ses-identity"}},
		{"bounced", func(a *account) {
			a.calls.answer("SESv2.GetSuppressedDestination", &sesv2.GetSuppressedDestinationOutput{SuppressedDestination: &sestypes.SuppressedDestination{Reason: sestypes.SuppressionListReasonBounce}}, nil)
		}, "ses-recipients", doctor.Broken, "bounce", nil},
		{"records that could not be judged", func(a *account) {
			at := time.Now()
			a.store.letters = []alert.Letter{{Time: at.Add(-time.Hour), Reason: "an older one"}, {Time: at, Reason: "the object is archived"}}
		}, "intake-dead-letters", doctor.Broken, "2 could not be judged; the latest: the object is archived", nil},
		{"messages that a sink refused", func(a *account) { a.store.dead = []alert.Delivery{{LastError: "channel_not_found"}} },
			"sink-dead-letters", doctor.Broken, "over 1 were refused by their sinks; the latest: channel_not_found", nil},
		{"a store that cannot be read", func(a *account) { a.store.err = errors.New("a torn page") }, "intake-dead-letters", doctor.Unknown, "a torn page", []string{"sink-dead-letters"}},
		{"credentials refused", func(a *account) { a.calls.deny("STS.GetCallerIdentity") }, "caller", doctor.Unknown, "sts:GetCallerIdentity is refused", []string{"athena-table", "bus-global", "bus-policy", "policies", "role-sinks"}},
		{"regions cannot be listed", func(a *account) {
			a.target.Regions = nil
			a.calls.deny("Account.ListRegions")
		}, "wiring", doctor.Unknown, "account:ListRegions is refused", []string{"bus-drift", "bus-rules", "bus-targets"}},
	}
}

// A call that is refused is never a silent pass: for every action of the
// catalogue, refusing it makes some check say that it could not look, naming the
// action.
func TestEveryRefusalIsSaid(t *testing.T) {
	a := healthy(t)
	a.calls.keeping = true
	a.examine()
	seen := slices.Sorted(maps.Keys(a.calls.seen))
	known := doctor.Actions(doctor.Catalogue())
	for _, name := range seen {
		service, operation, _ := strings.Cut(name, ".")
		action := doctor.Action(service, operation)
		if !slices.Contains(known, action) {
			t.Errorf("%s is asked and no check names it", action)
		}
		if verb, _, _ := strings.Cut(action[strings.Index(action, ":")+1:], "A"); !strings.HasPrefix(verb, "Get") && !strings.HasPrefix(verb, "List") && !strings.HasPrefix(verb, "Describe") && !strings.HasPrefix(verb, "Filter") {
			t.Errorf("%s is no reading", action)
		}
		all := a.calls
		a.calls = all.fresh()
		a.calls.deny(name)
		r := a.examine()
		a.calls = all
		if !slices.ContainsFunc(r.Results, func(x doctor.Result) bool {
			return x.State == doctor.Unknown && strings.Contains(x.Cause, action+" is refused") && strings.Contains(x.Fix, action)
		}) {
			t.Errorf("%s was refused and nobody says so: %s", action, show(said(r)))
		}
		if r.Count(doctor.Broken) > 0 {
			t.Errorf("%s was refused and something is called broken: %s", action, show(said(r)))
		}
	}
}

// When time is over, what was not checked is said to be unknown.
func TestDeadline(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := doctor.Run(ctx, doctor.New(doctor.Target{}, doctor.Options{AWS: aws.Config{Region: "eu-west-1"}}), doctor.Catalogue())
	if got, want := r.Count(doctor.Unknown), len(doctor.Catalogue()); got != want {
		t.Errorf("%d unknown, want %d", got, want)
	}
}

// A call that is refused in every region is one result that names some of them.
func TestRefusedEverywhere(t *testing.T) {
	r := doctor.Run(t.Context(), doctor.New(doctor.Target{}, doctor.Options{}), []doctor.Check{{ID: "x", Run: func(context.Context, *doctor.Env) (out []doctor.Result) {
		for i := range 17 {
			out = append(out, doctor.Result{State: doctor.Unknown, Object: fmt.Sprintf("region-%02d", i), Cause: "refused"}, doctor.Result{State: doctor.Broken, Object: fmt.Sprint(i)})
		}
		return out
	}}})
	if len(r.Results) != 18 || r.Count(doctor.Unknown) != 1 || !slices.ContainsFunc(r.Results, func(x doctor.Result) bool {
		return x.Object == "region-00, region-01, region-02, region-03, region-04 and 12 more"
	}) {
		t.Errorf("got %s", show(r.Results))
	}
}

// A check that panics says so, and the others go on.
func TestPanic(t *testing.T) {
	env := doctor.New(doctor.Target{}, doctor.Options{})
	r := doctor.Run(t.Context(), env, []doctor.Check{
		{ID: "bad", Run: func(context.Context, *doctor.Env) []doctor.Result { panic("oh") }},
		{ID: "good", Run: func(context.Context, *doctor.Env) []doctor.Result { return []doctor.Result{{State: doctor.OK}} }},
	})
	if r.Worst() != doctor.Unknown || len(r.Of("good")) != 1 || !strings.Contains(r.Of("bad")[0].Cause, "oh") {
		t.Errorf("got %+v", r)
	}
}

// Every check has what its page needs, and a name of its own.
func TestCatalogue(t *testing.T) {
	ids := map[string]bool{}
	for _, c := range doctor.Catalogue() {
		if c.ID == "" || c.Title == "" || c.Asks == "" || c.Run == nil || ids[c.ID] {
			t.Errorf("%+v", c)
		}
		ids[c.ID] = true
	}
}

// The page has a row for each check and no row of a check that went.
func TestEveryCheckIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/doctor.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| [^|]+ \\|$").FindAllStringSubmatch(string(page), -1)
	var documented, known []string
	for _, r := range rows {
		documented = append(documented, r[1])
	}
	for _, c := range doctor.Catalogue() {
		known = append(known, c.ID)
	}
	if !slices.Equal(documented, known) {
		t.Errorf("docs/doctor.md has the checks\n%v, the catalogue\n%v", documented, known)
	}
}
