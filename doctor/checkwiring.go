package doctor

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/trailwarden/trailwarden/internal/iampolicy"
	"github.com/trailwarden/trailwarden/severity"
)

func wiringChecks() []Check {
	follow := []string{"cloudtrail:DescribeTrails", "s3:ListBucket", "s3:GetBucketNotification", "sns:ListSubscriptionsByTopic", "lambda:ListEventSourceMappings", "logs:DescribeSubscriptionFilters", "events:ListRules", "events:ListTargetsByRule"}
	with := func(more ...string) []string { return append(more, follow...) }
	return []Check{
		{ID: "wiring", Title: "Something is told of new files or events", Asks: "From every trail the notifications are followed, over topics, queues, log groups and rules: does one lead to a function, or to a source of the configuration?",
			Severity: severity.Critical, Actions: follow, Run: checkWiring},
		{ID: "bucket-notification", Title: "The notification is about log files", Asks: "Is it for objects that were created, and do its prefix and suffix let the trail's keys through?",
			Severity: severity.Critical, Actions: follow, Run: checkNotification},
		{ID: "topic-policy", Title: "Topics take what is published, from there only", Asks: "May the bucket or CloudTrail publish, and may nobody else's?",
			Severity: severity.High, Actions: with("sns:GetTopicAttributes"), Run: checkTopicPolicy},
		{ID: "subscription", Title: "Subscriptions are confirmed", Asks: "Does every topic on the way, and of every sink, have a subscription that is confirmed?",
			Severity: severity.Critical, Actions: with("sns:GetSubscriptionAttributes"), Run: checkSubscriptions},
		{ID: "queue-policy", Title: "Queues take what is sent, from there only", Asks: "May the topic, bucket or rule send, and may nobody else's?",
			Severity: severity.High, Actions: with("sqs:GetQueueUrl", "sqs:GetQueueAttributes"), Run: checkQueuePolicy},
		{ID: "queue-state", Title: "Queues are worked off", Asks: "Do messages wait, is there a dead-letter queue, and do its times fit those of the function?",
			Severity: severity.High, Actions: with("sqs:GetQueueUrl", "sqs:GetQueueAttributes", "lambda:GetFunctionConfiguration"), Run: checkQueueState},
		{ID: "dead-letters", Title: "No dead letters", Asks: "Does something lie in a dead-letter queue? It was never judged.",
			Severity: severity.Critical, Actions: with("sqs:GetQueueUrl", "sqs:GetQueueAttributes"), Run: checkDeadLetters},
		{ID: "queue-mapping", Title: "The queue feeds the function", Asks: "Is the mapping enabled, and does it report the messages that failed? Without that, what the function gives back is lost.",
			Severity: severity.Critical, Actions: follow, Run: checkMappings},
		{ID: "function-permission", Title: "The function may be called, from there only", Asks: "Does the function's own policy let the bucket, topic, rule or log group call it, and nobody else's?",
			Severity: severity.Critical, Actions: with("lambda:GetPolicy"), Run: checkPermissions},
	}
}

func checkWiring(ctx context.Context, e *Env) []Result {
	w := e.web(ctx)
	var ways []string
	for _, x := range w.edges {
		if kind(x.to) == "lambda" || strings.HasPrefix(x.to, "sources.") {
			ways = append(ways, short(x.from)+" → "+short(x.to))
		}
	}
	for _, s := range e.Config.Sources {
		if s.Enabled && s.SQS == nil {
			ways = append(ways, "sources."+s.Name)
		}
	}
	filters, _ := e.filters(ctx)
	for _, f := range filters {
		ways = append(ways, "metric filter "+aws.ToString(f.FilterName))
	}
	for _, q := range e.Config.Queries {
		if q.Enabled {
			ways = append(ways, "queries."+q.Name)
		}
	}
	slices.Sort(ways)
	out := slices.Concat(w.gaps, e.needed(ctx, w))
	switch {
	case len(ways) > 0:
		return append(out, ok("", "ways to a judgement: "+strings.Join(slices.Compact(ways), "; ")))
	case len(w.gaps) > 0:
		return out
	}
	return append(out, broken("", "files arrive and nothing is told of them: no notification, rule or subscription leads to a function or a source",
		"Add a notification: trailwarden deploy render prints one for your topology, deploy notify merges it into what the bucket has."))
}

// short is the name at the end of an ARN, with its service.
func short(arn string) string {
	if k := kind(arn); k != "" {
		rest := partOf(arn, 5)
		return k + " " + rest[strings.LastIndexAny(rest, ":/")+1:]
	}
	return arn
}

func checkNotification(ctx context.Context, e *Env) []Result {
	w := e.web(ctx)
	places, _ := e.places(ctx)
	return orNone(each(places, func(p place) []Result { return notified(w, p) }), "no bucket is known")
}

// notified looks at one bucket's notifications: does one let a log file's key
// through?
func notified(w *web, p place) (out []Result) {
	key := p.root() + "111122223333/CloudTrail/eu-west-1/2026/01/02/111122223333_CloudTrail_eu-west-1_20260102T0304Z_abcdefghijklmnop.json.gz"
	fix := "Ask for s3:ObjectCreated:* with the prefix " + p.root() + " (an organization's folder may follow) and no suffix, or .json.gz."
	any := false
	for _, x := range w.edges {
		if x.from != p.arn() || x.service != "s3.amazonaws.com" {
			continue
		}
		any = true
		switch {
		case !slices.ContainsFunc(x.events, func(ev string) bool { return strings.HasPrefix(ev, "s3:ObjectCreated:") }):
			out = append(out, broken(x.to, "the notification is about "+strings.Join(x.events, ", ")+", not about objects that are created", fix))
		case !throughPrefix(x.prefix, p.root()) || !strings.HasSuffix(key, x.suffix):
			out = append(out, broken(x.to, fmt.Sprintf("the notification asks for prefix %q and suffix %q, and log files are named %s…", x.prefix, x.suffix, p.root()), fix))
		case !slices.Contains(x.events, "s3:ObjectCreated:*") && !slices.Contains(x.events, "s3:ObjectCreated:Put"):
			out = append(out, warn(x.to, "the notification leaves out objects that are put in one piece", fix))
		default:
			out = append(out, ok(x.to, p.name()+" tells of new files"))
		}
	}
	if !any {
		return none(p.name() + " has no notification of its own")
	}
	return out
}

// throughPrefix tells whether a notification's prefix can fit keys below root:
// it may reach into the folders of one organization, account or region.
func throughPrefix(prefix, root string) bool {
	if len(prefix) <= len(root) {
		return strings.HasPrefix(root, prefix)
	}
	return strings.HasPrefix(prefix, root)
}

// handover is the request by which a service hands over.
func handover(x edge, action, source, account string) iampolicy.Request {
	return iampolicy.Request{Principal: x.service, Action: action, Resource: x.called, Context: map[string]string{
		"aws:SourceArn": source, "aws:SourceAccount": account, "aws:SecureTransport": "true",
		"aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": x.service,
	}}
}

// mayHandOver judges every step into one thing by that thing's policy.
func mayHandOver(w *web, to, action, fix string, d *iampolicy.Document) (out []Result) {
	for _, x := range w.edges {
		if x.called != to || x.service == "" || x.service == "sqs.amazonaws.com" {
			continue
		}
		got := d.Decide(handover(x, action, x.from, x.account))
		if got.Effect == iampolicy.Unsure {
			out = append(out, undecided(to, fmt.Sprintf("whether %s may hand over from %s", x.service, x.from), got))
			continue
		}
		if !got.Allowed() {
			out = append(out, broken(to, fmt.Sprintf("%s may not hand over from %s: %s", x.service, x.from, got), fmt.Sprintf(fix, x.service, x.from)))
			continue
		}
		if got := d.Decide(handover(x, action, foreign(x.from), stranger)); got.Allowed() {
			out = append(out, warn(to, fmt.Sprintf("%s may hand over for anybody: %s whoever's %s it is", x.service, got, short(x.from)), "Add the conditions aws:SourceArn "+x.from+" and aws:SourceAccount "+x.account+"."))
		}
	}
	return out
}

// foreign is a like ARN of another account.
func foreign(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return arn
	}
	if parts[4] != "" {
		parts[4] = stranger
	} else {
		parts[5] = "of-a-stranger" // a bucket, whose ARN names no account
	}
	return strings.Join(parts, ":")
}

func checkTopicPolicy(ctx context.Context, e *Env) []Result {
	w := e.web(ctx)
	return orNone(each(w.ends("sns"), func(topic string) []Result {
		d, err := e.topicPolicy(ctx, topic)
		if missing(err) {
			return []Result{broken(topic, "there is no such topic", "Make it, or change the notification that names it.")}
		}
		if err != nil {
			return []Result{unknown(topic, err)}
		}
		return or(mayHandOver(w, topic, "sns:Publish", "Let %s call sns:Publish under the condition aws:SourceArn %s.", d), topic, "takes what is published")
	}), "no topic is on the way")
}

// topicPolicy is the topic's policy.
func (e *Env) topicPolicy(ctx context.Context, topic string) (*iampolicy.Document, error) {
	return asked(e, "policy of "+topic, func() (*iampolicy.Document, error) {
		out, err := sns.NewFromConfig(e.in(regionOf(topic))).GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &topic})
		if err != nil {
			return nil, err
		}
		return iampolicy.Parse([]byte(out.Attributes["Policy"]))
	})
}

func checkQueuePolicy(ctx context.Context, e *Env) []Result {
	w := e.web(ctx)
	return orNone(each(w.ends("sqs"), func(arn string) []Result {
		q, err := e.queue(ctx, arn)
		if missing(err) {
			return []Result{broken(arn, "there is no such queue", "Make it, or change the subscription or notification that names it.")}
		}
		if err != nil {
			return []Result{unknown(arn, err)}
		}
		var d *iampolicy.Document
		if text := q["Policy"]; text != "" {
			if d, err = iampolicy.Parse([]byte(text)); err != nil {
				return []Result{broken(arn, err.Error(), "Set a policy that is valid.")}
			}
		}
		return or(mayHandOver(w, arn, "sqs:SendMessage", "Let %s call sqs:SendMessage under the condition aws:SourceArn %s.", d), arn, "takes what is sent")
	}), "no queue is on the way")
}

func checkPermissions(ctx context.Context, e *Env) []Result {
	w := e.web(ctx)
	var called []string
	for _, x := range w.edges {
		if kind(x.to) == "lambda" && x.service != "sqs.amazonaws.com" { // a queue does not call: the function's poller asks
			called = append(called, x.called)
		}
	}
	slices.Sort(called)
	return orNone(each(slices.Compact(called), func(arn string) []Result {
		d, err := e.functionPolicy(ctx, arn)
		if err != nil {
			return []Result{unknown(arn, err)}
		}
		return or(mayHandOver(w, arn, "lambda:InvokeFunction", "aws lambda add-permission --action lambda:InvokeFunction --principal %s --source-arn %s, with --source-account for a bucket.", d), arn, "may be called")
	}), "no function is called directly")
}

// functionPolicy is the own policy of a function, or of a version or alias of it;
// nil when it has none.
func (e *Env) functionPolicy(ctx context.Context, arn string) (*iampolicy.Document, error) {
	return asked(e, "policy of "+arn, func() (*iampolicy.Document, error) {
		out, err := lambda.NewFromConfig(e.in(regionOf(arn))).GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: &arn})
		if missing(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		return iampolicy.Parse([]byte(aws.ToString(out.Policy)))
	})
}

func checkSubscriptions(ctx context.Context, e *Env) []Result {
	topics := e.web(ctx).ends("sns")
	for _, s := range e.Config.Sinks {
		if s.SNS != nil && s.Enabled && s.SNS.Topic != "" {
			topics = append(topics, s.SNS.Topic)
		}
	}
	slices.Sort(topics)
	return orNone(each(slices.Compact(topics), func(topic string) []Result { return e.subscribed(ctx, topic) }), "no topic is on the way, and no sink is one")
}

func (e *Env) subscribed(ctx context.Context, topic string) (out []Result) {
	subs, err := e.subscriptions(ctx, topic)
	switch {
	case missing(err):
		return []Result{broken(topic, "there is no such topic", "Make it, or name another in sinks.")}
	case err != nil:
		return []Result{unknown(topic, err)}
	case len(subs) == 0:
		return []Result{broken(topic, "nobody has subscribed: what is published goes nowhere", "aws sns subscribe --topic-arn "+topic+" --protocol email --notification-endpoint ADDRESS, and confirm it.")}
	}
	for _, s := range subs {
		id, to, mail := aws.ToString(s.SubscriptionArn), aws.ToString(s.Endpoint), strings.HasPrefix(aws.ToString(s.Protocol), "email")
		name := topic + " → " + cmp.Or(to, id)
		pending, filter, err := e.subscriptionState(ctx, id)
		switch {
		case err != nil:
			out = append(out, unknown(name, err))
		case pending && mail:
			out = append(out, broken(name, "the subscription is not confirmed", "Open the link in the mail from no-reply@sns.amazonaws.com; look for it in the junk folder too. After 48 hours subscribe again."))
		case pending:
			out = append(out, broken(name, "the subscription is not confirmed", "The endpoint must answer the confirmation; trailwarden serve does for topics under sns_topics."))
		case filter != "":
			out = append(out, warn(name, "the subscription lets only some messages through: "+filter, "Take the filter policy off, or see that it fits what is published."))
		case mail:
			out = append(out, ok(name, "confirmed; if nothing arrives, look in the junk folder and let no-reply@sns.amazonaws.com through"))
		default:
			out = append(out, ok(name, "confirmed"))
		}
	}
	return out
}

func (e *Env) subscriptionState(ctx context.Context, id string) (pending bool, filter string, err error) {
	if kind(id) == "" { // PendingConfirmation, Deleted
		return true, "", nil
	}
	out, err := sns.NewFromConfig(e.in(regionOf(id))).GetSubscriptionAttributes(ctx, &sns.GetSubscriptionAttributesInput{SubscriptionArn: &id})
	if err != nil {
		return false, "", err
	}
	return out.Attributes["PendingConfirmation"] == "true", out.Attributes["FilterPolicy"], nil
}
