package doctor

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/internal/iampolicy"
	"github.com/trailwarden/trailwarden/severity"
)

func functionChecks() []Check {
	follow := []string{"cloudtrail:DescribeTrails", "s3:ListBucket", "s3:GetBucketNotification", "sns:ListSubscriptionsByTopic", "lambda:ListEventSourceMappings", "lambda:GetFunctionConfiguration"}
	with := func(more ...string) []string { return append(more, follow...) }
	roles := []string{"iam:GetRole", "iam:ListRolePolicies", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:GetPolicy", "iam:GetPolicyVersion"}
	return []Check{
		{ID: "function-state", Title: "The function can run", Asks: "Is it active, of a runtime that lives, with enough time and memory, not switched off, and without secrets in clear?",
			Severity: severity.Critical, Actions: with("lambda:GetFunctionConcurrency"), Run: checkFunctionState},
		{ID: "function-retries", Title: "Failed calls are kept", Asks: "Where do calls go that failed three times?",
			Severity: severity.High, Actions: with("lambda:GetFunctionEventInvokeConfig"), Run: checkRetries},
		{ID: "function-ran", Title: "The function runs", Asks: "Has it logged something within a day, and no errors?",
			Severity: severity.Critical, Actions: with("logs:FilterLogEvents"), Run: checkFunctionRan},
		{ID: "role-files", Title: "The function's role may read", Asks: "May it become the role, read and decrypt the log files, receive from its queue, and write its own log?",
			Severity: severity.Critical, Actions: with(slices.Concat(roles, []string{"kms:DescribeKey", "kms:GetKeyPolicy"})...), Run: checkRoleFiles},
		{ID: "role-sinks", Title: "The function's role may tell", Asks: "May it publish, send and write where the configuration's sinks and store are?",
			Severity: severity.Critical, Actions: with(append(roles, "sts:GetCallerIdentity")...), Run: checkRoleSinks},
	}
}

// need is a call that a role must be able to make.
type need struct {
	action, resource, why string
	context               map[string]string // of the call; may be nil
	// or is what does as well; nil for nothing.
	or *need
}

// met tells whether a role may make the call, and what keeps it.
func (n need) met(r *role) (may bool, why string) {
	if may, why = r.may(n.action, n.resource, n.context); !may && n.or != nil {
		may, _ = n.or.met(r)
	}
	return may, why
}

// by is the call when another role makes it, which has then to be assumed.
func (n need) by(role string) need {
	if role == "" {
		return n
	}
	return need{action: "sts:AssumeRole", resource: role, why: n.why}
}

// forRoles asks of the role of every function.
func forRoles(ctx context.Context, e *Env, needs func(arn string, f *lambda.GetFunctionConfigurationOutput, r *role) ([]need, []Result)) []Result {
	return forFunctions(ctx, e, func(arn string, f *lambda.GetFunctionConfigurationOutput) []Result {
		name := aws.ToString(f.Role)
		r, err := e.role(ctx, name)
		switch {
		case missing(err):
			return []Result{broken(name, "the role of "+short(arn)+" does not exist", "Make it, or give the function another.")}
		case err != nil:
			return []Result{unknown(name, err)}
		}
		list, out := needs(arn, f, r)
		for _, n := range list {
			if may, why := n.met(r); !may {
				out = append(out, broken(name, fmt.Sprintf("%s may not call %s on %s, %s: %s", short(arn), n.action, n.resource, n.why, why), "Allow "+n.action+" on "+n.resource+" in a policy of the role."))
			}
		}
		return or(out, name, fmt.Sprintf("%d calls are allowed", len(list)))
	})
}

func checkRoleFiles(ctx context.Context, e *Env) []Result {
	w := e.web(ctx)
	return forRoles(ctx, e, func(arn string, f *lambda.GetFunctionConfigurationOutput, r *role) (list []need, out []Result) {
		if may, why := r.becomes("lambda.amazonaws.com", arn); !may {
			out = append(out, broken(r.arn, "Lambda may not become the role: "+why, "Let lambda.amazonaws.com call sts:AssumeRole in its trust policy."))
		}
		group := "arn:" + partOf(arn, 1) + ":logs:" + regionOf(arn) + ":" + iampolicy.AccountOf(arn) + ":log-group:" + logGroupOf(f) + ":log-stream:x"
		list = append(list, need{action: "logs:CreateLogStream", resource: group, why: "its own log"}, need{action: "logs:PutLogEvents", resource: group, why: "its own log"})
		for _, from := range w.origins(arn) {
			switch kind(from) {
			case "sqs":
				for _, a := range []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"} {
					list = append(list, need{action: a, resource: from, why: "its queue"})
				}
			case "s3", "cloudtrail":
				list = append(list, e.reading(ctx, from)...)
			}
		}
		return list, out
	})
}

// reading is what it takes to read the files that a bucket or trail tells of.
func (e *Env) reading(ctx context.Context, from string) (list []need) {
	trails, _ := e.trails(ctx) // without trails there is no way either
	for _, t := range trails {
		p := t.place()
		if from != t.arn && from != p.arn() {
			continue
		}
		list = append(list, need{action: "s3:GetObject", resource: p.arn() + "/" + p.root() + t.owner + "/CloudTrail/file.json.gz", why: "the log files"})
		id := aws.ToString(t.KmsKeyId)
		if k, err := e.key(ctx, id); id != "" && err == nil {
			id = k.arn // of an alias, the key
		}
		if kind(id) == "kms" {
			decrypts := decrypting(t, id, p.arn()) // with a bucket key
			each := decrypting(t, id, p.arn()+"/"+p.root()+t.owner+"/CloudTrail/file.json.gz")
			decrypts.or = &each
			list = append(list, decrypts)
		}
	}
	return list
}

// decrypting is what it takes to decrypt a trail's files. The context is of the
// bucket or of one file (Amazon S3 User Guide, "Encryption context"), and what
// CloudTrail adds (CloudTrail User Guide, "Granting decrypt permissions").
func decrypting(t trail, key, what string) need {
	return need{action: "kms:Decrypt", resource: key, why: "the key of the log files", context: map[string]string{
		"kms:ViaService": "s3." + regionOf(key) + ".amazonaws.com", "kms:CallerAccount": iampolicy.AccountOf(key),
		"kms:EncryptionContext:aws:s3:arn": what, "kms:EncryptionContext:aws:cloudtrail:arn": t.arn,
	}}
}

// origins are all ARNs from which steps lead to one.
func (w *web) origins(arn string) (all []string) {
	todo := []string{arn}
	for len(todo) > 0 && len(all) < maxSteps {
		for _, x := range w.to(todo[0]) {
			if !slices.Contains(all, x.from) {
				all, todo = append(all, x.from), append(todo, x.from)
			}
		}
		todo = todo[1:]
	}
	return all
}

func checkRoleSinks(ctx context.Context, e *Env) []Result {
	who, err := e.caller(ctx)
	if err != nil {
		return []Result{unknown("", err)}
	}
	return forRoles(ctx, e, func(arn string, _ *lambda.GetFunctionConfigurationOutput, _ *role) ([]need, []Result) {
		return e.telling(who, regionOf(arn)), nil
	})
}

// telling is what sinks and store of the configuration ask of a role.
func (e *Env) telling(who caller, region string) (list []need) {
	home := func(service, in, rest string) string {
		if in == "" {
			in = region
		}
		return "arn:" + who.partition + ":" + service + ":" + in + ":" + who.account + ":" + rest
	}
	for _, s := range e.Config.Sinks {
		why := "sinks." + s.Name
		switch {
		case !s.Enabled:
		case s.SNS != nil && s.SNS.Topic != "":
			list = append(list, need{action: "sns:Publish", resource: s.SNS.Topic, why: why}.by(s.SNS.Role))
		case s.SES != nil:
			list = append(list, mailing(s.SES, func(identity string) string { return home("ses", s.SES.Region, "identity/"+identity) }, why).by(s.SES.Role))
		case s.EventBridge != nil:
			list = append(list, need{action: "events:PutEvents", resource: busARN(who, cmp.Or(s.EventBridge.Region, region), s.EventBridge.Bus), why: why,
				context: map[string]string{"events:source": cmp.Or(s.EventBridge.Source, "trailwarden")}}.by(s.EventBridge.Role))
		case s.SecurityHub != nil:
			list = append(list, need{action: "securityhub:BatchImportFindings", resource: home("securityhub", s.SecurityHub.Region, "product/"+who.account+"/default"), why: why}.by(s.SecurityHub.Role))
		}
	}
	if d := e.Config.Store.DynamoDB; d != nil {
		table := home("dynamodb", d.Region, "table/"+d.Table)
		for _, a := range []string{"GetItem", "BatchGetItem", "Query", "PutItem", "DeleteItem", "BatchWriteItem", "ConditionCheckItem"} {
			list = append(list, need{action: "dynamodb:" + a, resource: table, why: "store.dynamodb"}.by(d.Role))
		}
	}
	for _, s := range e.secrets() {
		list = append(list, need{action: s.action, resource: s.arn(who, region), why: s.where})
	}
	return list
}

// mailing is what it takes to send mail: the right to one identity, which is the
// address or its domain.
func mailing(c *config.SES, arn func(identity string) string, why string) need {
	from := address(c.From)
	n := need{action: "ses:SendEmail", resource: cmp.Or(c.IdentityARN, arn(from)), why: why, context: map[string]string{"ses:FromAddress": from}}
	if _, domain, ok := strings.Cut(from, "@"); ok && c.IdentityARN == "" {
		whole := n
		whole.resource = arn(domain)
		n.or = &whole
	}
	return n
}
