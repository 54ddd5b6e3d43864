package doctor

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

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
			if may, why := r.may(n.action, n.resource, n.context); !may {
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
		list = append(list, need{"logs:CreateLogStream", group, "its own log", nil}, need{"logs:PutLogEvents", group, "its own log", nil})
		for _, from := range w.origins(arn) {
			switch kind(from) {
			case "sqs":
				for _, a := range []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"} {
					list = append(list, need{a, from, "its queue", nil})
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
		list = append(list, need{"s3:GetObject", p.arn() + "/" + p.root() + t.owner + "/CloudTrail/file.json.gz", "the log files", nil})
		id := aws.ToString(t.KmsKeyId)
		if k, err := e.key(ctx, id); id != "" && err == nil {
			id = k.arn // of an alias, the key
		}
		if kind(id) == "kms" {
			list = append(list, need{"kms:Decrypt", id, "the key of the log files", map[string]string{
				"kms:ViaService": "s3." + regionOf(id) + ".amazonaws.com", "kms:CallerAccount": iampolicy.AccountOf(id), "kms:EncryptionContext:aws:s3:arn": p.arn(),
			}})
		}
	}
	return list
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
			list = append(list, need{"sns:Publish", s.SNS.Topic, why, nil})
		case s.SES != nil:
			from := address(s.SES.From)
			list = append(list, need{"ses:SendEmail", home("ses", s.SES.Region, "identity/"+from), why, map[string]string{"ses:FromAddress": from}})
		case s.EventBridge != nil:
			list = append(list, need{"events:PutEvents", busARN(who, region, s.EventBridge.Bus), why, map[string]string{"events:source": cmp.Or(s.EventBridge.Source, "trailwarden")}})
		case s.SecurityHub != nil:
			list = append(list, need{"securityhub:BatchImportFindings", home("securityhub", s.SecurityHub.Region, "product/"+who.account+"/default"), why, nil})
		}
	}
	if d := e.Config.Store.DynamoDB; d != nil {
		table := home("dynamodb", d.Region, "table/"+d.Table)
		for _, a := range []string{"GetItem", "BatchGetItem", "Query", "PutItem", "DeleteItem", "BatchWriteItem", "ConditionCheckItem"} {
			list = append(list, need{"dynamodb:" + a, table, "store.dynamodb", nil})
		}
	}
	for _, s := range e.secrets() {
		list = append(list, need{s.action, s.arn(who, region), s.where, nil})
	}
	return list
}
