package eventbridge

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// WithState is the same pattern for a rule in the given state, so that Lint can
// speak of what never reaches it.
func (p *Pattern) WithState(s State) *Pattern {
	c := *p
	c.state = s
	return &c
}

// Lint says what in a valid pattern will not do what its author meant, beyond
// Parse's warnings: fields that no event has (EBW05), detail types that no
// CloudTrail record comes in (EBW07), calls that are never delivered (EBW08),
// conditions that cannot hold, together or alone (EBW09, EBW11), alternatives that let
// everything through (EBW10), exclusions that drop records without the field
// (EBW12), asterisks where they stand for themselves (EBW13), values of a type
// that the field never has (EBW14). Names of services and calls are for whoever
// lints the predicate. cat may be nil; then no field names are checked.
func (p *Pattern) Lint(cat diagnostic.Catalogue) diagnostic.List {
	l := &linter{pattern: p, cat: cat, foreign: true, done: map[*layer]bool{}, seen: map[*leaf]bool{}}
	for _, a := range p.alts {
		l.foreign = l.foreign && l.isForeign(a)
	}
	for _, a := range p.alts {
		l.leaves(a)
		l.together(a)
	}
	slices.SortStableFunc(l.found, func(a, b diagnostic.Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Code, b.Code))
	})
	return slices.CompactFunc(l.found, func(a, b diagnostic.Diagnostic) bool { return a == b })
}

type linter struct {
	pattern *Pattern
	cat     diagnostic.Catalogue
	foreign bool // about events that are not CloudTrail's
	done    map[*layer]bool
	seen    map[*leaf]bool
	found   diagnostic.List
}

func (l *linter) warn(code string, f *leaf, fix, why, msg string, args ...any) {
	l.found = append(l.found, warning(l.pattern.text, code, f.pos, fmt.Sprintf(msg, args...), why, fix))
}

// envelope is what EventBridge puts around a record.
func envelope() []string {
	return []string{"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"}
}

func detailTypes() []string {
	return []string{"AWS API Call via CloudTrail", "AWS Console Sign In via CloudTrail", "AWS Console Action via CloudTrail",
		"AWS Service Event via CloudTrail", "AWS Insight via CloudTrail", "AWS Network Activity Event via CloudTrail"}
}

// isForeign tells whether an alternative asks for a detail type or a source that
// is none of CloudTrail's.
func (l *linter) isForeign(a *alternative) bool {
	types, ok := exact(a.get("detail-type"))
	if ok && !slices.ContainsFunc(types, func(t string) bool { return strings.Contains(strings.ToLower(t), "cloudtrail") }) {
		return true
	}
	sources, ok := exact(a.get("source"))
	return ok && !slices.ContainsFunc(sources, func(s string) bool { return strings.HasPrefix(s, "aws.") })
}

// exact is a leaf's values when all of them are plain strings.
func exact(f *leaf) ([]string, bool) {
	if f == nil {
		return nil, false
	}
	var out []string
	for _, m := range f.matchers {
		if m.op != "" && m.op != "exactly" || m.value.kind != cloudtrail.String {
			return nil, false
		}
		out = append(out, m.value.text)
	}
	return out, true
}

// leaves looks at each leaf once, if it counts in some alternative.
func (l *linter) leaves(a *alternative) {
	for b := a; b != nil; b = b.before {
		if l.done[b.layer] {
			continue
		}
		l.done[b.layer] = true
		for path, f := range b.layer.leaves {
			switch {
			case l.seen[f]:
			case a.get(path) != f:
				l.done[b.layer] = false // it may count in another
			default:
				l.seen[f] = true
				l.leaf(f)
			}
		}
	}
}

func (l *linter) leaf(f *leaf) {
	if !l.operatorAsField(f) {
		l.name(f)
	}
	l.detailType(f)
	l.alwaysTrue(f)
	l.dropsAbsent(f)
	l.asterisk(f)
	l.neverValue(f)
}

// name is EBW05: a field that CloudTrail's events never have.
func (l *linter) name(f *leaf) {
	if l.cat == nil || l.foreign {
		return
	}
	const why = "CloudTrail never delivers it, so a condition on it never holds, and one on its absence always does."
	field, inDetail := strings.CutPrefix(f.path, "detail.")
	if inDetail {
		if known, _, near := l.cat.Field(field); !known {
			l.warn("EBW05", f, near, why, "CloudTrail records have no field %q", cut(field))
		}
		return
	}
	if top, _, _ := strings.Cut(f.path, "."); slices.Contains(envelope(), top) {
		return
	}
	fix := ""
	if known, _, _ := l.cat.Field(f.path); known {
		fix = `"detail": {` + strings.Replace(f.src(), f.path+": ", quote(f.path)+": ", 1) + "}"
	}
	l.warn("EBW05", f, fix, why+" The fields of the record stand inside detail.", "the event around a CloudTrail record has no field %q", cut(f.path))
}

// operatorAsField is EBW05 too: an operator that stands outside an array, where
// its name is taken for a field's. Fields below parameters may have the names of
// most operators, but not those with a hyphen.
func (l *linter) operatorAsField(f *leaf) bool {
	at := strings.LastIndexByte(f.path, '.')
	if at < 0 || slices.ContainsFunc(f.matchers, func(m matcher) bool { return m.op != "" }) {
		return false
	}
	field, op := f.path[:at], f.path[at+1:]
	if !isOperator(op) || !strings.Contains(op, "-") && !l.isValue(field) {
		return false
	}
	operands := make([]string, len(f.matchers))
	for i, m := range f.matchers {
		operands[i] = m.src
	}
	operand := "[" + strings.Join(operands, ",") + "]"
	if len(operands) == 1 && op != "numeric" {
		operand = operands[0]
	}
	l.warn("EBW05", f, inArray(field, op, operand), "An operator is an entry of its field's array. No event has the field, so the condition never holds.",
		"the operator %q stands outside an array and is taken for a field below %q", op, cut(field))
	return true
}

// isValue tells whether CloudTrail's events have a value at the path, and so
// nothing below it.
func (l *linter) isValue(path string) bool {
	if l.foreign || l.cat == nil {
		return false
	}
	field, inDetail := strings.CutPrefix(path, "detail.")
	if !inDetail {
		return slices.Contains(envelope(), path) && path != "detail"
	}
	known, ok := catalog.Default().Lookup(field)
	return ok && known.Path == field && slices.Contains([]string{"string", "text", "boolean"}, known.Type)
}

// detailType is EBW07: a detail type that no record comes in.
func (l *linter) detailType(f *leaf) {
	types, ok := exact(f)
	if f.path != "detail-type" || !ok {
		return
	}
	for _, t := range types {
		near := ""
		for _, known := range detailTypes() {
			if folded(t) == folded(known) {
				near = known
			}
		}
		if t != near {
			why := "Records from CloudTrail are never matched by it; events that EventBridge delivers may be."
			l.warn("EBW07", f, near, why, "no CloudTrail record has the detail-type %q", cut(t))
		}
	}
}

// folded drops case and blanks: one AWS page writes "Signin".
func folded(s string) string { return strings.ToLower(strings.ReplaceAll(s, " ", "")) }

// alwaysTrue is EBW10: alternatives that leave nothing out.
func (l *linter) alwaysTrue(f *leaf) {
	var buts []matcher
	present, absent := false, false
	for _, m := range f.matchers {
		switch {
		case m.op == "anything-but":
			buts = append(buts, m)
		case m.absent:
			absent = true
		case m.op == "exists":
			present = true
		}
	}
	const why = "The entries of an array are alternatives: one of them is enough."
	switch {
	case present && absent:
		l.warn("EBW10", f, "", why, "the condition on %q always holds: the field is there or it is not", cut(f.path))
	case present && len(f.matchers) > 1:
		l.warn("EBW10", f, "", why, `beside {"exists": true} the other values of %q make no difference`, cut(f.path))
	case len(buts) > 1:
		l.warn("EBW10", f, mergeButs(buts), why, "several anything-but on %q side by side exclude nothing: what one excludes, another lets through", cut(f.path))
	}
}

// mergeButs is one anything-but for several, where that can be written.
func mergeButs(buts []matcher) string {
	var list []string
	for _, m := range buts {
		if m.value.kind != buts[0].value.kind || m.value.kind != cloudtrail.String && m.value.kind != cloudtrail.Number {
			return ""
		}
		_, operand, _ := strings.Cut(m.src, ":")
		list = append(list, strings.TrimSuffix(operand, "}"))
	}
	return `{"anything-but": [` + strings.Join(list, ", ") + "]}"
}

// dropsAbsent is EBW12: an exclusion on a documented field that many records
// lack. What a service puts below its parameters is the author's to know.
func (l *linter) dropsAbsent(f *leaf) {
	field, inDetail := strings.CutPrefix(f.path, "detail.")
	if l.cat == nil || l.foreign || !inDetail || belowParameters(field) {
		return
	}
	known, optional, _ := l.cat.Field(field)
	for _, m := range f.matchers {
		if m.op != "anything-but" {
			known = false
		}
	}
	if known && optional {
		l.warn("EBW12", f, `[{"exists": false}, `+f.matchers[0].src+"]", "anything-but needs a value: records without the field do not match.",
			"anything-but on %q leaves out every record that lacks it", cut(field))
	}
}

func belowParameters(field string) bool {
	top, _, below := strings.Cut(field, ".")
	switch top {
	case "requestParameters", "responseElements", "additionalEventData", "serviceEventDetails":
		return below
	}
	return false
}

// together looks at conditions that must hold at once.
func (l *linter) together(a *alternative) {
	l.consoleNames(a)
	l.insights(a)
	l.recordsSource(a)
	l.sources(a)
	l.undelivered(a)
}

// consoleNames is EBW09: sign-in events asked for as API calls.
func (l *linter) consoleNames(a *alternative) {
	types, ok := exact(a.get("detail-type"))
	names, named := exact(a.get("detail.eventName"))
	if !ok || !named || slices.ContainsFunc(types, func(t string) bool { return t != detailTypes()[0] }) {
		return
	}
	for _, n := range names {
		if n == "ConsoleLogin" || n == "CheckMfa" || n == "SwitchRole" || n == "ExitRole" {
			l.warn("EBW09", a.get("detail-type"), `"detail-type": ["AWS API Call via CloudTrail", "AWS Console Sign In via CloudTrail"]`,
				"The event never arrives under this detail-type.", "%s is delivered as %q, not as %q", n, detailTypes()[1], detailTypes()[0])
		}
	}
}

// insights is EBW09 too: Insights asked for as other events.
func (l *linter) insights(a *alternative) {
	const insight = "AWS Insight via CloudTrail"
	types, ok := exact(a.get("detail-type"))
	if !ok || slices.Contains(types, insight) {
		return
	}
	if a.below("detail.insightDetails.") {
		l.warn("EBW09", a.get("detail-type"), `"detail-type": ["`+insight+`"]`, "The event never arrives under this detail-type.",
			"an Insights event is delivered as %q, not as %q", insight, cut(types[0]))
	}
}

// sources is EBW11: source and detail.eventSource that never come together.
func (l *linter) sources(a *alternative) {
	outer, ok1 := exact(a.get("source"))
	inner, ok2 := exact(a.get("detail.eventSource"))
	if !ok1 || !ok2 {
		return
	}
	for _, s := range inner {
		if service, _, _ := strings.Cut(strings.ToLower(s), ".amazonaws."); slices.Contains(outer, "aws."+service) {
			return // in the wrong case, eventSource itself is what to mend
		}
	}
	service, _, _ := strings.Cut(inner[0], ".amazonaws.")
	l.warn("EBW11", a.get("source"), fmt.Sprintf(`"source": ["aws.%s"]`, service), "Both conditions never hold together.",
		"source %q never goes with eventSource %q", cut(strings.Join(outer, ", ")), cut(strings.Join(inner, ", ")))
}

// recordsSource is EBW11 too: a source spelt as records spell eventSource, which
// no event from AWS has.
func (l *linter) recordsSource(a *alternative) {
	f := a.get("source")
	outer, ok := exact(f)
	if _, both := exact(a.get("detail.eventSource")); !ok || both {
		return // sources speaks of the two
	}
	for _, s := range outer {
		service, domain, _ := strings.Cut(s, ".amazonaws.")
		if domain != "com" && domain != "com.cn" {
			continue
		}
		l.warn("EBW11", f, quote("aws."+service), "The condition never holds. EventBridge names the service with aws. before it; amazonaws.com is how the record inside detail spells its eventSource.",
			"no event from AWS has the source %q", cut(s))
	}
}

// undelivered is EBW08: a rule that is merely ENABLED asking for reads. Beside
// calls that are delivered, those are named that are known to be reads, as every
// Describe and List is.
func (l *linter) undelivered(a *alternative) {
	names, ok := exact(a.get("detail.eventName"))
	if !ok || l.pattern.state != Enabled {
		return
	}
	var lost, sure []string
	for _, n := range names {
		read := slices.ContainsFunc(readPrefixes(), func(p string) bool { return strings.HasPrefix(n, p) })
		only, known := l.reads(a, n)
		if !read || slices.Contains(deliveredReads(), n) || dataRead.MatchString(n) || known && !only {
			continue
		}
		lost = append(lost, n)
		if known || !strings.HasPrefix(n, "Get") {
			sure = append(sure, n)
		}
	}
	if len(lost) < len(names) {
		lost = sure
	}
	if len(lost) == 0 {
		return
	}
	l.warn("EBW08", a.get("detail.eventName"), `"State": "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"`,
		"Read-only management events whose names start with Describe, Get or List are not sent to a rule in state ENABLED. Data events are.",
		"EventBridge does not deliver %s to a rule in state ENABLED", cut(strings.Join(lost, ", ")))
}

// dataRead are reads that are recorded as data events, which are delivered.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
var dataRead = re2.Own(`^(GetObject|ListObject|ListParts$|ListMultipartUploads$|GetItem$|GetRecords$|GetShardIterator$|GetSnapshotBlock$|ListSnapshotBlocks$|ListChangedBlocks$|GetThingShadow$|ListNamedShadowsForThing$|GetLatestConfiguration$)`)

func (l *linter) reads(a *alternative, name string) (only, known bool) {
	if l.cat == nil {
		return false, false
	}
	source := ""
	if s, ok := exact(a.get("detail.eventSource")); ok && len(s) == 1 {
		source = s[0]
	} else if s, ok := exact(a.get("source")); ok && len(s) == 1 && strings.HasPrefix(s[0], "aws.") {
		source = strings.TrimPrefix(s[0], "aws.") + ".amazonaws.com"
	}
	return l.cat.ReadOnly(source, name)
}
