package terraform

import (
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/trailwarden/trailwarden/deploy/plan"
)

// storage are buckets, keys and tables.
func storage() map[string]mapping {
	return map[string]mapping{
		"AWS::S3::Bucket": {to: "aws_s3_bucket", ref: "id", fields: bucketFields()},
		"AWS::S3::BucketPolicy": {to: "aws_s3_bucket_policy", ref: "id", fields: []field{
			attr("Bucket", "bucket"), encodedAs("PolicyDocument", "policy")}},
		"AWS::KMS::Key": {to: "aws_kms_key", ref: "key_id", fields: fields(
			same("Description", "EnableKeyRotation", "MultiRegion", "KeyUsage"),
			[]field{attr("KeySpec", "customer_master_key_spec"), attr("PendingWindowInDays", "deletion_window_in_days"), encodedAs("KeyPolicy", "policy"), tags()})},
		"AWS::KMS::Alias": {to: "aws_kms_alias", ref: "name", fields: []field{
			attr("AliasName", "name"), attr("TargetKeyId", "target_key_id")}},
		"AWS::DynamoDB::Table": {to: "aws_dynamodb_table", ref: "name", attributes: map[string]string{"StreamArn": "stream_arn"}, fields: tableFields()},
		"AWS::SSM::Parameter": {to: "aws_ssm_parameter", ref: "name", fields: fields(
			same("Name", "Type", "Value", "Description", "Tier"))},
		"AWS::SecretsManager::Secret": {to: "aws_secretsmanager_secret", ref: "id", fields: fields(
			same("Name", "Description", "KmsKeyId"), []field{tags()})},
	}
}

// bucketFields: the provider has a resource for each aspect of a bucket.
func bucketFields() []field {
	return []field{
		attr("BucketName", "bucket"), tags(),
		apart("VersioningConfiguration", "aws_s3_bucket_versioning", "bucket", "id",
			block("VersioningConfiguration", "versioning_configuration", same("Status")...)),
		apart("BucketEncryption", "aws_s3_bucket_server_side_encryption_configuration", "bucket", "id",
			block("ServerSideEncryptionConfiguration", "rule",
				block("ServerSideEncryptionByDefault", "apply_server_side_encryption_by_default", attr("SSEAlgorithm", "sse_algorithm"), attr("KMSMasterKeyID", "kms_master_key_id")),
				attr("BucketKeyEnabled", "bucket_key_enabled"))),
		apart("PublicAccessBlockConfiguration", "aws_s3_bucket_public_access_block", "bucket", "id",
			same("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")...),
		apart("OwnershipControls", "aws_s3_bucket_ownership_controls", "bucket", "id",
			block("Rules", "rule", same("ObjectOwnership")...)),
		apart("LoggingConfiguration", "aws_s3_bucket_logging", "bucket", "id",
			attr("DestinationBucketName", "target_bucket"), attr("LogFilePrefix", "target_prefix")),
		apart("LifecycleConfiguration", "aws_s3_bucket_lifecycle_configuration", "bucket", "id",
			field{"Rules", putLifecycle}),
		apart("NotificationConfiguration", "aws_s3_bucket_notification", "bucket", "id",
			block("TopicConfigurations", "topic", attr("Topic", "topic_arn"), event(), keyFilter()),
			block("QueueConfigurations", "queue", attr("Queue", "queue_arn"), event(), keyFilter()),
			block("LambdaConfigurations", "lambda_function", attr("Function", "lambda_function_arn"), event(), keyFilter()),
			inline("EventBridgeConfiguration", attr("EventBridgeEnabled", "eventbridge"))),
	}
}

// event is the one event of a notification in CloudFormation.
func event() field {
	return field{"Event", func(w *writer, b *hclwrite.Body, v plan.Value) { w.set(b, "events", w.list(plan.List{v})) }}
}

func keyFilter() field {
	put := func(w *writer, b *hclwrite.Body, v plan.Value) {
		for _, m := range w.maps(v) {
			name, _ := m.Get("Name").(plan.Text)
			w.set(b, "filter_"+strings.ToLower(string(name)), w.expression(m.Get("Value")))
		}
	}
	return inline("Filter", inline("S3Key", field{"Rules", put}))
}

// putLifecycle writes rules; the provider wants a filter in each, if only an
// empty one.
func putLifecycle(w *writer, b *hclwrite.Body, v plan.Value) {
	for _, m := range w.maps(v) {
		rule := nested(b, "rule")
		filter := hclwrite.NewBlock("filter", nil)
		w.fill(rule, m, []field{
			attr("Id", "id"), attr("Status", "status"),
			{"Prefix", func(w *writer, _ *hclwrite.Body, v plan.Value) { w.set(filter.Body(), "prefix", w.expression(v)) }},
			block("Transitions", "transition", attr("TransitionInDays", "days"), attr("StorageClass", "storage_class")),
			{"ExpirationInDays", putDays("expiration", "days")},
			block("NoncurrentVersionExpiration", "noncurrent_version_expiration", attr("NoncurrentDays", "noncurrent_days")),
			block("AbortIncompleteMultipartUpload", "abort_incomplete_multipart_upload", attr("DaysAfterInitiation", "days_after_initiation")),
		})
		rule.AppendNewline()
		rule.AppendBlock(filter)
	}
}

func putDays(name, attribute string) func(*writer, *hclwrite.Body, plan.Value) {
	return func(w *writer, b *hclwrite.Body, v plan.Value) {
		w.set(nested(b, name), attribute, w.expression(v))
	}
}

func tableFields() []field {
	return fields(same("BillingMode", "DeletionProtectionEnabled", "TableClass"), []field{
		attr("TableName", "name"),
		{"KeySchema", putKeys},
		block("AttributeDefinitions", "attribute", attr("AttributeName", "name"), attr("AttributeType", "type")),
		block("TimeToLiveSpecification", "ttl", same("AttributeName", "Enabled")...),
		block("PointInTimeRecoverySpecification", "point_in_time_recovery", attr("PointInTimeRecoveryEnabled", "enabled")),
		block("SSESpecification", "server_side_encryption", attr("SSEEnabled", "enabled"), attr("KMSMasterKeyId", "kms_key_arn"), nothing("SSEType")),
		block("GlobalSecondaryIndexes", "global_secondary_index", attr("IndexName", "name"), field{"KeySchema", putKeys},
			inline("Projection", attr("ProjectionType", "projection_type"), attr("NonKeyAttributes", "non_key_attributes"))),
		tags(),
	})
}

func putKeys(w *writer, b *hclwrite.Body, v plan.Value) {
	for _, m := range w.maps(v) {
		name := map[plan.Value]string{plan.Text("HASH"): "hash_key", plan.Text("RANGE"): "range_key"}[m.Get("KeyType")]
		if name == "" {
			w.fail("key type: want HASH or RANGE")
			return
		}
		w.set(b, name, w.expression(m.Get("AttributeName")))
	}
}
