// Package specimen is a plan with a resource of every type that a renderer
// writes, and with every kind of value and reach, for the renderers' tests.
package specimen

import "github.com/trailwarden/trailwarden/deploy/plan"

type (
	text = plan.Text
	list = plan.List
	dict = plan.Map
)

// Plan is the plan. It is of no other use.
func Plan() *plan.Plan {
	stacks := []*plan.Stack{watch(), asking(), hub(), forward()}
	p := &plan.Plan{Topology: "specimen", Title: "One of everything", Flow: []string{"Nothing happens."}, Home: "eu-west-1",
		Regions: []string{"eu-west-1", "us-east-1"}, Stacks: stacks}
	for _, s := range stacks {
		p.Steps = append(p.Steps, plan.Step{Title: "Make " + s.Name, Stack: s.Name})
	}
	return p
}

func one(id, kind string, properties dict) *plan.Resource {
	return &plan.Resource{ID: id, Type: kind, Properties: properties, Why: "It is one of everything: " + id + "."}
}

func named(s string) plan.Join { return plan.Concat("specimen-"+s+"-", plan.AccountID) }

func policy(action string, to plan.Value, principals ...plan.Principal) *plan.Policy {
	s := plan.Statement{Sid: "One", Actions: []string{action}, Principals: principals, Why: "So that there is a ${reason} with 100%{odd} letters."}
	if to != nil {
		s.Resources = []plan.Value{to}
	}
	if principals != nil {
		s.Conditions = []plan.Condition{plan.Equals("aws:SourceAccount", plan.AccountID)}
	}
	return &plan.Policy{Statements: []plan.Statement{s}}
}

func tags() list { return list{plan.Fields("Key", text("made-by"), "Value", text("trailwarden"))} }

// watch stands once, in the central account.
func watch() *plan.Stack {
	s := &plan.Stack{Name: "specimen-watch", Purpose: "It watches.", Account: plan.Central, Reach: plan.Home,
		Parameters: []plan.Parameter{
			{Name: "ArtifactsBucket", Type: "String", Required: true, Pattern: "[a-z0-9.-]{3,63}", Description: "Bucket of the code."},
			{Name: "Memory", Type: "Number", Default: "512", Description: "MB."},
			{Name: "Level", Type: "String", Default: "INFO", Values: []string{"INFO", "DEBUG"}, Description: "What is logged."},
		},
		Outputs: []plan.Output{{Name: "TopicArn", Value: plan.Ref{ID: "Topic"}, Why: "Subscribe to it."}}}
	s.Resources = append(keeping(), telling()...)
	s.Resources = append(s.Resources, running()...)
	s.Resources = append(s.Resources, trailing()...)
	return s
}

func keeping() []*plan.Resource {
	bucket := one("Bucket", "AWS::S3::Bucket", plan.Fields(
		"BucketName", named("logs"),
		"VersioningConfiguration", plan.Fields("Status", text("Enabled")),
		"BucketEncryption", plan.Fields("ServerSideEncryptionConfiguration", list{plan.Fields(
			"ServerSideEncryptionByDefault", plan.Fields("SSEAlgorithm", text("aws:kms"), "KMSMasterKeyID", plan.Attr{ID: "Key", Name: "Arn"}), "BucketKeyEnabled", plan.Bool(true))}),
		"PublicAccessBlockConfiguration", plan.Fields("BlockPublicAcls", plan.Bool(true), "BlockPublicPolicy", plan.Bool(true), "IgnorePublicAcls", plan.Bool(true), "RestrictPublicBuckets", plan.Bool(true)),
		"OwnershipControls", plan.Fields("Rules", list{plan.Fields("ObjectOwnership", text("BucketOwnerEnforced"))}),
		"LifecycleConfiguration", plan.Fields("Rules", list{
			plan.Fields("Id", text("age"), "Status", text("Enabled"), "Transitions", list{plan.Fields("StorageClass", text("GLACIER_IR"), "TransitionInDays", plan.Int(90))}, "ExpirationInDays", plan.Int(730),
				"NoncurrentVersionExpiration", plan.Fields("NoncurrentDays", plan.Int(30))),
			plan.Fields("Id", text("parts"), "Status", text("Enabled"), "Prefix", text("AWSLogs/"), "AbortIncompleteMultipartUpload", plan.Fields("DaysAfterInitiation", plan.Int(7))),
		}),
		"NotificationConfiguration", plan.Fields(
			"TopicConfigurations", list{plan.Fields("Event", text("s3:ObjectCreated:*"), "Topic", plan.Ref{ID: "Topic"},
				"Filter", plan.Fields("S3Key", plan.Fields("Rules", list{plan.Fields("Name", text("prefix"), "Value", text("AWSLogs/")), plan.Fields("Name", text("suffix"), "Value", text(".json.gz"))})))},
		),
		"Tags", tags(),
	))
	bucket.Retain, bucket.DependsOn = true, []string{"TopicPolicy"}
	table := one("Table", "AWS::DynamoDB::Table", plan.Fields(
		"TableName", text("specimen-alerts"), "BillingMode", text("PAY_PER_REQUEST"),
		"AttributeDefinitions", list{plan.Fields("AttributeName", text("pk"), "AttributeType", text("S")), plan.Fields("AttributeName", text("sk"), "AttributeType", text("S"))},
		"KeySchema", list{plan.Fields("AttributeName", text("pk"), "KeyType", text("HASH")), plan.Fields("AttributeName", text("sk"), "KeyType", text("RANGE"))},
		"TimeToLiveSpecification", plan.Fields("AttributeName", text("ttl"), "Enabled", plan.Bool(true)),
		"PointInTimeRecoverySpecification", plan.Fields("PointInTimeRecoveryEnabled", plan.Bool(true)),
		"SSESpecification", plan.Fields("SSEEnabled", plan.Bool(true)),
		"Tags", tags(),
	))
	table.Retain = true
	key := one("Key", "AWS::KMS::Key", plan.Fields("Description", text("Encrypts logs."), "EnableKeyRotation", plan.Bool(true),
		"KeyPolicy", policy("kms:Decrypt", text("*"), plan.Principal{Type: "AWS", ID: plan.ARNIn("iam", text(""), plan.AccountID, "root")})))
	key.Retain = true
	return []*plan.Resource{key,
		one("KeyAlias", "AWS::KMS::Alias", plan.Fields("AliasName", text("alias/specimen"), "TargetKeyId", plan.Ref{ID: "Key"})),
		bucket,
		one("BucketPolicy", "AWS::S3::BucketPolicy", plan.Fields("Bucket", plan.Ref{ID: "Bucket"},
			"PolicyDocument", policy("s3:GetBucketAcl", plan.Attr{ID: "Bucket", Name: "Arn"}, plan.Service("cloudtrail")))),
		table,
	}
}

func telling() []*plan.Resource {
	topicARN := plan.ARN("sns", "specimen-logs")
	return []*plan.Resource{
		one("Topic", "AWS::SNS::Topic", plan.Fields("TopicName", text("specimen-logs"), "DisplayName", text("Logs"), "Tags", tags())),
		one("TopicPolicy", "AWS::SNS::TopicPolicy", plan.Fields("Topics", list{plan.Ref{ID: "Topic"}}, "PolicyDocument", policy("sns:Publish", topicARN, plan.Service("s3")))),
		one("DeadLetters", "AWS::SQS::Queue", plan.Fields("QueueName", text("specimen-dead"), "MessageRetentionPeriod", plan.Int(1209600), "SqsManagedSseEnabled", plan.Bool(true))),
		one("Queue", "AWS::SQS::Queue", plan.Fields("QueueName", text("specimen-logs"), "VisibilityTimeout", plan.Int(360),
			"RedrivePolicy", plan.Fields("deadLetterTargetArn", plan.Attr{ID: "DeadLetters", Name: "Arn"}, "maxReceiveCount", plan.Int(5)))),
		one("QueuePolicy", "AWS::SQS::QueuePolicy", plan.Fields("Queues", list{plan.Ref{ID: "Queue"}}, "PolicyDocument", policy("sqs:SendMessage", plan.Attr{ID: "Queue", Name: "Arn"}, plan.Service("sns")))),
		one("Subscription", "AWS::SNS::Subscription", plan.Fields("TopicArn", plan.Ref{ID: "Topic"}, "Protocol", text("sqs"), "Endpoint", plan.Attr{ID: "Queue", Name: "Arn"}, "RawMessageDelivery", plan.Bool(true))),
		one("Mail", "AWS::SES::EmailIdentity", plan.Fields("EmailIdentity", text("soc@example.com"))),
	}
}

func running() []*plan.Resource {
	function := plan.Attr{ID: "Function", Name: "Arn"}
	return []*plan.Resource{
		one("Role", "AWS::IAM::Role", plan.Fields("RoleName", text("specimen-function"), "Description", text("What the function may do."),
			"AssumeRolePolicyDocument", policy("sts:AssumeRole", nil, plan.Service("lambda")),
			"Policies", list{plan.Fields("PolicyName", text("read"), "PolicyDocument", policy("sqs:ReceiveMessage", plan.Attr{ID: "Queue", Name: "Arn"})),
				plan.Fields("PolicyName", text("tell"), "PolicyDocument", policy("sns:Publish", plan.Ref{ID: "Topic"}))})),
		one("FunctionLog", "AWS::Logs::LogGroup", plan.Fields("LogGroupName", text("/aws/lambda/specimen"), "RetentionInDays", plan.Int(90))),
		{ID: "Function", Type: "AWS::Lambda::Function", Why: "It judges.", DependsOn: []string{"FunctionLog"}, Properties: plan.Fields(
			"FunctionName", text("specimen"), "Role", plan.Attr{ID: "Role", Name: "Arn"}, "Runtime", text("provided.al2023"), "Handler", text("bootstrap"),
			"Architectures", plan.Texts("arm64"), "MemorySize", plan.Param{Name: "Memory"}, "Timeout", plan.Int(60), "ReservedConcurrentExecutions", plan.Int(10),
			"Code", plan.Fields("S3Bucket", plan.Param{Name: "ArtifactsBucket"}, "S3Key", text("trailwarden.zip")),
			"Environment", plan.Fields("Variables", plan.Fields("TRAILWARDEN_CONFIG", plan.Concat("s3://", plan.Param{Name: "ArtifactsBucket"}, "/trailwarden.yaml"), "LEVEL", plan.Param{Name: "Level"})),
			"Tags", tags(),
		)},
		one("Source", "AWS::Lambda::EventSourceMapping", plan.Fields("FunctionName", plan.Ref{ID: "Function"}, "EventSourceArn", plan.Attr{ID: "Queue", Name: "Arn"}, "BatchSize", plan.Int(10),
			"FunctionResponseTypes", plan.Texts("ReportBatchItemFailures"), "ScalingConfig", plan.Fields("MaximumConcurrency", plan.Int(5)))),
		one("Invoke", "AWS::Lambda::EventInvokeConfig", plan.Fields("FunctionName", plan.Ref{ID: "Function"}, "Qualifier", text("$LATEST"), "MaximumRetryAttempts", plan.Int(2), "MaximumEventAgeInSeconds", plan.Int(21600),
			"DestinationConfig", plan.Fields("OnFailure", plan.Fields("Destination", plan.Attr{ID: "DeadLetters", Name: "Arn"})))),
		one("Schedule", "AWS::Events::Rule", plan.Fields("Name", text("specimen-minute"), "ScheduleExpression", text("rate(1 minute)"), "State", text("ENABLED"),
			"Targets", list{plan.Fields("Id", text("function"), "Arn", function, "RetryPolicy", plan.Fields("MaximumRetryAttempts", plan.Int(0), "MaximumEventAgeInSeconds", plan.Int(60)))})),
		one("Permission", "AWS::Lambda::Permission", plan.Fields("FunctionName", plan.Ref{ID: "Function"}, "Action", text("lambda:InvokeFunction"), "Principal", text("events.amazonaws.com"),
			"SourceArn", plan.Attr{ID: "Schedule", Name: "Arn"})),
		one("Existing", "Custom::BucketNotification", plan.Fields("ServiceToken", function, "ServiceTimeout", plan.Int(120), "Bucket", text("specimen-existing"), "Id", text("specimen"),
			"TopicArn", plan.Ref{ID: "Topic"}, "Prefix", text("AWSLogs/"))),
	}
}

func trailing() []*plan.Resource {
	trail := one("Trail", "AWS::CloudTrail::Trail", plan.Fields("TrailName", text("specimen"), "S3BucketName", plan.Ref{ID: "Bucket"}, "IsLogging", plan.Bool(true), "IsMultiRegionTrail", plan.Bool(true),
		"IncludeGlobalServiceEvents", plan.Bool(true), "EnableLogFileValidation", plan.Bool(true), "KMSKeyId", plan.Attr{ID: "Key", Name: "Arn"},
		"CloudWatchLogsLogGroupArn", plan.Attr{ID: "TrailLog", Name: "Arn"}, "CloudWatchLogsRoleArn", plan.Attr{ID: "TrailRole", Name: "Arn"},
		"EventSelectors", list{plan.Fields("ReadWriteType", text("All"), "IncludeManagementEvents", plan.Bool(true))}))
	trail.DependsOn = []string{"BucketPolicy"}
	return []*plan.Resource{
		one("TrailLog", "AWS::Logs::LogGroup", plan.Fields("LogGroupName", text("specimen-trail"), "RetentionInDays", plan.Int(30))),
		one("TrailRole", "AWS::IAM::Role", plan.Fields("RoleName", text("specimen-trail"), "AssumeRolePolicyDocument", policy("sts:AssumeRole", nil, plan.Service("cloudtrail")),
			"Policies", list{plan.Fields("PolicyName", text("write"), "PolicyDocument", policy("logs:PutLogEvents", plan.Attr{ID: "TrailLog", Name: "Arn"}))})),
		trail,
		one("Filter", "AWS::Logs::MetricFilter", plan.Fields("FilterName", text("specimen-regions"), "LogGroupName", plan.Ref{ID: "TrailLog"}, "FilterPattern", text(`{ ($.awsRegion != "us-east-1") && ($.readOnly IS FALSE) }`),
			"MetricTransformations", list{plan.Fields("MetricName", text("Regions"), "MetricNamespace", text("Specimen"), "MetricValue", text("1"), "DefaultValue", plan.Int(0))})),
		one("Alarm", "AWS::CloudWatch::Alarm", plan.Fields("AlarmName", text("specimen-regions"), "AlarmDescription", text("Somebody works where nobody should."), "Namespace", text("Specimen"), "MetricName", text("Regions"),
			"Statistic", text("Sum"), "Period", plan.Int(300), "EvaluationPeriods", plan.Int(1), "Threshold", plan.Int(1), "ComparisonOperator", text("GreaterThanOrEqualToThreshold"),
			"TreatMissingData", text("notBreaching"), "AlarmActions", list{plan.Ref{ID: "Topic"}})),
		one("Depth", "AWS::CloudWatch::Alarm", plan.Fields("AlarmName", text("specimen-dead"), "Namespace", text("AWS/SQS"), "MetricName", text("ApproximateNumberOfMessagesVisible"),
			"Dimensions", list{plan.Fields("Name", text("QueueName"), "Value", plan.Attr{ID: "DeadLetters", Name: "QueueName"})}, "Statistic", text("Maximum"), "Period", plan.Int(60), "EvaluationPeriods", plan.Int(1),
			"Threshold", plan.Int(0), "ComparisonOperator", text("GreaterThanThreshold"), "OKActions", list{plan.Ref{ID: "Topic"}}, "AlarmActions", list{plan.Ref{ID: "Topic"}})),
		one("Follow", "AWS::Logs::SubscriptionFilter", plan.Fields("FilterName", text("specimen"), "LogGroupName", plan.Ref{ID: "TrailLog"}, "FilterPattern", text(""), "DestinationArn", plan.Attr{ID: "Function", Name: "Arn"})),
	}
}

// asking is what Athena needs.
func asking() *plan.Stack {
	column := func(name, kind string) dict { return plan.Fields("Name", text(name), "Type", text(kind)) }
	return &plan.Stack{Name: "specimen-athena", Purpose: "It answers questions.", Account: plan.Central, Reach: plan.Home, Resources: []*plan.Resource{
		one("Database", "AWS::Glue::Database", plan.Fields("CatalogId", plan.AccountID, "DatabaseInput", plan.Fields("Name", text("specimen"), "Description", text("Logs.")))),
		one("Logs", "AWS::Glue::Table", plan.Fields("CatalogId", plan.AccountID, "DatabaseName", plan.Ref{ID: "Database"}, "TableInput", plan.Fields("Name", text("cloudtrail_logs"), "TableType", text("EXTERNAL_TABLE"),
			"Parameters", plan.Fields("projection.enabled", text("true"), "storage.location.template", text("s3://specimen/AWSLogs/${account}/")),
			"PartitionKeys", list{column("account", "string"), column("region", "string")},
			"StorageDescriptor", plan.Fields("Location", text("s3://specimen/AWSLogs/"), "InputFormat", text("com.amazon.emr.cloudtrail.CloudTrailInputFormat"), "OutputFormat", text("org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"),
				"Columns", list{column("eventversion", "string"), column("useridentity", "struct<type:string>")}, "SerdeInfo", plan.Fields("SerializationLibrary", text("org.apache.hive.hcatalog.data.JsonSerDe"), "Parameters", plan.Fields("x", text("y"))))))),
		one("Group", "AWS::Athena::WorkGroup", plan.Fields("Name", text("specimen"), "State", text("ENABLED"), "RecursiveDeleteOption", plan.Bool(true), "WorkGroupConfiguration", plan.Fields("EnforceWorkGroupConfiguration", plan.Bool(true),
			"BytesScannedCutoffPerQuery", plan.Int(100<<30), "PublishCloudWatchMetricsEnabled", plan.Bool(true),
			"ResultConfiguration", plan.Fields("OutputLocation", text("s3://specimen-results/"), "EncryptionConfiguration", plan.Fields("EncryptionOption", text("SSE_S3")))))),
		one("Question", "AWS::Athena::NamedQuery", plan.Fields("Name", text("root logins"), "Database", plan.Ref{ID: "Database"}, "WorkGroup", plan.Ref{ID: "Group"}, "QueryString", text("SELECT *\nFROM cloudtrail_logs\nWHERE 'it''s' = '$x'"))),
	}}
}

// hub stands in the central account, in every region.
func hub() *plan.Stack {
	return &plan.Stack{Name: "specimen-hub", Purpose: "It gathers.", Account: plan.Central, Reach: plan.Every, Resources: []*plan.Resource{
		one("Bus", "AWS::Events::EventBus", plan.Fields("Name", text("specimen"))),
		one("BusPolicy", "AWS::Events::EventBusPolicy", plan.Fields("EventBusName", plan.Ref{ID: "Bus"}, "StatementId", text("members"),
			"Statement", policy("events:PutEvents", plan.Attr{ID: "Bus", Name: "Arn"}, plan.Principal{Type: "AWS", ID: plan.ARNIn("iam", text(""), text("222233334444"), "root")}))),
		one("BusRule", "AWS::Events::Rule", plan.Fields("Name", text("specimen"), "EventBusName", plan.Ref{ID: "Bus"}, "State", text("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"),
			"EventPattern", plan.Fields("source", list{plan.Fields("prefix", text("aws."))}, "detail-type", plan.Texts("AWS API Call via CloudTrail", "AWS Console Sign In via CloudTrail")),
			"Targets", list{plan.Fields("Id", text("log"), "Arn", plan.ARN("logs", "log-group:specimen"))})),
	}}
}

// forward stands in every account and region.
func forward() *plan.Stack {
	bus := plan.ARNIn("events", plan.Param{Name: "CentralRegion"}, plan.Param{Name: "CentralAccount"}, "event-bus/specimen")
	return &plan.Stack{Name: "specimen-forward", Purpose: "It sends on.", Account: plan.Members, Reach: plan.Every,
		Parameters: []plan.Parameter{{Name: "CentralAccount", Type: "String", Required: true, Pattern: "[0-9]{12}", Description: "Where the watch runs."},
			{Name: "CentralRegion", Type: "String", Default: "eu-west-1", Description: "And in which region."}},
		Resources: []*plan.Resource{
			one("Role", "AWS::IAM::Role", plan.Fields("RoleName", plan.Concat("specimen-forward-", plan.Region), "AssumeRolePolicyDocument", policy("sts:AssumeRole", nil, plan.Service("events")),
				"Policies", list{plan.Fields("PolicyName", text("put"), "PolicyDocument", policy("events:PutEvents", bus))})),
			one("Forward", "AWS::Events::Rule", plan.Fields("Name", text("specimen-forward"), "EventPattern", plan.Fields("source", list{plan.Fields("prefix", text("aws."))}),
				"Targets", list{plan.Fields("Id", text("central"), "Arn", bus, "RoleArn", plan.Attr{ID: "Role", Name: "Arn"})})),
		}}
}
