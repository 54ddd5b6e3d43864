package topology

import (
	"github.com/trailwarden/trailwarden/deploy/plan"
)

// What the function gets, seconds.
const (
	functionTimeout = 300
	// visibility of a queue that a function reads: six times the function's
	// timeout (Lambda Developer Guide, Using Lambda with Amazon SQS).
	visibility = 6 * functionTimeout
)

// function makes the function with its role, its log and what becomes of
// invocations that fail. Reads are the statements for where its input comes from.
func (s *stack) function(reads ...plan.Statement) error {
	role, err := s.role(reads)
	if err != nil {
		return err
	}
	log := s.add("FunctionLog", "AWS::Logs::LogGroup", "The function's own log, which otherwise would be kept for ever.",
		"LogGroupName", "/aws/lambda/"+s.b.name("watch"), "RetentionInDays", s.b.d.Retention)
	s.Resources = append(s.Resources, role)
	s.deadLetters()
	f := s.add("Function", "AWS::Lambda::Function", "Judges records by the rules and tells the sinks.",
		"FunctionName", s.b.name("watch"),
		"Description", "Trailwarden: "+s.b.plan.Title,
		"Role", plan.Attr{ID: "FunctionRole", Name: "Arn"},
		"Architectures", plan.Texts(s.b.d.Architecture),
		"MemorySize", s.b.d.Memory,
		"Timeout", functionTimeout,
		"LoggingConfig", plan.Fields("LogFormat", "JSON", "LogGroup", plan.Ref{ID: log.ID}),
		"Environment", plan.Fields("Variables", s.environment()))
	s.code(f)
	if s.b.alone() {
		set(f, "ReservedConcurrentExecutions", 1)
		s.b.note("Some rules remember, so the function has a reserved concurrency of 1: copies would wait for each other with every commit. An account keeps 100 executions unreserved; where its quota is 100, ask for more first.")
	}
	s.add("FunctionRetries", "AWS::Lambda::EventInvokeConfig", "An invocation that fails is tried again twice, and then kept with its event.",
		"FunctionName", plan.Ref{ID: "Function"}, "Qualifier", "$LATEST", "MaximumRetryAttempts", 2, "MaximumEventAgeInSeconds", 21600,
		"DestinationConfig", plan.Fields("OnFailure", plan.Fields("Destination", plan.Attr{ID: "DeadLetters", Name: "Arn"})))
	s.b.costs("The function: 0.0000133 USD for a GB and second (arm64); a file of 1,000 records takes well under one second.")
	s.output("FunctionArn", plan.Attr{ID: "Function", Name: "Arn"}, "The function.")
	return nil
}

// alone tells whether one copy of the function runs at a time.
func (b *builder) alone() bool { return b.remembers() && b.cfg.Store.DynamoDB != nil }

// environment is what the function is told; no secret is in it.
func (s *stack) environment() plan.Map {
	m := plan.Fields("TRAILWARDEN_CONFIG", plan.Concat("s3://", s.artifacts(), "/"+configPrefix+"trailwarden.yaml"), "TRAILWARDEN_REFRESH", "1m")
	if t := s.b.cfg.Store.DynamoDB; t != nil {
		m = append(m, plan.Fields("TRAILWARDEN_TABLE", t.Table)...)
	}
	return m
}

// code is the zip file, or the image.
func (s *stack) code(f *plan.Resource) {
	if s.b.d.Image != "" {
		set(f, "PackageType", "Image", "Code", plan.Fields("ImageUri", s.own("ImageUri", s.b.d.Image, `.+`, "Container image in Amazon ECR.")))
		return
	}
	key := s.param(plan.Parameter{Name: "CodeKey", Default: "function.zip", Description: "Key of the function's zip file in the bucket of code; another key makes the stack take new code."})
	set(f, "PackageType", "Zip", "Runtime", "provided.al2023", "Handler", "bootstrap",
		"Code", plan.Fields("S3Bucket", s.artifacts(), "S3Key", key))
}

// deadLetters is where goes what could not be handled.
func (s *stack) deadLetters() {
	s.queue("DeadLetters", s.b.name("dead-letters"), "Events that could not be handled, for 14 days: look at them, and put them back.", 1209600, 60)
	s.output("DeadLetterQueue", plan.Ref{ID: "DeadLetters"}, "Events that could not be handled.")
}

func (s *stack) queue(id, name, why string, retention, seconds int) *plan.Resource {
	return s.add(id, "AWS::SQS::Queue", why, "QueueName", name, "SqsManagedSseEnabled", true,
		"MessageRetentionPeriod", retention, "VisibilityTimeout", seconds)
}

// role is the function's role: what it reads, and what its configuration makes it
// do.
func (s *stack) role(reads []plan.Statement) (*plan.Resource, error) {
	statements := append([]plan.Statement{{
		Sid: "WriteOwnLog", Actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"}, Resources: []plan.Value{plan.Attr{ID: "FunctionLog", Name: "Arn"}},
		Why: "The function's own log, and no other."}}, reads...)
	statements = append(statements, plan.Statement{
		Sid: "KeepWhatFailed", Actions: []string{"sqs:SendMessage"}, Resources: []plan.Value{plan.Attr{ID: "DeadLetters", Name: "Arn"}},
		Why: "Events of invocations that failed for good go to the dead letters."})
	statements = append(statements, s.configuration()...)
	more, err := s.permissions()
	if err != nil {
		return nil, err
	}
	r := &plan.Resource{ID: "FunctionRole", Type: "AWS::IAM::Role", Why: "What the function may do: what the configuration makes it do, and nothing else.",
		Properties: plan.Fields(
			"RoleName", plan.Concat(s.b.name("watch-"), plan.Region),
			"AssumeRolePolicyDocument", trust("lambda", "Lambda runs the function as this role, for functions of this account only."),
			"Policies", plan.List{plan.Fields("PolicyName", "watch", "PolicyDocument", &plan.Policy{Statements: append(statements, more...)})})}
	return r, nil
}

// trust lets a service of the same account become a role.
func trust(service, why string, more ...plan.Condition) *plan.Policy {
	return &plan.Policy{Statements: []plan.Statement{{Sid: "Assume", Principals: []plan.Principal{plan.Service(service)}, Actions: []string{"sts:AssumeRole"},
		Conditions: append([]plan.Condition{plan.Equals("aws:SourceAccount", plan.AccountID)}, more...), Why: why}}}
}

// configuration lets the function read its configuration and rules.
func (s *stack) configuration() []plan.Statement {
	return []plan.Statement{
		{Sid: "ReadConfiguration", Actions: []string{"s3:GetObject"}, Resources: []plan.Value{plan.Concat(s.artifactsARN(), "/"+configPrefix+"*")},
			Why: "The configuration and its rules, which are looked at every minute."},
		{Sid: "ListRules", Actions: []string{"s3:ListBucket"}, Resources: []plan.Value{s.artifactsARN()},
			Conditions: []plan.Condition{{Operator: "StringLike", Key: "s3:prefix", Values: []plan.Value{plan.Text(configPrefix + "*")}}},
			Why:        "Which rule files there are beside the configuration."},
	}
}

// readLogs lets the function read log files of the bucket.
func (s *stack) readLogs() []plan.Statement {
	out := []plan.Statement{{Sid: "ReadLogFiles", Actions: []string{"s3:GetObject", "s3:GetObjectVersion"},
		Resources: []plan.Value{plan.Concat(s.bucketARN(), "/"+s.b.prefix()+"AWSLogs/*")},
		Why:       "Log files of this bucket; where events name the version of an object, that version."}}
	return append(out, s.decryptLogs()...)
}

// decryptLogs lets the function use the key through Amazon S3.
func (s *stack) decryptLogs() []plan.Statement {
	var key plan.Value
	switch {
	case s.b.d.Key != "":
		key = s.keyAlias()
	case s.b.d.Encryption == "kms" && !s.b.reuses("bucket"):
		key = plan.Attr{ID: "LogKey", Name: "Arn"}
	default:
		return nil
	}
	return []plan.Statement{{Sid: "DecryptLogFiles", Actions: []string{"kms:Decrypt"}, Resources: []plan.Value{key},
		Conditions: []plan.Condition{plan.Equals("kms:ViaService", plan.Concat("s3.", plan.Region, ".amazonaws.com"))},
		Why:        "Log files are encrypted with this key; it is used through Amazon S3 only."}}
}

// permission lets a service invoke the function on behalf of one thing.
func (s *stack) permission(id, service, why string, source plan.Value) *plan.Resource {
	return s.add(id, "AWS::Lambda::Permission", why,
		"FunctionName", plan.Ref{ID: "Function"}, "Action", "lambda:InvokeFunction", "Principal", service+".amazonaws.com",
		"SourceArn", source, "SourceAccount", plan.AccountID)
}

// schedule invokes the function by the clock.
func (s *stack) schedule(rate, why string) {
	s.add("Schedule", "AWS::Events::Rule", why,
		"Name", s.b.name("schedule"), "Description", why, "ScheduleExpression", rate, "State", "ENABLED",
		"Targets", plan.List{plan.Fields("Id", "function", "Arn", plan.Attr{ID: "Function", Name: "Arn"},
			"RetryPolicy", plan.Fields("MaximumRetryAttempts", 2, "MaximumEventAgeInSeconds", 300))})
	s.permission("ScheduleInvokes", "events", "The schedule invokes the function, and no other rule.", plan.Attr{ID: "Schedule", Name: "Arn"})
}
