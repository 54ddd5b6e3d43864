package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/infra/policy"
	"github.com/trailwarden/trailwarden/infra/value"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// eventRule judges a rule of EventBridge: its pattern, and its targets.
func (l *linter) eventRule(r *resource) {
	state := r.get("State").String()
	if p := r.get("EventPattern"); p != nil {
		if doc := l.documentOf(r.place(p), p); doc != nil && doc.Kind == value.Map {
			l.pattern(r, doc, state)
		}
	}
	for _, t := range r.get("Targets").Each() {
		if t.Kind == value.Map {
			l.target(r, t)
		}
	}
}

// pattern judges an event pattern.
func (l *linter) pattern(r *resource, p *value.Value, state string) {
	at := r.place(p)
	text := encode(p)
	if state != "" && !strings.HasPrefix(state, "$") {
		text = encode(&value.Value{Kind: value.Map, Keys: []value.Key{{Name: "Name"}, {Name: "EventPattern"}, {Name: "State"}},
			Items: []*value.Value{{Kind: value.Text, Text: "rule"}, {Kind: value.Text, Text: string(text)}, {Kind: value.Text, Text: state}}})
	}
	l.rules("eventbridge", at, text, false)
	l.regionPattern(r, p)
	l.sources(r, p)
	for _, s := range p.Path("detail", "eventSource").Each() {
		if _, ok := catalog.Default().Region(s.String()); ok {
			l.sourceForRegion(r.place(s), `"eventSource": ["`+s.String()+`"]`)
		}
	}
	r.pattern = p
}

// regionPattern judges patterns for regions that are not approved.
func (l *linter) regionPattern(r *resource, p *value.Value) {
	approved := excepted(firstOf(p.Path("detail", "awsRegion"), p.Get("region")))
	if approved == nil {
		return
	}
	detail := p.Get("detail")
	if !slices.Contains(approved.Strings(), catalog.GlobalHome) && detail.Get("eventSource") == nil && p.Get("source") == nil && whole(approved) {
		l.add("S0.D4-global-services", diagnostic.Warning, r.place(approved), "the pattern for regions that are not approved takes us-east-1 for one of them",
			"IAM, CloudFront, Route 53 and sign-in record there, wherever the caller is: each call is reported.",
			`approve us-east-1, and watch it by "eventSource": [{"anything-but": ["iam.amazonaws.com", "sts.amazonaws.com", "signin.amazonaws.com", …]}] in a rule of its own`)
	}
	if detail.Get("readOnly") == nil && detail.Get("eventName") == nil && detail.Get("$or") == nil {
		l.add("S0.D8-reads-alarm", diagnostic.Warning, r.place(approved), "the pattern reports reads too", "Looking around in the console of another region makes dozens of reads.",
			`"detail": {"readOnly": [false]}`)
	}
}

// excepted is the list below anything-but.
func excepted(v *value.Value) *value.Value {
	for _, x := range v.Each() {
		if but := x.Get("anything-but"); but != nil {
			return but
		}
	}
	return nil
}

// globals are the services that a pattern asks for and that record in us-east-1
// only.
func globals(p *value.Value) []string {
	named := p.Path("detail", "eventSource").Strings()
	for _, s := range p.Get("source").Strings() {
		if service, ok := strings.CutPrefix(s, "aws."); ok && p.Path("detail", "eventSource") == nil {
			named = append(named, service+".amazonaws.com")
		}
	}
	var out []string
	for _, g := range catalog.Default().GlobalServices() {
		if slices.Contains(named, g.Source) && slices.Contains(g.Homes, catalog.GlobalHome) {
			out = append(out, g.Source)
		}
	}
	return out
}

// sources remembers which global services a rule asks for.
func (l *linter) sources(r *resource, p *value.Value) {
	for _, g := range globals(p) {
		if !slices.Contains(r.globals, g) {
			r.globals = append(r.globals, g)
		}
	}
}

// forwarders says of rules for global services that stand in other regions than
// the services' events arrive in.
func (l *linter) forwarders() {
	covered := map[string]bool{}
	for _, r := range l.resources {
		if r.region == catalog.GlobalHome {
			for _, g := range r.globals {
				covered[g] = true
			}
		}
	}
	for _, r := range l.resources {
		missing := slices.DeleteFunc(slices.Clone(r.globals), func(g string) bool { return covered[g] })
		if len(missing) == 0 || r.region == "" || r.region == catalog.GlobalHome || catalog.Default().PartitionOf(r.region) != "aws" {
			continue
		}
		l.add("S1.D4-no-us-east-1-forwarder", diagnostic.Warning, r.place(nil), fmt.Sprintf("the rule is in %s, and events of %s arrive in us-east-1 only", r.region, strings.Join(missing, ", ")),
			"The rule never matches them.", "the same rule in us-east-1, with this region's bus as its target")
	}
}

// target judges where a rule sends events.
func (l *linter) target(r *resource, t *value.Value) {
	r.targets = append(r.targets, t)
	l.deferred = append(l.deferred, func() {
		if t.Get("Arn") == nil || t.Get("DeadLetterConfig") != nil || l.scheduled(r) {
			return
		}
		l.add("S1.D7-target-without-dead-letters", diagnostic.Warning, r.place(t), "the target has no dead-letter queue",
			"An event that cannot be delivered for a day, or is refused, is gone.", deadLetters(r))
	})
}

// scheduled tells whether a target is of a rule that runs by the clock: what is
// missed there comes again.
func (l *linter) scheduled(r *resource) bool {
	clock := func(rule *resource) bool {
		return rule.get("ScheduleExpression") != nil && rule.get("EventPattern") == nil
	}
	return clock(r) || slices.ContainsFunc(l.resources, func(rule *resource) bool {
		return rule.kind == eventRule && r.get("Rule") != nil && (slices.Equal(r.get("Rule").Refs, []string{rule.name}) || r.get("Rule").Same(rule.get("Name"))) && clock(rule)
	})
}

func deadLetters(r *resource) string {
	if strings.HasPrefix(r.address, "aws_") {
		return "dead_letter_config {\n  arn = aws_sqs_queue.dead.arn\n}"
	}
	return `"DeadLetterConfig": {"Arn": "arn:aws:sqs:REGION:ACCOUNT:QUEUE"}`
}

// hops says of rules that send on what was sent from another account: EventBridge
// does not.
func (l *linter) hops() {
	for _, r := range l.resources {
		if r.kind != eventRule || !l.receives(r) {
			continue
		}
		for _, t := range append(slices.Clone(r.targets), l.targetsOf(r)...) {
			arn := t.Get("Arn").String()
			if !strings.Contains(arn, ":event-bus/") {
				continue
			}
			l.add("S1.D5-second-hop", diagnostic.Warning, r.place(t), "the rule sends events that came from another account on to a further bus",
				"EventBridge does not deliver what was forwarded once to a third account.", "send from each account to the last bus directly")
		}
	}
}

// receives tells whether a rule is for events of other accounts: its pattern
// names accounts, or its bus lets others in.
func (l *linter) receives(r *resource) bool {
	if r.pattern.Get("account") != nil {
		return true
	}
	bus := r.get("EventBusName")
	for _, b := range l.resources {
		name := b.get("EventBusName", "Name")
		if bus == nil && (name == nil || name.String() == "default") || bus.Same(name) || b.name != "" && bus != nil && slices.Equal(bus.Refs, []string{b.name}) {
			if b.kind == busGrant || b.kind == policyOf && grantsBus(b.body) {
				return true
			}
		}
	}
	return false
}

// grantsBus tells whether a resource has a policy that lets others put events.
func grantsBus(v *value.Value) bool {
	for _, x := range []*value.Value{v, v.Get("Policy"), v.Get("PolicyDocument")} {
		r, ok := x.Decode()
		if !ok {
			continue
		}
		p, _ := policy.Of(r.Value)
		if p == nil {
			continue
		}
		for _, s := range p.Statements {
			if s.Allow && len(s.Principals) > 0 && s.Does("events:PutEvents") {
				return true
			}
		}
	}
	return v.Path("Statement").Get("Effect").String() == "Allow"
}

// targetsOf are targets that are resources of their own.
func (l *linter) targetsOf(r *resource) []*value.Value {
	var all []*value.Value
	for _, t := range l.resources {
		if rule := t.get("Rule"); t.kind == eventTarget && rule != nil && (slices.Equal(rule.Refs, []string{r.name}) || rule.String() == r.get("Name").String() && rule.Known()) {
			all = append(all, t.body)
		}
	}
	return all
}

// busGrant judges a permission on a bus in the form of aws events put-permission:
// a policy, or the parts of a statement.
func (l *linter) busGrant(r *resource) {
	if p := r.get("Policy"); p != nil && p.Kind == value.Map {
		l.policy(policy.Bus, r, p)
	}
	if p := r.get("Principal"); p.String() == "*" && r.get("Condition") == nil {
		l.add(policy.CodeBus, diagnostic.Warning, r.place(p), "anybody may put events on the bus", "Everybody with an AWS account can send made-up events that look like CloudTrail's.",
			"a condition on aws:PrincipalOrgID, or the accounts' ids as principals")
	}
}

// bestEffort notes that rules without a trail in the bucket do not see all.
func (l *linter) bestEffort() {
	for _, r := range l.resources {
		if r.kind == notification || r.kind == object || r.kind == table {
			return // the bucket is read too
		}
	}
	for _, r := range l.resources {
		if r.kind == eventRule && strings.Contains(string(encode(r.pattern)), "via CloudTrail") {
			l.add("S1.D2-best-effort", diagnostic.Note, r.place(nil), "nothing here reads the trail's files: EventBridge alone does not deliver everything",
				"CloudTrail sends to EventBridge as well as it can, leaves out events over 256 KB, and needs a trail with logging on.", "read the bucket too, and tell the same event once")
			return
		}
		if r.kind == metricFilter {
			l.add("S3.D7-large-events", diagnostic.Note, r.place(nil), "nothing here reads the trail's files: events over 256 KB never reach CloudWatch Logs",
				"A call can be made that large on purpose.", "read the bucket too, and tell the same event once")
			return
		}
	}
}
