package topology

import "github.com/trailwarden/trailwarden/deploy/plan"

// recommended: organization trail → S3 → SNS → SQS → function with a table, and
// EventBridge as the fast path.
func (b *builder) recommended() error {
	b.plan.Title = "Recommended: queue-fed function, EventBridge as the fast path, Athena for questions"
	b.plan.Flow = []string{
		"CloudTrail writes log files of every account and region into one bucket.",
		"Amazon S3 tells a topic of every new file; further consumers may subscribe beside us.",
		"A queue keeps what the topic says until it is handled; the function takes it from there, several files at a time.",
		"Meanwhile EventBridge forwards what the rules look for from every account and region within seconds, into the same queue.",
		"The function judges each record once, whichever way it came first: the table knows what was seen.",
		"Each alert is told once, kept with its evidence, and repeated with counts.",
		"What cannot be handled waits in a dead-letter queue; alarms tell when anything of this stands still.",
	}
	if err := b.busIsOurs(); err != nil {
		return err
	}
	b.artifactStack()
	s := b.stack("watch", plan.Central, plan.Home, "Bucket, topic, queue, function and table: from a new log file to an alert that is told once.")
	if err := s.table(); err != nil {
		return err
	}
	if err := s.logBucket(); err != nil {
		return err
	}
	if err := s.workgroup(); err != nil {
		return err
	}
	if err := s.function(append(s.readLogs(), s.receive())...); err != nil {
		return err
	}
	s.files()
	s.bus("Files")
	if err := b.trail(s); err != nil {
		return err
	}
	s.health()
	s.schedule("rate(5 minutes)", "Delivers what waits, also when nothing new comes.")
	s.alarm("QueueAge", "queue-age", "Files wait long before they are judged.", metric{"AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", plan.Attr{ID: "Files", Name: "QueueName"}, "Maximum", 300, 3, 900, ">=", false})
	s.silence(metric{namespace: "AWS/SNS", name: "NumberOfMessagesPublished", dimension: "TopicName", of: s.filesTopicName()})
	b.watchStep(s)
	b.forward(true)
	if b.d.Topic == "" {
		b.wire(s, "TopicArn", plan.Ref{ID: "FilesTopic"}, "FilesTopicPolicy")
	}
	b.lastSteps()
	return nil
}

// receive lets Lambda take messages from the queue on the function's behalf.
func (s *stack) receive() plan.Statement {
	return plan.Statement{Sid: "TakeFromQueue", Actions: []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"},
		Resources: []plan.Value{plan.Attr{ID: "Files", Name: "Arn"}}, Why: "Lambda takes messages from this queue and deletes those that are done."}
}

// filesTopic is the topic that is told of new files: ours, or the one there is.
func (s *stack) filesTopic() plan.Value {
	if s.b.d.Topic != "" {
		return s.own("FilesTopicArn", s.b.d.Topic, topicForm, "Topic that is told of new log files.")
	}
	return plan.Ref{ID: "FilesTopic"}
}

func (s *stack) filesTopicName() plan.Value {
	if s.b.d.Topic != "" {
		name := s.b.d.Topic[lastColon(s.b.d.Topic)+1:]
		return s.own("FilesTopicName", name, `[A-Za-z0-9_-]{1,256}`, "Name of that topic.")
	}
	return plan.Attr{ID: "FilesTopic", Name: "TopicName"}
}

func lastColon(s string) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == ':' {
			return i
		}
	}
	return -1
}

// files makes the way from a new file to the function.
func (s *stack) files() {
	if s.b.d.Topic == "" {
		s.add("FilesTopic", "AWS::SNS::Topic", "Is told of every new log file, for us and for others.", "TopicName", s.b.name("files"))
		s.add("FilesTopicPolicy", "AWS::SNS::TopicPolicy", "Only the log bucket publishes.", "Topics", plan.List{plan.Ref{ID: "FilesTopic"}},
			"PolicyDocument", &plan.Policy{Statements: []plan.Statement{{Sid: "BucketPublishes", Principals: []plan.Principal{plan.Service("s3")}, Actions: []string{"sns:Publish"},
				Resources:  []plan.Value{plan.Ref{ID: "FilesTopic"}},
				Conditions: []plan.Condition{plan.Equals("aws:SourceAccount", plan.AccountID), plan.ArnLike("aws:SourceArn", s.bucketARN())},
				Why:        "Amazon S3 publishes for this bucket; its ARN names no account, so that is said as well."}}})
		s.output("FilesTopicArn", plan.Ref{ID: "FilesTopic"}, "Where the bucket sends its notifications.")
		if r := s.Resource("LogBucket"); r != nil {
			r.DependsOn = append(r.DependsOn, "FilesTopicPolicy")
			set(r, "NotificationConfiguration", plan.Fields("TopicConfigurations", plan.List{plan.Fields(
				"Event", "s3:ObjectCreated:*", "Topic", plan.Ref{ID: "FilesTopic"}, "Filter", s.fileFilter())}))
		}
	}
	q := s.queue("Files", s.b.name("files"), "Keeps what is to be judged until it is, for up to 14 days.", 1209600, visibility)
	set(q, "ReceiveMessageWaitTimeSeconds", 20, "RedrivePolicy", plan.Fields("deadLetterTargetArn", plan.Attr{ID: "DeadLetters", Name: "Arn"}, "maxReceiveCount", 10))
	s.add("FilesSubscription", "AWS::SNS::Subscription", "The topic's messages go into the queue as they are.",
		"TopicArn", s.filesTopic(), "Protocol", "sqs", "Endpoint", plan.Attr{ID: "Files", Name: "Arn"}, "RawMessageDelivery", true).DependsOn = []string{"FilesPolicy"}
	s.add("FilesPolicy", "AWS::SQS::QueuePolicy", "Only our topic and our bus send to the queue.", "Queues", plan.List{plan.Ref{ID: "Files"}},
		"PolicyDocument", &plan.Policy{Statements: []plan.Statement{{Sid: "TopicSends", Principals: []plan.Principal{plan.Service("sns")}, Actions: []string{"sqs:SendMessage"},
			Resources: []plan.Value{plan.Attr{ID: "Files", Name: "Arn"}}, Conditions: []plan.Condition{plan.Equals("aws:SourceArn", s.filesTopic())}, Why: "The topic of new files sends, and no other."}}})
	s.add("FilesToFunction", "AWS::Lambda::EventSourceMapping", "The function takes messages in batches, and gives back exactly those that are to come again.",
		"EventSourceArn", plan.Attr{ID: "Files", Name: "Arn"}, "FunctionName", plan.Ref{ID: "Function"}, "BatchSize", 10, "MaximumBatchingWindowInSeconds", 0,
		"FunctionResponseTypes", plan.Texts("ReportBatchItemFailures"), "ScalingConfig", plan.Fields("MaximumConcurrency", s.b.concurrency()))
	s.b.costs("Topic and queue: each million messages 0.50 and 0.40 USD.")
}

// concurrency is how many copies of the function judge at once. Those that
// remember take turns with every commit, so that many only wait for each other.
func (b *builder) concurrency() int {
	if b.remembers() {
		return 2
	}
	return 10
}
