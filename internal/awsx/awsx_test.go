package awsx_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/internal/awsx"
)

// clean takes the machine's own AWS settings away.
func clean(t *testing.T) {
	t.Helper()
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
		}
	}
	empty := filepath.Join(t.TempDir(), "none")
	t.Setenv("AWS_CONFIG_FILE", empty)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", empty)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
}

func load(t *testing.T, s awsx.Settings) aws.Config {
	t.Helper()
	cfg, err := awsx.Load(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// The region comes from the settings, else the environment, else the profile;
// without any, the mistake is named.
func TestRegion(t *testing.T) {
	clean(t)
	if _, err := awsx.Load(context.Background(), awsx.Settings{}); err == nil || !strings.Contains(err.Error(), "no AWS region") {
		t.Errorf("no region: %v", err)
	}
	profile := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(profile, []byte("[profile soc]\nregion = eu-north-1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", profile)
	if got := load(t, awsx.Settings{Profile: "soc"}).Region; got != "eu-north-1" {
		t.Errorf("profile's region = %s", got)
	}
	t.Setenv("AWS_REGION", "us-east-2")
	if got := load(t, awsx.Settings{}).Region; got != "us-east-2" {
		t.Errorf("environment's region = %s", got)
	}
	if got := load(t, awsx.Settings{Region: "ap-south-1"}).Region; got != "ap-south-1" {
		t.Errorf("setting's region = %s", got)
	}
	if _, err := awsx.Load(context.Background(), awsx.Settings{Profile: "missing"}); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("missing profile: %v", err)
	}
}

func TestMistakesAreNamed(t *testing.T) {
	clean(t)
	for want, s := range map[string]awsx.Settings{
		"want an ARN such as": {Region: "eu-west-1", Role: "reader"},
		"of use with role":    {Region: "eu-west-1", External: "x"},
	} {
		if _, err := awsx.Load(context.Background(), s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// A role is assumed with its external id by the first call, and the call is
// then the role's.
func TestRole(t *testing.T) {
	env := awstest.Config(t)
	clean(t)
	for _, kv := range awstest.Env(t, env) {
		name, value, _ := strings.Cut(kv, "=")
		t.Setenv(name, value)
	}
	cfg := load(t, awsx.Settings{Role: "arn:aws:iam::222233334444:role/reader", External: "4711"})
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := aws.ToString(out.Arn); got != "arn:aws:sts::222233334444:assumed-role/reader/trailwarden" {
		t.Errorf("calls as %s", got)
	}
}

// What is asked for arrives: external id, session, user agent, endpoint.
func TestRequests(t *testing.T) {
	clean(t)
	var bodies, agents []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		bodies, agents = append(bodies, r.Form.Encode()), append(agents, r.UserAgent())
		w.WriteHeader(400)
		fmt.Fprint(w, `<ErrorResponse><Error><Code>AccessDenied</Code><Message>not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>`)
	}))
	defer s.Close()
	cfg := load(t, awsx.Settings{Region: "eu-west-1", Endpoint: s.URL, Role: "arn:aws:iam::222233334444:role/reader",
		External: "4711", Session: "soc", Version: "1.2.3"})
	_, err := sts.NewFromConfig(cfg).GetCallerIdentity(context.Background(), nil)
	if f := awsx.Classify(err); f.Kind != awsx.Denied || f.Code != "AccessDenied" {
		t.Errorf("%+v, want denied", f)
	}
	if len(bodies) != 1 || !strings.Contains(bodies[0], "ExternalId=4711") || !strings.Contains(bodies[0], "RoleSessionName=soc") {
		t.Errorf("requests %q", bodies)
	}
	if !strings.Contains(agents[0], "trailwarden/1.2.3") {
		t.Errorf("user agent %q", agents[0])
	}
}

// Calls are tried as often as the settings say, and once after Once.
func TestAttempts(t *testing.T) {
	clean(t)
	n := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n++
		w.WriteHeader(503)
	}))
	defer s.Close()
	cfg := load(t, awsx.Settings{Region: "eu-west-1", Endpoint: s.URL, Attempts: 2})
	sqs.NewFromConfig(cfg).ListQueues(context.Background(), nil)
	if n != 2 {
		t.Errorf("%d attempts, want 2", n)
	}
	n = 0
	sqs.NewFromConfig(awsx.Once(cfg)).ListQueues(context.Background(), nil)
	if n != 1 {
		t.Errorf("%d attempts, want 1", n)
	}
}

// answered is the error of a call that got an answer.
func answered(t *testing.T, status int, code string) error {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.Header().Set("Retry-After", "3")
		w.WriteHeader(status)
		if code != "" {
			fmt.Fprintf(w, `{"__type":"com.amazonaws.sqs#%s","message":"no"}`, code)
		}
	}))
	defer s.Close()
	_, err := sqs.NewFromConfig(awsx.Once(load(t, awsx.Settings{Region: "eu-west-1", Endpoint: s.URL}))).ListQueues(context.Background(), nil)
	return err
}

// Credentials that are missing or refused are told from missing permissions, also
// of a fault that was passed on.
func TestAdvice(t *testing.T) {
	clean(t)
	for code, want := range map[string]bool{"ExpiredTokenException": true, "SignatureDoesNotMatch": true, "AccessDeniedException": false, "QueueDoesNotExist": false} {
		if f := awsx.Classify(answered(t, 400, code)); (f.Advice() != "") != want {
			t.Errorf("%s: advice %q", code, f.Advice())
		}
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	_, err := sqs.NewFromConfig(load(t, awsx.Settings{Region: "eu-west-1", Endpoint: "http://127.0.0.1:1"})).ListQueues(context.Background(), nil)
	f := awsx.Classify(err)
	if f.Kind != awsx.Denied || f.Sent || !strings.HasPrefix(f.Error(), "NoCredentials: no AWS credentials can be had: ") || strings.Contains(f.Text, "get identity") || !strings.Contains(f.Advice(), "AWS_PROFILE") {
		t.Errorf("without credentials: %+v of %v", f, err)
	}
	if again := awsx.Classify(fmt.Errorf("listing: %w", f)); again != f {
		t.Errorf("passed on: %+v", again)
	}
}

// Errors are sorted by code first, then by status.
func TestClassifyAnswers(t *testing.T) {
	clean(t)
	for _, c := range []struct {
		status int
		code   string
		want   awsx.Kind
	}{
		{400, "ThrottlingException", awsx.Throttled}, {400, "RequestThrottled", awsx.Throttled}, {400, "SlowDown", awsx.Throttled}, {429, "", awsx.Throttled},
		{400, "AccessDeniedException", awsx.Denied}, {400, "ExpiredTokenException", awsx.Denied}, {403, "", awsx.Denied}, {401, "", awsx.Denied},
		{400, "OverLimit", awsx.Throttled}, {400, "KmsThrottled", awsx.Throttled},
		{400, "QueueDoesNotExist", awsx.NotFound}, {404, "", awsx.NotFound}, {400, "ResourceNotFoundException", awsx.NotFound}, {400, "FooNotFoundException", awsx.NotFound},
		{400, "ValidationException", awsx.Invalid}, {400, "", awsx.Invalid}, {409, "", awsx.Invalid}, {302, "", awsx.Invalid},
		{500, "", awsx.Server}, {503, "", awsx.Server}, {408, "", awsx.Server}, {500, "Odd", awsx.Server}, {400, "InternalFailure", awsx.Server},
	} {
		f := awsx.Classify(answered(t, c.status, c.code))
		if f.Kind != c.want || f.Status != c.status || !f.Sent || f.After != 3*time.Second {
			t.Errorf("%d %s: %+v, want %s", c.status, c.code, f, c.want)
		}
	}
}

// Without an answer it matters whether the request can have left.
func TestClassifySilence(t *testing.T) {
	clean(t)
	call := func(ctx context.Context, url string) error {
		_, err := sqs.NewFromConfig(awsx.Once(load(t, awsx.Settings{Region: "eu-west-1", Endpoint: url}))).ListQueues(ctx, nil)
		return err
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	cut := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer cut.Close()
	secured := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer secured.Close()
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer slow.Close()
	defer close(release)
	late, end := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer end()
	for _, c := range []struct {
		name string
		err  error
		kind awsx.Kind
		sent bool
	}{
		{"nobody listens", call(context.Background(), gone.URL), awsx.Network, false},
		{"cut off", call(context.Background(), cut.URL), awsx.Network, true},
		{"unknown authority", call(context.Background(), secured.URL), awsx.Denied, false},
		{"canceled", call(canceled, cut.URL), awsx.Canceled, true},
		{"too late", call(late, slow.URL), awsx.Network, true},
		{"something else", errors.New("odd"), awsx.Network, true},
	} {
		if f := awsx.Classify(c.err); f.Kind != c.kind || f.Sent != c.sent {
			t.Errorf("%s: %+v of %v, want %s, sent %v", c.name, f, c.err, c.kind, c.sent)
		}
	}
	if f := awsx.Classify(nil); f != (awsx.Fault{}) {
		t.Errorf("no error: %+v", f)
	}
}

// late is a connection whose writes return a while after what they wrote has left,
// as they do where another goroutine has the processor.
type late struct{ net.Conn }

func (l late) Write(b []byte) (int, error) {
	n, err := l.Conn.Write(b)
	time.Sleep(50 * time.Millisecond)
	return n, err
}

// An answer is read whole although it came before the request's body was looked at
// for the last time.
func TestAnswersOutrunTheirRequests(t *testing.T) {
	clean(t)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		time.Sleep(200 * time.Millisecond)
		fmt.Fprint(w, `{"QueueUrls":["https://sqs.example.com/111122223333/q"]}`)
	}))
	defer srv.Close()
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, address)
		return late{c}, err
	}}
	defer transport.CloseIdleConnections()
	cfg := load(t, awsx.Settings{Region: "eu-west-1", Endpoint: srv.URL, Attempts: 1, HTTPClient: &http.Client{Transport: transport}})
	out, err := sqs.NewFromConfig(cfg).ListQueues(t.Context(), &sqs.ListQueuesInput{QueueNamePrefix: aws.String(strings.Repeat("q", 1<<16))})
	if err != nil || len(out.QueueUrls) != 1 {
		t.Errorf("%v, %v", out, err)
	}
}

// An answer that begins with success and breaks off may stand for something done.
func TestBrokenOffSuccess(t *testing.T) {
	clean(t)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	defer srv.Close()
	cfg := load(t, awsx.Settings{Region: "eu-west-1", Endpoint: srv.URL, Attempts: 1})
	_, err := sqs.NewFromConfig(cfg).ListQueues(t.Context(), &sqs.ListQueuesInput{})
	if f := awsx.Classify(err); f.Kind != awsx.Network || !f.Sent || f.Status != http.StatusOK {
		t.Errorf("%+v", f)
	}
}
