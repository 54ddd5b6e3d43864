package topology

import (
	"github.com/trailwarden/trailwarden/deploy/plan"
)

// health is the topic that is told when the watch itself fails, and the alarms.
func (s *stack) health() {
	s.add("Health", "AWS::SNS::Topic", "Is told when the watch itself fails; not by the function, which then may not be able to.",
		"TopicName", s.b.name("health"), "DisplayName", "Trailwarden health")
	s.add("HealthPolicy", "AWS::SNS::TopicPolicy", "CloudWatch's alarms of this account publish here.",
		"Topics", plan.List{plan.Ref{ID: "Health"}},
		"PolicyDocument", &plan.Policy{Statements: []plan.Statement{{Sid: "AlarmsPublish", Principals: []plan.Principal{plan.Service("cloudwatch")},
			Actions: []string{"sns:Publish"}, Resources: []plan.Value{plan.Ref{ID: "Health"}},
			Conditions: []plan.Condition{plan.Equals("aws:SourceAccount", plan.AccountID), plan.ArnLike("aws:SourceArn", plan.ARN("cloudwatch", "alarm:"+s.b.name("*")))},
			Why:        "Alarms of this watch, and nobody else's."}}})
	s.subscribeMail("Health", s.b.d.Email)
	f := plan.Ref{ID: "Function"}
	s.alarm("FunctionErrors", "function-errors", "The function fails: configuration, permissions or a sink.", metric{"AWS/Lambda", "Errors", "FunctionName", f, "Sum", 300, 1, 1, ">=", false})
	if !s.b.alone() { // one copy at a time is held back whenever more is to do; how long things wait has an alarm of its own
		s.alarm("FunctionThrottles", "function-throttles", "The function is held back: raise its concurrency.", metric{"AWS/Lambda", "Throttles", "FunctionName", f, "Sum", 300, 3, 1, ">=", false})
	}
	s.alarm("DeadLettersWaiting", "dead-letters", "Events could not be handled and wait in the dead-letter queue.", metric{"AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", plan.Attr{ID: "DeadLetters", Name: "QueueName"}, "Maximum", 300, 1, 1, ">=", false})
	s.output("HealthTopicArn", plan.Ref{ID: "Health"}, "Subscribe whoever looks after the watch.")
	s.b.costs("Alarms: 0.10 USD a month each.")
}

// asynchronous is the alarm for events that wait before the function.
func (s *stack) asynchronous() {
	s.alarm("EventsAge", "event-age", "Events wait long before they are judged.", metric{"AWS/Lambda", "AsyncEventAge", "FunctionName", plan.Ref{ID: "Function"}, "Maximum", 300, 3, 900_000, ">=", false})
}

// silence is the alarm for a watch to which nothing comes any more: an attacker
// who stops the trail makes no noise.
func (s *stack) silence(m metric) {
	m.statistic, m.period, m.periods, m.threshold, m.compare, m.missing = "Sum", 3600, 3, 1, "<", true
	s.alarm("Silence", "silence", "Nothing came for three hours: the trail, its delivery or the notification stopped.", m)
}

// invocations are a function that every new file invokes.
func invocations() metric {
	return metric{namespace: "AWS/Lambda", name: "Invocations", dimension: "FunctionName", of: plan.Ref{ID: "Function"}}
}

// metric is what an alarm looks at; missing tells whether no data is an alarm.
type metric struct {
	namespace, name, dimension string
	of                         plan.Value
	statistic                  string
	period, periods, threshold int
	compare                    string
	missing                    bool
}

func (s *stack) alarm(id, name, why string, m metric) *plan.Resource {
	missing := "notBreaching"
	if m.missing {
		missing = "breaching"
	}
	compare := map[string]string{">=": "GreaterThanOrEqualToThreshold", "<": "LessThanThreshold"}[m.compare]
	r := s.add(id, "AWS::CloudWatch::Alarm", why, "AlarmName", s.b.name(name), "AlarmDescription", why,
		"Namespace", m.namespace, "MetricName", m.name)
	if m.dimension != "" {
		set(r, "Dimensions", plan.List{plan.Fields("Name", m.dimension, "Value", m.of)})
	}
	set(r, "Statistic", m.statistic, "Period", m.period, "EvaluationPeriods", m.periods, "Threshold", m.threshold, "ComparisonOperator", compare,
		"TreatMissingData", missing, "AlarmActions", plan.List{plan.Ref{ID: "Health"}})
	return r
}

// subscribeMail subscribes addresses to a topic; each has to confirm.
func (s *stack) subscribeMail(topic string, addresses []string) {
	for i, a := range addresses {
		s.add(topic+"Mail"+string(rune('A'+i%26)), "AWS::SNS::Subscription", "Mail to an address, once its owner has confirmed.",
			"TopicArn", plan.Ref{ID: topic}, "Protocol", "email", "Endpoint", a)
	}
}
