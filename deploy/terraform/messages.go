package terraform

import (
	"fmt"

	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/trailwarden/trailwarden/deploy/plan"
)

// messages are topics, queues and mail.
func messages() map[string]mapping {
	return map[string]mapping{
		"AWS::SNS::Topic": {to: "aws_sns_topic", ref: "arn", attributes: map[string]string{"TopicArn": "arn", "TopicName": "name"}, fields: fields(
			same("DisplayName", "KmsMasterKeyId", "FifoTopic"), []field{attr("TopicName", "name"), tags()})},
		"AWS::SNS::TopicPolicy": {to: "aws_sns_topic_policy", ref: "id", fields: []field{
			first("Topics", "arn"), encodedAs("PolicyDocument", "policy")}},
		"AWS::SNS::Subscription": {to: "aws_sns_topic_subscription", ref: "arn", fields: fields(
			same("TopicArn", "Protocol", "Endpoint", "RawMessageDelivery", "FilterPolicyScope"),
			[]field{encodedAs("FilterPolicy", "filter_policy"), encodedAs("RedrivePolicy", "redrive_policy")})},
		"AWS::SQS::Queue": {to: "aws_sqs_queue", ref: "url", attributes: map[string]string{"QueueName": "name", "QueueUrl": "url"}, fields: fields(
			same("DelaySeconds", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled"), []field{
				attr("QueueName", "name"), attr("VisibilityTimeout", "visibility_timeout_seconds"), attr("MessageRetentionPeriod", "message_retention_seconds"),
				attr("ReceiveMessageWaitTimeSeconds", "receive_wait_time_seconds"), attr("MaximumMessageSize", "max_message_size"),
				encodedAs("RedrivePolicy", "redrive_policy"), encodedAs("RedriveAllowPolicy", "redrive_allow_policy"), tags()})},
		"AWS::SQS::QueuePolicy": {to: "aws_sqs_queue_policy", ref: "id", fields: []field{
			first("Queues", "queue_url"), encodedAs("PolicyDocument", "policy")}},
		"AWS::SES::EmailIdentity": {to: "aws_sesv2_email_identity", ref: "email_identity", fields: same("EmailIdentity")},
	}
}

// events are buses, rules and schedules.
func events() map[string]mapping {
	return map[string]mapping{
		"AWS::Events::EventBus": {to: "aws_cloudwatch_event_bus", ref: "name", attributes: map[string]string{"Name": "name"}, fields: fields(
			same("Name", "Description", "KmsKeyIdentifier"), []field{block("DeadLetterConfig", "dead_letter_config", same("Arn")...), tags()})},
		"AWS::Events::EventBusPolicy": {to: "aws_cloudwatch_event_bus_policy", ref: "id", fields: []field{
			attr("EventBusName", "event_bus_name"), nothing("StatementId"), {"Statement", putBusPolicy}}},
		"AWS::Events::Rule": {to: "aws_cloudwatch_event_rule", ref: "name", fields: fields(
			same("Name", "Description", "EventBusName", "ScheduleExpression", "State", "RoleArn"),
			[]field{encodedAs("EventPattern", "event_pattern"), {"Targets", putTargets}, tags()})},
		"AWS::Scheduler::Schedule": {to: "aws_scheduler_schedule", ref: "id", fields: fields(
			same("Name", "Description", "GroupName", "ScheduleExpression", "ScheduleExpressionTimezone", "State"), []field{
				block("FlexibleTimeWindow", "flexible_time_window", same("Mode", "MaximumWindowInMinutes")...),
				block("Target", "target", targetFields()...)})},
	}
}

// putBusPolicy: the provider knows one policy for a bus, which holds all
// statements.
func putBusPolicy(w *writer, b *hclwrite.Body, v plan.Value) {
	for _, r := range w.stack.Resources {
		if r.Type == w.at.Type && r != w.at && fmt.Sprint(r.Properties.Get("EventBusName")) == fmt.Sprint(w.at.Properties.Get("EventBusName")) {
			w.fail("%s is about the same bus, which takes one policy: put their statements together", r.ID)
		}
	}
	switch v := v.(type) {
	case *plan.Policy:
		w.set(b, "policy", w.policy(v))
	case plan.Map:
		w.set(b, "policy", w.encoded(plan.Map{{Key: "Version", Value: plan.Text("2012-10-17")}, {Key: "Statement", Value: plan.List{v}}}))
	default:
		w.fail("want a policy, not a %T", v)
	}
}

func targetFields() []field {
	return fields(same("Arn", "RoleArn", "Input", "InputPath"), []field{
		block("DeadLetterConfig", "dead_letter_config", same("Arn")...),
		block("RetryPolicy", "retry_policy", same("MaximumEventAgeInSeconds", "MaximumRetryAttempts")...),
		block("InputTransformer", "input_transformer", attr("InputPathsMap", "input_paths"), attr("InputTemplate", "input_template")),
	})
}

// putTargets writes the targets of a rule, which are resources beside it.
func putTargets(w *writer, _ *hclwrite.Body, v plan.Value) {
	rule := w.address() + ".name"
	bus := w.at.Properties.Get("EventBusName")
	for _, m := range w.maps(v) {
		id, _ := m.Get("Id").(plan.Text)
		w.beside("aws_cloudwatch_event_target", string(id), func(b *hclwrite.Body) {
			w.set(b, "rule", rule)
			if bus != nil {
				w.set(b, "event_bus_name", w.expression(bus))
			}
			w.fill(b, m, append(targetFields(), attr("Id", "target_id")))
		})
	}
}
