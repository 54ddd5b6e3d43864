package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/internal/awsx"
	"github.com/trailwarden/trailwarden/internal/iampolicy"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// Target says what is looked at. Everything may be left out: trails are found by
// asking CloudTrail, and what hangs on them by following it.
type Target struct {
	// Config is the configuration in use; nil when there is none.
	Config *config.Config
	// Rules are those of the configuration, with what loading and lint say of
	// them.
	Rules *rule.Set
	Lint  diagnostic.List

	Trail     string   // name or ARN; empty for all
	Regions   []string // to look for rules and trails in; empty for all that are enabled
	Bus       string   // name or ARN of the central bus
	RuleNames string   // what names of EventBridge rules begin with; empty means trailwarden
	Accounts  []string // that send to the central bus
	Functions []string // names or ARNs, beside those found on the way
	// Needs are the ways that must be there; see WayBucketFunction and those after it.
	Needs []string
}

// Options of an Env.
type Options struct {
	AWS aws.Config
	Now func() time.Time // nil means time.Now
	// Store opens the store of alerts to look for dead letters in it; nil, or
	// ErrNoStore, when there is none to be had here.
	Store func(context.Context) (Kept, error)
}

// Env is an account as the checks see it. Each thing is asked once, however many
// checks want it.
type Env struct {
	Target
	aws   aws.Config
	now   func() time.Time
	store func(context.Context) (Kept, error)

	mu    sync.Mutex
	known map[string]*fact
}

// New makes an Env; it calls nobody.
func New(t Target, o Options) *Env {
	if o.Now == nil {
		o.Now = time.Now
	}
	if t.Config == nil {
		t.Config = config.Default()
	}
	return &Env{Target: t, aws: o.AWS, now: o.Now, store: o.Store, known: map[string]*fact{}}
}

// fact is an answer, or the reason why there is none.
type fact struct {
	once  sync.Once
	value any
	err   error
}

// asked gives what ask gives, asked once for each key.
func asked[T any](e *Env, key string, ask func() (T, error)) (T, error) {
	e.mu.Lock()
	f := e.known[key]
	if f == nil {
		f = &fact{}
		e.known[key] = f
	}
	e.mu.Unlock()
	f.once.Do(func() {
		f.err = errors.New("the question was not finished")
		f.value, f.err = ask()
	})
	value, _ := f.value.(T)
	return value, f.err
}

// in is the AWS configuration for a region; empty means the caller's.
func (e *Env) in(region string) aws.Config {
	cfg := e.aws.Copy()
	if region != "" {
		cfg.Region = region
	}
	return cfg
}

// each runs do for every item, some at once, and gathers what they say in the
// order of the items.
func each[T any](items []T, do func(T) []Result) (out []Result) {
	results := make([][]Result, len(items))
	slots := make(chan struct{}, parallel)
	var all sync.WaitGroup
	for i, item := range items {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			results[i] = do(item)
		})
	}
	all.Wait()
	for _, r := range results {
		out = append(out, r...)
	}
	return out
}

// missing tells whether an error says that what was named does not exist.
func missing(err error) bool {
	f := awsx.Classify(err)
	return err != nil && (f.Kind == awsx.NotFound || strings.Contains(f.Code, "NonExistent") || strings.Contains(f.Code, "DoesNotExist") || strings.Contains(f.Code, "NoSuch"))
}

// unknown is the result of an error: it names the action that is needed.
func unknown(object string, err error) Result {
	r := Result{State: Unknown, Object: object}
	action := actionOf(err)
	switch f := awsx.Classify(err); {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), f.Kind == awsx.Canceled:
		r = late()
		r.Object = object
	case f.Advice() != "": // whatever is asked, it is the same
		r.Cause, r.Fix = "could not check: "+f.Error(), f.Advice()
	case f.Kind == awsx.Denied && f.Code != "" && action != "":
		r.Cause = fmt.Sprintf("could not check: %s is refused (%s)", action, f.Code)
		r.Fix = "Allow " + action + " to whoever runs doctor, or run it in the account that this belongs to; doctor --list names all actions that it needs."
	case f.Kind == awsx.Denied:
		r.Cause, r.Fix = "could not check: "+f.Text, "See whether the credentials are valid and of the right account, and whether AWS_CA_BUNDLE names whoever signs certificates here."
	default:
		r.Cause, r.Fix = strings.TrimSpace("could not check: "+action+" "+f.Error()), "Try again; look at the endpoint and the region if it stays."
	}
	return r
}

// undecided is the result of a policy whose decision depends on a condition that is
// not understood here.
func undecided(object, question string, got iampolicy.Decision) Result {
	return Result{State: Unknown, Object: object, Cause: "could not check " + question + ": " + got.String(), Fix: "Look at that condition: does it hold for this call?"}
}

// actionOf is the IAM action behind an SDK error, or empty.
func actionOf(err error) string {
	var op *smithy.OperationError
	if !errors.As(err, &op) {
		return ""
	}
	return Action(op.ServiceID, op.OperationName)
}

// Action is the IAM action that an operation of the SDK needs, where the names
// differ (Service Authorization Reference).
func Action(service, operation string) string {
	prefix, known := map[string]string{
		"CloudWatch Logs": "logs", "EventBridge": "events", "SESv2": "ses", "CloudWatch": "cloudwatch",
	}[service]
	if !known {
		prefix = strings.ToLower(strings.ReplaceAll(service, " ", ""))
	}
	switch action := prefix + ":" + operation; action {
	case "s3:GetBucketNotificationConfiguration":
		return "s3:GetBucketNotification"
	case "s3:HeadBucket", "s3:ListObjectsV2":
		return "s3:ListBucket"
	case "s3:HeadObject":
		return "s3:GetObject"
	case "s3:GetBucketEncryption":
		return "s3:GetEncryptionConfiguration"
	case "s3:GetPublicAccessBlock":
		return "s3:GetBucketPublicAccessBlock"
	case "s3control:GetPublicAccessBlock":
		return "s3:GetAccountPublicAccessBlock"
	default:
		return action
	}
}
