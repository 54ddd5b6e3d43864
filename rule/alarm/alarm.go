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
	"strconv"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/detect/memory"
	"github.com/trailwarden/trailwarden/rule/filterpattern"
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
	for i := range doc.MetricAlarms {
		a := &doc.MetricAlarms[i]
		a.one()
		out := Alarm{Name: a.AlarmName, Description: a.AlarmDescription, ARN: a.AlarmArn, Metric: Metric{a.Namespace, a.MetricName}, Unit: a.Unit}
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
	for _, c := range doc.CompositeAlarms {
		all = append(all, Alarm{Name: c.AlarmName, ARN: c.AlarmArn, Fault: "composite alarms are not judged; their metric alarms are"})
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

// Spec joins the alarm with the filters that publish its metric, in the order
// given; used tells which they are. The Spec is nil, and why says the reason,
// when there are none or one of them cannot be judged.
func (a *Alarm) Spec(filters []Filter) (s *memory.Spec, used []int, why string) {
	if a.Fault != "" {
		return nil, nil, a.Fault
	}
	settings := a.Settings
	s = &memory.Spec{Rule: a.Name, Kind: memory.Alarm, Alarm: &settings}
	for i, f := range filters {
		for _, t := range f.Transformations {
			if t.Metric != a.Metric || len(t.Dimensions) != len(a.Dimensions) || a.Unit != "" && t.Unit != a.Unit {
				continue
			}
			in, fault := f.input(&t, a.Dimensions)
			if fault != "" {
				return nil, nil, fmt.Sprintf("metric filter %s: %s", f.Name, fault)
			}
			if t.Default != nil {
				settings.Default = t.Default
			}
			s.Inputs, used = append(s.Inputs, in), append(used, i)
		}
	}
	switch {
	case len(s.Inputs) == 0:
		return nil, nil, fmt.Sprintf("no metric filter publishes %s %s%s; give what aws logs describe-metric-filters prints as well", a.Metric.Namespace, a.Metric.Name, a.dimensions())
	case len(s.Inputs) > memory.MaxInputs-1:
		return nil, nil, fmt.Sprintf("%d metric filters publish the alarm's metric; at most %d are read", len(s.Inputs), memory.MaxInputs-1)
	}
	return s, used, ""
}

func (a *Alarm) dimensions() string {
	text := ""
	if len(a.Dimensions) > 0 {
		text = fmt.Sprintf(" with %d dimensions", len(a.Dimensions))
	}
	if a.Unit != "" {
		text += " in the unit " + a.Unit
	}
	return text
}

// input is the records that the filter publishes to the metric, with the
// dimensions' values that the alarm is on. A record that lacks a dimension's
// field publishes nothing.
func (f *Filter) input(t *Transformation, dimensions map[string]string) (in memory.Input, fault string) {
	if t.Default != nil && len(t.Dimensions) > 0 {
		return in, "a default value beside dimensions, which CloudWatch does not allow: nothing says of which dimensions it would be"
	}
	pattern, list := filterpattern.Parse(f.Pattern)
	if pattern == nil {
		return in, list.Err().Error()
	}
	all := detect.All{pattern.Predicate()}
	for name, selector := range t.Dimensions {
		value, has := dimensions[name]
		path, ok := selected(selector)
		switch {
		case !has:
			return in, "publishes other dimensions than the alarm is on"
		case !ok:
			return in, fmt.Sprintf("dimension %s: %q is no selector such as $.awsRegion", name, selector)
		}
		all = append(all, detect.Test{Path: detect.Keys(path...), Match: detect.Text{Op: detect.Equal, Values: []string{value}, Kinds: detect.Scalars}, Src: selector + " = " + strconv.Quote(value)})
	}
	in = memory.Input{Name: f.Name, Node: all, From: -1, Value: []memory.Field{memory.FieldOf("actor")}}
	if len(all) == 1 {
		in.Node = all[0]
	}
	if path, ok := selected(t.Value); ok {
		n := memory.FieldOf(strings.Join(path, "."))
		in.Number = &n
		return in, ""
	}
	x, err := strconv.ParseFloat(t.Value, 64)
	if err != nil {
		return in, fmt.Sprintf("metric value %q: want a number, or a selector such as $.count", t.Value)
	}
	in.Amount = x
	return in, ""
}

// selected is the keys of a plain selector.
func selected(s string) ([]string, bool) {
	path, ok := strings.CutPrefix(s, "$.")
	return strings.Split(path, "."), ok && path != "" && !strings.ContainsAny(path, "[]* ")
}
