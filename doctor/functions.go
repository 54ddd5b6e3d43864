package doctor

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/trailwarden/trailwarden/infra/lint"
	"github.com/trailwarden/trailwarden/internal/iampolicy"
	"github.com/trailwarden/trailwarden/rule/filterpattern"
)

// function is a function's configuration.
func (e *Env) function(ctx context.Context, arn string) (*lambda.GetFunctionConfigurationOutput, error) {
	return asked(e, "function "+arn, func() (*lambda.GetFunctionConfigurationOutput, error) {
		return lambda.NewFromConfig(e.in(regionOf(arn))).GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &arn})
	})
}

// functions are those on the way and those that were named.
func (e *Env) functions(ctx context.Context) []string {
	all := e.web(ctx).ends("lambda")
	for _, f := range e.Functions {
		all = append(all, bareFunction(f))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// forFunctions asks of every function.
func forFunctions(ctx context.Context, e *Env, do func(string, *lambda.GetFunctionConfigurationOutput) []Result) []Result {
	return orNone(each(e.functions(ctx), func(arn string) []Result {
		f, err := e.function(ctx, arn)
		switch {
		case missing(err):
			return []Result{broken(arn, "there is no such function", "Make it, or take the notification that names it away.")}
		case err != nil:
			return []Result{unknown(arn, err)}
		}
		return do(arn, f)
	}), "no function is on the way")
}

func checkFunctionState(ctx context.Context, e *Env) []Result {
	return forFunctions(ctx, e, func(arn string, f *lambda.GetFunctionConfigurationOutput) (out []Result) {
		if f.State == lambdatypes.StateFailed || f.State == lambdatypes.StateInactive || f.LastUpdateStatus == lambdatypes.LastUpdateStatusFailed {
			out = append(out, broken(arn, fmt.Sprintf("the function is %s, its last update %s: %s", f.State, f.LastUpdateStatus, aws.ToString(f.StateReason)+aws.ToString(f.LastUpdateStatusReason)), "Mend the reason and update the code again."))
		}
		if r := string(f.Runtime); lint.Retired(r) {
			out = append(out, broken(arn, "the runtime "+r+" is retired: the function cannot be updated, and will not run for ever", "Use provided.al2023 with the bootstrap of trailwarden-lambda."))
		}
		if n := aws.ToInt32(f.Timeout); n < 30 {
			out = append(out, warn(arn, fmt.Sprintf("the timeout is %d s: a large file takes longer", n), "Set the timeout to 120 s or more."))
		}
		if n := aws.ToInt32(f.MemorySize); n < 256 {
			out = append(out, warn(arn, fmt.Sprintf("the memory is %d MB: a large file needs more, and little memory means little CPU", n), "Set the memory to 512 MB or more."))
		}
		if f.Environment != nil {
			out = append(out, inClear(arn, f.Environment.Variables)...)
		}
		out = append(out, e.concurrency(ctx, arn)...)
		return or(out, arn, fmt.Sprintf("%s, %d MB, %d s", f.Runtime, aws.ToInt32(f.MemorySize), aws.ToInt32(f.Timeout)))
	})
}

// inClear finds secrets that are written out in a function's environment.
func inClear(arn string, vars map[string]string) (out []Result) {
	for name, value := range vars {
		if lint.SecretInClear(name, value) {
			out = append(out, warn(arn, "the variable "+name+" seems to hold a secret in clear", "Keep it in Secrets Manager or the Parameter Store and name it in the configuration."))
		}
	}
	return out
}

func (e *Env) concurrency(ctx context.Context, arn string) []Result {
	out, err := lambda.NewFromConfig(e.in(regionOf(arn))).GetFunctionConcurrency(ctx, &lambda.GetFunctionConcurrencyInput{FunctionName: &arn})
	switch {
	case missing(err):
		return nil
	case err != nil:
		return []Result{unknown(arn, err)}
	case out.ReservedConcurrentExecutions != nil && *out.ReservedConcurrentExecutions == 0:
		return []Result{broken(arn, "the reserved concurrency is 0: the function is switched off", "aws lambda delete-function-concurrency --function-name "+arn)}
	}
	return nil
}

// checkRetries: what becomes of an asynchronous call that failed three times.
func checkRetries(ctx context.Context, e *Env) []Result {
	w := e.web(ctx)
	return forFunctions(ctx, e, func(arn string, f *lambda.GetFunctionConfigurationOutput) []Result {
		if !slices.ContainsFunc(w.to(arn), func(x edge) bool { return x.service != "sqs.amazonaws.com" }) {
			return nil
		}
		if f.DeadLetterConfig != nil && aws.ToString(f.DeadLetterConfig.TargetArn) != "" {
			return []Result{ok(arn, "failed calls go to "+aws.ToString(f.DeadLetterConfig.TargetArn))}
		}
		out, err := lambda.NewFromConfig(e.in(regionOf(arn))).GetFunctionEventInvokeConfig(ctx, &lambda.GetFunctionEventInvokeConfigInput{FunctionName: &arn})
		if err != nil && !missing(err) {
			return []Result{unknown(arn, err)}
		}
		if err == nil && out.DestinationConfig != nil && out.DestinationConfig.OnFailure != nil && aws.ToString(out.DestinationConfig.OnFailure.Destination) != "" {
			return []Result{ok(arn, "failed calls go to "+aws.ToString(out.DestinationConfig.OnFailure.Destination))}
		}
		return []Result{warn(arn, "a call that fails three times is gone: there is no dead-letter queue and no destination for failures", "aws lambda update-function-configuration --dead-letter-config TargetArn=QUEUE")}
	})
}

// troubles is the pattern of log lines that say that something went wrong.
const troubles = `?ERROR ?"Task timed out" ?"Runtime exited" ?AccessDenied`

func checkFunctionRan(ctx context.Context, e *Env) []Result {
	return forFunctions(ctx, e, func(arn string, f *lambda.GetFunctionConfigurationOutput) []Result {
		group := logGroupOf(f)
		client := cloudwatchlogs.NewFromConfig(e.in(regionOf(arn)))
		since := e.now().Add(-dead).UnixMilli()
		any, err := logged(ctx, client, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group, StartTime: &since, Limit: aws.Int32(1)})
		switch {
		case missing(err):
			return []Result{broken(arn, "the log group "+group+" does not exist: the function never ran, or may not write logs", "See function-permission, bucket-notification, queue-mapping and role-files.")}
		case err != nil:
			return []Result{unknown(arn, err)}
		case len(any) == 0:
			return []Result{broken(arn, "the function has logged nothing for a day: nobody calls it", "See function-permission, bucket-notification, queue-mapping and bus-rules.")}
		}
		bad, err := logged(ctx, client, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group, StartTime: &since, Limit: aws.Int32(50), FilterPattern: aws.String(troubles)})
		if err != nil {
			return []Result{unknown(arn, err)}
		}
		told := troubled(bad)
		if n := len(told); n > 0 {
			line := strings.TrimSpace(aws.ToString(told[n-1].Message))
			return []Result{warn(arn, fmt.Sprintf("the log tells of errors, the last at %s: %.300s", time.UnixMilli(aws.ToInt64(told[n-1].Timestamp)).UTC().Format(time.RFC3339), line), "Read "+group+" around that time.")}
		}
		return []Result{ok(arn, "it ran within a day, and its log tells of no error")}
	})
}

// logGroupOf is the log group that a function writes to.
func logGroupOf(f *lambda.GetFunctionConfigurationOutput) string {
	if f.LoggingConfig != nil && aws.ToString(f.LoggingConfig.LogGroup) != "" {
		return *f.LoggingConfig.LogGroup
	}
	return "/aws/lambda/" + aws.ToString(f.FunctionName)
}

// logged are events of a log group, from the first page that has some: pages may
// be empty before the search has come to its end.
func logged(ctx context.Context, client *cloudwatchlogs.Client, in *cloudwatchlogs.FilterLogEventsInput) ([]logstypes.FilteredLogEvent, error) {
	for range maxNewestPages {
		out, err := client.FilterLogEvents(ctx, in)
		if err != nil {
			return nil, err
		}
		if len(out.Events) > 0 || out.NextToken == nil {
			return out.Events, nil
		}
		in.NextToken = out.NextToken
	}
	return nil, nil
}

// troubled are the events that the pattern holds for: emulators and other
// stand-ins of CloudWatch Logs do not know every pattern.
func troubled(events []logstypes.FilteredLogEvent) []logstypes.FilteredLogEvent {
	p, _ := filterpattern.Parse(troubles)
	return slices.DeleteFunc(slices.Clone(events), func(ev logstypes.FilteredLogEvent) bool {
		return p != nil && !p.MatchText([]byte(aws.ToString(ev.Message)))
	})
}

// role is what a role may do, and who may become it.
type role struct {
	arn      string
	trust    *iampolicy.Document
	policies []*iampolicy.Document
	boundary *iampolicy.Document
}

// maxPolicies bounds the policies of one role that are read; AWS allows fewer.
const maxPolicies = 60

func (e *Env) role(ctx context.Context, arn string) (*role, error) {
	return asked(e, "role "+arn, func() (*role, error) {
		name := arn[strings.LastIndexByte(arn, '/')+1:]
		client := iam.NewFromConfig(e.aws)
		out, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
		if err != nil {
			return nil, err
		}
		r := &role{arn: arn}
		if r.trust, err = decoded(out.Role.AssumeRolePolicyDocument); err != nil {
			return nil, err
		}
		if b := out.Role.PermissionsBoundary; b != nil {
			if r.boundary, err = managed(ctx, client, aws.ToString(b.PermissionsBoundaryArn)); err != nil {
				return nil, err
			}
		}
		r.policies, err = rolePolicies(ctx, client, name)
		return r, err
	})
}

func rolePolicies(ctx context.Context, client *iam.Client, name string) (all []*iampolicy.Document, err error) {
	var inline []string
	names := iam.NewListRolePoliciesPaginator(client, &iam.ListRolePoliciesInput{RoleName: &name})
	for names.HasMorePages() && len(inline) < maxPolicies {
		page, err := names.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		inline = append(inline, page.PolicyNames...)
	}
	for _, p := range inline {
		out, err := client.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &name, PolicyName: &p})
		if err != nil {
			return nil, err
		}
		d, err := decoded(out.PolicyDocument)
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	attached := iam.NewListAttachedRolePoliciesPaginator(client, &iam.ListAttachedRolePoliciesInput{RoleName: &name})
	for attached.HasMorePages() && len(all) < 2*maxPolicies {
		page, err := attached.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, p := range page.AttachedPolicies {
			d, err := managed(ctx, client, aws.ToString(p.PolicyArn))
			if err != nil {
				return nil, err
			}
			all = append(all, d)
		}
	}
	return all, nil
}

func managed(ctx context.Context, client *iam.Client, arn string) (*iampolicy.Document, error) {
	p, err := client.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &arn})
	if err != nil {
		return nil, err
	}
	v, err := client.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: &arn, VersionId: p.Policy.DefaultVersionId})
	if err != nil {
		return nil, err
	}
	return decoded(v.PolicyVersion.Document)
}

// decoded reads a policy as IAM gives it: URL-encoded.
func decoded(text *string) (*iampolicy.Document, error) {
	plain, err := url.PathUnescape(aws.ToString(text))
	if err != nil {
		plain = aws.ToString(text)
	}
	return iampolicy.Parse([]byte(plain))
}

// may tells whether the role's policies allow a call, and what keeps them. The
// context is what the call has beside what every call has; it may be nil.
func (r *role) may(action, resource string, context map[string]string) (bool, string) {
	q := iampolicy.Request{Action: action, Resource: resource, Context: map[string]string{
		"aws:SecureTransport": "true", "aws:PrincipalArn": r.arn, "aws:PrincipalAccount": iampolicy.AccountOf(r.arn),
		"aws:RequestedRegion": regionOf(resource), "aws:ResourceAccount": iampolicy.AccountOf(resource),
	}}
	maps.Copy(q.Context, context)
	if r.boundary != nil {
		if got := r.boundary.Decide(q); got.Effect != iampolicy.Allowed && got.Effect != iampolicy.Unsure {
			return false, "its permissions boundary: " + got.String()
		}
	}
	best := iampolicy.Decision{}
	for _, d := range r.policies {
		switch got := d.Decide(q); {
		case got.Effect == iampolicy.Denied:
			return false, got.String()
		case got.Effect > best.Effect || best.Statement == nil:
			best = got
		}
	}
	return best.Effect == iampolicy.Allowed || best.Effect == iampolicy.Unsure, best.String()
}

// becomes tells whether a service may become the role on behalf of something, and
// what keeps it.
func (r *role) becomes(service, source string) (bool, string) {
	got := r.trust.Decide(iampolicy.Request{Principal: service, Action: "sts:AssumeRole", Context: map[string]string{
		"aws:SourceArn": source, "aws:SourceAccount": iampolicy.AccountOf(source),
	}})
	return got.Effect == iampolicy.Allowed || got.Effect == iampolicy.Unsure, got.String()
}
