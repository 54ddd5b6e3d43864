package alarm_test

import (
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/detect/memory"
	"github.com/trailwarden/trailwarden/rule/alarm"
)

const filters = `{"metricFilters": [
 {"filterName": "denied", "logGroupName": "trail", "filterPattern": "{ $.errorCode = \"*Denied*\" }",
  "metricTransformations": [{"metricName": "Denied", "metricNamespace": "CIS", "metricValue": "1", "defaultValue": 0.0}]},
 {"filterName": "bytes", "logGroupName": "trail", "filterPattern": "{ $.eventName = GetObject }",
  "metricTransformations": [{"metricName": "Out", "metricNamespace": "CIS", "metricValue": "$.additionalEventData.bytesTransferredOut", "dimensions": {"Region": "$.awsRegion"}}]}]}`

func settings(change string) string {
	a := `"AlarmName": "a", "MetricName": "Denied", "Namespace": "CIS", "Statistic": "Sum", "Period": 300, "EvaluationPeriods": 1,
  "Threshold": 3.0, "ComparisonOperator": "GreaterThanOrEqualToThreshold", "TreatMissingData": "notBreaching", "Dimensions": []`
	if old, now, ok := strings.Cut(change, " => "); ok {
		a = strings.Replace(a, old, now, 1)
	}
	return `{"MetricAlarms": [{` + a + `}]}`
}

// What cannot be judged is said with its reason; the rest is joined with the
// filters of its metric.
func TestAlarmsAreJoinedWithTheirFilters(t *testing.T) {
	f, err := alarm.ParseFilters([]byte(filters))
	if err != nil || len(f) != 2 {
		t.Fatal(err, f)
	}
	for change, why := range map[string]string{
		"":                      "",
		`"Denied" => "Nothing"`: "no metric filter publishes CIS Nothing",
		`"Denied" => "Out"`:     "no metric filter publishes CIS Out",
		`"Dimensions": [] => "Dimensions": [{"Name": "Region", "Value": "x"}]`: "no metric filter publishes CIS Denied by Region",
		`"Sum" => "tm101"`: `statistic "tm101" is none`,
		`"Statistic": "Sum" => "ExtendedStatistic": "p99.9"`:             "",
		`"GreaterThanOrEqualToThreshold" => "GreaterThanUpperThreshold"`: "anomaly detection",
		`300 => 45`: "period 45s",
		`"EvaluationPeriods": 1 => "EvaluationPeriods": 3, "DatapointsToAlarm": 4`: "4 datapoints to alarm of 3",
		`"notBreaching" => "zero"`:            `missing data "zero"`,
		`"Dimensions": [] => "Metrics": [{}]`: "metric math",
	} {
		all, err := alarm.ParseAlarms([]byte(settings(change)))
		if err != nil || len(all) != 1 {
			t.Fatal(change, err, all)
		}
		s, used, got := all[0].Spec(f)
		if (got == "") != (why == "") || !strings.Contains(got, why) || (s != nil) != (why == "") {
			t.Errorf("%s: %q, want %q", change, got, why)
		}
		if s != nil && (len(used) != 1 || used[0] != 0 || s.Inputs[0].Amount != 1 || *s.Alarm.Default != 0 || s.Alarm.Period != 5*time.Minute || s.Kind != memory.Alarm) {
			t.Errorf("%s: %+v", change, s)
		}
	}
}

func TestDimensionsPickTheirRecords(t *testing.T) {
	f, _ := alarm.ParseFilters([]byte(filters))
	all, err := alarm.ParseAlarms([]byte(strings.Replace(settings(`"Denied" => "Out"`), `"Dimensions": []`, `"Dimensions": [{"Name": "Region", "Value": "eu-west-1"}]`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	s, used, why := all[0].Spec(f)
	if why != "" || len(used) != 1 || used[0] != 1 || s.Inputs[0].Number == nil || s.Inputs[0].Number.Name != "$.additionalEventData.bytesTransferredOut" {
		t.Fatalf("%q %v %+v", why, used, s)
	}
}

// CloudWatch allows no default value beside dimensions.
func TestADefaultBesideDimensionsIsRefused(t *testing.T) {
	f, _ := alarm.ParseFilters([]byte(strings.Replace(filters, `"dimensions":`, `"defaultValue": 0, "dimensions":`, 1)))
	all, err := alarm.ParseAlarms([]byte(strings.Replace(settings(`"Denied" => "Out"`), `"Dimensions": []`, `"Dimensions": [{"Name": "Region", "Value": "eu-west-1"}]`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if s, _, why := all[0].Spec(f); s != nil || !strings.Contains(why, "default value beside dimensions") {
		t.Errorf("%q %+v", why, s)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(filters))
	f.Add([]byte(settings("")))
	f.Fuzz(func(t *testing.T, text []byte) {
		filters, err := alarm.ParseFilters(text)
		if err != nil {
			filters = nil
		}
		alarms, err := alarm.ParseAlarms(text)
		if err != nil {
			return
		}
		for i := range alarms {
			alarms[i].Spec(filters)
		}
	})
}
