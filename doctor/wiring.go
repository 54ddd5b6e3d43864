package doctor

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/trailwarden/trailwarden/internal/iampolicy"
)

// edge is one step of a notification: from hands over to to.
type edge struct {
	from, to string // ARNs; to may be an address, and is a function without version or alias
	called   string // to with the version or alias that is called
	service  string // that hands over: s3.amazonaws.com
	account  string // that from belongs to
	// prefix and suffix are what a bucket's notification asks of keys, events the
	// kinds of events.
	prefix, suffix string
	events         []string
	subscription   *snstypes.Subscription
	mapping        *lambdatypes.EventSourceMappingConfiguration
}

// kind is the service that an ARN names: lambda, sqs, sns, events.
func kind(arn string) string { return partOf(arn, 2) }

// web is all that hangs on the trails: each step, and what could not be seen.
type web struct {
	mu    sync.Mutex
	edges []edge
	gaps  []Result
	seen  map[string]bool
}

// add adds a step and tells whether there is more to follow: it is new, and there
// are not too many.
func (w *web) add(e edge) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e.called = e.to; kind(e.to) == "lambda" {
		e.to = bareFunction(e.to)
	}
	key := e.from + "→" + e.called + e.prefix + e.suffix
	if w.seen[key] || len(w.edges) > maxSteps {
		return false
	}
	w.seen[key] = true
	w.edges = append(w.edges, e)
	return true
}

func (w *web) gap(object string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gaps = append(w.gaps, unknown(object, err))
}

// to are the steps that lead to an ARN.
func (w *web) to(arn string) (out []edge) {
	for _, e := range w.edges {
		if e.to == arn {
			out = append(out, e)
		}
	}
	return out
}

// ends are the ARNs of one service that steps lead to, sorted.
func (w *web) ends(service string) (all []string) {
	for _, e := range w.edges {
		if kind(e.to) == service {
			all = append(all, e.to)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// leads tells whether steps lead from a service's thing to another's.
func (w *web) leads(from, to string) bool {
	return slices.ContainsFunc(w.edges, func(e edge) bool { return kind(e.from) == from && kind(e.to) == to })
}

// maxSteps bounds what is followed: a real way has four.
const maxSteps = 200

// web follows everything from the trails, their buckets, topics and log groups,
// the rules of EventBridge, and the queues of the configuration.
func (e *Env) web(ctx context.Context) *web {
	w, _ := asked(e, "web", func() (*web, error) {
		w := &web{seen: map[string]bool{}}
		var all sync.WaitGroup
		all.Go(func() { e.fromBuckets(ctx, w) })
		all.Go(func() { e.fromTrails(ctx, w) })
		all.Go(func() { e.fromRules(ctx, w) })
		all.Go(func() { e.fromConfig(ctx, w) })
		all.Wait()
		slices.SortFunc(w.edges, func(a, b edge) int { return strings.Compare(a.from+a.to, b.from+b.to) })
		return w, nil
	})
	return w
}

func (e *Env) fromBuckets(ctx context.Context, w *web) {
	places, err := e.places(ctx)
	if err != nil {
		w.gap("", err)
	}
	who, _ := e.caller(ctx)
	var last string
	for _, p := range places {
		if p.bucket == last {
			continue
		}
		last = p.bucket
		client, err := e.s3Of(ctx, p.bucket)
		if missing(err) {
			continue // bucket-private says so
		}
		var out *s3.GetBucketNotificationConfigurationOutput
		if err == nil {
			out, err = client.GetBucketNotificationConfiguration(ctx, &s3.GetBucketNotificationConfigurationInput{Bucket: &p.bucket})
		}
		if err != nil {
			w.gap(p.name(), err)
			continue
		}
		for _, x := range notifications(p, who.account, out) {
			e.follow(ctx, w, x)
		}
	}
}

func notifications(p place, account string, c *s3.GetBucketNotificationConfigurationOutput) (out []edge) {
	add := func(to *string, events []s3types.Event, f *s3types.NotificationConfigurationFilter) {
		x := edge{from: p.arn(), to: aws.ToString(to), service: "s3.amazonaws.com", account: account}
		for _, ev := range events {
			x.events = append(x.events, string(ev))
		}
		if f != nil && f.Key != nil {
			for _, r := range f.Key.FilterRules {
				if strings.EqualFold(string(r.Name), "prefix") {
					x.prefix = aws.ToString(r.Value)
				} else {
					x.suffix = aws.ToString(r.Value)
				}
			}
		}
		out = append(out, x)
	}
	for _, t := range c.TopicConfigurations {
		add(t.TopicArn, t.Events, t.Filter)
	}
	for _, q := range c.QueueConfigurations {
		add(q.QueueArn, q.Events, q.Filter)
	}
	for _, f := range c.LambdaFunctionConfigurations {
		add(f.LambdaFunctionArn, f.Events, f.Filter)
	}
	return out
}

func (e *Env) fromTrails(ctx context.Context, w *web) {
	trails, _ := e.trails(ctx) // fromBuckets and trail-exists say why not
	for _, t := range trails {
		if topic := aws.ToString(t.SnsTopicARN); topic != "" {
			e.follow(ctx, w, edge{from: t.arn, to: topic, service: "cloudtrail.amazonaws.com", account: t.owner})
		}
		if group := groupARN(t); group != "" {
			e.fromGroup(ctx, w, group)
		}
	}
}

func (e *Env) fromConfig(ctx context.Context, w *web) {
	for _, s := range e.Config.Sources {
		if s.SQS != nil && s.Enabled {
			arn, err := e.queueARN(ctx, s.SQS.Queue, s.SQS.AWSRegion())
			if missing(err) {
				continue // queue-state says so
			}
			if err != nil {
				w.gap(s.SQS.Queue, err)
				continue
			}
			w.add(edge{from: arn, to: "sources." + s.Name})
		}
	}
}

// follow adds a step and goes on from where it leads.
func (e *Env) follow(ctx context.Context, w *web, x edge) {
	if !w.add(x) {
		return
	}
	switch kind(x.to) {
	case "sns":
		e.fromTopic(ctx, w, x.to)
	case "sqs":
		e.fromQueue(ctx, w, x.to)
	}
}

func (e *Env) fromTopic(ctx context.Context, w *web, topic string) {
	subs, err := e.subscriptions(ctx, topic)
	if missing(err) {
		return // topic-policy says so
	}
	if err != nil {
		w.gap(topic, err)
	}
	for i := range subs {
		e.follow(ctx, w, edge{from: topic, to: aws.ToString(subs[i].Endpoint), service: "sns.amazonaws.com", account: iampolicy.AccountOf(topic), subscription: &subs[i]})
	}
}

func (e *Env) subscriptions(ctx context.Context, topic string) ([]snstypes.Subscription, error) {
	return asked(e, "subscriptions "+topic, func() (all []snstypes.Subscription, err error) {
		pages := sns.NewListSubscriptionsByTopicPaginator(sns.NewFromConfig(e.in(regionOf(topic))), &sns.ListSubscriptionsByTopicInput{TopicArn: &topic})
		for i := 0; pages.HasMorePages() && i < maxSteps; i++ {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return all, err
			}
			all = append(all, page.Subscriptions...)
		}
		return all, nil
	})
}

func (e *Env) fromQueue(ctx context.Context, w *web, queue string) {
	pages := lambda.NewListEventSourceMappingsPaginator(lambda.NewFromConfig(e.in(regionOf(queue))), &lambda.ListEventSourceMappingsInput{EventSourceArn: &queue})
	for i := 0; pages.HasMorePages() && i < maxSteps; i++ {
		page, err := pages.NextPage(ctx)
		if err != nil {
			w.gap(queue, err)
			return
		}
		for j := range page.EventSourceMappings {
			m := &page.EventSourceMappings[j]
			w.add(edge{from: queue, to: aws.ToString(m.FunctionArn), service: "sqs.amazonaws.com", mapping: m})
		}
	}
}

// bareFunction is a function's ARN without version or alias.
func bareFunction(arn string) string {
	if parts := strings.Split(arn, ":"); len(parts) > 7 && parts[0] == "arn" {
		return strings.Join(parts[:7], ":")
	}
	return arn
}
