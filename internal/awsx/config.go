// Package awsx makes AWS configurations the one way that Trailwarden speaks
// with AWS: credentials by the SDK's usual chain, optionally a role assumed
// with an external id, retries that are bounded, and errors sorted into the few
// kinds that a caller decides on.
package awsx

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
	smithy "github.com/aws/smithy-go/middleware"
)

// Settings say how to reach AWS. The zero value is the environment's own
// credentials and region.
type Settings struct {
	Region  string // without it, that of the environment or profile
	Profile string // of the shared configuration files

	// Role is the ARN of a role to assume with those credentials, External the
	// external id of its trust policy, and Session the session's name in the
	// trail; "trailwarden" when empty.
	Role     string
	External string
	Session  string

	// Endpoint is the base URL of every service in place of AWS's own, for VPC
	// endpoints and emulators.
	Endpoint string
	// Own is the base URL of the one service that the configuration is made for,
	// in place of Endpoint; a role is assumed where Endpoint says.
	Own string

	// Attempts bounds the attempts of one call, the first included; 0 means 3.
	Attempts int
	// Version is named in the user agent: trailwarden/VERSION.
	Version string
	// Log is told what the SDK has to say, in place of standard error; nil drops
	// it. What matters of it is in the errors of calls.
	Log *slog.Logger
	// HTTPClient is for tests; nil means one with bounded waiting times that
	// follows no redirects.
	HTTPClient aws.HTTPClient
}

// Load makes a configuration. It contacts nobody: a role is assumed with the
// first call that needs it.
func Load(ctx context.Context, s Settings) (aws.Config, error) {
	if err := s.check(); err != nil {
		return aws.Config{}, err
	}
	cfg, err := s.load(ctx)
	if err != nil {
		return aws.Config{}, err
	}
	if cfg.Region == "" {
		return aws.Config{}, errors.New("no AWS region: set region, AWS_REGION or the profile's region")
	}
	cfg.HTTPClient = Steady(cfg.HTTPClient)
	cfg = s.assume(cfg)
	if s.Own == "" {
		return cfg, nil
	}
	credentials := cfg.Credentials
	s.Endpoint = s.Own // set afterwards it would not count: clients look at what was loaded
	if cfg, err = s.load(ctx); err != nil {
		return aws.Config{}, err
	}
	cfg.HTTPClient, cfg.Credentials = Steady(cfg.HTTPClient), credentials
	return cfg, nil
}

func (s Settings) check() error {
	if s.Role == "" {
		if s.External != "" {
			return errors.New("external_id is of use with role only: add the role's ARN or leave it out")
		}
		return nil
	}
	a, err := arn.Parse(s.Role)
	if err != nil || a.Service != "iam" || !strings.HasPrefix(a.Resource, "role/") {
		return fmt.Errorf("role %q: want an ARN such as arn:aws:iam::111122223333:role/name", s.Role)
	}
	return nil
}

// client is the HTTP client of the settings.
func (s Settings) client() aws.HTTPClient {
	if s.HTTPClient != nil {
		return s.HTTPClient
	}
	return httpClient()
}

// agent names us in the user agent.
func (s Settings) agent() func(*smithy.Stack) error {
	return middleware.AddUserAgentKeyValue("trailwarden", s.version())
}

// log writes a line of the SDK at level debug: its warnings are about its own
// ways, such as a checksum that a service does not have.
func (s Settings) log(level logging.Classification, format string, args ...any) {
	if s.Log != nil {
		s.Log.Debug(fmt.Sprintf(format, args...), "from", "aws sdk", "as", string(level))
	}
}

func (s Settings) version() string {
	if s.Version == "" {
		return "dev"
	}
	return s.Version
}

func (s Settings) retryer() aws.Retryer {
	attempts := s.Attempts
	if attempts <= 0 {
		attempts = 3
	}
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = attempts
		o.MaxBackoff = 5 * time.Second
	})
}

func (s Settings) assume(cfg aws.Config) aws.Config {
	if s.Role == "" {
		return cfg
	}
	provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), s.Role, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = "trailwarden"
		if s.Session != "" {
			o.RoleSessionName = s.Session
		}
		if s.External != "" {
			o.ExternalID = &s.External
		}
	})
	cfg.Credentials = aws.NewCredentialsCache(provider)
	return cfg
}

// httpClient bounds what a peer that does not answer can cost; calls that take
// long by their nature are bounded by their context. It is the SDK's own kind,
// which also takes AWS_CA_BUNDLE and follows no redirects.
func httpClient() aws.HTTPClient {
	return awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout, d.KeepAlive = 10*time.Second, 30*time.Second }).
		WithTransportOptions(func(t *http.Transport) {
			t.TLSHandshakeTimeout = 10 * time.Second
			t.ResponseHeaderTimeout = 30 * time.Second
			t.MaxIdleConnsPerHost = 16
		})
}

// Steady is the client with answers that arrive whole on a busy machine, too. When
// an answer is there before net/http has looked whether the request's body goes on
// after its length, the SDK has closed that body. Its WriteTo then returns io.EOF
// (smithy-go, safeWriteToReadCloser), which net/http takes for a write that failed:
// it closes the connection under the answer. The body's Read returns io.EOF as well,
// where that means the end, so net/http is shown a body that can only be read.
func Steady(c aws.HTTPClient) aws.HTTPClient { return steady{c} }

type steady struct{ of aws.HTTPClient }

func (s steady) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		r = r.WithContext(r.Context()) // a copy
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return s.of.Do(r)
}

// Once is cfg with calls that are tried once: for callers that keep what could
// not be sent and try again by themselves.
func Once(cfg aws.Config) aws.Config {
	cfg = cfg.Copy()
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	cfg.RetryMaxAttempts = 1
	return cfg
}
