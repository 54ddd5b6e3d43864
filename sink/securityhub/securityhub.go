// Package securityhub imports messages as findings into AWS Security Hub, in
// the AWS Security Finding Format. An alert is one finding: later messages of it
// update the finding, and a resolved alert archives it. Limits and error codes
// are of the AWS Security Hub API Reference, BatchImportFindings.
package securityhub

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/awsx"
	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/internal/outcome"
)

// Config says how findings are filed. They go to the account's default
// product, so the account is the one that calls.
type Config struct {
	Account string   // 12 digits; asked of AWS when empty
	Types   []string // ASFF types, namespace/category/classifier; TTPs when empty
}

// Deps is what a sink needs from its surroundings.
type Deps struct {
	AWS aws.Config
	Now func() time.Time // time.Now when nil
}

type hub struct {
	cfg    Config
	client *securityhub.Client
	caller *sts.Client
	region string
	now    func() time.Time

	mu      sync.Mutex
	account string
}

var isAccount = re2.Own(`^[0-9]{12}$`)

// namespaces are the first parts of types that Security Hub knows.
func namespaces() []string {
	return []string{"Software and Configuration Checks", "TTPs", "Effects", "Unusual Behaviors", "Sensitive Data Identifications"}
}

// New makes a sink, which is a sink.Batcher too; it contacts nobody.
func New(cfg Config, deps Deps) (sink.Sink, error) {
	if cfg.Account != "" && !isAccount.MatchString(cfg.Account) {
		return nil, fmt.Errorf("securityhub: account %q: want 12 digits", cfg.Account)
	}
	if len(cfg.Types) == 0 {
		cfg.Types = []string{"TTPs"}
	}
	if len(cfg.Types) > 50 {
		return nil, fmt.Errorf("securityhub: %d types, at most 50 may be given", len(cfg.Types))
	}
	for _, t := range cfg.Types {
		if !known(t) {
			return nil, fmt.Errorf("securityhub: type %q: want %s, optionally followed by /category and /classifier",
				t, strings.Join(namespaces(), ", "))
		}
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	once := awsx.Once(deps.AWS)
	return &hub{cfg: cfg, client: securityhub.NewFromConfig(once), caller: sts.NewFromConfig(deps.AWS),
		region: deps.AWS.Region, now: deps.Now, account: cfg.Account}, nil
}

func known(t string) bool {
	parts := strings.Split(t, "/")
	for _, n := range namespaces() {
		if parts[0] == n && len(parts) <= 3 {
			return true
		}
	}
	return false
}

// codes are those of calls and of single findings that their kind does not
// class.
func codes() outcome.Codes {
	return outcome.Codes{
		"InternalException":      alert.Retry,
		"LimitExceededException": alert.Retry,
		"InvalidAccessException": alert.Auth, // the account has not enabled Security Hub
		"InvalidInputException":  alert.Reject,
		"InvalidInput":           alert.Reject,
		"ConcurrentUpdateError":  alert.Retry,
	}
}

// Deliver imports one finding. Its receipt is the finding's id.
func (h *hub) Deliver(ctx context.Context, n sink.Notification) alert.Outcome {
	return h.DeliverBatch(ctx, []sink.Notification{n})[0]
}

// DeliverBatch imports several findings, a hundred a call at most; two messages
// of one alert go by two calls, in order.
func (h *hub) DeliverBatch(ctx context.Context, ns []sink.Notification) []alert.Outcome {
	if err := ctx.Err(); err != nil {
		return outcome.Same(outcome.Ended(err), len(ns))
	}
	account, err := h.callingAccount(ctx)
	if err != nil {
		return outcome.Same(h.unsent(err), len(ns))
	}
	findings := make([]types.AwsSecurityFinding, len(ns))
	failed := make([]error, len(ns))
	for i, n := range ns {
		findings[i], failed[i] = h.finding(n, account)
	}
	return outcome.Batch(calls(findings, failed), len(ns), func(some []int) []alert.Outcome {
		if err := failed[some[0]]; err != nil {
			return []alert.Outcome{outcome.Refused(err)}
		}
		chosen := make([]types.AwsSecurityFinding, 0, len(some))
		for _, i := range some {
			chosen = append(chosen, findings[i])
		}
		return h.put(ctx, chosen)
	})
}

func (h *hub) unsent(err error) alert.Outcome {
	o := outcome.Of(err, nil, h.now())
	o.Unsure = false
	return o
}

// largestCall bounds the findings of one call, in bytes.
const largestCall = 4 << 20

// calls shares findings out over calls, in order.
func calls(findings []types.AwsSecurityFinding, failed []error) [][]int {
	var out [][]int
	seen := map[string]bool{}
	open, total := false, 0
	for i, f := range findings {
		id, n := aws.ToString(f.Id), size(f)
		last := len(out) - 1
		if failed[i] != nil || !open || len(out[last]) == sink.ASFFBatch.Max() || seen[id] || total+n > largestCall {
			out, last, seen, total = append(out, nil), last+1, map[string]bool{}, 0
		}
		out[last] = append(out[last], i)
		seen[id], open, total = true, failed[i] == nil, total+n
	}
	return out
}

// size is at least what the finding takes in a call.
func size(f types.AwsSecurityFinding) int {
	body, err := json.Marshal(f)
	if err != nil {
		return sink.ASFFFinding.Max() + 1
	}
	return len(body)
}

// put makes one call and reads which findings failed.
func (h *hub) put(ctx context.Context, findings []types.AwsSecurityFinding) []alert.Outcome {
	answer, err := h.client.BatchImportFindings(ctx, &securityhub.BatchImportFindingsInput{Findings: findings})
	if err != nil {
		return outcome.Same(outcome.Of(err, codes(), h.now()), len(findings))
	}
	failures := map[string]types.ImportFindingsError{}
	for _, f := range answer.FailedFindings {
		failures[aws.ToString(f.Id)] = f
	}
	out := make([]alert.Outcome, len(findings))
	for i, f := range findings {
		out[i] = alert.Outcome{Class: alert.OK, Receipt: []byte(aws.ToString(f.Id))}
		if bad, ok := failures[aws.ToString(f.Id)]; ok {
			out[i] = outcome.OfEntry(aws.ToString(bad.ErrorCode), aws.ToString(bad.ErrorMessage), codes())
			delete(failures, aws.ToString(f.Id))
		}
	}
	return unaccounted(out, failures, aws.ToInt32(answer.FailedCount))
}

// unaccounted turns success into doubt where the answer counts more failures
// than it names: importing again does no harm.
func unaccounted(out []alert.Outcome, rest map[string]types.ImportFindingsError, failed int32) []alert.Outcome {
	named := int32(0)
	for _, o := range out {
		if o.Class != alert.OK {
			named++
		}
	}
	if len(rest) == 0 && failed <= named {
		return out
	}
	for i := range out {
		if out[i].Class == alert.OK {
			out[i] = alert.Outcome{Class: alert.Retry, Unsure: true,
				Reason: fmt.Sprintf("the answer counts %d failed findings and names %d of them", failed, named)}
		}
	}
	return out
}

// callingAccount is the configured account or, asked once, the caller's.
func (h *hub) callingAccount(ctx context.Context) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.account != "" {
		return h.account, nil
	}
	out, err := h.caller.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", fmt.Errorf("asking which account calls: %w", err)
	}
	h.account = aws.ToString(out.Account)
	return h.account, nil
}

// Preview shows the finding; where the account is not known yet it has zeros.
func (h *hub) Preview(n sink.Notification) (sink.Preview, error) {
	account := h.cfg.Account
	if account == "" {
		account = "000000000000"
	}
	f, err := h.finding(n, account)
	if err != nil {
		return sink.Preview{}, err
	}
	body, err := written(f)
	if err != nil {
		return sink.Preview{}, err
	}
	return sink.Preview{Parts: []sink.Part{{Name: "body", ContentType: "application/json", Body: body}}}, nil
}

// Traits: findings are known by their id; ten calls a second are allowed.
func (h *hub) Traits() sink.Traits {
	return sink.Traits{Idempotent: true, PerSecond: 10, Batch: sink.ASFFBatch.Max(), Lifecycle: true}
}
