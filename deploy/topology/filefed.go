package topology

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/deploy/plan"
)

// serviceNow: log files → function → ServiceNow.
func (b *builder) serviceNow() error {
	b.plan.Title = "Log files to a function to ServiceNow"
	if err := b.wants("servicenow"); err != nil {
		return err
	}
	b.plan.Flow = []string{
		"CloudTrail writes log files of every region into one bucket.",
		"Amazon S3 invokes the function for every new file, however it was written.",
		"The function reads the file, judges each record by the rules, and groups what it finds by rule, account, region and actor.",
		"Each alert becomes one incident in ServiceNow; repeats become work notes, and it is closed with the alert.",
	}
	b.artifactStack()
	s := b.stack("watch", plan.Central, plan.Home, "Bucket, function and trail: from a new log file to an incident.")
	if err := b.optionalTable(s); err != nil {
		return err
	}
	return b.fileFed(s)
}

// sns: log files → function → SNS, with configuration and rules in Amazon S3.
func (b *builder) sns() error {
	b.plan.Title = "Log files to a function to Amazon SNS"
	if err := b.wants("sns"); err != nil {
		return err
	}
	b.plan.Flow = []string{
		"CloudTrail writes log files of every region into one bucket.",
		"Amazon S3 invokes the function for every new file, and reports nothing else of the bucket.",
		"The function takes its rules from a bucket of their own, where they may change at any time.",
		"It judges each record, and publishes each alert to a topic with account, actor, time and place.",
		"Amazon SNS tells the subscribers by mail, SMS, HTTPS, queue or push.",
	}
	b.artifactStack()
	s := b.stack("watch", plan.Central, plan.Home, "Bucket, function, trail and topic: from a new log file to a message.")
	if err := b.optionalTable(s); err != nil {
		return err
	}
	return b.fileFed(s, s.alertsTopicResources)
}

// optionalTable makes the table where the configuration has one.
func (b *builder) optionalTable(s *stack) error {
	if b.cfg.Store.DynamoDB == nil {
		b.note("There is no store: each warm environment of the function remembers for itself, so that an alert may be told by several. Give store: {dynamodb: {table: %s}} for one memory.", b.name("alerts"))
		return nil
	}
	return s.table()
}

// fileFed adds what function, bucket and trail have in common where Amazon S3
// invokes the function itself.
func (b *builder) fileFed(s *stack, before ...func() error) error {
	if err := s.logBucket(); err != nil {
		return err
	}
	for _, f := range before {
		if err := f(); err != nil {
			return err
		}
	}
	if err := s.function(s.readLogs()...); err != nil {
		return err
	}
	s.permission("FilesInvoke", "s3", "Amazon S3 invokes the function, for this bucket of this account only.", s.bucketARN())
	if r := s.Resource("LogBucket"); r != nil {
		r.DependsOn = append(r.DependsOn, "FilesInvoke")
		set(r, "NotificationConfiguration", plan.Fields("LambdaConfigurations", plan.List{plan.Fields(
			"Event", "s3:ObjectCreated:*", "Function", plan.Attr{ID: "Function", Name: "Arn"}, "Filter", s.fileFilter())}))
	}
	if err := b.trail(s); err != nil {
		return err
	}
	s.health()
	s.asynchronous()
	s.silence(invocations())
	b.watchStep(s)
	b.wire(s, "FunctionArn", plan.Attr{ID: "Function", Name: "Arn"}, "FilesInvoke")
	b.lastSteps()
	return nil
}

// fileFilter is for log files, not for what else may lie in the bucket.
func (s *stack) fileFilter() plan.Map {
	return plan.Fields("S3Key", plan.Fields("Rules", plan.List{
		plan.Fields("Name", "prefix", "Value", s.b.prefix()+"AWSLogs/"),
		plan.Fields("Name", "suffix", "Value", ".json.gz")}))
}

// watchStep is the step that makes the main stack, before the organization's
// trail, which needs its bucket.
func (b *builder) watchStep(s *stack) {
	step := plan.Step{Title: "Make the watch", Text: "Every mail address that is subscribed gets a letter with a link that confirms it; look into the junk folder, too.", Stack: s.Name}
	for i, t := range b.plan.Steps {
		if t.Stack == b.name("trail") {
			// Before the trail, and before what is done for it.
			b.plan.Steps = append(b.plan.Steps[:i-1], append([]plan.Step{step}, b.plan.Steps[i-1:]...)...)
			return
		}
	}
	b.plan.Steps = append(b.plan.Steps, step)
}

// wire adds our notification to a bucket that is there already: the function
// merges it into those that the bucket has, for CloudFormation and Terraform, as
// the command deploy notify does for scripts. Let is the resource that lets
// Amazon S3 into the destination.
func (b *builder) wire(s *stack, property string, destination plan.Value, let string) {
	if !b.reuses("bucket") {
		return
	}
	role := s.Resource("FunctionRole")
	role.Policies(func(place string, p *plan.Policy) {
		if place == "PolicyDocument" {
			p.Statements = append(p.Statements, plan.Statement{Sid: "MergeNotification", Actions: []string{"s3:GetBucketNotification", "s3:PutBucketNotification"},
				Resources: []plan.Value{s.bucketARN()}, Conditions: []plan.Condition{plan.Equals("s3:ResourceAccount", plan.AccountID)},
				Why: "Our notification is added to those of the bucket that is there, and taken away with the stack."})
		}
	})
	s.add("FilesNotification", "Custom::BucketNotification", "Adds our notification to those that the bucket has. They stay as they are; where one overlaps, the stack says so and changes nothing.",
		"ServiceToken", plan.Attr{ID: "Function", Name: "Arn"}, "ServiceTimeout", functionTimeout,
		"Bucket", s.bucket(), "Id", s.Name, property, destination, "Prefix", b.prefix()+"AWSLogs/", "Suffix", ".json.gz", "Owner", plan.AccountID).DependsOn = []string{let}
	b.note("The bucket is used as it is. It has to let the trail in, and its key has to let the function decrypt; lint-infra and doctor look at both.")
}

// lastSteps are the same everywhere.
func (b *builder) lastSteps() {
	b.step("Look whether an alert would arrive", "A live check of every part, then one harmless call that is followed to the sink.",
		"trailwarden doctor --config trailwarden.yaml", "trailwarden doctor --config trailwarden.yaml --canary")
}

// alertsTopic is the sink whose topic stands in this account and region, so that
// the stack may make it; nil when there is none.
func (s *stack) alertsTopic() *config.SNS {
	for _, k := range s.b.sinksOf("sns") {
		a, err := arn.Parse(k.SNS.Topic)
		if err == nil && a.Region == s.b.d.Region && (s.b.d.Account == "" || a.AccountID == s.b.d.Account) {
			return k.SNS
		}
	}
	return nil
}

// alertsTopicResources makes the topic that alerts are published to.
func (s *stack) alertsTopicResources() error {
	k := s.alertsTopic()
	if k == nil {
		s.b.note("The topics of the sns sinks are in another account or region; they have to let the function's role publish.")
		return nil
	}
	a, err := arn.Parse(k.Topic)
	if err != nil {
		return err
	}
	r := s.add("Alerts", "AWS::SNS::Topic", "Carries alerts to people: mail, SMS, HTTPS, queues and push.", "TopicName", a.Resource, "DisplayName", "Trailwarden")
	if strings.HasSuffix(a.Resource, ".fifo") {
		set(r, "FifoTopic", true)
	}
	if s.Resource("LogKey") != nil {
		set(r, "KmsMasterKeyId", plan.Ref{ID: "LogKey"})
	}
	email := s.param(plan.Parameter{Name: "AlertEmail", Required: true, Pattern: `[^@\s]+@[^@\s]+`, Description: "Address that gets the alerts by mail; others may be subscribed later."})
	s.add("AlertsMail", "AWS::SNS::Subscription", "Mail to the first reader, once confirmed.", "TopicArn", plan.Ref{ID: "Alerts"}, "Protocol", "email", "Endpoint", email)
	s.output("AlertsTopicArn", plan.Ref{ID: "Alerts"}, "Subscribe further readers; it is the topic of the sns sink.")
	s.b.costs("Messages: 2 USD for 100,000 mails by Amazon SNS; SMS cost far more and differ by country.")
	return nil
}
