package doctor

import (
	"cmp"
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/trailwarden/trailwarden/infra/policy"
	"github.com/trailwarden/trailwarden/internal/iampolicy"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/severity"
)

func policyChecks() []Check {
	return []Check{{ID: "policies", Title: "Policies give no more than is needed", Asks: "What lint-infra says of policies in files, it is asked of those that are in force: of buckets, keys, topics, queues and functions' roles.",
		Severity: severity.Medium, Actions: []string{"cloudtrail:DescribeTrails", "s3:ListBucket", "s3:GetBucketPolicy", "kms:DescribeKey", "kms:GetKeyPolicy", "sns:GetTopicAttributes", "sqs:GetQueueUrl", "sqs:GetQueueAttributes",
			"lambda:GetFunctionConfiguration", "iam:GetRole", "iam:ListRolePolicies", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:GetPolicy", "iam:GetPolicyVersion"}, Run: checkPolicies}}
}

// inForce is a policy that is in force.
type inForce struct {
	kind   policy.Kind
	object string
	read   func() (*iampolicy.Document, error)
}

func checkPolicies(ctx context.Context, e *Env) []Result {
	who, err := e.caller(ctx)
	if err != nil {
		return []Result{unknown("", err)}
	}
	trails, _ := e.trails(ctx) // trail-exists says why not
	return orNone(each(e.policies(ctx, trails), func(p inForce) []Result {
		d, err := p.read()
		if missing(err) || err == nil && d == nil {
			return nil // the check about the thing says so
		}
		if err != nil {
			return []Result{unknown(p.object, err)}
		}
		list := policy.Check([]byte(d.Text), policy.Context{Kind: p.kind, Object: p.object, Account: who.account})
		return linted(p, list)
	}), "no policy is known")
}

// linted are the warnings about a policy. Who is let in to a resource other
// checks have asked the policy itself, with the trail's ARN and a stranger's.
func linted(p inForce, list diagnostic.List) (out []Result) {
	asked := []string{policy.CodePublic, policy.CodeDeputy, policy.CodeSourceAccount, policy.CodeSourceUnknown, policy.CodeAccountPrefix, policy.CodeNoOrganization}
	for _, d := range list {
		if d.Severity == diagnostic.Note || p.kind != policy.Trust && slices.Contains(asked, d.Code) {
			continue
		}
		out = append(out, warn(p.object, d.Code+": "+d.Message, cmp.Or(d.Fix, d.Why)))
	}
	return or(out, p.object, "lint-infra has nothing to say")
}

// policies are those of the things on the way.
func (e *Env) policies(ctx context.Context, trails []trail) (all []inForce) {
	places, _ := e.places(ctx)
	for _, p := range places {
		all = append(all, inForce{policy.Bucket, p.name(), func() (*iampolicy.Document, error) { return e.bucketPolicy(ctx, p.bucket) }})
	}
	for _, t := range trails {
		if id := aws.ToString(t.KmsKeyId); id != "" {
			all = append(all, inForce{policy.Key, id, func() (*iampolicy.Document, error) { k, err := e.key(ctx, id); return k.policy, err }})
		}
	}
	w := e.web(ctx)
	for _, topic := range w.ends("sns") {
		all = append(all, inForce{policy.Topic, topic, func() (*iampolicy.Document, error) { return e.topicPolicy(ctx, topic) }})
	}
	for _, arn := range w.ends("sqs") {
		all = append(all, inForce{policy.Queue, arn, func() (*iampolicy.Document, error) { return e.queuePolicy(ctx, arn) }})
	}
	for _, arn := range e.functions(ctx) {
		all = append(all, e.rolePolicies(ctx, arn)...)
	}
	return all
}

func (e *Env) queuePolicy(ctx context.Context, arn string) (*iampolicy.Document, error) {
	q, err := e.queue(ctx, arn)
	if err != nil || q["Policy"] == "" {
		return nil, err
	}
	return iampolicy.Parse([]byte(q["Policy"]))
}

// rolePolicies are those of a function's role: what it may do, and who may
// become it.
func (e *Env) rolePolicies(ctx context.Context, function string) (all []inForce) {
	f, err := e.function(ctx, function)
	if err != nil {
		return []inForce{{policy.Identity, function, func() (*iampolicy.Document, error) { return nil, err }}}
	}
	name := aws.ToString(f.Role)
	r, err := e.role(ctx, name)
	if err != nil {
		return []inForce{{policy.Identity, name, func() (*iampolicy.Document, error) { return nil, err }}}
	}
	for _, d := range r.policies {
		all = append(all, inForce{policy.Identity, name, func() (*iampolicy.Document, error) { return d, nil }})
	}
	return append(all, inForce{policy.Trust, name, func() (*iampolicy.Document, error) { return r.trust, nil }})
}
