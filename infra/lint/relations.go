package lint

import (
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/infra/value"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// relations judges what resources are to each other.
func (l *linter) relations() {
	l.doubled()
	l.replaced()
	l.forwarders()
	l.hops()
	l.lost()
	l.alarms()
	l.configInLogs()
	l.bestEffort()
}

// alarms judges alarms on what metric filters count.
func (l *linter) alarms() {
	for _, r := range l.resources {
		if r.kind != alarmOf || !l.counted(r) {
			continue
		}
		if l.streamed() {
			continue
		}
		actions := strings.Join(append(r.get("AlarmActions").Strings(), refs(r.get("AlarmActions"))...), " ")
		who := strings.Contains(actions, ":lambda:") || strings.Contains(actions, "aws_lambda_function.") || l.topicFunction(r)
		if !who {
			l.add("S3.D5-count-only", diagnostic.Warning, r.place(nil), "the alarm tells how many, and not who, what and where",
				"Whoever gets it must search the logs first.", "a subscription filter with the same pattern that sends the events to a function")
		}
		severity := diagnostic.Warning
		if who {
			severity = diagnostic.Note
		}
		l.add("S3.D6-second-actor-unheard", severity, r.place(nil), "while the alarm lasts nobody hears of a second actor",
			"An alarm acts when its state changes; it stays in ALARM during a burst.", "a subscription filter with the same pattern that sends every event to a function")
	}
}

func refs(v *value.Value) []string {
	var all []string
	for _, x := range v.Each() {
		all = append(all, x.Refs...)
	}
	return all
}

// counted tells whether an alarm is on a metric of a filter in these files.
func (l *linter) counted(alarm *resource) bool {
	name := alarm.get("MetricName")
	for _, r := range l.resources {
		if r.kind != metricFilter {
			continue
		}
		for _, t := range r.get("MetricTransformations", "MetricTransformation", "metricTransformations").Each() {
			if m := firstOf(t.Get("MetricName"), t.Get("metricName"), t.Get("Name")); m.Same(name) {
				return true
			}
		}
		if name != nil && r.name != "" && slices.Equal(name.Refs, []string{r.name}) {
			return true
		}
	}
	return false
}

// streamed tells whether the events themselves go somewhere, too.
func (l *linter) streamed() bool {
	return slices.ContainsFunc(l.resources, func(r *resource) bool { return r.kind == subscription })
}

// topicFunction tells whether the alarm's topic starts a function.
func (l *linter) topicFunction(alarm *resource) bool {
	topics := refs(alarm.get("AlarmActions"))
	for _, r := range l.resources {
		p := r.get("Protocol")
		if p.String() == "lambda" && slices.ContainsFunc(refs(r.get("TopicArn")), func(t string) bool { return slices.Contains(topics, t) }) {
			return true
		}
		for _, s := range r.get("Subscription").Each() {
			if s.Get("Protocol").String() == "lambda" && slices.Contains(topics, r.name) {
				return true
			}
		}
	}
	return false
}

// configInLogs says of configuration that is put into the bucket of a trail.
func (l *linter) configInLogs() {
	for _, r := range l.resources {
		if r.kind != object {
			continue
		}
		for _, t := range l.resources {
			if t.kind != trail || !same(r, r.get("Bucket"), t, firstOf(t.get("S3BucketName"), t.get("S3NewBucket"))) {
				continue
			}
			l.add("S2.D9-config-in-log-bucket", diagnostic.Warning, r.place(nil), "configuration in the bucket of the logs",
				"Putting it there starts whatever the bucket starts for log files, and who may write configuration may write logs.", "a bucket of its own")
			break
		}
	}
}
