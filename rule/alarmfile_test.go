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

// An alarm and the metric filter that it is over may have one name: only the alarm
// gives findings. Two alarms may not, whatever is between them.
func TestAnAlarmMayHaveTheNameOfItsFilter(t *testing.T) {
	named := strings.Replace(alarmOn("V"), "on-V", "valid", 1)
	filters := `{"metricFilters": [` + validFilter + `]}`
	for alarms, want := range map[string]int{named: 0, named + "," + named: 1} {
		set, list := rule.Load([]string{write(t, files{"filters.json": filters, "alarms.json": `{"MetricAlarms": [` + alarms + `]}`})}, rule.Options{})
		if len(list) != want || want > 0 && list[0].Code != rule.CodeDuplicate {
			t.Errorf("%s: %v", alarms, list)
		}
		for _, r := range set.Rules {
			if r.ID != "valid" || (r.Language == "filter") != (r.CountedBy != "") {
				t.Errorf("%s %s is counted by %q", r.Language, r.ID, r.CountedBy)
			}
		}
	}
}

// What is said of an alarm names its line in the file, and what is said of a
// file its line there.
func TestAlarmsAreSaidByTheirLines(t *testing.T) {
	dir := write(t, files{
		"alarms.json": "{\n \"MetricAlarms\": [\n  " + alarmOn("V") + ",\n\n  " + alarmOn("W") + "],\n \"CompositeAlarms\": [\n  {\"AlarmName\": \"both\"}\n ]\n}\n",
		"wrong.json":  "{\"MetricAlarms\": [\n  {\"AlarmName\": \"a\",\n   \"Period\": \"sixty\"}]}\n",
	})
	_, list := rule.Load([]string{dir}, rule.Options{})
	same(t, "diagnostics", []string{"wrong.json:3 error TW015", "alarms.json:3 warning TW015", "alarms.json:5 warning TW015", "alarms.json:7 warning TW015"}, said(list, dir))
}

// The name of a metric filter is its log group's own: two groups may have the
// same, one group may not.
func TestMetricFiltersOfTwoGroupsShareAName(t *testing.T) {
	other := strings.Replace(validFilter, `"g"`, `"h"`, 1)
	for filters, want := range map[string]int{validFilter + "," + other: 0, validFilter + "," + validFilter: 1} {
		_, list := rule.Load([]string{write(t, files{"filters.json": `{"metricFilters": [` + filters + `]}`})}, rule.Options{})
		if len(list) != want || want > 0 && list[0].Code != rule.CodeDuplicate {
			t.Errorf("%s: %v", filters, list)
		}
	}
}
