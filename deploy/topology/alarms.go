package topology

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/deploy/plan"
	"github.com/trailwarden/trailwarden/rule/filterpattern"
	"github.com/trailwarden/trailwarden/rule/translate"
)

// namespace of the metrics, and how many filters a log group may have
// (CloudWatch Logs quotas).
const (
	namespace  = "Trailwarden"
	maxFilters = 100
)

// alarms: trail → log group → metric filters and alarms → SNS, and a function that
// says who did what.
func (b *builder) alarms() error {
	b.plan.Title = "CloudWatch Logs to metric filters and alarms to Amazon SNS, with a function that says who and what"
	if err := b.wants("sns"); err != nil {
		return err
	}
	if b.organized() && !b.open && b.d.Account != b.d.Management {
		return need("account", "the trail of an organization delivers to a log group of the management account only; give that one, or take another topology")
	}
	b.plan.Flow = []string{
		"CloudTrail writes what happens in every region into a log group, beside the bucket.",
		"For each rule a metric filter counts matching records; an alarm tells the topic when there is one in five minutes.",
		"An alarm knows a number only, and says nothing more while it lasts. So the log group also sends records to the function,",
		"which judges them exactly and tells the same topic who did what, where and from where, for every actor.",
	}
	b.artifactStack()
	s := b.stack("watch", plan.Central, plan.Home, "Log group, filters, alarms, topic and function: from a record to an alarm and its story.")
	if err := b.optionalTable(s); err != nil {
		return err
	}
	if !b.reuses("trail") {
		if err := s.logBucket(); err != nil {
			return err
		}
		s.trailLog()
	}
	if err := s.alertsTopicResources(); err != nil {
		return err
	}
	if s.Resource("Alerts") == nil {
		return fmt.Errorf("sinks: none of the topics is in region %s of this account, where alarms could publish", b.d.Region)
	}
	s.alarmsPublish()
	if err := s.function(); err != nil {
		return err
	}
	s.health()
	s.asynchronous()
	if err := s.filters(); err != nil {
		return err
	}
	s.followUp()
	s.schedule("rate(5 minutes)", "Delivers what waits, also when nothing new comes.")
	s.silence(metric{namespace: "AWS/Logs", name: "IncomingLogEvents", dimension: "LogGroupName", of: plan.Text(s.logGroup())})
	b.watchStep(s)
	b.step("Try it", "Do something harmless that a rule looks for, in a region that is not approved. A metric appears in the console only after the first match, within about five minutes. Filters count from now on; `trailwarden backtest` over a copy of the log files asks the past.")
	b.lastSteps()
	b.note("Events over 256 KB never reach CloudWatch Logs; the topology recommended reads them from the bucket.")
	return nil
}

func (s *stack) logGroup() string {
	if s.b.d.LogGroup != "" {
		return s.b.d.LogGroup
	}
	return s.b.name("trail")
}

// logGroupARN is with the streams, as subscriptions and permissions have it.
func (s *stack) logGroupARN() plan.Value {
	if s.Resource("TrailLog") != nil {
		return plan.Attr{ID: "TrailLog", Name: "Arn"}
	}
	return plan.ARN("logs", "log-group:"+s.logGroup()+":*")
}

// trailLog makes the log group, the role by which CloudTrail writes, and the
// trail.
func (s *stack) trailLog() {
	if !s.b.reuses("log_group") {
		s.add("TrailLog", "AWS::Logs::LogGroup", "Records of the trail, as they come.", "LogGroupName", s.logGroup(), "RetentionInDays", s.b.d.Retention)
	}
	streams := []plan.Value{plan.ARN("logs", "log-group:"+s.logGroup()+":log-stream:", plan.AccountID, "_CloudTrail_*")}
	if s.b.organized() {
		streams = append(streams, plan.ARN("logs", "log-group:"+s.logGroup()+":log-stream:", s.organization(), "_*"))
	}
	s.add("TrailLogRole", "AWS::IAM::Role", "By it CloudTrail writes into the log group.",
		"RoleName", plan.Concat(s.b.name("trail-log-"), plan.Region),
		"AssumeRolePolicyDocument", &plan.Policy{Statements: []plan.Statement{{Sid: "Assume", Principals: []plan.Principal{plan.Service("cloudtrail")}, Actions: []string{"sts:AssumeRole"},
			Why: "CloudTrail writes as this role. It does not say for which trail, so that no condition can ask; who makes a trail with the role has to be allowed to pass it."}}},
		"Policies", plan.List{plan.Fields("PolicyName", "trail-log", "PolicyDocument", &plan.Policy{Statements: []plan.Statement{
			{Sid: "WriteRecords", Actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"}, Resources: streams, Why: "The streams that CloudTrail names by account and region, in this one log group."}}})})
	r := s.trailResource("CloudWatchLogsLogGroupArn", s.logGroupARN(), "CloudWatchLogsRoleArn", plan.Attr{ID: "TrailLogRole", Name: "Arn"})
	if !s.b.reuses("bucket") {
		r.DependsOn = []string{"LogBucketPolicy"}
	}
	s.b.costs("Records in CloudWatch Logs: 0.50 USD and more for a GB; a record takes about 1.5 KB.",
		"The first copy of management events is free with CloudTrail; a second trail costs 2 USD for 100,000 events. Data events (0.10 USD for 100,000) are off.")
}

// alarmsPublish lets the alarms publish to the topic, and the function by its
// role.
func (s *stack) alarmsPublish() {
	s.add("AlertsPolicy", "AWS::SNS::TopicPolicy", "Alarms of this account publish here.", "Topics", plan.List{plan.Ref{ID: "Alerts"}},
		"PolicyDocument", &plan.Policy{Statements: []plan.Statement{{Sid: "AlarmsPublish", Principals: []plan.Principal{plan.Service("cloudwatch")}, Actions: []string{"sns:Publish"},
			Resources:  []plan.Value{plan.Ref{ID: "Alerts"}},
			Conditions: []plan.Condition{plan.Equals("aws:SourceAccount", plan.AccountID), plan.ArnLike("aws:SourceArn", plan.ARN("cloudwatch", "alarm:"+s.b.name("*")))},
			Why:        "Alarms of this watch, and nobody else's."}}})
}

// filters makes a metric filter and an alarm for each rule that judges single
// records.
func (s *stack) filters() error {
	count := 0
	for _, n := range s.b.natives(translate.Filter, maxFilter) {
		if n.rule.Memory != nil || n.rule.CountedBy != "" {
			s.b.note("Rule %s counts or compares records, which a metric filter cannot: the function alone tells.", n.rule.ID)
			continue
		}
		if n.everything {
			s.b.note("Rule %s cannot be said as a filter pattern: the function alone tells.", n.rule.ID)
			continue
		}
		if n.wider {
			s.b.note("The alarm of rule %s may ring for more than the rule means; the function tells exactly.", n.rule.ID)
		}
		word, name := sid(n.rule.ID), metricName(n.rule.ID)
		for i, text := range n.texts {
			id := "Filter" + word
			if i > 0 {
				id += fmt.Sprint(i + 1)
			}
			count++
			s.add(id, "AWS::Logs::MetricFilter", "Counts records of rule "+n.rule.ID+".",
				"FilterName", strings.TrimSuffix(fmt.Sprintf("%s-%d", s.b.name(name), i+1), "-1"), "LogGroupName", s.logGroupRef(), "FilterPattern", text,
				"MetricTransformations", plan.List{plan.Fields("MetricName", name, "MetricNamespace", namespace, "MetricValue", "1", "DefaultValue", 0)})
		}
		r := s.alarm("Alarm"+word, "rule-"+name, shorten(n.rule.Title, 500), metric{namespace: namespace, name: name, statistic: "Sum", period: 300, periods: 1, threshold: 1, compare: ">="})
		r.Properties = retarget(r.Properties, plan.Ref{ID: "Alerts"})
	}
	if count > maxFilters {
		return fmt.Errorf("rules: they take %d metric filters, and a log group has at most %d: choose fewer rules, or another topology", count, maxFilters)
	}
	return nil
}

func retarget(m plan.Map, topic plan.Value) plan.Map {
	for i := range m {
		if m[i].Key == "AlarmActions" {
			m[i].Value = plan.List{topic}
		}
	}
	return m
}

// metricName is the rule's ID as a metric may be called.
func metricName(id string) string {
	return strings.Map(func(r rune) rune {
		if r < '!' || r > '~' || strings.ContainsRune(":*/", r) {
			return '-'
		}
		return r
	}, id)
}

func (s *stack) logGroupRef() plan.Value {
	if s.Resource("TrailLog") != nil {
		return plan.Ref{ID: "TrailLog"}
	}
	return plan.Text(s.logGroup())
}

// followUp sends the records that some rule looks for to the function, or all of
// them where one pattern cannot say which.
func (s *stack) followUp() {
	pattern, ok := s.b.anyFilter()
	if !ok {
		s.b.note("The rules together do not fit into one filter pattern, so the function is given every record of the log group: count that into its price.")
	}
	s.permission("LogsInvoke", "logs", "CloudWatch Logs invokes the function, for this log group only.", s.logGroupARN())
	s.add("FollowUp", "AWS::Logs::SubscriptionFilter", "Sends records to the function, which says who did what.",
		"FilterName", s.b.name("follow-up"), "LogGroupName", s.logGroupRef(), "FilterPattern", pattern, "DestinationArn", plan.Attr{ID: "Function", Name: "Arn"}).DependsOn = []string{"LogsInvoke"}
}

// anyFilter is one pattern for all rules; the empty one matches everything.
func (b *builder) anyFilter() (string, bool) {
	var parts []string
	for _, n := range b.natives(translate.Filter, maxFilter) {
		for _, t := range n.texts {
			inner, opens := strings.CutPrefix(t, "{")
			inner, closes := strings.CutSuffix(inner, "}")
			if !opens || !closes { // terms, which do not go with others
				return "", false
			}
			parts = append(parts, "("+strings.TrimSpace(inner)+")")
		}
		if n.everything {
			return "", false
		}
	}
	text := "{ " + strings.Join(parts, " || ") + " }"
	if len(parts) == 0 || utf8.RuneCountInString(text) > maxFilter {
		return "", false
	}
	if p, _ := filterpattern.Parse(text); p == nil { // together they have too many wildcards or expressions
		return "", false
	}
	return text, true
}
