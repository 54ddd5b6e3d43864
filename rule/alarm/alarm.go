// Package alarm reads CloudWatch metric filters and metric alarms as the AWS
// CLI prints them (aws logs describe-metric-filters, aws cloudwatch
// describe-alarms) and joins them: an alarm goes off over what the filters that
// publish its metric match.
//
// What CloudWatch means is in package memory; see memory.AlarmSettings. Unlike
// CloudWatch, an alarm here names the records behind it, and tells of an actor
// who joins while it is in ALARM.
package alarm

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/detect/memory"
)

// Metric names a metric.
type Metric struct{ Namespace, Name string }

// Transformation is what a filter publishes for a record that it matches.
type Transformation struct {
	Metric     Metric
	Value      string   // a number, or a selector such as $.additionalEventData.bytesTransferredOut
	Default    *float64 // sample of a minute in which no record matched
	Dimensions map[string]string
	Unit       string // None when the filter has none
}

// Filter is one metric filter.
type Filter struct {
	Name, LogGroup, Pattern string
	Transformations         []Transformation
}

// Alarm is one metric alarm.
type Alarm struct {
	Name, Description, ARN string
	Metric                 Metric
	Dimensions             map[string]string
	Unit                   string // that samples must have; empty for any
	Settings               memory.AlarmSettings
	Line                   int // 1-based, where the alarm begins in the text
	// Fault says why the alarm cannot be judged; empty when it can.
	Fault string
}

// MaxBytes bounds a file of filters or alarms.
const MaxBytes = 4 << 20

type metricFilters struct {
	MetricFilters []struct {
		FilterName, LogGroupName, FilterPattern string
		MetricTransformations                   []struct {
			MetricName, MetricNamespace, MetricValue string
			Unit                                     string
			DefaultValue                             *float64
			Dimensions                               map[string]string
		}
	}
}

// ParseFilters reads what describe-metric-filters prints. The error says what
// is wrong with the JSON.
func ParseFilters(text []byte) ([]Filter, error) {
	var doc metricFilters
	if err := unmarshal(text, &doc); err != nil {
		return nil, err
	}
	var all []Filter
	for _, f := range doc.MetricFilters {
		out := Filter{Name: f.FilterName, LogGroup: f.LogGroupName, Pattern: f.FilterPattern}
		for _, t := range f.MetricTransformations {
			out.Transformations = append(out.Transformations, Transformation{
				Metric: Metric{t.MetricNamespace, t.MetricName}, Value: t.MetricValue, Default: t.DefaultValue, Dimensions: t.Dimensions, Unit: cmp.Or(t.Unit, noUnit),
			})
		}
		all = append(all, out)
	}
	return all, nil
}

// noUnit is the unit of samples that were published without one.
const noUnit = "None"

func unmarshal(text []byte, into any) error {
	if len(text) > MaxBytes {
		return fmt.Errorf("the file has %d bytes; at most %d are read", len(text), MaxBytes)
	}
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(into); err != nil {
		return fmt.Errorf("not what the AWS CLI prints: %w", err)
	}
	return nil
}

type describedAlarms struct {
	MetricAlarms    []describedAlarm
	CompositeAlarms []struct{ AlarmName, AlarmArn string }
}

type describedAlarm struct {
	AlarmName, AlarmDescription, AlarmArn string
	MetricName, Namespace                 string
	Statistic, ExtendedStatistic, Unit    string
	Dimensions                            []dimension
	Period                                int64
	EvaluationPeriods, DatapointsToAlarm  int
	Threshold                             *float64
	ThresholdMetricID                     string `json:"ThresholdMetricId"`
	ComparisonOperator, TreatMissingData  string
	EvaluateLowSampleCountPercentile      string
	Metrics                               []metricQuery
}

type dimension struct{ Name, Value string }

// metricQuery is one of an alarm's metrics: a metric, or an expression over
// others.
type metricQuery struct {
	Expression string
	MetricStat *struct {
		Metric struct {
			Namespace, MetricName string
			Dimensions            []dimension
		}
		Period     int64
		Stat, Unit string
	}
}

// one takes the alarm's only metric where it was written as a list of metrics.
func (a *describedAlarm) one() {
	if len(a.Metrics) != 1 || a.Metrics[0].MetricStat == nil {
		return
	}
	m := a.Metrics[0].MetricStat
	a.Namespace, a.MetricName, a.Dimensions = m.Metric.Namespace, m.Metric.MetricName, m.Metric.Dimensions
	a.Period, a.Statistic, a.ExtendedStatistic, a.Unit, a.Metrics = m.Period, m.Stat, "", m.Unit, nil
}

// ParseAlarms reads what describe-alarms prints. An alarm that cannot be judged
// has a Fault that says why.
func ParseAlarms(text []byte) ([]Alarm, error) {
	var doc describedAlarms
	if err := unmarshal(text, &doc); err != nil {
		return nil, err
	}
	var all []Alarm
	metric, composite := lines(text, "MetricAlarms", len(doc.MetricAlarms)), lines(text, "CompositeAlarms", len(doc.CompositeAlarms))
	for i := range doc.MetricAlarms {
		a := &doc.MetricAlarms[i]
		a.one()
		out := Alarm{Line: metric[i], Name: a.AlarmName, Description: a.AlarmDescription, ARN: a.AlarmArn, Metric: Metric{a.Namespace, a.MetricName}, Unit: a.Unit}
		for _, d := range a.Dimensions {
			if out.Dimensions == nil {
				out.Dimensions = map[string]string{}
			}
			out.Dimensions[d.Name] = d.Value
		}
		out.Settings = memory.AlarmSettings{
			Name: a.AlarmName, Period: time.Duration(a.Period) * time.Second, Periods: a.EvaluationPeriods, Datapoints: a.DatapointsToAlarm,
			Statistic: a.Statistic + a.ExtendedStatistic, Missing: memory.Missing(a.TreatMissingData),
			KeepWhenFew: a.EvaluateLowSampleCountPercentile == "ignore",
		}
		out.Fault = out.check(a)
		all = append(all, out)
	}
	for i, c := range doc.CompositeAlarms {
		all = append(all, Alarm{Line: composite[i], Name: c.AlarmName, ARN: c.AlarmArn, Fault: "composite alarms are not judged; their metric alarms are"})
	}
	return all, nil
}

var operators = map[string]detect.NumOp{
	"GreaterThanOrEqualToThreshold": detect.NumGreaterEqual, "GreaterThanThreshold": detect.NumGreater,
	"LessThanThreshold": detect.NumLess, "LessThanOrEqualToThreshold": detect.NumLessEqual,
}

// Bounds of what is evaluated: CloudWatch itself looks back seven days at most.
const (
	maxPeriods = 1440
	maxReach   = 7 * 24 * time.Hour
)

// check completes the settings and says what keeps the alarm from being judged.
func (a *Alarm) check(d *describedAlarm) string {
	s := &a.Settings
	op, known := operators[d.ComparisonOperator]
	switch {
	case d.ThresholdMetricID != "" || d.anomaly():
		return "anomaly detection is not judged; want a threshold that is a number"
	case len(d.Metrics) > 0:
		return "metric math is not judged; want an alarm on one metric"
	case !known:
		return fmt.Sprintf("comparison operator %q: want GreaterThanOrEqualToThreshold, GreaterThanThreshold, LessThanThreshold or LessThanOrEqualToThreshold; those of anomaly detection are not judged", d.ComparisonOperator)
	case d.Threshold == nil:
		return "the alarm has no threshold"
	case !validPeriod(s.Period):
		return fmt.Sprintf("period %s: want 10, 20 or 30 seconds or a multiple of a minute", s.Period)
	case s.Periods < 1 || s.Periods > maxPeriods || time.Duration(s.Periods)*s.Period > maxReach:
		return fmt.Sprintf("%d evaluation periods of %s: want 1 or more, within 7 days", s.Periods, s.Period)
	case s.Datapoints < 0 || s.Datapoints > s.Periods:
		return fmt.Sprintf("%d datapoints to alarm of %d evaluation periods", s.Datapoints, s.Periods)
	}
	s.Threshold = memory.Bound{Op: op, Value: *d.Threshold}
	switch s.Missing {
	case "", memory.MissingMissing, memory.MissingIgnore, memory.MissingBreaching, memory.MissingNotBreaching:
	default:
		return fmt.Sprintf("treatment of missing data %q: want missing, ignore, breaching or notBreaching", s.Missing)
	}
	if err := memory.CheckStatistic(s.Statistic); err != nil {
		return err.Error()
	}
	return ""
}

// anomaly tells whether one of the metrics is a band of what is expected.
func (a *describedAlarm) anomaly() bool {
	return slices.ContainsFunc(a.Metrics, func(m metricQuery) bool { return strings.Contains(m.Expression, "ANOMALY_DETECTION_BAND") })
}

func validPeriod(p time.Duration) bool {
	return p == 10*time.Second || p == 20*time.Second || p == 30*time.Second || p >= time.Minute && p%time.Minute == 0 && p <= maxReach
}
