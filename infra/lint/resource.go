package lint

import (
	"strings"

	"github.com/trailwarden/trailwarden/infra/read"
	"github.com/trailwarden/trailwarden/infra/value"
)

// kind is what a resource is, whoever describes it.
type kind uint8

const (
	other kind = iota
	trail
	policyOf // a policy, with what it belongs to
	notification
	metricFilter
	alarmOf
	eventRule
	eventTarget
	function
	invokeConfig
	permission
	subscription
	workgroup
	namedQuery
	table
	object
	busGrant
)

// resource is one resource in the terms of the AWS API: fields have the names of
// CloudFormation and of the API, also when they come from Terraform (s3_bucket_name
// is S3BucketName) or the command line (--s3-bucket-name).
type resource struct {
	kind    kind
	file    string
	address string
	name    string // by which others refer to it
	region  string // "" when not known
	body    *value.Value
	cases   []*value.Value // the body in each case of what a deployment decides; see package read
	script  bool           // made by a command

	// What was read of rules, notifications and functions, for what depends on
	// others.
	pattern   *value.Value
	globals   []string
	targets   []*value.Value
	functions []*value.Value // that a bucket starts
	async     bool           // a function that is started without anybody waiting
}

func (r *resource) place(at *value.Value) place {
	if at == nil {
		at = r.body
	}
	return place{r.file, r.address, at}
}

// get is the first field of the names that the resource has.
func (r *resource) get(names ...string) *value.Value {
	for _, n := range names {
		if v := r.body.Get(n); v != nil && v.Kind != value.Null {
			return v
		}
	}
	return nil
}

// camel is a name of Terraform or the command line as the API has it.
func camel(name string) string {
	var b strings.Builder
	for _, part := range strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == '-' }) {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}

// camelled is a value with every key of blocks named as the API does. Maps that
// are data (documents, tags, variables) keep theirs: their keys have capitals, or
// stand below names in keep.
func camelled(v *value.Value) *value.Value {
	switch {
	case v == nil:
		return nil
	case v.Kind == value.List:
		c := *v
		c.Items = make([]*value.Value, len(v.Items))
		for i, x := range v.Items {
			c.Items[i] = camelled(x)
		}
		return &c
	case v.Kind != value.Map:
		return v
	}
	c := *v
	c.Keys, c.Items = make([]value.Key, len(v.Keys)), make([]*value.Value, len(v.Items))
	for i, k := range v.Keys {
		c.Keys[i], c.Items[i] = value.Key{Name: camel(k.Name), Line: k.Line, Column: k.Column}, v.Items[i]
		switch k.Name {
		case "policy", "assume_role_policy", "event_pattern", "variables", "parameters", "tags", "input", "content":
		default:
			c.Items[i] = camelled(v.Items[i])
		}
	}
	return &c
}

// terraformKinds are the resources of the AWS provider that matter here.
func terraformKind(name string) kind {
	switch name {
	case "aws_cloudtrail":
		return trail
	case "aws_s3_bucket_policy", "aws_sns_topic_policy", "aws_sqs_queue_policy", "aws_kms_key", "aws_kms_key_policy", "aws_cloudwatch_event_bus_policy",
		"aws_organizations_policy", "aws_iam_role_policy", "aws_iam_policy", "aws_iam_user_policy", "aws_iam_group_policy", "aws_iam_role", "aws_sns_topic", "aws_sqs_queue", "aws_s3_bucket":
		return policyOf
	case "aws_s3_bucket_notification":
		return notification
	case "aws_cloudwatch_log_metric_filter":
		return metricFilter
	case "aws_cloudwatch_metric_alarm":
		return alarmOf
	case "aws_cloudwatch_event_rule":
		return eventRule
	case "aws_cloudwatch_event_target":
		return eventTarget
	case "aws_lambda_function":
		return function
	case "aws_lambda_function_event_invoke_config":
		return invokeConfig
	case "aws_lambda_permission":
		return permission
	case "aws_cloudwatch_log_subscription_filter":
		return subscription
	case "aws_athena_workgroup":
		return workgroup
	case "aws_athena_named_query":
		return namedQuery
	case "aws_glue_catalog_table":
		return table
	case "aws_s3_object", "aws_s3_bucket_object":
		return object
	case "aws_cloudwatch_event_permission":
		return busGrant
	}
	return other
}

// blocks takes the resources of a Terraform file.
func (l *linter) blocks(file string, blocks []read.Block) {
	region := ""
	for _, b := range blocks {
		if b.Type == "provider" && b.Body.Get("alias") == nil && b.Body.Get("region").Known() {
			region = b.Body.Get("region").String()
		}
	}
	for _, b := range blocks {
		if b.Type != "resource" || len(b.Labels) != 2 {
			continue
		}
		r := &resource{kind: terraformKind(b.Labels[0]), file: file, address: b.Address(), name: b.Address(), region: region, body: camelled(b.Body)}
		for _, c := range b.Cases {
			r.cases = append(r.cases, camelled(c))
		}
		if own := r.get("Region"); own.Known() {
			r.region = own.String()
		} else if r.get("Provider") != nil {
			r.region = ""
		}
		l.take(r, b.Labels[0])
	}
}

// templateKind are CloudFormation's resource types, SAM's included.
func templateKind(name string) kind {
	switch name {
	case "AWS::CloudTrail::Trail":
		return trail
	case "AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy", "AWS::KMS::Key", "AWS::Events::EventBusPolicy",
		"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy", "AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group", "AWS::Events::EventBus",
		"AWS::Organizations::Policy":
		return policyOf
	case "AWS::S3::Bucket", "Custom::S3BucketNotifications": // the latter by AWS CDK
		return notification
	case "AWS::Logs::MetricFilter":
		return metricFilter
	case "AWS::CloudWatch::Alarm":
		return alarmOf
	case "AWS::Events::Rule":
		return eventRule
	case "AWS::Lambda::Function", "AWS::Serverless::Function":
		return function
	case "AWS::Lambda::EventInvokeConfig":
		return invokeConfig
	case "AWS::Lambda::Permission":
		return permission
	case "AWS::Logs::SubscriptionFilter":
		return subscription
	case "AWS::Athena::WorkGroup":
		return workgroup
	case "AWS::Athena::NamedQuery":
		return namedQuery
	case "AWS::Glue::Table":
		return table
	}
	return other
}

func (l *linter) template(file string, v *value.Value) {
	for _, x := range read.CloudFormation(v) {
		r := &resource{kind: templateKind(x.Type), file: file, address: x.Name + " (" + x.Type + ")", name: x.Name, body: x.Properties, cases: x.Cases}
		l.take(r, x.Type)
	}
}
