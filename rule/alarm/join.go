package alarm

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/detect/memory"
	"github.com/trailwarden/trailwarden/rule/filterpattern"
)

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
			if !a.over(&t) {
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

// over tells whether the alarm is on what the transformation publishes: metrics
// of one name with other dimensions are others.
func (a *Alarm) over(t *Transformation) bool {
	if t.Metric != a.Metric || len(t.Dimensions) != len(a.Dimensions) || a.Unit != "" && t.Unit != a.Unit {
		return false
	}
	for name := range t.Dimensions {
		if _, has := a.Dimensions[name]; !has {
			return false
		}
	}
	return true
}

func (a *Alarm) dimensions() string {
	text := ""
	if names := slices.Sorted(maps.Keys(a.Dimensions)); len(names) > 0 {
		text = " by " + strings.Join(names, ", ")
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
	for _, name := range slices.Sorted(maps.Keys(t.Dimensions)) {
		selector := t.Dimensions[name]
		steps, fault := selected(selector)
		if fault != "" {
			return in, fmt.Sprintf("dimension %s: %s", name, fault)
		}
		all = append(all, detect.Test{Path: detect.Path{Steps: steps}, Match: detect.Text{Op: detect.Equal, Values: []string{dimensions[name]}, Kinds: detect.Scalars}, Src: selector + " = " + strconv.Quote(dimensions[name])})
	}
	in = memory.Input{Name: f.Name, Node: all, From: -1, Value: []memory.Field{memory.FieldOf("actor")}}
	if len(all) == 1 {
		in.Node = all[0]
	}
	fault = f.publish(&in, t.Value)
	return in, fault
}

// publish gives the input the filter's value: a number, or where it is.
func (f *Filter) publish(in *memory.Input, value string) (fault string) {
	if !strings.HasPrefix(value, "$") {
		x, err := strconv.ParseFloat(value, 64)
		if err != nil || math.IsInf(x, 0) || math.IsNaN(x) {
			return fmt.Sprintf("metric value %q: want a number, or a selector such as $.count", value)
		}
		in.Amount = x
		return ""
	}
	steps, fault := selected(value)
	if fault == "" {
		n := memory.FieldAt(value, steps)
		in.Number = &n
		return ""
	}
	return "metric value " + fault
}

func selected(selector string) (steps []detect.Step, fault string) {
	steps, err := filterpattern.ParseSelector(selector)
	if err != nil {
		return nil, fmt.Sprintf("%q is no selector such as $.awsRegion: %v", selector, err)
	}
	return steps, ""
}
