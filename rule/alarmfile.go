package rule

import (
	"fmt"
	"slices"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/rule/alarm"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/rule/filterpattern"
)

// alarms are the CloudWatch alarms of all files, and the metric filters that
// they may be over, which may stand in other files.
type alarms struct {
	filters []alarm.Filter
	rules   []*Rule // by filter; nil for one that became none
	all     []pendingAlarm
}

type pendingAlarm struct {
	alarm alarm.Alarm
	rule  *Rule
}

// alarmFile reads what aws cloudwatch describe-alarms prints.
func (l *loader) alarmFile(f *file) {
	found, err := alarm.ParseAlarms(f.text)
	if err != nil {
		l.say(diagnostic.Error, f.name, alarm.LineOf(f.text, err), CodeAlarm, "%v", err)
		return
	}
	for _, a := range found {
		r := &Rule{
			ID: ruleID(a.Name), Title: a.Name, Description: a.Description, Severity: Medium, Link: a.ARN,
			Language: "alarm", File: f.name, Line: a.Line, TextFile: f.name, TextLine: a.Line, Predicate: detect.Const(false),
		}
		l.alarms.all = append(l.alarms.all, pendingAlarm{a, r})
		l.set.Rules = append(l.set.Rules, r)
	}
}

// ruleID is a name as an id: as it is where it has the form of one.
func ruleID(name string) string {
	if s := slug(name); !idForm(name) && s != "" {
		return s
	}
	return name
}

// transformations notes what the metric filters of a file publish. added are
// the rules that those with valid patterns became; an alarm over another one
// says why it is not judged.
func (l *loader) transformations(f *file, added map[filterpattern.Named]*Rule) {
	found, err := alarm.ParseFilters(f.text)
	if err != nil {
		l.say(diagnostic.Warning, f.name, alarm.LineOf(f.text, err), CodeAlarm, "no alarm can be over these metric filters: %v", err)
	}
	for _, x := range found {
		l.alarms.filters = append(l.alarms.filters, x)
		l.alarms.rules = append(l.alarms.rules, added[filterpattern.Named{Name: x.Name, Text: x.Pattern, LogGroup: x.LogGroup}])
	}
}

// linkAlarms joins alarms to the metric filters that publish what they watch.
// Those filters' matches are counted by the alarm and are no findings of their
// own.
func (l *loader) linkAlarms() {
	for _, p := range l.alarms.all {
		if !slices.Contains(l.set.Rules, p.rule) {
			continue
		}
		spec, used, why := p.alarm.Spec(l.alarms.filters)
		if spec == nil {
			p.rule.Inactive = why
			l.list = append(l.list, diagnostic.Diagnostic{
				Code: CodeAlarm, Severity: diagnostic.Warning, File: p.rule.File, Rule: p.rule.ID, Line: p.rule.Line,
				Message: fmt.Sprintf("alarm %q is not judged: %s", clip(p.alarm.Name), why),
			})
			continue
		}
		spec.Rule = p.rule.ID
		p.rule.Predicate, p.rule.Memory = nil, &Memory{Spec: spec}
		for _, i := range used {
			if r := l.alarms.rules[i]; r != nil {
				r.silence(p.rule.ID)
			}
		}
	}
}
