package terraform

// watching are trails, logs, metrics and alarms.
func watching() map[string]mapping {
	return map[string]mapping{
		"AWS::CloudTrail::Trail": {to: "aws_cloudtrail", ref: "name", fields: fields(
			same("IsMultiRegionTrail", "IsOrganizationTrail", "IncludeGlobalServiceEvents", "EnableLogFileValidation",
				"CloudWatchLogsRoleArn", "SnsTopicName"), []field{
				attr("CloudWatchLogsLogGroupArn", "cloud_watch_logs_group_arn"),
				attr("TrailName", "name"), attr("IsLogging", "enable_logging"), attr("S3BucketName", "s3_bucket_name"), attr("S3KeyPrefix", "s3_key_prefix"),
				attr("KMSKeyId", "kms_key_id"), tags(),
				block("EventSelectors", "event_selector", fields(same("ReadWriteType", "IncludeManagementEvents", "ExcludeManagementEventSources"),
					[]field{block("DataResources", "data_resource", same("Type", "Values")...)})...),
				block("AdvancedEventSelectors", "advanced_event_selector", fields(same("Name"),
					[]field{block("FieldSelectors", "field_selector", same("Field", "Equals", "NotEquals", "StartsWith", "NotStartsWith", "EndsWith", "NotEndsWith")...)})...),
				block("InsightSelectors", "insight_selector", same("InsightType")...)})},
		"AWS::Logs::LogGroup": {to: "aws_cloudwatch_log_group", ref: "name", attributes: map[string]string{"Arn": "arn$:*"}, fields: fields(
			same("RetentionInDays", "KmsKeyId", "LogGroupClass"), []field{attr("LogGroupName", "name"), tags()})},
		"AWS::Logs::MetricFilter": {to: "aws_cloudwatch_log_metric_filter", ref: "name", fields: fields(
			same("LogGroupName"), []field{attr("FilterName", "name"), attr("FilterPattern", "pattern"),
				block("MetricTransformations", "metric_transformation", attr("MetricName", "name"), attr("MetricNamespace", "namespace"),
					attr("MetricValue", "value"), attr("DefaultValue", "default_value"), attr("Unit", "unit"), pairs("Dimensions", "dimensions", "Key", "Value"))})},
		"AWS::Logs::SubscriptionFilter": {to: "aws_cloudwatch_log_subscription_filter", ref: "id", fields: fields(
			same("LogGroupName", "FilterPattern", "DestinationArn", "RoleArn", "Distribution"), []field{attr("FilterName", "name")})},
		"AWS::CloudWatch::Alarm": {to: "aws_cloudwatch_metric_alarm", ref: "alarm_name", fields: fields(
			same("AlarmName", "AlarmDescription", "Namespace", "MetricName", "Statistic", "ExtendedStatistic", "Period", "EvaluationPeriods",
				"DatapointsToAlarm", "Threshold", "ComparisonOperator", "TreatMissingData", "AlarmActions", "InsufficientDataActions", "Unit", "ActionsEnabled"), []field{
				attr("OKActions", "ok_actions"), pairs("Dimensions", "dimensions", "Name", "Value"), tags(),
				block("Metrics", "metric_query", fields(same("Id", "Expression", "Label", "ReturnData", "Period"), []field{
					block("MetricStat", "metric", fields(same("Period", "Unit"), []field{attr("Stat", "stat"),
						inline("Metric", fields(same("MetricName", "Namespace"), []field{pairs("Dimensions", "dimensions", "Name", "Value")})...)})...)})...)})},
	}
}

// asking are what Athena needs.
func asking() map[string]mapping {
	return map[string]mapping{
		"AWS::Glue::Database": {to: "aws_glue_catalog_database", ref: "name", fields: []field{
			attr("CatalogId", "catalog_id"), inline("DatabaseInput", same("Name", "Description", "LocationUri", "Parameters")...)}},
		"AWS::Glue::Table": {to: "aws_glue_catalog_table", ref: "name", fields: []field{
			attr("CatalogId", "catalog_id"), attr("DatabaseName", "database_name"),
			inline("TableInput", fields(same("Name", "Description", "TableType", "Parameters", "Owner", "Retention"), []field{
				block("PartitionKeys", "partition_keys", same("Name", "Type", "Comment")...),
				block("StorageDescriptor", "storage_descriptor", fields(same("Location", "InputFormat", "OutputFormat", "Compressed", "NumberOfBuckets", "StoredAsSubDirectories"), []field{
					block("Columns", "columns", same("Name", "Type", "Comment")...),
					block("SerdeInfo", "ser_de_info", same("Name", "SerializationLibrary", "Parameters")...)})...)})...)}},
		"AWS::Athena::WorkGroup": {to: "aws_athena_workgroup", ref: "name", fields: fields(
			same("Name", "Description", "State"), []field{attr("RecursiveDeleteOption", "force_destroy"), tags(),
				block("WorkGroupConfiguration", "configuration", fields(same("BytesScannedCutoffPerQuery", "RequesterPaysEnabled", "ExecutionRole"), []field{
					attr("EnforceWorkGroupConfiguration", "enforce_workgroup_configuration"), attr("PublishCloudWatchMetricsEnabled", "publish_cloudwatch_metrics_enabled"),
					block("EngineVersion", "engine_version", same("SelectedEngineVersion")...),
					block("ResultConfiguration", "result_configuration", fields(same("OutputLocation", "ExpectedBucketOwner"), []field{
						block("EncryptionConfiguration", "encryption_configuration", attr("EncryptionOption", "encryption_option"), attr("KmsKey", "kms_key_arn"))})...)})...)})},
		"AWS::Athena::NamedQuery": {to: "aws_athena_named_query", ref: "id", fields: fields(
			same("Name", "Description", "Database"), []field{attr("QueryString", "query"), attr("WorkGroup", "workgroup")})},
	}
}
