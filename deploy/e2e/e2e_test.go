package e2e_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/trailwarden/trailwarden/deploy/topology"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/rule/filterpattern"
	"github.com/trailwarden/trailwarden/sink/sinktest"
)

// has tells whether a text has all of the words.
func has(text string, words ...string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// S0: a file with a call in a region that is not approved opens an incident in
// ServiceNow; the same notification a second time opens none.
func TestServiceNow(t *testing.T) {
	t.Parallel()
	now := sinktest.NewServiceNow(t)
	w := newWorld(t, topology.ServiceNow, func(w *world) {
		w.replace("instance: https://example.service-now.com", "instance: "+now.URL+"\n      allow_private: [127.0.0.0/8]")
		w.secret("trailwarden/servicenow", now.Password)
	})
	w.examined("trail-logging", "trail-selectors", "bucket-policy", "key-policy", "wiring", "bucket-notification", "function-permission", "function-state", "role-files", "role-sinks", "secrets", "store-table")
	bucket := w.named("LogBucket")
	w.hush(bucket)
	key := w.deliver(bucket, w.record("ap-southeast-2", "ec2.amazonaws.com", "RunInstances"), w.record("us-east-1", "ec2.amazonaws.com", "RunInstances"))
	f := w.start()
	w.invoke(f, created(bucket, key))
	w.invoke(f, created(bucket, key)) // a notification may come twice
	w.told(f, func() bool { return len(now.Incidents("")) > 0 })
	told := 0
	for _, i := range now.Incidents("") {
		if has(i.Fields["short_description"]+i.Fields["description"], "ap-southeast-2", w.account) {
			told++
		}
	}
	if told != 1 || len(now.Faults()) > 0 {
		t.Errorf("%d incidents of %+v, faults %v\n%s", told, now.Incidents(""), now.Faults(), f.Log())
	}
}

// probe makes a queue that gets what a topic publishes.
func (w *world) probe(topic string) string {
	url, arn := awstest.Queue(w.t, w.cfg)
	awstest.Subscribe(w.t, w.cfg, topic, arn, nil)
	return url
}

// heard is what came into a queue, as one text.
func (w *world) heard(queue string) string {
	var all []string
	for _, m := range awstest.Receive(w.t, w.cfg, queue) {
		all = append(all, aws.ToString(m.Body))
	}
	return strings.Join(all, "\n")
}

// S1: an event on the default bus of another region is forwarded to the central
// bus, and from there to the function, which posts it to Slack as YAML.
func TestSlack(t *testing.T) {
	t.Parallel()
	slack := sinktest.NewSlack(t)
	w := newWorld(t, topology.Slack, func(w *world) {
		w.replace("style: yaml", "style: yaml, allow_private: [127.0.0.0/8]")
		w.secret("trailwarden/slack", slack.Hook)
	})
	w.examined("wiring", "bus-targets", "bus-drift", "bus-global", "bus-policy", "function-permission", "function-state", "role-files", "role-sinks", "secrets")
	event := w.forwarded("us-east-1", "aws.cloudtrail", w.record("us-east-1", "cloudtrail.amazonaws.com", "StopLogging"))
	f := w.start()
	w.invoke(f, event)
	w.invoke(f, event) // EventBridge delivers at least once
	w.told(f, func() bool { return len(slack.Posts()) > 0 })
	posts := slack.Posts()
	if len(posts) != 1 || len(slack.Faults()) > 0 {
		t.Fatalf("%d posts, faults %v\n%s", len(posts), slack.Faults(), f.Log())
	}
	if text := posts[0].Text + string(posts[0].Blocks); !has(text, "StopLogging", w.account, "mallory", "us-east-1", "203.0.113.7") {
		t.Errorf("the post says\n%s", text)
	}
}

// forwarded puts an event on a region's default bus, and gives what comes to the
// central rule's target.
func (w *world) forwarded(region, source string, record object) (event object) {
	w.t.Helper()
	url, arn := awstest.Queue(w.t, w.cfg)
	bus, rule := w.conf.Deploy.Name+"-events", w.conf.Deploy.Name+"-forwarded"
	client := eventbridge.NewFromConfig(w.cfg)
	// The queue stands in for the target, which the emulator would try to run.
	targets, err := client.ListTargetsByRule(w.t.Context(), &eventbridge.ListTargetsByRuleInput{Rule: &rule, EventBusName: &bus})
	w.must(err)
	for _, x := range targets.Targets {
		_, err := client.RemoveTargets(w.t.Context(), &eventbridge.RemoveTargetsInput{Rule: &rule, EventBusName: &bus, Ids: []string{aws.ToString(x.Id)}})
		w.must(err)
	}
	_, err = client.PutTargets(w.t.Context(), &eventbridge.PutTargetsInput{Rule: &rule, EventBusName: &bus, Targets: []ebtypes.Target{{Id: aws.String("probe"), Arn: &arn}}})
	w.must(err)
	cfg := w.cfg.Copy()
	cfg.Region = region
	text, err := json.Marshal(record)
	w.must(err)
	_, err = eventbridge.NewFromConfig(cfg).PutEvents(w.t.Context(), &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{
		{Source: &source, DetailType: aws.String("AWS API Call via CloudTrail"), Detail: aws.String(string(text))}}})
	w.must(err)
	got := awstest.Receive(w.t, w.cfg, url)
	if len(got) == 0 {
		w.t.Fatal("nothing came from the default bus over the central one")
	}
	w.must(json.Unmarshal([]byte(aws.ToString(got[0].Body)), &event))
	return event
}

// S2: a file in the bucket is judged by rules that lie in S3, and published to
// the topic.
func TestSNS(t *testing.T) {
	t.Parallel()
	w := newWorld(t, topology.SNS, func(*world) {})
	queue := w.probe(w.conf.Sink("readers").SNS.Topic)
	w.examined("trail-logging", "bucket-policy", "key-policy", "wiring", "bucket-notification", "function-permission", "function-state", "role-files", "role-sinks", "subscription")
	bucket := w.named("LogBucket")
	w.hush(bucket)
	key := w.deliver(bucket, w.record("us-west-2", "cloudtrail.amazonaws.com", "StopLogging"))
	f := w.start()
	w.invoke(f, created(bucket, key))
	text := ""
	w.told(f, func() bool { text += w.heard(queue); return text != "" })
	if !has(text, "StopLogging", w.account, "mallory", "us-west-2") {
		t.Errorf("the topic published %q", text)
	}
}

// S3: a record in the log group matches a metric filter whose alarm tells the
// topic, and the log group's subscription has the function say who it was.
func TestAlarms(t *testing.T) {
	t.Parallel()
	w := newWorld(t, topology.Alarms, func(*world) {})
	w.examined("trail-logging", "bucket-policy", "wiring", "log-group", "metric-filters", "filter-alarms", "function-permission", "function-state", "role-sinks")
	topic := w.conf.Sink("phone").SNS.Topic
	record := w.record("ap-southeast-2", "ec2.amazonaws.com", "RunInstances")
	text, err := json.Marshal(record)
	w.must(err)
	w.rings(topic, text)
	queue := w.probe(topic)
	f := w.start()
	w.invoke(f, w.subscribed(text))
	got := ""
	w.told(f, func() bool { got += w.heard(queue); return got != "" })
	if !has(got, "RunInstances", w.account, "mallory", "ap-southeast-2") {
		t.Errorf("the topic published %q", got)
	}
}

// rings looks for a metric filter that counts the record and whose alarm tells
// the topic.
func (w *world) rings(topic string, record []byte) {
	w.t.Helper()
	out, err := cloudwatchlogs.NewFromConfig(w.cfg).DescribeMetricFilters(w.t.Context(), &cloudwatchlogs.DescribeMetricFiltersInput{})
	w.must(err)
	for _, m := range out.MetricFilters {
		p, list := filterpattern.Parse(aws.ToString(m.FilterPattern))
		if p == nil {
			w.t.Errorf("%s: %v", aws.ToString(m.FilterName), list)
			continue
		}
		if hit, err := detect.Naive(p.Predicate(), record); err != nil || !hit {
			continue
		}
		x := m.MetricTransformations[0]
		alarms, err := cloudwatch.NewFromConfig(w.cfg).DescribeAlarmsForMetric(w.t.Context(), &cloudwatch.DescribeAlarmsForMetricInput{Namespace: x.MetricNamespace, MetricName: x.MetricName})
		w.must(err)
		for _, a := range alarms.MetricAlarms {
			if has(strings.Join(a.AlarmActions, " "), topic) && aws.ToBool(a.ActionsEnabled) {
				return
			}
		}
	}
	w.t.Errorf("none of %d metric filters counts the record and has an alarm that tells %s", len(out.MetricFilters), topic)
}

// subscribed is the event by which a log group hands a record to the function.
func (w *world) subscribed(record []byte) object {
	group := w.named("TrailLog")
	filters, err := cloudwatchlogs.NewFromConfig(w.cfg).DescribeSubscriptionFilters(w.t.Context(), &cloudwatchlogs.DescribeSubscriptionFiltersInput{LogGroupName: &group})
	w.must(err)
	if len(filters.SubscriptionFilters) != 1 {
		w.t.Fatalf("%d subscription filters on %s", len(filters.SubscriptionFilters), group)
	}
	text, err := json.Marshal(object{"messageType": "DATA_MESSAGE", "owner": w.account, "logGroup": group, "logStream": w.account + "_CloudTrail_" + w.cfg.Region,
		"subscriptionFilters": []string{aws.ToString(filters.SubscriptionFilters[0].FilterName)}, "logEvents": []object{{"id": "1", "timestamp": time.Now().UnixMilli(), "message": string(record)}}})
	w.must(err)
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(text)
	_ = z.Close()
	return object{"awslogs": object{"data": base64.StdEncoding.EncodeToString(b.Bytes())}}
}

// f: the bucket tells the topic, the queue follows it, the function reads that;
// the same event by EventBridge is told once only, to Slack and PagerDuty.
func TestRecommended(t *testing.T) {
	t.Parallel()
	slack, pager := sinktest.NewSlack(t), sinktest.NewPagerDuty(t)
	w := newWorld(t, topology.Recommended, func(w *world) {
		w.replace("channel: C0123456789}", "channel: C0123456789, api_url: "+slack.URL+"/api, allow_private: [127.0.0.0/8]}")
		w.replace(`routing_key: "ssm:/trailwarden/pagerduty"}`, `routing_key: "ssm:/trailwarden/pagerduty", events_url: "`+pager.URL+`", allow_private: [127.0.0.0/8]}`)
		w.secret("trailwarden/slack", fmt.Sprintf(`{"token":%q}`, slack.Token))
		_, err := ssm.NewFromConfig(w.cfg).PutParameter(w.t.Context(), &ssm.PutParameterInput{Name: aws.String("/trailwarden/pagerduty"), Value: &pager.RoutingKey, Type: ssmtypes.ParameterTypeSecureString})
		w.must(err)
	})
	w.examined("trail-logging", "bucket-policy", "key-policy", "wiring", "bucket-notification", "topic-policy", "subscription", "queue-policy", "queue-state", "dead-letters", "queue-mapping",
		"bus-targets", "bus-drift", "bus-global", "bus-policy", "function-permission", "function-state", "role-files", "role-sinks", "secrets", "store-table", "athena-workgroup")
	record := w.record("us-east-1", "cloudtrail.amazonaws.com", "StopLogging")
	w.deliver(w.named("LogBucket"), record)
	f := w.start()
	w.invoke(f, w.queued())
	w.invoke(f, w.forwarded("us-east-1", "aws.cloudtrail", record))
	w.told(f, func() bool { return len(slack.Posts()) > 0 && len(pager.Requests()) > 0 })
	posts := slack.Posts()
	if len(posts) != 1 || len(slack.Faults())+len(pager.Faults()) > 0 {
		t.Fatalf("%d posts, faults %v %v\n%s", len(posts), slack.Faults(), pager.Faults(), f.Log())
	}
	if text := posts[0].Text + string(posts[0].Blocks); !has(text, "StopLogging", w.account, "mallory") {
		t.Errorf("the post says\n%s", text)
	}
	if n := len(pager.Requests()); n != 1 {
		t.Errorf("PagerDuty was told %d times", n)
	}
}

// queued is the event by which the queue's mapping hands over what the emulator
// brought from the bucket over the topic.
func (w *world) queued() object {
	w.t.Helper()
	var records []object
	for _, m := range awstest.Receive(w.t, w.cfg, w.named("Files")) {
		records = append(records, object{"messageId": aws.ToString(m.MessageId), "body": aws.ToString(m.Body), "eventSource": "aws:sqs", "attributes": object{"ApproximateReceiveCount": "1"}})
	}
	if len(records) == 0 {
		w.t.Fatal("the bucket's notification did not come into the queue")
	}
	return object{"Records": records}
}

// S4: the schedule has the function ask Athena, and what the query found goes out
// as mail by SES and as a line in Slack.
func TestAthena(t *testing.T) {
	t.Parallel()
	slack := sinktest.NewSlack(t)
	w := newWorld(t, topology.Athena, func(w *world) {
		w.replace("style: line", "style: line, allow_private: [127.0.0.0/8]")
		w.replace("example: deletions\n", "example: deletions\n    enabled: false\n")
		w.secret("trailwarden/slack", slack.Hook)
	})
	w.examined("trail-logging", "bucket-policy", "key-policy", "wiring", "function-permission", "function-state", "role-sinks", "secrets", "store-table", "athena-workgroup", "bus-targets")
	at := time.Now().UTC().Add(-90 * time.Minute).Format("2006-01-02T15:04:05Z")
	w.found([]string{"eventtime", "account", "usertype", "identity", "sourceipaddress", "result"},
		[]string{at, w.account, "Root", "arn:aws:iam::" + w.account + ":root", "203.0.113.9", "Success"})
	f := w.start()
	w.invoke(f, w.schedule())
	w.told(f, func() bool { return len(awstest.SentMail(t, w.cfg)) > 0 && len(slack.Posts()) > 0 })
	mails, posts := awstest.SentMail(t, w.cfg), slack.Posts()
	if len(mails) != 1 || len(posts) != 1 || len(slack.Faults()) > 0 {
		t.Fatalf("%d mails, %d posts, faults %v\n%s", len(mails), len(posts), slack.Faults(), f.Log())
	}
	if text := mails[0].Raw + mails[0].Body; !has(text, "203.0.113.9", w.account, "text/html", "text/plain") {
		t.Errorf("the mail says\n%s", text)
	}
	if text := posts[0].Text + string(posts[0].Blocks); !has(text, "203.0.113.9", w.account) {
		t.Errorf("the post says\n%s", text)
	}
}

// found has the emulator give a result, header first, to the next query.
func (w *world) found(rows ...[]string) {
	w.t.Helper()
	var all, columns []object
	for i, r := range rows {
		var data []object
		for _, cell := range r {
			data = append(data, object{"VarCharValue": cell})
			if i == 0 {
				columns = append(columns, object{"Name": cell, "Label": cell, "Type": "varchar"})
			}
		}
		all = append(all, object{"Data": data})
	}
	body, err := json.Marshal(object{"account_id": w.account, "region": w.cfg.Region, "results": []object{{"rows": all, "column_info": columns}}})
	w.must(err)
	resp, err := http.Post(awstest.Endpoint(w.t)+"/moto-api/static/athena/query-results", "application/json", bytes.NewReader(body))
	w.must(err)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		w.t.Fatalf("the emulator takes no result: %s", resp.Status)
	}
}
