package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/trailwarden/trailwarden/internal/iampolicy"
)

// queue are a queue's attributes.
func (e *Env) queue(ctx context.Context, arn string) (map[string]string, error) {
	return asked(e, "queue "+arn, func() (map[string]string, error) {
		client := sqs.NewFromConfig(e.in(regionOf(arn)))
		in := &sqs.GetQueueUrlInput{QueueName: aws.String(partOf(arn, 5)), QueueOwnerAWSAccountId: aws.String(iampolicy.AccountOf(arn))}
		url, err := client.GetQueueUrl(ctx, in)
		if err != nil {
			return nil, err
		}
		return e.attributes(ctx, client, aws.ToString(url.QueueUrl))
	})
}

func (e *Env) attributes(ctx context.Context, client *sqs.Client, url string) (map[string]string, error) {
	out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameAll}})
	if err != nil {
		return nil, err
	}
	return out.Attributes, nil
}

// queueARN is the ARN of a queue of the configuration, which has its URL.
func (e *Env) queueARN(ctx context.Context, url, region string) (string, error) {
	return asked(e, "queue at "+url, func() (string, error) {
		got, err := e.attributes(ctx, sqs.NewFromConfig(e.in(region)), url)
		return got["QueueArn"], err
	})
}

// queues are those on the way and those of the configuration, dead-letter queues
// left out.
func (e *Env) queues(ctx context.Context) (arns []string, out []Result) {
	w := e.web(ctx)
	arns = w.ends("sqs")
	for _, s := range e.Config.Sources {
		if s.SQS == nil || !s.Enabled {
			continue
		}
		arn, err := e.queueARN(ctx, s.SQS.Queue, s.SQS.AWSRegion())
		switch {
		case missing(err):
			out = append(out, broken(s.SQS.Queue, "the queue of sources."+s.Name+" does not exist", "Make it, or name another."))
		case err != nil:
			out = append(out, unknown(s.SQS.Queue, err))
		default:
			arns = append(arns, arn)
		}
	}
	slices.Sort(arns)
	return slices.Compact(arns), out
}

// forQueues asks of every queue.
func forQueues(ctx context.Context, e *Env, do func(arn string, q map[string]string) []Result) []Result {
	arns, out := e.queues(ctx)
	out = append(out, each(arns, func(arn string) []Result {
		q, err := e.queue(ctx, arn)
		if missing(err) {
			return nil // queue-policy says so
		}
		if err != nil {
			return []Result{unknown(arn, err)}
		}
		return do(arn, q)
	})...)
	return orNone(out, "no queue is on the way")
}

// redrive is where a queue puts what was received too often.
type redrive struct {
	Target string      `json:"deadLetterTargetArn"`
	Count  json.Number `json:"maxReceiveCount"`
}

func redriveOf(q map[string]string) (r redrive) {
	_ = json.Unmarshal([]byte(q["RedrivePolicy"]), &r) // none, or SQS's own text
	return r
}

func number(q map[string]string, name string) int {
	n, _ := strconv.Atoi(q[name])
	return n
}

// backlog is from how many waiting messages on a queue is not worked off.
const backlog = 1000

func checkQueueState(ctx context.Context, e *Env) []Result {
	w := e.web(ctx)
	return forQueues(ctx, e, func(arn string, q map[string]string) (out []Result) {
		if n := number(q, "ApproximateNumberOfMessages"); n > backlog {
			out = append(out, warn(arn, fmt.Sprintf("%d messages wait", n), "See whether the function or server runs, and whether it is slower than what comes."))
		}
		r := redriveOf(q)
		if count, _ := strconv.Atoi(r.Count.String()); r.Target == "" {
			out = append(out, warn(arn, "the queue has no dead-letter queue: what cannot be read is tried until it expires, and is then gone", "Add a RedrivePolicy with a maxReceiveCount of 5 or more."))
		} else if count < 3 {
			out = append(out, warn(arn, fmt.Sprintf("a message is given up after it was received %d times: one short failure is enough", count), "Set maxReceiveCount to 5 or more."))
		}
		for _, x := range w.edges {
			if x.from == arn && x.mapping != nil {
				out = append(out, e.visibility(ctx, x, number(q, "VisibilityTimeout"))...)
			}
		}
		return or(out, arn, fmt.Sprintf("%d messages wait, %d are worked on", number(q, "ApproximateNumberOfMessages"), number(q, "ApproximateNumberOfMessagesNotVisible")))
	})
}

// visibility compares how long a message is hidden with the function's timeout
// (Lambda Developer Guide, "Configuring a queue to use with Lambda").
func (e *Env) visibility(ctx context.Context, x edge, hidden int) []Result {
	f, err := e.function(ctx, x.to)
	if err != nil {
		return []Result{unknown(x.to, err)}
	}
	limit := int(aws.ToInt32(f.Timeout))
	switch {
	case hidden < limit:
		return []Result{broken(x.from, fmt.Sprintf("a message is hidden for %d s and the function may take %d s: it is given to a second one meanwhile", hidden, limit), fmt.Sprintf("Set the visibility timeout to %d s.", 6*limit))}
	case hidden < 6*limit:
		return []Result{warn(x.from, fmt.Sprintf("a message is hidden for %d s, less than six times the function's %d s", hidden, limit), fmt.Sprintf("Set the visibility timeout to %d s.", 6*limit))}
	}
	return nil
}

func checkDeadLetters(ctx context.Context, e *Env) []Result {
	return forQueues(ctx, e, func(arn string, q map[string]string) []Result {
		target := redriveOf(q).Target
		if target == "" {
			return nil // queue-state says so
		}
		dead, err := e.queue(ctx, target)
		switch {
		case missing(err):
			return []Result{broken(target, "the dead-letter queue of "+arn+" does not exist", "Make it, or name another in the RedrivePolicy.")}
		case err != nil:
			return []Result{unknown(target, err)}
		}
		if n := number(dead, "ApproximateNumberOfMessages") + number(dead, "ApproximateNumberOfMessagesNotVisible"); n > 0 {
			return []Result{broken(target, fmt.Sprintf("%d messages were given up and never judged", n), "Read one (trailwarden invoke takes it as it is), mend the cause, then aws sqs start-message-move-task --source-arn "+target+".")}
		}
		if number(dead, "MessageRetentionPeriod") < number(q, "MessageRetentionPeriod") {
			return []Result{warn(target, "dead letters are kept for a shorter time than messages of the queue, and their age counts from when they were sent", "Set MessageRetentionPeriod to 1209600.")}
		}
		return []Result{ok(target, "empty")}
	})
}

func checkMappings(ctx context.Context, e *Env) []Result {
	var out []Result
	for _, x := range e.web(ctx).edges {
		if x.mapping != nil {
			out = append(out, mapping(x)...)
		}
	}
	return orNone(out, "no queue feeds a function")
}

func mapping(x edge) (out []Result) {
	name := short(x.from) + " → " + short(x.to)
	id := aws.ToString(x.mapping.UUID)
	if s := aws.ToString(x.mapping.State); s != "Enabled" && s != "Enabling" && s != "Updating" {
		return []Result{broken(name, "the mapping is "+s, "aws lambda update-event-source-mapping --enabled --uuid "+id)}
	}
	if text := aws.ToString(x.mapping.LastProcessingResult); strings.Contains(text, "PROBLEM") {
		out = append(out, broken(name, "Lambda says of the mapping: "+text, "Mostly the role may not receive from the queue; see role-files."))
	}
	if !slices.Contains(x.mapping.FunctionResponseTypes, lambdatypes.FunctionResponseTypeReportBatchItemFailures) {
		out = append(out, broken(name, "the mapping does not report single messages: those that the function gives back count as done and are lost", "aws lambda update-event-source-mapping --function-response-types ReportBatchItemFailures --uuid "+id))
	}
	return or(out, name, "enabled, failed messages come again")
}
