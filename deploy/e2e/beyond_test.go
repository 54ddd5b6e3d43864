package e2e_test

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cttypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"

	"github.com/trailwarden/trailwarden/deploy/plan"
	"github.com/trailwarden/trailwarden/internal/awstest"
)

// beyond makes of a stack what the emulator's CloudFormation passes over or gets
// wrong (trails, notifications of buckets, filters of log groups, identities of SES,
// policies), from the
// same resources that were rendered.
func (w *world) beyond(s *plan.Stack, region string) {
	place := plan.Place{Stack: s, Account: w.account, Region: region, Partition: "aws", Parameters: map[string]string{}}
	for _, p := range s.Parameters {
		if p.Required {
			place.Parameters[p.Name] = w.given(p.Name)
		}
	}
	for _, r := range s.Resources {
		switch r.Type {
		case "AWS::CloudTrail::Trail":
			w.trail(place, r)
		case "AWS::S3::Bucket":
			w.notification(place, r)
		case "AWS::S3::BucketPolicy":
			w.bucketPolicy(place, r)
		case "AWS::KMS::Key":
			w.keyPolicy(place, r)
		case "AWS::IAM::Role":
			w.role(place, r)
		case "AWS::Logs::MetricFilter":
			in := &cloudwatchlogs.PutMetricFilterInput{}
			w.read(numbersAsText(w.fill(place, r)), in)
			_, err := cloudwatchlogs.NewFromConfig(w.cfg).PutMetricFilter(w.t.Context(), in)
			w.must(err)
		case "AWS::Logs::SubscriptionFilter":
			in := &cloudwatchlogs.PutSubscriptionFilterInput{FilterName: &r.ID}
			w.read(w.fill(place, r), in)
			_, err := cloudwatchlogs.NewFromConfig(w.cfg).PutSubscriptionFilter(w.t.Context(), in)
			w.must(err)
		case "AWS::SES::EmailIdentity":
			name := w.fill(place, r)["EmailIdentity"].(string)
			_, err := sesv2.NewFromConfig(w.cfg).CreateEmailIdentity(w.t.Context(), &sesv2.CreateEmailIdentityInput{EmailIdentity: &name})
			w.must(err)
		}
	}
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
		TrailName, S3BucketName, S3KeyPrefix, SnsTopicName, CloudWatchLogsLogGroupArn, CloudWatchLogsRoleArn, KMSKeyId string
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
		CloudWatchLogsLogGroupArn: optional(in.CloudWatchLogsLogGroupArn), CloudWatchLogsRoleArn: optional(in.CloudWatchLogsRoleArn), KmsKeyId: optional(in.KMSKeyId), IsMultiRegionTrail: &in.IsMultiRegionTrail,
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
