// Package awstest runs an AWS emulator for tests: moto's server, on a loopback
// port, from a Python virtual environment that the first test to need it makes
// and later ones share.
//
//	func TestPublish(t *testing.T) {
//		cfg := awstest.Config(t)
//		topic := awstest.Topic(t, cfg)
//		client := sns.NewFromConfig(cfg)
//		…
//	}
//
// There is one server for each test process; it starts with the first call of
// Config and ends with the process, killed or not. Every call of Config gives
// an AWS account of its own, so tests may run in parallel and see nothing of
// each other.
//
// Where Python or its packages cannot be had, the test is skipped with one
// line; with "aws" in TRAILWARDEN_NEEDS it fails instead.
package awstest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"go.uber.org/goleak"

	"github.com/trailwarden/trailwarden/internal/awsx"
	"github.com/trailwarden/trailwarden/internal/needs"
)

// Region is the region of every Config.
const Region = "eu-west-1"

// process holds the one server of a test process. It is the package's only
// state, and the reason why the package is for tests alone.
var process struct {
	once     sync.Once
	server   *server
	err      error
	accounts atomic.Int64
	names    atomic.Int64
}

func shared(t testing.TB) *server {
	t.Helper()
	process.once.Do(func() { process.server, process.err = start() })
	if process.err == nil {
		return process.server
	}
	if unavailable := (*unavailableError)(nil); errors.As(process.err, &unavailable) {
		missing(t, process.err)
	}
	t.Fatalf("starting the AWS emulator: %v", process.err)
	return nil
}

// missing ends a test for which this machine lacks something.
func missing(t testing.TB, err error) {
	t.Helper()
	needs.Missing(t, "aws", err)
}

// Python returns the interpreter of the environment that the emulator runs in,
// for tests of formats whose published schemas are Python packages (OCSF); it
// starts no server.
func Python(t testing.TB) string {
	t.Helper()
	python, err := environment()
	if err != nil {
		missing(t, err)
	}
	return python
}

// PythonWith is Python for an environment of its own, named name, that holds
// other packages: the pinned lines of a requirements file, dependencies
// included.
func PythonWith(t testing.TB, name, requirements string) string {
	t.Helper()
	python, err := environmentOf(name, requirements)
	if err != nil {
		missing(t, err)
	}
	return python
}

// Endpoint returns the URL of the process's server, http://127.0.0.1:PORT.
func Endpoint(t testing.TB) string {
	t.Helper()
	return shared(t).endpoint
}

// Config returns the configuration of a fresh, empty AWS account on the
// process's server, in Region. The credentials work in other processes too
// (see Env). Idle connections are closed when the test ends.
func Config(t testing.TB) aws.Config {
	t.Helper()
	return Account(t, fmt.Sprintf("9%011d", process.accounts.Add(1)))
}

// Account is Config for an account of the caller's choice, 12 digits; several
// calls may share it.
func Account(t testing.TB, id string) aws.Config {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 16}
	t.Cleanup(transport.CloseIdleConnections)
	cfg := aws.Config{
		Region:       Region,
		BaseEndpoint: aws.String(Endpoint(t)),
		HTTPClient:   awsx.Steady(&http.Client{Transport: transport, Timeout: time.Minute}),
		Retryer:      onceMore,
		Credentials:  credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "test", ""),
	}
	cfg.Credentials = credentialsOf(t, cfg, id)
	return cfg
}

// onceMore tries again what the emulator's connection lost, which happens now and
// then on a busy machine. An answer is taken as it is, so that tests of failures
// see the first.
func onceMore() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.MaxBackoff, o.RateLimiter = 5, 200*time.Millisecond, ratelimit.None
		o.Retryables = []retry.IsErrorRetryable{retry.RetryableConnectionError{}}
	})
}

// credentialsOf asks for a role of the account: the emulator knows accounts by
// their access keys.
func credentialsOf(t testing.TB, cfg aws.Config, id string) aws.CredentialsProvider {
	t.Helper()
	out, err := sts.NewFromConfig(cfg).AssumeRole(context.Background(), &sts.AssumeRoleInput{
		RoleArn:         aws.String("arn:aws:iam::" + id + ":role/test"),
		RoleSessionName: aws.String("test"),
	})
	if err != nil {
		t.Fatalf("assuming a role in account %s of the AWS emulator: %v", id, err)
	}
	return credentials.StaticCredentialsProvider{Value: aws.Credentials{
		AccessKeyID:     aws.ToString(out.Credentials.AccessKeyId),
		SecretAccessKey: aws.ToString(out.Credentials.SecretAccessKey),
		SessionToken:    aws.ToString(out.Credentials.SessionToken),
		AccountID:       id,
	}}
}

// AccountID returns the 12 digits of cfg's account.
func AccountID(t testing.TB, cfg aws.Config) string {
	t.Helper()
	return retrieve(t, cfg).AccountID
}

func retrieve(t testing.TB, cfg aws.Config) aws.Credentials {
	t.Helper()
	c, err := cfg.Credentials.Retrieve(context.Background())
	if err != nil {
		t.Fatalf("credentials of the AWS emulator: %v", err)
	}
	return c
}

// Env returns the environment variables that give another process cfg's
// account, region and endpoint.
func Env(t testing.TB, cfg aws.Config) []string {
	t.Helper()
	c := retrieve(t, cfg)
	return []string{
		"AWS_ACCESS_KEY_ID=" + c.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY=" + c.SecretAccessKey,
		"AWS_SESSION_TOKEN=" + c.SessionToken,
		"AWS_REGION=" + cfg.Region,
		"AWS_ENDPOINT_URL=" + aws.ToString(cfg.BaseEndpoint),
		"AWS_EC2_METADATA_DISABLED=true",
	}
}

// MainWithoutLeaks is Main for packages whose goroutines must all have ended.
func MainWithoutLeaks(m *testing.M) int {
	code := Main(m)
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// Main runs a package's tests and stops the server at once after them, for
// packages that look for leaked goroutines or processes:
//
//	func TestMain(m *testing.M) { os.Exit(awstest.Main(m)) }
func Main(m *testing.M) int {
	code := m.Run()
	if process.server != nil {
		process.server.stop()
	}
	return code
}
