package awscli

import (
	"strings"

	"github.com/trailwarden/trailwarden/deploy/plan"
)

// writers are the types that can be written, by their CloudFormation names.
func writers() map[string]func(*script) {
	return map[string]func(*script){
		"AWS::S3::Bucket": (*script).bucket, "AWS::S3::BucketPolicy": (*script).bucketPolicy, "Custom::BucketNotification": (*script).notification,
		"AWS::KMS::Key": (*script).key, "AWS::KMS::Alias": (*script).alias, "AWS::DynamoDB::Table": (*script).table,
		"AWS::SNS::Topic": (*script).topic, "AWS::SNS::TopicPolicy": (*script).topicPolicy, "AWS::SNS::Subscription": (*script).subscription,
		"AWS::SQS::Queue": (*script).queue, "AWS::SQS::QueuePolicy": (*script).queuePolicy, "AWS::SES::EmailIdentity": (*script).identity,
		"AWS::IAM::Role": (*script).role, "AWS::Lambda::Function": (*script).function, "AWS::Lambda::Permission": (*script).permission,
		"AWS::Lambda::EventSourceMapping": (*script).source, "AWS::Lambda::EventInvokeConfig": (*script).retries,
		"AWS::Events::EventBus": (*script).bus, "AWS::Events::EventBusPolicy": (*script).busPolicy, "AWS::Events::Rule": (*script).rule,
		"AWS::Logs::LogGroup": (*script).logGroup, "AWS::Logs::MetricFilter": (*script).metricFilter, "AWS::Logs::SubscriptionFilter": (*script).follow,
		"AWS::CloudWatch::Alarm": (*script).alarm, "AWS::CloudTrail::Trail": (*script).trail,
		"AWS::Glue::Database": (*script).database, "AWS::Glue::Table": (*script).glueTable,
		"AWS::Athena::WorkGroup": (*script).workgroup, "AWS::Athena::NamedQuery": (*script).namedQuery,
	}
}

func (g *script) bucket() {
	name := g.word("BucketName")
	g.do("ensure_bucket", name)
	g.undo("remove_bucket", name)
	set := func(command, option string, v plan.Value) {
		if v != nil {
			g.do("aws s3api", command, "--bucket", name, option, document(g.json(v)))
		}
	}
	set("put-bucket-versioning", "--versioning-configuration", g.get("VersioningConfiguration"))
	set("put-bucket-encryption", "--server-side-encryption-configuration", renamed(g.get("BucketEncryption"), map[string]string{
		"ServerSideEncryptionConfiguration": "Rules", "ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"}))
	set("put-public-access-block", "--public-access-block-configuration", g.get("PublicAccessBlockConfiguration"))
	set("put-bucket-ownership-controls", "--ownership-controls", g.get("OwnershipControls"))
	if rules := g.lifecycle(); rules != nil {
		set("put-bucket-lifecycle-configuration", "--lifecycle-configuration", rules)
	}
	if tags := g.get("Tags"); tags != nil {
		set("put-bucket-tagging", "--tagging", plan.Map{{Key: "TagSet", Value: tags}})
	}
	g.bucketNotifications(name)
}

// lifecycle has an object in the API where CloudFormation has a plain property.
func (g *script) lifecycle() plan.Value {
	all, _ := g.get("LifecycleConfiguration").(plan.Map)
	if all == nil {
		return nil
	}
	var rules plan.List
	for _, r := range maps(all.Get("Rules")) {
		filter, out := plan.Map{}, plan.Map{}
		for _, e := range r {
			switch e.Key {
			case "Id":
				e.Key = "ID"
			case "Prefix":
				filter = plan.Map{e}
				continue
			case "ExpirationInDays":
				e = plan.Entry{Key: "Expiration", Value: plan.Map{{Key: "Days", Value: e.Value}}}
			}
			out = append(out, plan.Entry{Key: e.Key, Value: renamed(e.Value, map[string]string{"TransitionInDays": "Days"})})
		}
		rules = append(rules, append(out, plan.Entry{Key: "Filter", Value: filter}))
	}
	return plan.Map{{Key: "Rules", Value: rules}}
}

// bucketNotifications are merged in one by one, as they are into a bucket of
// others.
func (g *script) bucketNotifications(name string) {
	all, _ := g.get("NotificationConfiguration").(plan.Map)
	for _, kind := range []struct{ list, to, option string }{
		{"TopicConfigurations", "Topic", "--topic"}, {"QueueConfigurations", "Queue", "--queue"}, {"LambdaConfigurations", "Function", "--function"},
	} {
		for _, m := range maps(all.Get(kind.list)) {
			words := []string{"notify", name, quoted(g.stack.Name), kind.option, quoted(g.text(m.Get(kind.to))), "--event", quoted(g.text(m.Get("Event")))}
			filter, _ := m.Get("Filter").(plan.Map)
			key, _ := filter.Get("S3Key").(plan.Map)
			for _, rule := range maps(key.Get("Rules")) {
				words = append(words, "--"+strings.ToLower(g.text(rule.Get("Name"))), quoted(g.text(rule.Get("Value"))))
			}
			g.do(words...)
			g.undo("unnotify", name, quoted(g.stack.Name))
		}
	}
	if all.Get("EventBridgeConfiguration") != nil {
		g.do("notify", name, quoted(g.stack.Name), "--eventbridge")
	}
}

// notification is that of a bucket that exists already.
func (g *script) notification() {
	g.nothing("ServiceToken", "ServiceTimeout")
	bucket, id := g.word("Bucket"), g.word("Id")
	words := []string{"notify", bucket, id}
	for _, o := range []struct{ property, option string }{
		{"TopicArn", "--topic"}, {"QueueArn", "--queue"}, {"FunctionArn", "--function"}, {"Prefix", "--prefix"}, {"Suffix", "--suffix"}, {"Owner", "--owner"}} {
		if v := g.get(o.property); v != nil {
			words = append(words, o.option, quoted(g.text(v)))
		}
	}
	if l, ok := g.get("Events").(plan.List); ok {
		for _, e := range l {
			words = append(words, "--event", quoted(g.text(e)))
		}
	}
	if g.get("EventBridge") != nil {
		words = append(words, "--eventbridge")
	}
	g.do(words...)
	g.undo("unnotify", bucket, id)
}

func (g *script) bucketPolicy() {
	bucket := g.word("Bucket")
	g.do("retry aws s3api put-bucket-policy --bucket", bucket, "--policy", document(g.json(g.get("PolicyDocument"))))
	g.undo("gone aws s3api delete-bucket-policy --bucket", bucket)
}

// key makes a key with its alias, by which it is found again.
func (g *script) key() {
	alias := ""
	for _, r := range g.stack.Resources {
		if r.Type == "AWS::KMS::Alias" && r.Properties.Get("TargetKeyId") == plan.Value(plan.Ref{ID: g.at.ID}) {
			alias = quoted(g.text(r.Properties.Get("AliasName")))
		}
	}
	if alias == "" {
		g.fail("a key needs an alias to be found again")
		return
	}
	name := keyVariable(g.at)
	g.do("ensure_key", alias, g.word("Description"), document(g.json(g.get("KeyPolicy"))))
	g.do(name + "=$(key_id " + alias + ")")
	if g.get("EnableKeyRotation") == plan.Value(plan.Bool(true)) {
		g.do(`aws kms enable-key-rotation --key-id "$` + name + `"`)
	}
	g.nothing("PendingWindowInDays")
	g.undo("remove_key", alias)
}

// alias is made with its key.
func (g *script) alias() { g.nothing("AliasName", "TargetKeyId") }

func (g *script) table() {
	name := g.word("TableName")
	definition := g.same("TableName", "BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "DeletionProtectionEnabled", "Tags")
	if sse, _ := g.get("SSESpecification").(plan.Map); sse.Get("SSEEnabled") == plan.Value(plan.Bool(true)) {
		definition = append(definition, plan.Entry{Key: "SSESpecification", Value: renamed(sse, map[string]string{"SSEEnabled": "Enabled"})})
	}
	g.do("ensure_table", name, document(g.json(definition)))
	if ttl, ok := g.get("TimeToLiveSpecification").(plan.Map); ok {
		g.do("ensure_ttl", name, quoted(g.text(ttl.Get("AttributeName"))))
	}
	if v := g.get("PointInTimeRecoverySpecification"); v != nil {
		g.do("aws dynamodb update-continuous-backups --table-name", name, "--point-in-time-recovery-specification", document(g.json(v)), ">/dev/null")
	}
	g.undo("gone aws dynamodb delete-table --table-name", name)
}
