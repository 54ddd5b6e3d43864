package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/infra/value"
	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

func (l *list) check(p *Policy) {
	if p.Version == "" && p.root.Get("Version") == nil {
		l.add(CodeSyntax, diagnostic.Warning, p.root, "", "the policy has no Version", "It is then read by the rules of 2008, which know no policy variables.", `"Version": "2012-10-17"`)
	}
	if l.c.Kind == Control {
		return // it grants nothing, however much it allows
	}
	for _, s := range p.Statements {
		if !s.Allow {
			continue
		}
		l.actions(s)
		l.resources(s)
		l.who(s)
		if s.Inverted != "" {
			l.add(CodeInverted, diagnostic.Warning, s.at, s.Pointer, "Allow with "+s.Inverted+" grants everything but what is named",
				"What AWS adds later is granted too.", "name what is allowed")
		}
	}
	l.delivery(p)
}

// actions are what a statement allows too much of.
func (l *list) actions(s Statement) {
	if l.c.Kind == Key || l.resourcePolicy(s) && !l.anybody(s) {
		return // the resource bounds it; a key policy gives its account kms:*
	}
	for _, a := range s.Actions {
		text := a.String()
		service, name, _ := strings.Cut(text, ":")
		switch {
		case text == "*" || name == "*" && !strings.EqualFold(service, "logs"):
			l.add(CodeAction, diagnostic.Warning, a, s.Pointer, fmt.Sprintf("%q allows every action%s", text, of(service)),
				"Whoever takes over what holds this role can do all of it.", "name the actions that are used")
		case name == "*":
			l.add(CodeLogs, diagnostic.Warning, a, s.Pointer, `"logs:*" also allows to delete logs and to change who reads them`,
				"A function needs to write its own log; whoever takes it over could delete the trail's.",
				`"Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "arn:aws:logs:REGION:ACCOUNT:log-group:/aws/lambda/FUNCTION:*"`)
		}
	}
}

func of(service string) string {
	if service == "*" {
		return ""
	}
	return " of " + service
}

// resourcePolicy tells whether a statement belongs to a resource: it says who.
func (l *list) resourcePolicy(s Statement) bool {
	return len(s.Principals) > 0 || s.Inverted == "NotPrincipal"
}

func (l *list) anybody(s Statement) bool {
	for _, p := range s.Principals {
		if p.ID.String() == "*" {
			return true
		}
	}
	return false
}

// resources are what a statement of a role reaches too much of.
func (l *list) resources(s Statement) {
	if l.resourcePolicy(s) || l.c.Kind == Key || l.c.Kind == Trust {
		return
	}
	if s.narrowed() {
		return
	}
	for _, r := range s.Resources {
		a, broad := s.broad(r.String())
		if !broad {
			continue
		}
		l.add(CodeResource, diagnostic.Warning, r, s.Pointer, fmt.Sprintf("%s is allowed on %q: on all there are", a, r.String()),
			"The role needs it on what is used here.", "the ARN of the one resource")
	}
}

// narrowed tells whether conditions bound what a statement reaches.
func (s Statement) narrowed() bool {
	for _, c := range s.Conditions {
		key := strings.ToLower(c.Key)
		if s.binds(c) && (strings.Contains(key, "resource") || strings.HasPrefix(key, "kms:") || strings.HasPrefix(key, "ses:") ||
			strings.HasPrefix(key, "cloudwatch:namespace") || strings.HasPrefix(key, "dynamodb:") || strings.HasPrefix(key, "iam:passedtoservice")) {
			return true
		}
	}
	return false
}

// references are the parts of a text that a deployment decides.
var references = re2.Own(`\$\{[^}]*\}`)

// broad is the first action of the statement that could be bound to resources,
// when the resource is every one of its service.
func (s Statement) broad(resource string) (action string, yes bool) {
	parts := strings.SplitN(references.ReplaceAllString(resource, "known"), ":", 6)
	all := resource == "*" || len(parts) == 6 && strings.Trim(parts[5], "*/:") == "" && (parts[4] == "*" || parts[4] == "")
	if !all {
		return "", false
	}
	for _, a := range s.Actions {
		if text := a.String(); bindable(text) {
			return text, true
		}
	}
	return "", false
}

// bindable tells whether an action is one of those that are granted to parts of
// a watch and can be bound to a resource (Service Authorization Reference).
func bindable(action string) bool {
	service, name, _ := strings.Cut(action, ":")
	service, name = strings.ToLower(service), strings.ToLower(name)
	if name == "*" || action == "*" {
		return true
	}
	if strings.HasPrefix(name, "list") && service != "s3" || strings.HasPrefix(name, "describe") || strings.HasPrefix(name, "lookup") {
		return false
	}
	switch service {
	case "s3":
		return name != "listallmybuckets"
	case "logs":
		return strings.HasPrefix(name, "create") || strings.HasPrefix(name, "put") || strings.HasPrefix(name, "delete") || strings.HasPrefix(name, "filter")
	case "sts":
		return strings.HasPrefix(name, "assumerole")
	case "iam":
		return name == "passrole" || strings.HasPrefix(name, "put") || strings.HasPrefix(name, "attach") || strings.HasPrefix(name, "create")
	case "kms":
		return name != "generaterandom" && !strings.HasPrefix(name, "create")
	case "secretsmanager":
		return name != "getrandompassword" && name != "batchgetsecretvalue"
	case "sns", "sqs", "lambda", "events", "dynamodb", "ssm", "athena", "firehose", "kinesis", "states":
		return !strings.HasPrefix(name, "create") && name != "putresourcepolicy"
	}
	return false
}

// who looks at who a statement lets in.
func (l *list) who(s Statement) {
	for _, p := range s.Principals {
		switch {
		case p.ID.String() == "*" || p.Type == "AWS" && strings.HasPrefix(p.ID.String(), "arn:aws:iam::*"):
			l.everybody(s, p)
		case p.Type == "Service":
			l.service(s, p)
		}
	}
}

// everybody is about statements for anybody.
func (l *list) everybody(s Statement, p Principal) {
	if s.bound() {
		return
	}
	switch {
	case l.c.Kind == Bus || s.Does("events:PutEvents"):
		l.add(CodeBus, diagnostic.Warning, p.ID, s.Pointer, "anybody may put events on the bus", "Everybody with an AWS account can send made-up events that look like CloudTrail's.",
			`"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-…"}}, or the accounts' ids as Principal`)
	case l.c.Kind == Trust || s.Does("sts:AssumeRole"):
		l.add(CodeTrust, diagnostic.Error, p.ID, s.Pointer, "anybody may assume the role", "Everybody with an AWS account gets what the role may do.",
			`the service or account as Principal, or "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-…"}}`)
	default:
		l.add(CodePublic, diagnostic.Warning, p.ID, s.Pointer, fmt.Sprintf("anybody may do %s", actionsOf(s)), "No condition says who.", "name the principal, or a condition such as aws:PrincipalOrgID")
	}
}

func actionsOf(s Statement) string {
	var all []string
	for _, a := range s.Actions {
		all = append(all, a.String())
	}
	if len(all) == 0 {
		return "what the statement says"
	}
	return strings.Join(all[:min(3, len(all))], ", ")
}

// caller are the condition keys that say whose call it is.
const caller = " aws:principalorgid aws:principalorgpaths aws:principalaccount aws:principalarn aws:sourceaccount aws:sourcearn aws:sourceorgid aws:sourceorgpaths aws:sourceowner aws:sourcevpce aws:sourcevpc kms:calleraccount aws:sourceip "

// bound tells whether a condition says whose call it is.
func (s Statement) bound() bool {
	for _, c := range s.Conditions {
		if s.binds(c) && strings.Contains(caller, " "+strings.ToLower(c.Key)+" ") && !slices.ContainsFunc(c.Values, c.anybodys) {
			return true
		}
	}
	return false
}

// anybodys tells whether a value, one of the alternatives, is met by calls of any
// account or from anywhere.
func (c Condition) anybodys(v *value.Value) bool {
	text, key := v.String(), strings.ToLower(c.Key)
	switch {
	case !v.Known():
		return false
	case anything(text):
		return true
	case key == "aws:sourceip":
		p, err := netip.ParsePrefix(text)
		return err == nil && p.Bits() == 0
	case strings.HasSuffix(key, "arn"):
		return anybodysARN(text)
	}
	id, isOrganization := strings.CutPrefix(text, "o-")
	return isOrganization && anything(strings.ReplaceAll(id, "/", ""))
}

// anybodysARN tells whether a pattern names things of every account. A bucket's
// ARN names no account; its name tells whose it is.
func anybodysARN(pattern string) bool {
	parts := strings.SplitN(pattern, ":", 6)
	switch {
	case len(parts) < 5:
		return strings.HasSuffix(pattern, "*")
	case len(parts) == 5:
		return strings.HasSuffix(pattern, "*") && anything(parts[4])
	}
	bucket := parts[2] == "s3" && !anything(parts[5])
	return !bucket && (anything(parts[4]) || parts[4] == "" && anything(parts[5]))
}

// anything tells whether a pattern is of wildcards alone.
func anything(pattern string) bool {
	return pattern != "" && strings.Trim(pattern, "*?") == ""
}

// deputies are services that act for whoever asks them to, each with what the
// condition should name.
func deputies() map[string]string {
	return map[string]string{
		"cloudtrail.amazonaws.com":                          `"aws:SourceArn": "arn:aws:cloudtrail:REGION:ACCOUNT:trail/NAME"`,
		"s3.amazonaws.com":                                  `"aws:SourceAccount": "ACCOUNT"}, "ArnLike": {"aws:SourceArn": "arn:aws:s3:::BUCKET"`,
		"sns.amazonaws.com":                                 `"aws:SourceArn": "arn:aws:sns:REGION:ACCOUNT:TOPIC"`,
		"events.amazonaws.com":                              `"aws:SourceArn": "arn:aws:events:REGION:ACCOUNT:rule/NAME"`,
		"cloudwatch.amazonaws.com":                          `"aws:SourceAccount": "ACCOUNT"`,
		"logs.amazonaws.com":                                `"aws:SourceArn": "arn:aws:logs:REGION:ACCOUNT:log-group:NAME:*"`,
		"scheduler.amazonaws.com":                           `"aws:SourceAccount": "ACCOUNT"`,
		"budgets.amazonaws.com":                             `"aws:SourceAccount": "ACCOUNT"`,
		"delivery.logs.amazonaws.com":                       `"aws:SourceAccount": "ACCOUNT"`,
		"config.amazonaws.com":                              `"aws:SourceAccount": "ACCOUNT"`,
		"logging.s3.amazonaws.com":                          `"aws:SourceAccount": "ACCOUNT"`,
		"serverlessrepo.amazonaws.com":                      `"aws:SourceAccount": "ACCOUNT"`,
		"cloudformation.amazonaws.com":                      "",
		"member.org.stacksets.cloudformation.amazonaws.com": "",
	}
}

// service is about statements for a service that anybody may set to work.
func (l *list) service(s Statement, p Principal) {
	want := deputies()[p.ID.String()]
	if want == "" || s.bound() {
		return
	}
	severity := diagnostic.Warning
	assumed := l.c.Kind == Trust || s.Does("sts:AssumeRole")
	if assumed && p.ID.String() == "cloudtrail.amazonaws.com" {
		return // CloudTrail offers no such condition here (CloudTrail User Guide, role policy document for CloudWatch Logs)
	}
	if assumed {
		severity = diagnostic.Note // who sets the service to work needs iam:PassRole of the same account
	}
	l.add(CodeDeputy, severity, p.ID, s.Pointer, fmt.Sprintf("%s is let in whoever sets it to work (confused deputy)", p.ID.String()),
		"Somebody else's "+deputy(p.ID.String())+" could do the same here.", `"Condition": {"StringEquals": {`+want+"}}")
}

// deputy is what of a service does the work.
func deputy(service string) string {
	switch service {
	case "cloudtrail.amazonaws.com":
		return "trail"
	case "s3.amazonaws.com":
		return "bucket"
	case "sns.amazonaws.com":
		return "topic"
	case "events.amazonaws.com":
		return "rule"
	}
	return "resource"
}
