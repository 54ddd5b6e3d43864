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

func tags() list { return list{dict{{"Key", text("made-by")}, {"Value", text("trailwarden")}}} }

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
	bucket := one("Bucket", "AWS::S3::Bucket", dict{
		{"BucketName", named("logs")},
		{"VersioningConfiguration", dict{{"Status", text("Enabled")}}},
		{"BucketEncryption", dict{{"ServerSideEncryptionConfiguration", list{dict{
			{"ServerSideEncryptionByDefault", dict{{"SSEAlgorithm", text("aws:kms")}, {"KMSMasterKeyID", plan.Attr{ID: "Key", Name: "Arn"}}}}, {"BucketKeyEnabled", plan.Bool(true)}}}}}},
		{"PublicAccessBlockConfiguration", dict{{"BlockPublicAcls", plan.Bool(true)}, {"BlockPublicPolicy", plan.Bool(true)}, {"IgnorePublicAcls", plan.Bool(true)}, {"RestrictPublicBuckets", plan.Bool(true)}}},
		{"OwnershipControls", dict{{"Rules", list{dict{{"ObjectOwnership", text("BucketOwnerEnforced")}}}}}},
		{"LifecycleConfiguration", dict{{"Rules", list{
			dict{{"Id", text("age")}, {"Status", text("Enabled")}, {"Transitions", list{dict{{"StorageClass", text("GLACIER_IR")}, {"TransitionInDays", plan.Int(90)}}}}, {"ExpirationInDays", plan.Int(730)},
				{"NoncurrentVersionExpiration", dict{{"NoncurrentDays", plan.Int(30)}}}},
			dict{{"Id", text("parts")}, {"Status", text("Enabled")}, {"Prefix", text("AWSLogs/")}, {"AbortIncompleteMultipartUpload", dict{{"DaysAfterInitiation", plan.Int(7)}}}},
		}}}},
		{"NotificationConfiguration", dict{
			{"TopicConfigurations", list{dict{{"Event", text("s3:ObjectCreated:*")}, {"Topic", plan.Ref{ID: "Topic"}},
				{"Filter", dict{{"S3Key", dict{{"Rules", list{dict{{"Name", text("prefix")}, {"Value", text("AWSLogs/")}}, dict{{"Name", text("suffix")}, {"Value", text(".json.gz")}}}}}}}}}}},
		}},
		{"Tags", tags()},
	})
	bucket.Retain, bucket.DependsOn = true, []string{"TopicPolicy"}
	table := one("Table", "AWS::DynamoDB::Table", dict{
		{"TableName", text("specimen-alerts")}, {"BillingMode", text("PAY_PER_REQUEST")},
		{"AttributeDefinitions", list{dict{{"AttributeName", text("pk")}, {"AttributeType", text("S")}}, dict{{"AttributeName", text("sk")}, {"AttributeType", text("S")}}}},
		{"KeySchema", list{dict{{"AttributeName", text("pk")}, {"KeyType", text("HASH")}}, dict{{"AttributeName", text("sk")}, {"KeyType", text("RANGE")}}}},
		{"TimeToLiveSpecification", dict{{"AttributeName", text("ttl")}, {"Enabled", plan.Bool(true)}}},
		{"PointInTimeRecoverySpecification", dict{{"PointInTimeRecoveryEnabled", plan.Bool(true)}}},
		{"SSESpecification", dict{{"SSEEnabled", plan.Bool(true)}}},
		{"Tags", tags()},
	})
	table.Retain = true
	key := one("Key", "AWS::KMS::Key", dict{{"Description", text("Encrypts logs.")}, {"EnableKeyRotation", plan.Bool(true)},
		{"KeyPolicy", policy("kms:Decrypt", text("*"), plan.Principal{Type: "AWS", ID: plan.ARNIn("iam", text(""), plan.AccountID, "root")})}})
	key.Retain = true
	return []*plan.Resource{key,
		one("KeyAlias", "AWS::KMS::Alias", dict{{"AliasName", text("alias/specimen")}, {"TargetKeyId", plan.Ref{ID: "Key"}}}),
		bucket,
		one("BucketPolicy", "AWS::S3::BucketPolicy", dict{{"Bucket", plan.Ref{ID: "Bucket"}},
			{"PolicyDocument", policy("s3:GetBucketAcl", plan.Attr{ID: "Bucket", Name: "Arn"}, plan.Service("cloudtrail"))}}),
		table,
	}
}

func telling() []*plan.Resource {
	topicARN := plan.ARN("sns", "specimen-logs")
	return []*plan.Resource{
		one("Topic", "AWS::SNS::Topic", dict{{"TopicName", text("specimen-logs")}, {"DisplayName", text("Logs")}, {"Tags", tags()}}),
		one("TopicPolicy", "AWS::SNS::TopicPolicy", dict{{"Topics", list{plan.Ref{ID: "Topic"}}}, {"PolicyDocument", policy("sns:Publish", topicARN, plan.Service("s3"))}}),
		one("DeadLetters", "AWS::SQS::Queue", dict{{"QueueName", text("specimen-dead")}, {"MessageRetentionPeriod", plan.Int(1209600)}, {"SqsManagedSseEnabled", plan.Bool(true)}}),
		one("Queue", "AWS::SQS::Queue", dict{{"QueueName", text("specimen-logs")}, {"VisibilityTimeout", plan.Int(360)},
			{"RedrivePolicy", dict{{"deadLetterTargetArn", plan.Attr{ID: "DeadLetters", Name: "Arn"}}, {"maxReceiveCount", plan.Int(5)}}}}),
		one("QueuePolicy", "AWS::SQS::QueuePolicy", dict{{"Queues", list{plan.Ref{ID: "Queue"}}}, {"PolicyDocument", policy("sqs:SendMessage", plan.Attr{ID: "Queue", Name: "Arn"}, plan.Service("sns"))}}),
		one("Subscription", "AWS::SNS::Subscription", dict{{"TopicArn", plan.Ref{ID: "Topic"}}, {"Protocol", text("sqs")}, {"Endpoint", plan.Attr{ID: "Queue", Name: "Arn"}}, {"RawMessageDelivery", plan.Bool(true)}}),
		one("Mail", "AWS::SES::EmailIdentity", dict{{"EmailIdentity", text("soc@example.com")}}),
	}
}

func running() []*plan.Resource {
	function := plan.Attr{ID: "Function", Name: "Arn"}
	return []*plan.Resource{
		one("Role", "AWS::IAM::Role", dict{{"RoleName", text("specimen-function")}, {"Description", text("What the function may do.")},
			{"AssumeRolePolicyDocument", policy("sts:AssumeRole", nil, plan.Service("lambda"))},
			{"Policies", list{dict{{"PolicyName", text("read")}, {"PolicyDocument", policy("sqs:ReceiveMessage", plan.Attr{ID: "Queue", Name: "Arn"})}},
				dict{{"PolicyName", text("tell")}, {"PolicyDocument", policy("sns:Publish", plan.Ref{ID: "Topic"})}}}}}),
		one("FunctionLog", "AWS::Logs::LogGroup", dict{{"LogGroupName", text("/aws/lambda/specimen")}, {"RetentionInDays", plan.Int(90)}}),
		{ID: "Function", Type: "AWS::Lambda::Function", Why: "It judges.", DependsOn: []string{"FunctionLog"}, Properties: dict{
			{"FunctionName", text("specimen")}, {"Role", plan.Attr{ID: "Role", Name: "Arn"}}, {"Runtime", text("provided.al2023")}, {"Handler", text("bootstrap")},
			{"Architectures", plan.Texts("arm64")}, {"MemorySize", plan.Param{Name: "Memory"}}, {"Timeout", plan.Int(60)}, {"ReservedConcurrentExecutions", plan.Int(10)},
			{"Code", dict{{"S3Bucket", plan.Param{Name: "ArtifactsBucket"}}, {"S3Key", text("trailwarden.zip")}}},
			{"Environment", dict{{"Variables", dict{{"TRAILWARDEN_CONFIG", plan.Concat("s3://", plan.Param{Name: "ArtifactsBucket"}, "/trailwarden.yaml")}, {"LEVEL", plan.Param{Name: "Level"}}}}}},
			{"Tags", tags()},
		}},
		one("Source", "AWS::Lambda::EventSourceMapping", dict{{"FunctionName", plan.Ref{ID: "Function"}}, {"EventSourceArn", plan.Attr{ID: "Queue", Name: "Arn"}}, {"BatchSize", plan.Int(10)},
			{"FunctionResponseTypes", plan.Texts("ReportBatchItemFailures")}, {"ScalingConfig", dict{{"MaximumConcurrency", plan.Int(5)}}}}),
		one("Invoke", "AWS::Lambda::EventInvokeConfig", dict{{"FunctionName", plan.Ref{ID: "Function"}}, {"Qualifier", text("$LATEST")}, {"MaximumRetryAttempts", plan.Int(2)}, {"MaximumEventAgeInSeconds", plan.Int(21600)},
			{"DestinationConfig", dict{{"OnFailure", dict{{"Destination", plan.Attr{ID: "DeadLetters", Name: "Arn"}}}}}}}),
		one("Schedule", "AWS::Events::Rule", dict{{"Name", text("specimen-minute")}, {"ScheduleExpression", text("rate(1 minute)")}, {"State", text("ENABLED")},
			{"Targets", list{dict{{"Id", text("function")}, {"Arn", function}, {"RetryPolicy", dict{{"MaximumRetryAttempts", plan.Int(0)}, {"MaximumEventAgeInSeconds", plan.Int(60)}}}}}}}),
		one("Permission", "AWS::Lambda::Permission", dict{{"FunctionName", plan.Ref{ID: "Function"}}, {"Action", text("lambda:InvokeFunction")}, {"Principal", text("events.amazonaws.com")},
			{"SourceArn", plan.Attr{ID: "Schedule", Name: "Arn"}}}),
		one("Existing", "Custom::BucketNotification", dict{{"ServiceToken", function}, {"ServiceTimeout", plan.Int(120)}, {"Bucket", text("specimen-existing")}, {"Id", text("specimen")},
			{"TopicArn", plan.Ref{ID: "Topic"}}, {"Prefix", text("AWSLogs/")}}),
	}
}

func trailing() []*plan.Resource {
	trail := one("Trail", "AWS::CloudTrail::Trail", dict{{"TrailName", text("specimen")}, {"S3BucketName", plan.Ref{ID: "Bucket"}}, {"IsLogging", plan.Bool(true)}, {"IsMultiRegionTrail", plan.Bool(true)},
		{"IncludeGlobalServiceEvents", plan.Bool(true)}, {"EnableLogFileValidation", plan.Bool(true)}, {"KMSKeyId", plan.Attr{ID: "Key", Name: "Arn"}},
		{"CloudWatchLogsLogGroupArn", plan.Attr{ID: "TrailLog", Name: "Arn"}}, {"CloudWatchLogsRoleArn", plan.Attr{ID: "TrailRole", Name: "Arn"}},
		{"EventSelectors", list{dict{{"ReadWriteType", text("All")}, {"IncludeManagementEvents", plan.Bool(true)}}}}})
	trail.DependsOn = []string{"BucketPolicy"}
	return []*plan.Resource{
		one("TrailLog", "AWS::Logs::LogGroup", dict{{"LogGroupName", text("specimen-trail")}, {"RetentionInDays", plan.Int(30)}}),
		one("TrailRole", "AWS::IAM::Role", dict{{"RoleName", text("specimen-trail")}, {"AssumeRolePolicyDocument", policy("sts:AssumeRole", nil, plan.Service("cloudtrail"))},
			{"Policies", list{dict{{"PolicyName", text("write")}, {"PolicyDocument", policy("logs:PutLogEvents", plan.Attr{ID: "TrailLog", Name: "Arn"})}}}}}),
		trail,
		one("Filter", "AWS::Logs::MetricFilter", dict{{"FilterName", text("specimen-regions")}, {"LogGroupName", plan.Ref{ID: "TrailLog"}}, {"FilterPattern", text(`{ ($.awsRegion != "us-east-1") && ($.readOnly IS FALSE) }`)},
			{"MetricTransformations", list{dict{{"MetricName", text("Regions")}, {"MetricNamespace", text("Specimen")}, {"MetricValue", text("1")}, {"DefaultValue", plan.Int(0)}}}}}),
		one("Alarm", "AWS::CloudWatch::Alarm", dict{{"AlarmName", text("specimen-regions")}, {"AlarmDescription", text("Somebody works where nobody should.")}, {"Namespace", text("Specimen")}, {"MetricName", text("Regions")},
			{"Statistic", text("Sum")}, {"Period", plan.Int(300)}, {"EvaluationPeriods", plan.Int(1)}, {"Threshold", plan.Int(1)}, {"ComparisonOperator", text("GreaterThanOrEqualToThreshold")},
			{"TreatMissingData", text("notBreaching")}, {"AlarmActions", list{plan.Ref{ID: "Topic"}}}}),
		one("Depth", "AWS::CloudWatch::Alarm", dict{{"AlarmName", text("specimen-dead")}, {"Namespace", text("AWS/SQS")}, {"MetricName", text("ApproximateNumberOfMessagesVisible")},
			{"Dimensions", list{dict{{"Name", text("QueueName")}, {"Value", plan.Attr{ID: "DeadLetters", Name: "QueueName"}}}}}, {"Statistic", text("Maximum")}, {"Period", plan.Int(60)}, {"EvaluationPeriods", plan.Int(1)},
			{"Threshold", plan.Int(0)}, {"ComparisonOperator", text("GreaterThanThreshold")}, {"OKActions", list{plan.Ref{ID: "Topic"}}}, {"AlarmActions", list{plan.Ref{ID: "Topic"}}}}),
		one("Follow", "AWS::Logs::SubscriptionFilter", dict{{"FilterName", text("specimen")}, {"LogGroupName", plan.Ref{ID: "TrailLog"}}, {"FilterPattern", text("")}, {"DestinationArn", plan.Attr{ID: "Function", Name: "Arn"}}}),
	}
}

// asking is what Athena needs.
func asking() *plan.Stack {
	column := func(name, kind string) dict { return dict{{"Name", text(name)}, {"Type", text(kind)}} }
	return &plan.Stack{Name: "specimen-athena", Purpose: "It answers questions.", Account: plan.Central, Reach: plan.Home, Resources: []*plan.Resource{
		one("Database", "AWS::Glue::Database", dict{{"CatalogId", plan.AccountID}, {"DatabaseInput", dict{{"Name", text("specimen")}, {"Description", text("Logs.")}}}}),
		one("Logs", "AWS::Glue::Table", dict{{"CatalogId", plan.AccountID}, {"DatabaseName", plan.Ref{ID: "Database"}}, {"TableInput", dict{{"Name", text("cloudtrail_logs")}, {"TableType", text("EXTERNAL_TABLE")},
			{"Parameters", dict{{"projection.enabled", text("true")}, {"storage.location.template", text("s3://specimen/AWSLogs/${account}/")}}},
			{"PartitionKeys", list{column("account", "string"), column("region", "string")}},
			{"StorageDescriptor", dict{{"Location", text("s3://specimen/AWSLogs/")}, {"InputFormat", text("com.amazon.emr.cloudtrail.CloudTrailInputFormat")}, {"OutputFormat", text("org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat")},
				{"Columns", list{column("eventversion", "string"), column("useridentity", "struct<type:string>")}}, {"SerdeInfo", dict{{"SerializationLibrary", text("org.apache.hive.hcatalog.data.JsonSerDe")}, {"Parameters", dict{{"x", text("y")}}}}}}}}}}),
		one("Group", "AWS::Athena::WorkGroup", dict{{"Name", text("specimen")}, {"State", text("ENABLED")}, {"RecursiveDeleteOption", plan.Bool(true)}, {"WorkGroupConfiguration", dict{{"EnforceWorkGroupConfiguration", plan.Bool(true)},
			{"BytesScannedCutoffPerQuery", plan.Int(100 << 30)}, {"PublishCloudWatchMetricsEnabled", plan.Bool(true)},
			{"ResultConfiguration", dict{{"OutputLocation", text("s3://specimen-results/")}, {"EncryptionConfiguration", dict{{"EncryptionOption", text("SSE_S3")}}}}}}}}),
		one("Question", "AWS::Athena::NamedQuery", dict{{"Name", text("root logins")}, {"Database", plan.Ref{ID: "Database"}}, {"WorkGroup", plan.Ref{ID: "Group"}}, {"QueryString", text("SELECT *\nFROM cloudtrail_logs\nWHERE 'it''s' = '$x'")}}),
	}}
}

// hub stands in the central account, in every region.
func hub() *plan.Stack {
	return &plan.Stack{Name: "specimen-hub", Purpose: "It gathers.", Account: plan.Central, Reach: plan.Every, Resources: []*plan.Resource{
		one("Bus", "AWS::Events::EventBus", dict{{"Name", text("specimen")}}),
		one("BusPolicy", "AWS::Events::EventBusPolicy", dict{{"EventBusName", plan.Ref{ID: "Bus"}}, {"StatementId", text("members")},
			{"Statement", policy("events:PutEvents", plan.Attr{ID: "Bus", Name: "Arn"}, plan.Principal{Type: "AWS", ID: plan.ARNIn("iam", text(""), text("222233334444"), "root")})}}),
		one("BusRule", "AWS::Events::Rule", dict{{"Name", text("specimen")}, {"EventBusName", plan.Ref{ID: "Bus"}}, {"State", text("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")},
			{"EventPattern", dict{{"source", list{dict{{"prefix", text("aws.")}}}}, {"detail-type", plan.Texts("AWS API Call via CloudTrail", "AWS Console Sign In via CloudTrail")}}},
			{"Targets", list{dict{{"Id", text("log")}, {"Arn", plan.ARN("logs", "log-group:specimen")}}}}}),
	}}
}

// forward stands in every account and region.
func forward() *plan.Stack {
	bus := plan.ARNIn("events", plan.Param{Name: "CentralRegion"}, plan.Param{Name: "CentralAccount"}, "event-bus/specimen")
	return &plan.Stack{Name: "specimen-forward", Purpose: "It sends on.", Account: plan.Members, Reach: plan.Every,
		Parameters: []plan.Parameter{{Name: "CentralAccount", Type: "String", Required: true, Pattern: "[0-9]{12}", Description: "Where the watch runs."},
			{Name: "CentralRegion", Type: "String", Default: "eu-west-1", Description: "And in which region."}},
		Resources: []*plan.Resource{
			one("Role", "AWS::IAM::Role", dict{{"RoleName", plan.Concat("specimen-forward-", plan.Region)}, {"AssumeRolePolicyDocument", policy("sts:AssumeRole", nil, plan.Service("events"))},
				{"Policies", list{dict{{"PolicyName", text("put")}, {"PolicyDocument", policy("events:PutEvents", bus)}}}}}),
			one("Forward", "AWS::Events::Rule", dict{{"Name", text("specimen-forward")}, {"EventPattern", dict{{"source", list{dict{{"prefix", text("aws.")}}}}}},
				{"Targets", list{dict{{"Id", text("central")}, {"Arn", bus}, {"RoleArn", plan.Attr{ID: "Role", Name: "Arn"}}}}}}),
		}}
}
