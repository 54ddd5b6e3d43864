package terraform

import (
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/trailwarden/trailwarden/deploy/plan"
)

// compute are functions, what starts them, and roles.
func compute() map[string]mapping {
	return map[string]mapping{
		"AWS::IAM::Role": {to: "aws_iam_role", ref: "name", attributes: map[string]string{"RoleId": "unique_id"}, fields: fields(
			same("Description", "Path", "MaxSessionDuration", "PermissionsBoundary"), []field{
				attr("RoleName", "name"), encodedAs("AssumeRolePolicyDocument", "assume_role_policy"), tags(),
				{"Policies", putPolicies}, {"ManagedPolicyArns", putAttachments}})},
		"AWS::Lambda::Function": {to: "aws_lambda_function", ref: "function_name", fields: functionFields()},
		"AWS::Lambda::Permission": {to: "aws_lambda_permission", ref: "id", fields: fields(
			same("Action", "FunctionName", "Principal", "SourceArn", "SourceAccount"), []field{attr("PrincipalOrgID", "principal_org_id")})},
		"AWS::Lambda::EventSourceMapping": {to: "aws_lambda_event_source_mapping", ref: "uuid", fields: fields(
			same("EventSourceArn", "FunctionName", "BatchSize", "MaximumBatchingWindowInSeconds", "FunctionResponseTypes", "Enabled"), []field{
				block("ScalingConfig", "scaling_config", same("MaximumConcurrency")...)})},
		"AWS::Lambda::EventInvokeConfig": {to: "aws_lambda_function_event_invoke_config", ref: "id", fields: fields(
			same("FunctionName", "MaximumRetryAttempts", "MaximumEventAgeInSeconds"), []field{
				{"Qualifier", putQualifier},
				block("DestinationConfig", "destination_config", block("OnFailure", "on_failure", same("Destination")...))})},
		"Custom::BucketNotification": {to: "aws_lambda_invocation", ref: "id", finish: finishNotification, fields: notificationFields()},
	}
}

func functionFields() []field {
	return fields(same("FunctionName", "Role", "Runtime", "Handler", "Timeout", "MemorySize", "Architectures", "PackageType",
		"ReservedConcurrentExecutions", "KmsKeyArn", "Description", "Layers"), []field{
		inline("Code", attr("S3Bucket", "s3_bucket"), attr("S3Key", "s3_key"), attr("S3ObjectVersion", "s3_object_version"), attr("ImageUri", "image_uri")),
		block("Environment", "environment", attr("Variables", "variables")),
		block("DeadLetterConfig", "dead_letter_config", attr("TargetArn", "target_arn")),
		block("TracingConfig", "tracing_config", attr("Mode", "mode")),
		block("LoggingConfig", "logging_config", same("LogFormat", "LogGroup", "ApplicationLogLevel", "SystemLogLevel")...),
		block("EphemeralStorage", "ephemeral_storage", attr("Size", "size")),
		tags(),
	})
}

// putQualifier: the provider means $LATEST when there is none.
func putQualifier(w *writer, b *hclwrite.Body, v plan.Value) {
	if v != plan.Value(plan.Text("$LATEST")) {
		w.set(b, "qualifier", w.expression(v))
	}
}

// putPolicies writes the policies of a role, which are resources beside it. The
// first has the role's label, so that others can wait for it.
func putPolicies(w *writer, _ *hclwrite.Body, v plan.Value) {
	role := w.address() + ".id"
	for i, m := range w.maps(v) {
		suffix := ""
		if name, _ := m.Get("PolicyName").(plan.Text); i > 0 {
			suffix = string(name)
		}
		w.beside("aws_iam_role_policy", suffix, func(b *hclwrite.Body) {
			w.set(b, "role", role)
			w.fill(b, m, []field{attr("PolicyName", "name"), encodedAs("PolicyDocument", "policy")})
		})
	}
}

func putAttachments(w *writer, _ *hclwrite.Body, v plan.Value) {
	role := w.address() + ".name"
	w.beside("aws_iam_role_policy_attachment", "", func(b *hclwrite.Body) {
		w.set(b, "for_each", "toset("+w.expression(v)+")")
		w.set(b, "role", role)
		w.set(b, "policy_arn", "each.value")
	})
}

// notificationFields are gathered by finishNotification.
func notificationFields() []field {
	var out []field
	for _, name := range []string{"ServiceToken", "ServiceTimeout", "Bucket", "Id", "TopicArn", "QueueArn", "FunctionArn", "EventBridge", "Prefix", "Suffix", "Events", "Owner"} {
		out = append(out, nothing(name))
	}
	return out
}

// finishNotification has the function merge the notification into those that the
// bucket has, as it does for CloudFormation.
func finishNotification(w *writer, b *hclwrite.Body, r *plan.Resource) {
	var properties plan.Map
	for _, e := range r.Properties {
		if e.Key != "ServiceToken" && e.Key != "ServiceTimeout" {
			properties = append(properties, e)
		}
	}
	w.set(b, "function_name", w.expression(r.Properties.Get("ServiceToken")))
	w.set(b, "lifecycle_scope", `"CRUD"`)
	w.set(b, "input", w.encoded(plan.Map{{Key: "ResourceType", Value: plan.Text(r.Type)}, {Key: "ResourceProperties", Value: properties}}))
}
