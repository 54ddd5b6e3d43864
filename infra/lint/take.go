package lint

import (
	"path/filepath"
	"strings"

	"github.com/trailwarden/trailwarden/infra/policy"
	"github.com/trailwarden/trailwarden/infra/value"
)

// maxResources bounds what is held to each other.
const maxResources = 5000

// take looks at a resource by itself, in each of its cases, and keeps it for what
// depends on others.
func (l *linter) take(r *resource, typ string) {
	if len(l.resources) >= maxResources {
		return
	}
	l.resources = append(l.resources, r)
	if len(r.cases) == 0 {
		l.judge(r, typ)
	}
	for _, body := range r.cases {
		c := *r
		c.body = body
		l.judge(&c, typ)
		r.pattern, r.globals, r.async = c.pattern, c.globals, c.async
		r.targets, r.functions = c.targets, c.functions // with those of the cases before
	}
}

func (l *linter) judge(r *resource, typ string) {
	switch r.kind {
	case policyOf:
		l.policies(r, typ)
	case trail:
		l.trail(r)
	case notification:
		l.notification(r)
	case metricFilter:
		l.metricFilter(r)
	case eventRule:
		l.eventRule(r)
	case eventTarget:
		l.target(r, r.body)
	case function:
		l.function(r, typ)
	case permission:
		l.permission(r)
	case busGrant:
		l.busGrant(r)
	case workgroup:
		l.workgroup(r)
	case namedQuery:
		l.namedQuery(r)
	case table:
		l.table(r)
	}
}

// policies takes the policies that a resource holds.
func (l *linter) policies(r *resource, typ string) {
	attach := func(k policy.Kind, v *value.Value) {
		if v == nil || v.Kind == value.Unknown {
			return
		}
		if doc := l.documentOf(r.place(v), v); doc != nil && doc.Kind == value.Map {
			l.policy(k, r, doc)
		}
	}
	switch {
	case strings.Contains(typ, "s3_bucket") || strings.HasPrefix(typ, "AWS::S3"):
		attach(policy.Bucket, r.get("Policy", "PolicyDocument"))
	case strings.Contains(typ, "sns") || strings.HasPrefix(typ, "AWS::SNS"):
		attach(policy.Topic, r.get("Policy", "PolicyDocument"))
	case strings.Contains(typ, "sqs") || strings.HasPrefix(typ, "AWS::SQS"):
		attach(policy.Queue, r.get("Policy", "PolicyDocument"))
	case strings.Contains(typ, "kms") || strings.HasPrefix(typ, "AWS::KMS"):
		attach(policy.Key, r.get("Policy", "KeyPolicy"))
	case typ == "AWS::Events::EventBusPolicy":
		l.busPolicy(r)
	case strings.Contains(typ, "event_bus") || strings.HasPrefix(typ, "AWS::Events"):
		attach(policy.Bus, r.get("Policy"))
	case typ == "aws_organizations_policy", typ == "AWS::Organizations::Policy":
		if t := r.get("Type"); t == nil || strings.HasSuffix(t.String(), "_CONTROL_POLICY") {
			attach(policy.Control, r.get("Content"))
		}
	default:
		attach(policy.Trust, r.get("AssumeRolePolicyDocument", "AssumeRolePolicy"))
		attach(policy.Identity, r.get("PolicyDocument", "Policy"))
		for _, x := range r.get("Policies", "InlinePolicy").Each() {
			attach(policy.Identity, firstOf(x.Get("PolicyDocument"), x.Get("Policy")))
		}
	}
}

func firstOf(all ...*value.Value) *value.Value {
	for _, v := range all {
		if v != nil {
			return v
		}
	}
	return nil
}

// policy judges a policy, once it is known what trails there are.
func (l *linter) policy(k policy.Kind, r *resource, doc *value.Value) {
	l.deferred = append(l.deferred, func() {
		c := policy.Context{Kind: k, File: r.place(doc).where(), Object: r.address}
		if k == policy.Bucket {
			c.Organization, c.Management = l.deliversTo(r)
		}
		for _, d := range policy.CheckValue(doc, c) {
			l.keep(d)
		}
	})
}

// deliversTo tells whether an organization trail of these files delivers into the
// bucket that a policy belongs to. It is made in the account of the files then,
// which is the management account, unless the bucket is another account's.
func (l *linter) deliversTo(r *resource) (organization, management bool) {
	bucket := r.get("Bucket", "BucketName")
	for _, t := range l.resources {
		if t.kind != trail {
			continue
		}
		if yes, _ := t.get("IsOrganizationTrail").Truth(); !yes {
			continue
		}
		management = management || sameStack(t, r)
		if bucket == nil || bucket.Same(t.get("S3BucketName")) {
			organization = true
		}
	}
	return organization, management
}

// sameStack tells whether two resources are made in one go.
func sameStack(a, b *resource) bool {
	return a.file == b.file || folder(a.file) == folder(b.file) && a.name != "" && strings.HasPrefix(a.name, "aws_")
}

// folder is where a file lies.
func folder(file string) string { return filepath.Dir(file) }

// busPolicy is a bus policy in the form of CloudFormation: one statement, or its
// parts.
func (l *linter) busPolicy(r *resource) {
	if s := r.get("Statement"); s != nil {
		l.policy(policy.Bus, r, &value.Value{Kind: value.Map, Line: s.Line, Column: s.Column,
			Keys:  []value.Key{{Name: "Version"}, {Name: "Statement", Line: s.Line, Column: s.Column}},
			Items: []*value.Value{{Kind: value.Text, Text: "2012-10-17"}, s}})
		return
	}
	l.busGrant(r)
}

// same tells whether v of resource a and w of resource b are one thing. A name by
// reference means something within its own stack only.
func same(a *resource, v *value.Value, b *resource, w *value.Value) bool {
	return v.Same(w) && (v.Known() || sameStack(a, b))
}
