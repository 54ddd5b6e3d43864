package lint

import (
	"strings"

	"github.com/trailwarden/trailwarden/infra/policy"
	"github.com/trailwarden/trailwarden/infra/read"
	"github.com/trailwarden/trailwarden/infra/value"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// document looks at a document by its shape: a template, a policy, what the AWS
// CLI prints, or what it is given.
func (l *linter) document(file, address string, v *value.Value) {
	if v == nil {
		return
	}
	if v.Kind == value.List {
		for i, x := range v.Items[:min(len(v.Items), 1000)] {
			if x.Kind == value.Map {
				l.document(file, address+"/"+itoa(i), x)
			}
		}
		return
	}
	if read.IsTemplate(v) {
		l.template(file, v)
		return
	}
	for _, shape := range shapes() {
		if shape(l, file, address, v) {
			return
		}
	}
}

// shapes are tried in order; one says whether the document was its own.
func shapes() []func(l *linter, file, address string, v *value.Value) bool {
	return []func(l *linter, file, address string, v *value.Value) bool{
		records, serverless, policies, described, printed, notifications, keywords, patterns,
	}
}

// records are logs, and what is taken for one.
func records(l *linter, file, address string, v *value.Value) bool {
	list := v.Get("Records")
	if list == nil || list.Kind != value.List {
		return false
	}
	if len(list.Items) > 0 {
		if source := list.Items[0].Get("eventSource"); source.String() == "aws:s3" {
			l.add("S2.D11-notification-as-log", diagnostic.Warning, place{file, address + "/Records/0", source},
				"this is a notification of Amazon S3 and no CloudTrail log: its eventSource is aws:s3",
				"It only names the object that holds the log; rules and tests that are written by it match nothing.",
				"fetch and unpack the object that s3.object.key names: its records have userIdentity.type and eventSource such as iam.amazonaws.com")
		}
	}
	return true
}

// policies are policy documents by themselves.
func policies(l *linter, file, address string, v *value.Value) bool {
	if v.Get("Statement") == nil {
		return false
	}
	r := &resource{kind: policyOf, file: file, address: address, body: v}
	l.resources = append(l.resources, r)
	l.policy(kindOf(v), r, v)
	return true
}

// kindOf tells by a policy's statements what it belongs to.
func kindOf(v *value.Value) policy.Kind {
	p, _ := policy.Of(v)
	if p == nil {
		return policy.Any
	}
	if p.Bounds() {
		return policy.Control
	}
	for _, s := range p.Statements {
		switch {
		case s.Does("sts:AssumeRole") && len(s.Principals) > 0:
			return policy.Trust
		case len(s.Principals) == 0 && s.Inverted != "NotPrincipal":
			return policy.Identity
		case s.Does("events:PutEvents"):
			return policy.Bus
		case s.Does("kms:Decrypt") || s.Does("kms:GenerateDataKey"):
			return policy.Key
		case s.Does("s3:PutObject") || s.Does("s3:GetBucketAcl"):
			return policy.Bucket
		}
	}
	return policy.Any
}

// described are answers of the API that hold one policy or configuration as text.
func described(l *linter, file, address string, v *value.Value) bool {
	r := &resource{kind: policyOf, file: file, address: address, body: v}
	attach := func(k policy.Kind, x *value.Value) {
		if x == nil {
			return
		}
		if doc := l.documentOf(r.place(x), x); doc != nil {
			l.policy(k, r, doc)
		}
	}
	switch {
	case v.Get("Attributes").Get("Policy") != nil: // topic or queue
		attach(policy.Any, v.Path("Attributes", "Policy"))
	case v.Get("Role").Get("AssumeRolePolicyDocument") != nil:
		attach(policy.Trust, v.Path("Role", "AssumeRolePolicyDocument"))
	case v.Get("PolicyVersion").Get("Document") != nil:
		attach(policy.Identity, v.Path("PolicyVersion", "Document"))
	case strings.HasSuffix(v.Path("Policy", "PolicySummary", "Type").String(), "_CONTROL_POLICY"):
		attach(policy.Control, v.Path("Policy", "Content"))
	case v.Get("PolicyDocument") != nil:
		attach(policy.Identity, v.Get("PolicyDocument"))
	case v.Get("Policy").String() != "" && strings.Contains(v.Get("Arn").String(), ":event-bus/"):
		attach(policy.Bus, v.Get("Policy"))
	case strings.HasPrefix(strings.TrimSpace(v.Get("Policy").String()), "{"):
		doc := l.documentOf(r.place(v.Get("Policy")), v.Get("Policy"))
		if doc != nil {
			l.policy(kindOf(doc), r, doc)
		}
	default:
		return false
	}
	return true
}

// printed are lists of resources as the AWS CLI prints them, and single ones as
// it takes them.
func printed(l *linter, file, address string, v *value.Value) bool {
	found := false
	for _, p := range []struct {
		list string
		kind kind
		name string
	}{
		{"trailList", trail, "Name"}, {"Trail", trail, "Name"}, {"metricFilters", metricFilter, "filterName"}, {"MetricAlarms", alarmOf, "AlarmName"},
		{"Functions", function, "FunctionName"}, {"Configuration", function, "FunctionName"}, {"subscriptionFilters", subscription, "filterName"},
		{"Rules", eventRule, "Name"}, {"Targets", eventTarget, "Id"}, {"Roles", policyOf, "RoleName"},
	} {
		list := v.Get(p.list)
		if list == nil {
			continue
		}
		for i, x := range list.Each() {
			if x.Kind != value.Map || x.Get(p.name) == nil && p.kind != trail {
				continue
			}
			found = true
			l.take(&resource{kind: p.kind, file: file, address: address + "/" + p.list + "/" + itoa(i), name: x.Get(p.name).String(), region: regionOf(x), body: x}, "")
		}
	}
	if list := firstOf(v.Get("EventSelectors"), v.Get("AdvancedEventSelectors")); list != nil {
		l.selectors(file, address, v)
		found = true
	}
	one := func(k kind, field string) {
		l.take(&resource{kind: k, file: file, address: address, name: v.Get(field).String(), region: regionOf(v), body: v}, "")
		found = true
	}
	switch {
	case found:
	case v.Get("EventPattern") != nil:
		one(eventRule, "Name")
	case v.Get("S3BucketName") != nil:
		one(trail, "Name")
	case v.Get("FilterPattern") != nil || v.Get("filterPattern") != nil:
		one(metricFilter, "FilterName")
	case v.Get("FunctionName") != nil && v.Get("Runtime") != nil:
		one(function, "FunctionName")
	case v.Get("AlarmName") != nil:
		one(alarmOf, "AlarmName")
	}
	return found
}

// regionOf is the region that a resource's ARN, or its home, tells.
func regionOf(v *value.Value) string {
	if h := v.Get("HomeRegion").String(); h != "" {
		return h
	}
	for _, name := range []string{"Arn", "RuleArn", "FunctionArn", "TrailARN"} {
		if p := strings.SplitN(v.Get(name).String(), ":", 6); len(p) == 6 {
			return p[3]
		}
	}
	return ""
}

// notifications are bucket notification configurations.
func notifications(l *linter, file, address string, v *value.Value) bool {
	for _, k := range v.Keys {
		if strings.HasSuffix(k.Name, "Configuration") || strings.HasSuffix(k.Name, "Configurations") {
			for _, p := range []string{"LambdaFunction", "CloudFunction", "Queue", "Topic", "EventBridge"} {
				if strings.HasPrefix(k.Name, p) {
					l.take(&resource{kind: notification, file: file, address: address, body: v}, "")
					return true
				}
			}
		}
	}
	return false
}

// keywords are configurations of two regular expressions.
func keywords(l *linter, file, address string, v *value.Value) bool {
	if v.Get("sns") == nil || v.Get("source").String() == "" && v.Get("regexp").String() == "" {
		return false
	}
	text := encode(v)
	l.rules("keyword", place{file, address, firstOf(v.Get("source"), v.Get("regexp"))}, text, false)
	return true
}

// patterns are event patterns by themselves.
func patterns(l *linter, file, address string, v *value.Value) bool {
	for _, k := range []string{"source", "detail-type", "detail"} {
		if x := v.Get(k); x != nil && (x.Kind == value.List || x.Kind == value.Map) {
			l.pattern(&resource{kind: eventRule, file: file, address: address, body: v}, v, "")
			return true
		}
	}
	return false
}
