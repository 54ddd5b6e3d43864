package rule_test

import (
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/rule"
)

const (
	validFilter   = `{"filterName": "valid", "logGroupName": "g", "filterPattern": "{ $.eventName = A }", "metricTransformations": [{"metricName": "V", "metricNamespace": "N", "metricValue": "1"}]}`
	invalidFilter = `{"filterName": "invalid", "logGroupName": "g", "filterPattern": "{ $.eventName == A }", "metricTransformations": [{"metricName": "I", "metricNamespace": "N", "metricValue": "1"}]}`
	unusedFilter  = `{"filterName": "unused", "logGroupName": "g", "filterPattern": "{ $.eventName = B }", "metricTransformations": [{"metricName": "U", "metricNamespace": "N", "metricValue": "1"}]}`
)

func alarmOn(metric string) string {
	return `{"AlarmName": "on-` + metric + `", "Namespace": "N", "MetricName": "` + metric + `", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold"}`
}

// Alarms are joined with metric filters of other files, each by itself: what is
// wrong with one filter stops no alarm over another, and an alarm that is not
// judged says why. A filter that an alarm counts has no findings of its own.
func TestAlarmsAreJoinedOneByOne(t *testing.T) {
	set, list := rule.Load([]string{write(t, files{
		"filters.json": `{"metricFilters": [` + validFilter + "," + invalidFilter + "," + unusedFilter + `]}`,
		"alarms.json":  `{"MetricAlarms": [` + alarmOn("V") + "," + alarmOn("I") + "," + alarmOn("X") + `], "CompositeAlarms": [{"AlarmName": "both"}]}`,
	})}, rule.Options{})
	inactive := map[string]string{
		"on-V": "", "on-I": `metric filter invalid: 1:15: FP003: "==" is no operator`, "on-X": "no metric filter publishes N X",
		"both": "composite alarms are not judged", "valid": "", "unused": "",
	}
	for _, r := range set.Rules {
		why, known := inactive[r.ID]
		if !known || (why == "") != (r.Inactive == "") || !strings.Contains(r.Inactive, why) {
			t.Errorf("%s: %q, want %q", r.ID, r.Inactive, why)
		}
		if counted := r.CountedBy == "on-V"; counted != (r.ID == "valid") {
			t.Errorf("%s is counted by %q", r.ID, r.CountedBy)
		}
		delete(inactive, r.ID)
	}
	if len(inactive) > 0 {
		t.Errorf("not loaded: %v", inactive)
	}
	if list.Err() == nil {
		t.Error("the invalid pattern is not said")
	}
}
