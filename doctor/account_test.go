package doctor_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	athenatypes "github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cttypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
	smithymiddleware "github.com/aws/smithy-go/middleware"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/doctor"
	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/query/ddl"
	"github.com/trailwarden/trailwarden/rule/lint"
)

func TestMain(m *testing.M) { os.Exit(awstest.Main(m)) }

// account is an account of the emulator in which everything is as it should be:
// an organization trail with key, topic, queue and function, the log group with
// filter and alarm, rules of EventBridge in two regions, a table, and sinks.
type account struct {
	t       *testing.T
	cfg     aws.Config
	id, org string
	calls   *calls
	target  doctor.Target

	bucket, trail, key, topic, queue, queueURL, dead, deadURL string
	began                                                     time.Time
	queuePolicy, yaml                                         string
	late                                                      time.Duration // how much later than now the checks are made
	function, role, busRole, group, bus, alerts, table        string
	store                                                     kept
}

// kept is a store with dead letters, or one that cannot be read.
type kept struct {
	letters []alert.Letter
	dead    []alert.Delivery
	err     error
}

func (k kept) Letters(context.Context, int, string) ([]alert.Letter, string, error) {
	return k.letters, "", k.err
}

func (k kept) Dead(context.Context, string, int, string) ([]alert.Delivery, string, error) {
	return k.dead, "more", nil
}

func (kept) Close() error { return nil }

// calls stands between the clients and the emulator. It answers in the
// emulator's place what a test gives; what was asked of a healthy account it
// remembers, and asks again only those services that a test has touched since.
type calls struct {
	mu      sync.Mutex
	answers map[string]func() (any, error) // by Service.Operation
	seen    map[string]bool
	kept    map[string]answer
	keeping bool
	touched map[string]bool // services
	bodies  int             // objects that were asked for
}

type answer struct {
	out any
	err error
}

func newCalls() *calls {
	return &calls{answers: map[string]func() (any, error){}, seen: map[string]bool{}, kept: map[string]answer{}, touched: map[string]bool{}}
}

func (c *calls) answer(name string, out any, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers[name] = func() (any, error) { return out, err }
}

// well takes an answer back.
func (c *calls) well(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.answers, name)
}

func (c *calls) deny(name string) {
	c.answer(name, nil, &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "not authorized"})
}

// fresh is a copy whose answers and memory a case may change.
func (c *calls) fresh() *calls {
	c.mu.Lock()
	defer c.mu.Unlock()
	return &calls{answers: maps.Clone(c.answers), kept: maps.Clone(c.kept), seen: map[string]bool{}, touched: map[string]bool{}}
}

// touch notes what a test does to the account, by service.
func (c *calls) touch(stack *smithymiddleware.Stack) error {
	return stack.Initialize.Add(smithymiddleware.InitializeMiddlewareFunc("touch", func(ctx context.Context, in smithymiddleware.InitializeInput, next smithymiddleware.InitializeHandler) (smithymiddleware.InitializeOutput, smithymiddleware.Metadata, error) {
		c.mu.Lock()
		c.touched[awsmiddleware.GetServiceID(ctx)] = true
		c.mu.Unlock()
		return next.HandleInitialize(ctx, in)
	}), smithymiddleware.After)
}

// between answers or remembers what the checks ask.
func (c *calls) between(stack *smithymiddleware.Stack) error {
	return stack.Initialize.Add(smithymiddleware.InitializeMiddlewareFunc("between", func(ctx context.Context, in smithymiddleware.InitializeInput, next smithymiddleware.InitializeHandler) (smithymiddleware.InitializeOutput, smithymiddleware.Metadata, error) {
		service, name := awsmiddleware.GetServiceID(ctx), awsmiddleware.GetServiceID(ctx)+"."+awsmiddleware.GetOperationName(ctx)
		text, _ := json.Marshal(in.Parameters)
		key := name + awsmiddleware.GetRegion(ctx) + string(text)
		c.mu.Lock()
		given, kept := c.answers[name], answer{}
		was, there := c.kept[key]
		live := c.touched[service] || !there || name == "S3.GetObject" // a body is read once
		c.seen[name] = true
		if name == "S3.GetObject" {
			c.bodies++
		}
		c.mu.Unlock()
		switch {
		case given != nil:
			kept.out, kept.err = given()
		case live:
			out, md, err := next.HandleInitialize(ctx, in)
			c.mu.Lock()
			if c.keeping {
				c.kept[key] = answer{out.Result, err}
			}
			c.mu.Unlock()
			return out, md, err
		default:
			kept = was
		}
		return smithymiddleware.InitializeOutput{Result: kept.out}, smithymiddleware.Metadata{}, kept.err
	}), smithymiddleware.After)
}

func (a *account) must(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

func (a *account) arn(service, rest string) string {
	return "arn:aws:" + service + ":" + a.cfg.Region + ":" + a.id + ":" + rest
}

// healthy makes the account.
func healthy(t *testing.T) *account {
	t.Helper()
	cfg := awstest.Config(t)
	a := &account{t: t, cfg: cfg, id: awstest.AccountID(t, cfg), calls: newCalls(), began: time.Now()}
	a.organization()
	a.delivery()
	a.messages()
	a.compute()
	a.alarm(true)
	a.rules()
	a.workgroup()
	a.tableOf(must(ddl.Regions("aws")))
	a.sinks()
	a.missingFromEmulator()
	return a
}

// mend puts back what cases change, for the services that one has touched.
func (a *account) mend() {
	steps := map[string]func(){
		"CloudTrail": func() {
			a.updateTrail(&cloudtrail.UpdateTrailInput{IsMultiRegionTrail: aws.Bool(true), IsOrganizationTrail: aws.Bool(true), EnableLogFileValidation: aws.Bool(true), IncludeGlobalServiceEvents: aws.Bool(true)})
			a.startLogging()
		},
		"S3": func() {
			a.setBucketPolicy(a.bucketPolicy())
			a.blockPublic()
			a.file(a.id, a.began)
			a.notify("AWSLogs/", ".json.gz")
		},
		"KMS": func() { a.setKeyPolicy(a.keyPolicy()) },
		"SNS": a.setTopicPolicy,
		"SQS": a.setQueue,
		"Lambda": func() {
			a.setFunction()
			a.mapping(lambdatypes.FunctionResponseTypeReportBatchItemFailures)
			a.permit()
		},
		"IAM":             a.setRoles,
		"CloudWatch Logs": a.logGroup,
		"CloudWatch":      func() { a.alarm(true) },
		"EventBridge":     a.setRules,
		"Glue":            func() { a.tableOf(must(ddl.Regions("aws"))) },
		"Athena":          a.workgroup,
	}
	a.calls.mu.Lock()
	touched := slices.Sorted(maps.Keys(a.calls.touched))
	a.calls.mu.Unlock()
	for _, service := range touched {
		step := steps[service]
		if step == nil {
			a.t.Fatalf("a case changes %s, and nothing mends that", service)
		}
		step()
	}
}

// missingFromEmulator answers what moto does not know.
func (a *account) missingFromEmulator() {
	a.calls.answer("SESv2.GetAccount", &sesv2.GetAccountOutput{SendingEnabled: true, ProductionAccessEnabled: true}, nil)
	a.calls.answer("SESv2.GetSuppressedDestination", nil, &smithy.GenericAPIError{Code: "NotFoundException", Message: "no such address"})
	a.calls.answer("SESv2.GetEmailIdentity", &sesv2.GetEmailIdentityOutput{VerifiedForSendingStatus: true}, nil)
	a.calls.answer("Lambda.GetFunctionEventInvokeConfig", &lambda.GetFunctionEventInvokeConfigOutput{DestinationConfig: &lambdatypes.DestinationConfig{OnFailure: &lambdatypes.OnFailure{Destination: &a.dead}}}, nil)
}

func (a *account) organization() {
	out, err := organizations.NewFromConfig(a.cfg).CreateOrganization(a.t.Context(), &organizations.CreateOrganizationInput{FeatureSet: "ALL"})
	a.must(err)
	a.org = aws.ToString(out.Organization.Id)
}

func (a *account) delivery() {
	ctx := a.t.Context()
	a.bucket = awstest.Bucket(a.t, a.cfg)
	a.trail = a.arn("cloudtrail", "trail/everything")
	a.setBucketPolicy(a.bucketPolicy())
	a.blockPublic()
	k, err := kms.NewFromConfig(a.cfg).CreateKey(ctx, &kms.CreateKeyInput{Policy: aws.String(a.keyPolicy())})
	a.must(err)
	a.key = aws.ToString(k.KeyMetadata.Arn)
	a.group = a.arn("logs", "log-group:trail")
	a.logGroup()
	writer := a.newRole("writer", "cloudtrail.amazonaws.com", a.writerStatement())
	ct := cloudtrail.NewFromConfig(a.cfg)
	_, err = ct.CreateTrail(ctx, &cloudtrail.CreateTrailInput{Name: aws.String("everything"), S3BucketName: &a.bucket, IsMultiRegionTrail: aws.Bool(true), IsOrganizationTrail: aws.Bool(true),
		EnableLogFileValidation: aws.Bool(true), KmsKeyId: &a.key, IncludeGlobalServiceEvents: aws.Bool(true), CloudWatchLogsLogGroupArn: aws.String(a.group + ":*"), CloudWatchLogsRoleArn: &writer})
	a.must(err)
	a.startLogging()
	a.file(a.id, a.began)
}

func (a *account) bucketPolicy() string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[
		{"Sid":"Acl","Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:GetBucketAcl","Resource":"arn:aws:s3:::%[1]s","Condition":{"StringEquals":{"aws:SourceArn":"%[2]s"}}},
		{"Sid":"Write","Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:PutObject","Resource":["arn:aws:s3:::%[1]s/AWSLogs/%[3]s/*","arn:aws:s3:::%[1]s/AWSLogs/%[4]s/*"],"Condition":{"StringEquals":{"aws:SourceArn":"%[2]s","s3:x-amz-acl":"bucket-owner-full-control"}}}]}`, a.bucket, a.trail, a.id, a.org)
}

func (a *account) blockPublic() {
	_, err := awstest.S3(a.cfg).PutPublicAccessBlock(a.t.Context(), &s3.PutPublicAccessBlockInput{Bucket: &a.bucket, PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{
		BlockPublicAcls: aws.Bool(true), IgnorePublicAcls: aws.Bool(true), BlockPublicPolicy: aws.Bool(true), RestrictPublicBuckets: aws.Bool(true)}})
	a.must(err)
}

func (a *account) startLogging() {
	_, err := cloudtrail.NewFromConfig(a.cfg).StartLogging(a.t.Context(), &cloudtrail.StartLoggingInput{Name: &a.trail})
	a.must(err)
	a.selectors(cttypes.EventSelector{ReadWriteType: cttypes.ReadWriteTypeAll, IncludeManagementEvents: aws.Bool(true)})
}

func (a *account) updateTrail(in *cloudtrail.UpdateTrailInput) {
	in.Name = &a.trail
	_, err := cloudtrail.NewFromConfig(a.cfg).UpdateTrail(a.t.Context(), in)
	a.must(err)
}

func (a *account) setKeyPolicy(text string) {
	_, err := kms.NewFromConfig(a.cfg).PutKeyPolicy(a.t.Context(), &kms.PutKeyPolicyInput{KeyId: &a.key, PolicyName: aws.String("default"), Policy: &text})
	a.must(err)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func (a *account) keyPolicy() string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Sid":"Owner","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%[1]s:root"},"Action":"kms:*","Resource":"*"},
		{"Sid":"Encrypt","Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":["kms:GenerateDataKey*","kms:DescribeKey"],"Resource":"*","Condition":{"StringEquals":{"aws:SourceArn":"%[2]s"},"StringLike":{"kms:EncryptionContext:aws:cloudtrail:arn":"arn:aws:cloudtrail:*:%[1]s:trail/*"}}}]}`, a.id, a.trail)
}

func (a *account) selectors(s ...cttypes.EventSelector) {
	_, err := cloudtrail.NewFromConfig(a.cfg).PutEventSelectors(a.t.Context(), &cloudtrail.PutEventSelectorsInput{TrailName: &a.trail, EventSelectors: s})
	a.must(err)
}

func (a *account) setBucketPolicy(text string) {
	_, err := awstest.S3(a.cfg).PutBucketPolicy(a.t.Context(), &s3.PutBucketPolicyInput{Bucket: &a.bucket, Policy: &text})
	a.must(err)
}

// file puts a log file of the account into the bucket.
func (a *account) file(account string, at time.Time) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(`{"Records":[]}`))
	_ = z.Close()
	at = at.UTC()
	key := fmt.Sprintf("AWSLogs/%s/%s/CloudTrail/%s/%s/%s_CloudTrail_%s_%s_abcdefghijklmnop.json.gz", a.org, account, a.cfg.Region, at.Format("2006/01/02"), account, a.cfg.Region, at.Format("20060102T1504Z"))
	_, err := awstest.S3(a.cfg).PutObject(a.t.Context(), &s3.PutObjectInput{Bucket: &a.bucket, Key: &key, Body: bytes.NewReader(b.Bytes())})
	a.must(err)
}

func allow(actions, resource string) string {
	return fmt.Sprintf(`{"Effect":"Allow","Action":["%s"],"Resource":"%s"}`, strings.ReplaceAll(actions, " ", `","`), resource)
}

func (a *account) newRole(name, service string, statements ...string) string {
	client, ctx := iam.NewFromConfig(a.cfg), a.t.Context()
	trust := trusting(service)
	out, err := client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust})
	a.must(err)
	a.rolePolicy(name, statements...)
	return aws.ToString(out.Role.Arn)
}

func trusting(service string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"%s"},"Action":"sts:AssumeRole"}]}`, service)
}

func (a *account) rolePolicy(name string, statements ...string) {
	text := `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
	_, err := iam.NewFromConfig(a.cfg).PutRolePolicy(a.t.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("own"), PolicyDocument: &text})
	a.must(err)
}

func policy(service, action, resource, source string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"%s"},"Action":"%s","Resource":"%s","Condition":{"ArnEquals":{"aws:SourceArn":"%s"}}}]}`, service, action, resource, source)
}

func (a *account) messages() {
	ctx := a.t.Context()
	a.topic = awstest.Topic(a.t, a.cfg)
	a.setTopicPolicy()
	a.deadURL, a.dead = awstest.Queue(a.t, a.cfg)
	a.queueURL, a.queue = awstest.Queue(a.t, a.cfg)
	a.setQueue()
	_, err := sqs.NewFromConfig(a.cfg).SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: &a.deadURL, Attributes: map[string]string{"MessageRetentionPeriod": "1209600"}})
	a.must(err)
	awstest.Subscribe(a.t, a.cfg, a.topic, a.queue, nil)
	a.notify("AWSLogs/", ".json.gz")
	a.alerts = awstest.Topic(a.t, a.cfg)
	_, err = sns.NewFromConfig(a.cfg).Subscribe(ctx, &sns.SubscribeInput{TopicArn: &a.alerts, Protocol: aws.String("email"), Endpoint: aws.String("soc@example.com")})
	a.must(err)
}

func (a *account) setTopicPolicy() {
	a.topicPolicy(policy("s3.amazonaws.com", "sns:Publish", a.topic, "arn:aws:s3:::"+a.bucket))
}

func (a *account) setQueue() {
	a.queuePolicy = policy("sns.amazonaws.com", "sqs:SendMessage", a.queue, a.topic)
	a.queueSet("RedrivePolicy", fmt.Sprintf(`{"deadLetterTargetArn":"%s","maxReceiveCount":5}`, a.dead))
	a.queueSet("VisibilityTimeout", "720")
	_ = awstest.Receive(a.t, a.cfg, a.deadURL)
}

func (a *account) topicPolicy(text string) {
	_, err := sns.NewFromConfig(a.cfg).SetTopicAttributes(a.t.Context(), &sns.SetTopicAttributesInput{TopicArn: &a.topic, AttributeName: aws.String("Policy"), AttributeValue: &text})
	a.must(err)
}

// queueSet changes an attribute; the emulator forgets the policy when it is not
// sent with every change.
func (a *account) queueSet(name, value string) {
	_, err := sqs.NewFromConfig(a.cfg).SetQueueAttributes(a.t.Context(), &sqs.SetQueueAttributesInput{QueueUrl: &a.queueURL, Attributes: map[string]string{"Policy": a.queuePolicy, name: value}})
	a.must(err)
}

func (a *account) notify(prefix, suffix string, events ...s3types.Event) {
	if events == nil {
		events = []s3types.Event{"s3:ObjectCreated:*"}
	}
	_, err := awstest.S3(a.cfg).PutBucketNotificationConfiguration(a.t.Context(), &s3.PutBucketNotificationConfigurationInput{Bucket: &a.bucket, NotificationConfiguration: &s3types.NotificationConfiguration{
		TopicConfigurations: []s3types.TopicConfiguration{{TopicArn: &a.topic, Events: events, Filter: &s3types.NotificationConfigurationFilter{Key: &s3types.S3KeyFilter{FilterRules: []s3types.FilterRule{
			{Name: s3types.FilterRuleNamePrefix, Value: &prefix}, {Name: s3types.FilterRuleNameSuffix, Value: &suffix}}}}}}}})
	a.must(err)
	_ = awstest.Receive(a.t, a.cfg, a.queueURL) // the test message
}

func (a *account) compute() {
	ctx := a.t.Context()
	a.table = awstest.Table(a.t, a.cfg, "pk", "sk")
	a.role = a.newRole("watcher", "lambda.amazonaws.com", a.roleStatements()...)
	var code bytes.Buffer
	z := zip.NewWriter(&code)
	_ = must(z.Create("bootstrap"))
	_ = z.Close()
	client := lambda.NewFromConfig(a.cfg)
	out, err := client.CreateFunction(ctx, &lambda.CreateFunctionInput{FunctionName: aws.String("watcher"), Role: &a.role, Runtime: lambdatypes.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
		Code: &lambdatypes.FunctionCode{ZipFile: code.Bytes()}, Timeout: aws.Int32(120), MemorySize: aws.Int32(512)})
	a.must(err)
	a.function = aws.ToString(out.FunctionArn)
	a.mapping(lambdatypes.FunctionResponseTypeReportBatchItemFailures)
	a.ran(`{"level":"INFO","msg":"judged"}`)
}

func (a *account) setFunction() {
	a.changeFunction(&lambda.UpdateFunctionConfigurationInput{Runtime: lambdatypes.RuntimeProvidedal2023, Timeout: aws.Int32(120), Environment: &lambdatypes.Environment{Variables: map[string]string{"TRAILWARDEN_CONFIG": "trailwarden.yaml"}}})
}

func (a *account) changeFunction(in *lambda.UpdateFunctionConfigurationInput) {
	in.FunctionName = aws.String("watcher")
	_, err := lambda.NewFromConfig(a.cfg).UpdateFunctionConfiguration(a.t.Context(), in)
	a.must(err)
}

func (a *account) roleStatements() []string {
	return []string{
		allow("logs:CreateLogStream logs:PutLogEvents", a.arn("logs", "log-group:/aws/lambda/watcher:*")),
		allow("s3:GetObject", "arn:aws:s3:::"+a.bucket+"/AWSLogs/*"), allow("kms:Decrypt", a.key),
		allow("sqs:ReceiveMessage sqs:DeleteMessage sqs:GetQueueAttributes", a.queue),
		allow("sns:Publish", a.alerts), allow("ses:SendEmail", a.arn("ses", "identity/*")),
		allow("dynamodb:GetItem dynamodb:BatchGetItem dynamodb:Query dynamodb:PutItem dynamodb:DeleteItem dynamodb:BatchWriteItem dynamodb:ConditionCheckItem", a.arn("dynamodb", "table/*")),
		allow("secretsmanager:GetSecretValue", a.arn("secretsmanager", "secret:hook-*")),
	}
}

func (a *account) mapping(kinds ...lambdatypes.FunctionResponseType) {
	client := lambda.NewFromConfig(a.cfg)
	list := must(client.ListEventSourceMappings(a.t.Context(), &lambda.ListEventSourceMappingsInput{EventSourceArn: &a.queue}))
	for _, m := range list.EventSourceMappings {
		_, err := client.DeleteEventSourceMapping(a.t.Context(), &lambda.DeleteEventSourceMappingInput{UUID: m.UUID})
		a.must(err)
	}
	_, err := client.CreateEventSourceMapping(a.t.Context(), &lambda.CreateEventSourceMappingInput{FunctionName: aws.String("watcher"), EventSourceArn: &a.queue, FunctionResponseTypes: kinds})
	a.must(err)
}

// ran makes the function's log say something. The emulator gives times with
// fractions, which the API does not have, so it is not asked.
func (a *account) ran(lines ...string) {
	out := &cloudwatchlogs.FilterLogEventsOutput{}
	for i, l := range lines {
		out.Events = append(out.Events, logstypes.FilteredLogEvent{Message: &l, Timestamp: aws.Int64(time.Now().UnixMilli() + int64(i))})
	}
	a.calls.answer("CloudWatch Logs.FilterLogEvents", out, nil)
}

func (a *account) writerStatement() string {
	return allow("logs:CreateLogStream logs:PutLogEvents", a.group+":log-stream:*")
}

func (a *account) setRoles() {
	a.rolePolicy("writer", a.writerStatement())
	a.rolePolicy("watcher", a.roleStatements()...)
	a.rolePolicy("forwarder", allow("events:PutEvents", a.bus))
	a.trust("watcher", "lambda.amazonaws.com")
}

func (a *account) trust(name, service string) {
	text := trusting(service)
	_, err := iam.NewFromConfig(a.cfg).UpdateAssumeRolePolicy(a.t.Context(), &iam.UpdateAssumeRolePolicyInput{RoleName: &name, PolicyDocument: &text})
	a.must(err)
}

func (a *account) logGroup() {
	_, _ = cloudwatchlogs.NewFromConfig(a.cfg).CreateLogGroup(a.t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("trail")}) // it may be there
	a.filter(`{ ($.userIdentity.type = "Root") && ($.eventType != "AwsServiceEvent") && ($.userIdentity.invokedBy NOT EXISTS) && ($.errorCode NOT EXISTS) }`)
}

func (a *account) filter(text string) {
	_, err := cloudwatchlogs.NewFromConfig(a.cfg).PutMetricFilter(a.t.Context(), &cloudwatchlogs.PutMetricFilterInput{LogGroupName: aws.String("trail"), FilterName: aws.String("root"), FilterPattern: &text,
		MetricTransformations: []logstypes.MetricTransformation{{MetricName: aws.String("Root"), MetricNamespace: aws.String("Trail"), MetricValue: aws.String("1")}}})
	a.must(err)
}

func (a *account) alarm(on bool) {
	_, err := cloudwatch.NewFromConfig(a.cfg).PutMetricAlarm(a.t.Context(), &cloudwatch.PutMetricAlarmInput{AlarmName: aws.String("root"), Namespace: aws.String("Trail"), MetricName: aws.String("Root"),
		Statistic: cwtypes.StatisticSum, Period: aws.Int32(300), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1), ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanOrEqualToThreshold,
		AlarmActions: []string{a.alerts}, ActionsEnabled: &on, TreatMissingData: aws.String("notBreaching")})
	a.must(err)
}

const signIns = `{"source":["aws.signin"],"detail-type":["AWS Console Sign In via CloudTrail"],"detail":{"eventName":["ConsoleLogin"]}}`

// rules makes the central bus, a rule on it that calls the function, and rules in
// two regions that forward to it.
func (a *account) rules() {
	client, ctx := eventbridge.NewFromConfig(a.cfg), a.t.Context()
	_, err := client.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: aws.String("central")})
	a.must(err)
	a.bus = a.arn("events", "event-bus/central")
	a.busRole = a.newRole("forwarder", "events.amazonaws.com", allow("events:PutEvents", a.bus))
	a.setRules()
	a.permit()
}

func (a *account) setRules() {
	a.busPolicy(fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Sid":"org","Effect":"Allow","Principal":"*","Action":"events:PutEvents","Resource":"%s","Condition":{"StringEquals":{"aws:PrincipalOrgID":"%s"}}}]}`, a.bus, a.org))
	for _, region := range []string{a.cfg.Region, "us-east-1"} {
		a.rule(region, "default", "trailwarden-sign-in", signIns, ebtypes.RuleStateEnabled)
		a.ruleTarget(region, "default", "trailwarden-sign-in", ebtypes.Target{Arn: &a.bus, RoleArn: &a.busRole})
	}
	a.rule(a.cfg.Region, "central", "trailwarden-central", signIns, ebtypes.RuleStateEnabled)
	a.ruleTarget(a.cfg.Region, "central", "trailwarden-central", ebtypes.Target{Arn: &a.function})
}

func (a *account) busPolicy(text string) {
	_, err := eventbridge.NewFromConfig(a.cfg).RemovePermission(a.t.Context(), &eventbridge.RemovePermissionInput{EventBusName: aws.String("central"), RemoveAllPermissions: true})
	a.must(err)
	_, err = eventbridge.NewFromConfig(a.cfg).PutPermission(a.t.Context(), &eventbridge.PutPermissionInput{EventBusName: aws.String("central"), Policy: &text})
	a.must(err)
}

func (a *account) in(region string) aws.Config {
	cfg := a.cfg.Copy()
	cfg.Region = region
	return cfg
}

func (a *account) rule(region, bus, name, text string, state ebtypes.RuleState) {
	_, err := eventbridge.NewFromConfig(a.in(region)).PutRule(a.t.Context(), &eventbridge.PutRuleInput{Name: &name, EventBusName: &bus, EventPattern: &text, State: state})
	a.must(err)
}

func (a *account) ruleTarget(region, bus, name string, target ebtypes.Target) {
	target.Id, target.DeadLetterConfig = aws.String("1"), &ebtypes.DeadLetterConfig{Arn: &a.dead}
	_, err := eventbridge.NewFromConfig(a.in(region)).PutTargets(a.t.Context(), &eventbridge.PutTargetsInput{Rule: &name, EventBusName: &bus, Targets: []ebtypes.Target{target}})
	a.must(err)
}

func (a *account) permit() {
	a.forbid()
	source := a.arn("events", "rule/central/trailwarden-central")
	_, err := lambda.NewFromConfig(a.cfg).AddPermission(a.t.Context(), &lambda.AddPermissionInput{FunctionName: aws.String("watcher"), StatementId: aws.String("rule"), Action: aws.String("lambda:InvokeFunction"),
		Principal: aws.String("events.amazonaws.com"), SourceArn: &source})
	a.must(err)
}

func (a *account) forbid() {
	_, _ = lambda.NewFromConfig(a.cfg).RemovePermission(a.t.Context(), &lambda.RemovePermissionInput{FunctionName: aws.String("watcher"), StatementId: aws.String("rule")}) // it may not be there
}

func (a *account) workgroup() {
	_, _ = athena.NewFromConfig(a.cfg).CreateWorkGroup(a.t.Context(), &athena.CreateWorkGroupInput{Name: aws.String("watch"), Configuration: &athenatypes.WorkGroupConfiguration{
		ResultConfiguration: &athenatypes.ResultConfiguration{OutputLocation: aws.String("s3://results/")}, BytesScannedCutoffPerQuery: aws.Int64(1 << 40)}}) // it may be there
}

func (a *account) tableOf(regions []string) {
	plan := must(ddl.NewPlan(a.t.Context(), a.cfg, ddl.Table{Database: "logs", Name: "trail", Bucket: a.bucket, Organization: a.org, Accounts: []string{a.id}, Regions: regions}, ddl.Options{Prune: true}))
	a.must(plan.Apply(a.t.Context(), a.cfg))
}

func (a *account) sinks() {
	ctx := a.t.Context()
	_, err := sesv2.NewFromConfig(a.cfg).CreateEmailIdentity(ctx, &sesv2.CreateEmailIdentityInput{EmailIdentity: aws.String("alerts@example.com")})
	a.must(err)
	_, err = secretsmanager.NewFromConfig(a.cfg).CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("hook"), SecretString: aws.String("https://hooks.example.com/x")})
	a.must(err)
	a.configure(fmt.Sprintf(`
sources: {trail: {sqs: {queue: %q}}}
rules: {packs: [starter]}
store: {dynamodb: {table: %s}}
query: {athena: {database: logs, table: trail, workgroup: watch}}
sinks:
  soc: {sns: {topic: %q}}
  mail: {ses: {from: Alerts <alerts@example.com>, to: [soc@example.com]}}
  chat: {slack: {webhook: "secretsmanager:hook"}}
`, a.queueURL, a.table, a.alerts))
	a.target.Regions, a.target.Bus, a.target.Accounts = []string{a.cfg.Region, "us-east-1"}, a.bus, []string{a.id}
	a.target.Needs = []string{doctor.WayBucketQueue, doctor.WayBus, doctor.WayMetric, doctor.WayAthena}
}

func (a *account) configure(text string) {
	a.yaml = text
	file := filepath.Join(a.t.TempDir(), "trailwarden.yaml")
	a.must(os.WriteFile(file, []byte(text), 0o600))
	cfg, err := config.Load(file)
	a.must(err)
	set, list := assemble.Rules(cfg.Rules, cfg)
	a.target.Config, a.target.Rules = cfg, set
	a.target.Lint = append(list, lint.Rules(set.Rules, catalog.Default(), nil)...)
}

// ruleFile makes a file the only rule.
func (a *account) ruleFile(text string) {
	file := filepath.Join(a.t.TempDir(), "rule.yaml")
	a.must(os.WriteFile(file, []byte(text), 0o600))
	a.configure(strings.Replace(a.yaml, "rules: {packs: [starter]}", "rules: ["+file+"]", 1))
}

// sick is the same account for one case: what the case does is noted, and what
// it answers is forgotten after it.
func (a *account) sick(t *testing.T) *account {
	b := *a
	b.t, b.calls = t, a.calls.fresh()
	b.cfg = a.cfg.Copy()
	b.cfg.APIOptions = append(slices.Clone(a.cfg.APIOptions), b.calls.touch)
	b.target.Regions, b.target.Needs = slices.Clone(a.target.Regions), slices.Clone(a.target.Needs)
	b.configure(a.yaml)
	return &b
}

// examine runs all checks.
func (a *account) examine() doctor.Report {
	a.t.Helper()
	cfg := a.cfg.Copy()
	cfg.APIOptions = []func(*smithymiddleware.Stack) error{a.calls.between}
	return doctor.Run(a.t.Context(), doctor.New(a.target, doctor.Options{AWS: cfg, Now: func() time.Time { return time.Now().Add(a.late) },
		Store: func(context.Context) (doctor.Kept, error) { return a.store, nil }}), doctor.Catalogue())
}
