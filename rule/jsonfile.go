package rule

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/rule/eventbridge"
)

// jsonFile loads a JSON file by its shape. What is nothing else and looks like
// an event pattern is read as one, so that its faults get that language's codes.
func (l *loader) jsonFile(f *file) {
	var top map[string]json.RawMessage
	if err := json.Unmarshal(f.text, &top); err != nil {
		l.notObject(f)
		return
	}
	exports, isExport := eventbridge.ParseExport(f.text)
	switch {
	case isExport:
		l.exportedRules(f, exports)
	case is(top["MetricAlarms"], '[') || is(top["CompositeAlarms"], '['):
		l.alarmFile(f)
	case is(top["metricFilters"], '[') || is(top["subscriptionFilters"], '[') || is(top["filterPattern"], '"'):
		l.metricFilters(f)
	case is(top["match"], '{') && is(top["id"], '"') || is(top["rules"], '[') && bytes.Contains(top["rules"], []byte(`"match"`)) ||
		is(top["regexp"], '"') || is(top["source"], '"') && is(top["sns"], '{'):
		l.jsonDocument(f)
	case recordShape(top) != "":
		l.notPattern(f, recordShape(top))
	case f.named || looksLikePattern(top):
		l.pattern(f, f.text, &Rule{ID: f.stem(), Title: f.stem(), Line: 1}, eventbridge.Unstated)
	default:
		l.notPattern(f, "JSON that is no rule: an event pattern has fields such as source, detail-type and detail, each with a list of values")
	}
}

func is(raw json.RawMessage, first byte) bool { return len(raw) > 0 && raw[0] == first }

// notObject reports JSON that is broken or no object, with the codes of the
// pattern language, which most JSON rule files are written in.
func (l *loader) notObject(f *file) {
	if json.Valid(f.text) && !f.named {
		l.notPattern(f, "JSON that is no object")
		return
	}
	l.pattern(f, f.text, &Rule{ID: f.stem()}, eventbridge.Unstated)
}

func (l *loader) notPattern(f *file, what string) {
	severity := diagnostic.Warning
	if f.named {
		severity = diagnostic.Error
	}
	l.say(severity, f.name, 1, CodeShape, "%s", what)
}

// recordShape says which AWS document a JSON object is that lies among rules by
// mistake.
func recordShape(top map[string]json.RawMessage) string {
	switch {
	case is(top["Records"], '['):
		return "a log file or a notification (it has Records), not a rule"
	case is(top["eventVersion"], '"') && top["eventTime"] != nil:
		return "a CloudTrail record, not a rule"
	case is(top["detail"], '{') && is(top["source"], '"') && is(top["detail-type"], '"'):
		return "an EventBridge event, not a pattern: the values of a pattern stand in lists"
	case is(top["$schema"], '"'):
		return "a JSON Schema or a document of one, not a rule"
	}
	return ""
}

// looksLikePattern tells event patterns from other JSON: fields of an event are
// there, or every value is a list or an object.
func looksLikePattern(top map[string]json.RawMessage) bool {
	for _, k := range []string{"source", "detail-type", "detail", "account", "region", "resources", "$or"} {
		if top[k] != nil {
			return true
		}
	}
	for _, v := range top {
		if !is(v, '{') && !is(v, '[') {
			return false
		}
	}
	return true
}

// jsonDocument loads a native rule or a regex configuration written in JSON.
func (l *loader) jsonDocument(f *file) {
	n, err := yamldoc.ParseJSON(f.text)
	if err != nil {
		d := parseFault(err)
		l.say(diagnostic.Error, f.name, d.Line, CodeSyntax, "%s", d.Message)
		return
	}
	l.document(f, n, f.text, 1)
}

// exportedRules loads what the EventBridge API describes, in the state the
// rules have there.
func (l *loader) exportedRules(f *file, exports []eventbridge.Exported) {
	for _, x := range exports {
		if x.Pattern == nil {
			l.set.Ignored = append(l.set.Ignored, Ignored{f.name, "rule " + clip(x.Name) + " runs on a schedule"})
			continue
		}
		r := &Rule{ID: x.Name, Title: x.Name, Description: x.Description, Line: 1, Link: x.ARN}
		l.pattern(f, x.Pattern, r, x.State)
	}
}

// pattern adds the rule r with an event pattern that starts on r.Line.
func (l *loader) pattern(f *file, text []byte, r *Rule, state eventbridge.State) {
	p := &part{language: "eventbridge", file: f.name, text: text, line: max(1, r.Line), state: state.String()}
	l.add(f, r, p)
}

// add compiles p into the rule r of a file that has nothing else to say of it.
func (l *loader) add(f *file, r *Rule, p *part) {
	r.File, r.Severity = f.name, Medium
	c, list := languages[p.language](p, l.opts)
	for _, d := range list {
		l.list = append(l.list, p.place(d, r.ID))
	}
	if list.Err() == nil {
		c.fill(r, p)
		l.set.Rules = append(l.set.Rules, r)
	}
}

func parseFault(err error) *yamldoc.Error {
	var e *yamldoc.Error
	if errors.As(err, &e) {
		return e
	}
	return &yamldoc.Error{Message: strings.TrimSpace(err.Error())}
}
