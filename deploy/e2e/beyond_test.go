package e2e_test

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	athenatypes "github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cttypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/trailwarden/trailwarden/deploy/plan"
	"github.com/trailwarden/trailwarden/internal/awstest"
)

// beyond makes of a stack what the emulator's CloudFormation passes over without
// a word, or makes wrongly (policies as no JSON), from the same resources that
// were rendered.
func (w *world) beyond(s *plan.Stack, region string) {
	place := plan.Place{Stack: s, Account: w.account, Region: region, Partition: "aws", Parameters: map[string]string{}}
	for _, p := range s.Parameters {
		if p.Required {
			place.Parameters[p.Name] = w.given(p.Name)
		}
	}
	for _, r := range s.Resources {
		if do := beyondTypes()[r.Type]; do != nil {
			do(w, place, r)
		}
	}
}

// beyondTypes are the types that are made here.
func beyondTypes() map[string]func(*world, plan.Place, *plan.Resource) {
	return map[string]func(*world, plan.Place, *plan.Resource){
		"AWS::CloudTrail::Trail": (*world).trail, "AWS::S3::Bucket": (*world).notification, "AWS::S3::BucketPolicy": (*world).bucketPolicy, "AWS::KMS::Key": (*world).keyPolicy,
		"AWS::IAM::Role": (*world).role, "AWS::Lambda::Permission": (*world).permission, "AWS::SNS::TopicPolicy": (*world).topicPolicy, "AWS::SNS::Subscription": (*world).subscription,
		"AWS::SQS::QueuePolicy": (*world).queuePolicy, "AWS::Events::EventBusPolicy": (*world).busPolicy, "AWS::CloudWatch::Alarm": (*world).alarm, "AWS::Logs::MetricFilter": (*world).metricFilter,
		"AWS::Logs::SubscriptionFilter": (*world).logSubscription, "AWS::Athena::WorkGroup": (*world).workgroup, "AWS::SES::EmailIdentity": (*world).identity,
	}
}

func (w *world) in(place plan.Place) aws.Config {
	cfg := w.cfg.Copy()
	cfg.Region = place.Region
	return cfg
}

func (w *world) metricFilter(place plan.Place, r *plan.Resource) {
	in := &cloudwatchlogs.PutMetricFilterInput{}
	w.read(numbersAsText(w.fill(place, r)), in)
	_, err := cloudwatchlogs.NewFromConfig(w.in(place)).PutMetricFilter(w.t.Context(), in)
	w.must(err)
}

func (w *world) logSubscription(place plan.Place, r *plan.Resource) {
	in := &cloudwatchlogs.PutSubscriptionFilterInput{FilterName: &r.ID}
	w.read(w.fill(place, r), in)
	_, err := cloudwatchlogs.NewFromConfig(w.in(place)).PutSubscriptionFilter(w.t.Context(), in)
	w.must(err)
}

func (w *world) alarm(place plan.Place, r *plan.Resource) {
	in := &cloudwatch.PutMetricAlarmInput{ActionsEnabled: aws.Bool(true)}
	w.read(w.fill(place, r), in)
	_, err := cloudwatch.NewFromConfig(w.in(place)).PutMetricAlarm(w.t.Context(), in)
	w.must(err)
}

func (w *world) identity(place plan.Place, r *plan.Resource) {
	name := w.fill(place, r)["EmailIdentity"].(string)
	_, err := sesv2.NewFromConfig(w.in(place)).CreateEmailIdentity(w.t.Context(), &sesv2.CreateEmailIdentityInput{EmailIdentity: &name})
	w.must(err)
}

func (w *world) workgroup(place plan.Place, r *plan.Resource) {
	var in struct {
		Name                   string
		WorkGroupConfiguration athenatypes.WorkGroupConfiguration
	}
	w.read(w.fill(place, r), &in)
	_, err := athena.NewFromConfig(w.in(place)).CreateWorkGroup(w.t.Context(), &athena.CreateWorkGroupInput{Name: &in.Name, Configuration: &in.WorkGroupConfiguration})
	w.must(err)
}

// permission gives a function's permission anew: the emulator's CloudFormation
// leaves out what CloudFormation puts behind the ARN of a log group.
func (w *world) permission(place plan.Place, r *plan.Resource) {
	var in struct{ FunctionName, Action, Principal, SourceArn, SourceAccount string }
	w.read(w.fill(place, r), &in)
	if in.Principal != "logs.amazonaws.com" {
		return
	}
	_, err := lambda.NewFromConfig(w.in(place)).AddPermission(w.t.Context(), &lambda.AddPermissionInput{FunctionName: &in.FunctionName, StatementId: &r.ID, Action: &in.Action, Principal: &in.Principal, SourceArn: &in.SourceArn})
	w.must(err)
}

func (w *world) topicPolicy(place plan.Place, r *plan.Resource) {
	props := w.fill(place, r)
	for _, topic := range props["Topics"].([]any) {
		_, err := sns.NewFromConfig(w.in(place)).SetTopicAttributes(w.t.Context(), &sns.SetTopicAttributesInput{TopicArn: aws.String(topic.(string)), AttributeName: aws.String("Policy"), AttributeValue: w.policyOf(props["PolicyDocument"])})
		w.must(err)
	}
}

func (w *world) subscription(place plan.Place, r *plan.Resource) {
	var in struct {
		TopicArn, Protocol, Endpoint string
		RawMessageDelivery           bool
	}
	w.read(w.fill(place, r), &in)
	attributes := map[string]string{}
	if in.RawMessageDelivery {
		attributes["RawMessageDelivery"] = "true"
	}
	_, err := sns.NewFromConfig(w.in(place)).Subscribe(w.t.Context(), &sns.SubscribeInput{TopicArn: &in.TopicArn, Protocol: &in.Protocol, Endpoint: &in.Endpoint, Attributes: attributes})
	w.must(err)
}

func (w *world) queuePolicy(place plan.Place, r *plan.Resource) {
	props, client := w.fill(place, r), sqs.NewFromConfig(w.in(place))
	for _, url := range props["Queues"].([]any) {
		name := url.(string)[strings.LastIndexByte(url.(string), '/')+1:]
		here, err := client.GetQueueUrl(w.t.Context(), &sqs.GetQueueUrlInput{QueueName: &name})
		w.must(err)
		_, err = client.SetQueueAttributes(w.t.Context(), &sqs.SetQueueAttributesInput{QueueUrl: here.QueueUrl, Attributes: map[string]string{"Policy": *w.policyOf(props["PolicyDocument"])}})
		w.must(err)
	}
}

func (w *world) busPolicy(place plan.Place, r *plan.Resource) {
	props := w.fill(place, r)
	bus := props["EventBusName"].(string)
	_, err := eventbridge.NewFromConfig(w.in(place)).PutPermission(w.t.Context(), &eventbridge.PutPermissionInput{EventBusName: &bus, Policy: w.policyOf(object{"Version": "2012-10-17", "Statement": []any{props["Statement"]}})})
	w.must(err)
}

// fill are a resource's properties with everything filled in; keys have the ids
// that they were given here.
func (w *world) fill(place plan.Place, r *plan.Resource) (out map[string]any) {
	w.t.Helper()
	v, err := place.Fill(r.Properties)
	w.must(err)
	text, err := json.Marshal(v)
	w.must(err)
	for _, k := range place.Stack.Resources {
		if k.Type == "AWS::KMS::Key" {
			made, err := place.Text(plan.Attr{ID: k.ID, Name: "Arn"})
			w.must(err)
			text = bytes.ReplaceAll(text, []byte(made), []byte(w.keyARN(place, k.ID)))
		}
	}
	w.must(json.Unmarshal(text, &out))
	return out
}

func (w *world) keyARN(place plan.Place, id string) string {
	return "arn:aws:kms:" + place.Region + ":" + w.account + ":key/" + w.made[place.Stack.Name+"/"+place.Region+"/"+id]
}

// policyOf is a policy as text.
func (w *world) policyOf(v any) *string {
	w.t.Helper()
	text, err := json.Marshal(v)
	w.must(err)
	return aws.String(string(text))
}

func (w *world) bucketPolicy(place plan.Place, r *plan.Resource) {
	props := w.fill(place, r)
	bucket := props["Bucket"].(string)
	_, err := awstest.S3(w.cfg).PutBucketPolicy(w.t.Context(), &s3.PutBucketPolicyInput{Bucket: &bucket, Policy: w.policyOf(props["PolicyDocument"])})
	w.must(err)
}

func (w *world) keyPolicy(place plan.Place, r *plan.Resource) {
	id := w.made[place.Stack.Name+"/"+place.Region+"/"+r.ID]
	_, err := kms.NewFromConfig(w.cfg).PutKeyPolicy(w.t.Context(), &kms.PutKeyPolicyInput{KeyId: &id, PolicyName: aws.String("default"), Policy: w.policyOf(w.fill(place, r)["KeyPolicy"])})
	w.must(err)
}

// role puts a role's policies anew: the emulator's CloudFormation keeps them as
// no JSON.
func (w *world) role(place plan.Place, r *plan.Resource) {
	props := w.fill(place, r)
	name, client := props["RoleName"].(string), iam.NewFromConfig(w.cfg)
	_, err := client.UpdateAssumeRolePolicy(w.t.Context(), &iam.UpdateAssumeRolePolicyInput{RoleName: &name, PolicyDocument: w.policyOf(props["AssumeRolePolicyDocument"])})
	w.must(err)
	all, _ := props["Policies"].([]any)
	for _, p := range all {
		one := p.(map[string]any)
		policy := one["PolicyName"].(string)
		_, err := client.PutRolePolicy(w.t.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: &policy, PolicyDocument: w.policyOf(one["PolicyDocument"])})
		w.must(err)
	}
}

// read puts a value into a struct of the SDK's, whose fields are named as
// CloudFormation's are.
func (w *world) read(v, to any) {
	w.t.Helper()
	text, err := json.Marshal(v)
	w.must(err)
	w.must(json.Unmarshal(text, to))
}

func (w *world) trail(place plan.Place, r *plan.Resource) {
	props := w.fill(place, r)
	var in struct {
		TrailName, S3BucketName, S3KeyPrefix, SnsTopicName, CloudWatchLogsLogGroupArn, CloudWatchLogsRoleArn, KMSKeyID string
		IsMultiRegionTrail, IncludeGlobalServiceEvents, EnableLogFileValidation, IsOrganizationTrail, IsLogging        bool
		AdvancedEventSelectors                                                                                         []cttypes.AdvancedEventSelector
	}
	w.read(props, &in)
	optional := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	client := cloudtrail.NewFromConfig(w.cfg)
	_, err := client.CreateTrail(w.t.Context(), &cloudtrail.CreateTrailInput{Name: &in.TrailName, S3BucketName: &in.S3BucketName, S3KeyPrefix: optional(in.S3KeyPrefix), SnsTopicName: optional(in.SnsTopicName),
		CloudWatchLogsLogGroupArn: optional(in.CloudWatchLogsLogGroupArn), CloudWatchLogsRoleArn: optional(in.CloudWatchLogsRoleArn), KmsKeyId: optional(in.KMSKeyID), IsMultiRegionTrail: &in.IsMultiRegionTrail,
		IncludeGlobalServiceEvents: &in.IncludeGlobalServiceEvents, EnableLogFileValidation: &in.EnableLogFileValidation, IsOrganizationTrail: &in.IsOrganizationTrail})
	w.must(err)
	_, err = client.PutEventSelectors(w.t.Context(), &cloudtrail.PutEventSelectorsInput{TrailName: &in.TrailName, AdvancedEventSelectors: in.AdvancedEventSelectors})
	w.must(err)
	if in.IsLogging {
		_, err = client.StartLogging(w.t.Context(), &cloudtrail.StartLoggingInput{Name: &in.TrailName})
		w.must(err)
	}
}

// numbersAsText makes texts of a metric filter's values, as its API takes them.
func numbersAsText(props map[string]any) map[string]any {
	for _, x := range props["MetricTransformations"].([]any) {
		m := x.(map[string]any)
		if n, is := m["MetricValue"].(float64); is {
			m["MetricValue"] = strconv.FormatFloat(n, 'f', -1, 64)
		}
	}
	return props
}

// wire is one notification of a bucket as CloudFormation has it.
type wire struct {
	Event, Function, Topic, Queue string
	Filter                        struct {
		S3Key struct {
			Rules []struct{ Name, Value string }
		}
	}
}

func (x wire) filter() *s3types.NotificationConfigurationFilter {
	f := &s3types.S3KeyFilter{}
	for _, r := range x.Filter.S3Key.Rules {
		f.FilterRules = append(f.FilterRules, s3types.FilterRule{Name: s3types.FilterRuleName(strings.ToLower(r.Name)), Value: aws.String(r.Value)})
	}
	return &s3types.NotificationConfigurationFilter{Key: f}
}

func (w *world) notification(place plan.Place, r *plan.Resource) {
	var in struct {
		BucketName                string
		NotificationConfiguration struct {
			LambdaConfigurations, TopicConfigurations, QueueConfigurations []wire
		}
	}
	w.read(w.fill(place, r), &in)
	out := &s3types.NotificationConfiguration{}
	n := in.NotificationConfiguration
	for _, x := range n.LambdaConfigurations {
		out.LambdaFunctionConfigurations = append(out.LambdaFunctionConfigurations, s3types.LambdaFunctionConfiguration{LambdaFunctionArn: aws.String(x.Function), Events: []s3types.Event{s3types.Event(x.Event)}, Filter: x.filter()})
	}
	for _, x := range n.TopicConfigurations {
		out.TopicConfigurations = append(out.TopicConfigurations, s3types.TopicConfiguration{TopicArn: aws.String(x.Topic), Events: []s3types.Event{s3types.Event(x.Event)}, Filter: x.filter()})
	}
	for _, x := range n.QueueConfigurations {
		out.QueueConfigurations = append(out.QueueConfigurations, s3types.QueueConfiguration{QueueArn: aws.String(x.Queue), Events: []s3types.Event{s3types.Event(x.Event)}, Filter: x.filter()})
	}
	if len(out.LambdaFunctionConfigurations)+len(out.TopicConfigurations)+len(out.QueueConfigurations) == 0 {
		return
	}
	_, err := awstest.S3(w.cfg).PutBucketNotificationConfiguration(w.t.Context(), &s3.PutBucketNotificationConfigurationInput{Bucket: &in.BucketName, NotificationConfiguration: out})
	w.must(err)
}

// hush takes a bucket's notification away where it calls a function: the
// emulator would try to run it in a container.
func (w *world) hush(bucket string) {
	_, err := awstest.S3(w.cfg).PutBucketNotificationConfiguration(w.t.Context(), &s3.PutBucketNotificationConfigurationInput{Bucket: &bucket, NotificationConfiguration: &s3types.NotificationConfiguration{}})
	w.must(err)
}
