package sns_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/message/messagetest"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/internal/inert"
	"github.com/trailwarden/trailwarden/sink/sns"
)

var update = flag.Bool("update", false, "write the golden files anew")

const topicARN = "arn:aws:sns:us-west-2:111122223333:alerts"

func must(t testing.TB, cfg sns.Config, deps sns.Deps) sink.Sink {
	t.Helper()
	s, err := sns.New(cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func parts(t testing.TB, s sink.Sink, m *message.Message) map[string]string {
	t.Helper()
	p, err := s.Preview(sink.Notification{Message: m})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, part := range p.Parts {
		out[part.Name] = string(part.Body)
	}
	return out
}

func size(p map[string]string) int {
	return len(p["subject"]) + len(p["message"]) + len(p["attributes"])
}

// Every message, hostile or large, in every style, keeps within the limit, is
// inert and keeps its key and links.
func TestMessagesAreInertAndWithinLimits(t *testing.T) {
	for _, cfg := range []sns.Config{{Style: sns.Full}, {Style: sns.Lines}, {Style: sns.JSON}, {Style: sns.Full, PerProtocol: true}} {
		cfg.Topic = topicARN + ".fifo"
		s := must(t, cfg, sns.Deps{})
		for i, c := range messagetest.All() {
			// Each payload once: they stand in every field of the first message.
			if payload := strings.Contains(c.Name, "payload"); payload && !strings.HasPrefix(c.Name, "opened, ") ||
				payload && (cfg.Style == sns.JSON || cfg.PerProtocol) && i%5 != 0 {
				continue
			}
			p := parts(t, s, c.Message)
			check(t, fmt.Sprintf("%s %v %s", cfg.Style, cfg.PerProtocol, c.Name), cfg, c.Message, p)
		}
	}
}

func check(t *testing.T, name string, cfg sns.Config, m *message.Message, p map[string]string) {
	t.Helper()
	if n := size(p); n > sink.SNSMessage.Max() {
		t.Errorf("%s: %d bytes", name, n)
	}
	for i, r := range p["subject"] {
		if r < ' ' || r > '~' || i > 98 {
			t.Errorf("%s: subject %q", name, p["subject"])
			break
		}
	}
	body := p["message"]
	if strings.Contains(p["subject"], "=?") || !utf8.ValidString(body) || !strings.Contains(body, m.Key) {
		t.Errorf("%s: encoded word in the subject, invalid UTF-8 or no key", name)
	}
	if cfg.Style == sns.JSON || cfg.PerProtocol {
		if !json.Valid([]byte(body)) {
			t.Errorf("%s: invalid JSON", name)
		}
	} else {
		for _, bad := range inert.Text(body) {
			t.Errorf("%s: %s", name, bad)
		}
	}
	for _, l := range m.Links {
		if !strings.Contains(body, l.URL) && !strings.Contains(body, strings.ReplaceAll(l.URL, "&", `\u0026`)) {
			t.Errorf("%s: link %s is gone", name, l.URL)
		}
	}
}

// The parameters of a line are JSON, whatever was in the record.
func TestLinesHaveValidParameters(t *testing.T) {
	s := must(t, sns.Config{Topic: topicARN, Style: sns.Lines}, sns.Deps{})
	for _, p := range messagetest.Payloads() {
		m := messagetest.Opened()
		m.Events[0].Raw, _ = json.Marshal(map[string]any{"requestParameters": map[string]string{p: p}})
		for _, line := range strings.Split(parts(t, s, m)["message"], "\n") {
			if params, ok := strings.CutPrefix(line, "Params : "); ok && !json.Valid([]byte(params)) {
				t.Errorf("%q: %s", p, line)
			}
		}
	}
}

// The message of the published walk-through, from its record, has its four
// lines first, in its spelling, and then what it lacked.
func TestWriteUpMessage(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "message", "testdata", "golden", "002-iam-keywords.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m message.Message
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	p := parts(t, must(t, sns.Config{Topic: topicARN, Style: sns.Lines}, sns.Deps{}), &m)
	got := "Subject: " + p["subject"] + "\n\n" + p["message"]
	path := filepath.Join("testdata", "002-iam-keywords.txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s differs (go test -update writes it anew):\n%s", path, d)
	}
	lines := strings.Split(p["message"], "\n")
	for i, name := range []string{"Event  : ", "Source : ", "Params : ", "Region : ", "Account: ", "Actor  : ", "Time   : ", "From   : "} {
		if !strings.HasPrefix(lines[i], name) {
			t.Errorf("line %d is %q, want %q first", i+1, lines[i], name)
		}
	}
}

func TestConfigMistakesAreNamed(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  sns.Config
		want string
	}{
		{"nothing", sns.Config{}, "want either topic or target"},
		{"both", sns.Config{Topic: topicARN, Target: topicARN}, "want either topic or target"},
		{"no ARN", sns.Config{Topic: "alerts"}, "want an ARN such as"},
		{"other service", sns.Config{Topic: "arn:aws:sqs:us-west-2:111122223333:q"}, "want an ARN such as"},
		{"style", sns.Config{Topic: topicARN, Style: "html"}, "want full, lines or json"},
	} {
		if _, err := sns.New(c.cfg, sns.Deps{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// fake answers every call with one status and error code.
func fake(t *testing.T, status int, code string, header http.Header) aws.Config {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for k, v := range header {
			w.Header()[k] = v
		}
		w.WriteHeader(status)
		fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>no</Message></Error></ErrorResponse>`, code)
	}))
	t.Cleanup(s.Close)
	return aws.Config{Region: "us-west-2", BaseEndpoint: &s.URL, Credentials: credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", "")}
}

// Each error code of Publish has its class.
func TestErrorClasses(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		want   alert.Class
		unsure bool
	}{
		{429, "Throttled", alert.Retry, false}, {400, "ThrottledException", alert.Retry, false}, {400, "Throttling", alert.Retry, false},
		{500, "InternalError", alert.Retry, true}, {502, "", alert.Retry, true}, {503, "ServiceUnavailable", alert.Retry, false},
		{400, "KMSThrottling", alert.Retry, false},
		{403, "AuthorizationError", alert.Auth, false}, {404, "NotFound", alert.Auth, false}, {403, "InvalidClientTokenId", alert.Auth, false},
		{403, "SignatureDoesNotMatch", alert.Auth, false}, {403, "ExpiredToken", alert.Auth, false}, {400, "ExpiredToken", alert.Auth, false},
		{400, "KMSAccessDenied", alert.Auth, false}, {400, "KMSDisabled", alert.Auth, false}, {400, "KMSInvalidState", alert.Auth, false},
		{400, "KMSNotFound", alert.Auth, false}, {403, "KMSOptInRequired", alert.Auth, false}, {403, "InvalidSecurity", alert.Auth, false},
		{400, "EndpointDisabled", alert.Auth, false}, {400, "PlatformApplicationDisabled", alert.Auth, false},
		{400, "InvalidParameter", alert.Reject, false}, {400, "ParameterValueInvalid", alert.Reject, false}, {400, "ValidationException", alert.Reject, false},
		{302, "", alert.Reject, false},
	} {
		s := must(t, sns.Config{Topic: topicARN}, sns.Deps{AWS: fake(t, c.status, c.code, nil)})
		o := s.Deliver(context.Background(), sink.Notification{Message: messagetest.Opened()})
		if o.Class != c.want || o.Unsure != c.unsure || o.Reason == "" {
			t.Errorf("%d %s: %+v, want %s, unsure %v", c.status, c.code, o, c.want, c.unsure)
		}
	}
}

// Retry-After is honoured, up to an hour.
func TestRetryAfter(t *testing.T) {
	now := messagetest.Moment()
	for header, want := range map[string]time.Duration{"7": 7 * time.Second, "999999999": time.Hour, "soon": 0, "-1": 0} {
		cfg := fake(t, 429, "Throttled", http.Header{"Retry-After": {header}})
		s := must(t, sns.Config{Topic: topicARN}, sns.Deps{AWS: cfg, Now: func() time.Time { return now }})
		o := s.Deliver(context.Background(), sink.Notification{Message: messagetest.Opened()})
		if got := o.NotUntil; want > 0 && !got.Equal(now.Add(want)) || want == 0 && !got.IsZero() {
			t.Errorf("Retry-After %s: not until %v, want %v later", header, got, want)
		}
	}
}

// A receiver that cannot be reached, and one that is cut off, are told apart.
func TestLostAnswers(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	cut := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(cut.Close)
	for url, unsure := range map[string]bool{closed.URL: false, cut.URL: true} {
		cfg := fake(t, 200, "", nil)
		cfg.BaseEndpoint = aws.String(url)
		o := must(t, sns.Config{Topic: topicARN}, sns.Deps{AWS: cfg}).Deliver(context.Background(), sink.Notification{Message: messagetest.Opened()})
		if o.Class != alert.Retry || o.Unsure != unsure {
			t.Errorf("%s: %+v, want retry, unsure %v", url, o, unsure)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	o := must(t, sns.Config{Topic: topicARN}, sns.Deps{AWS: fake(t, 200, "", nil)}).Deliver(ctx, sink.Notification{Message: messagetest.Opened()})
	if o.Class != alert.Retry || o.Unsure {
		t.Errorf("ended context: %+v", o)
	}
}

// A message published to a topic comes out of a queue that subscribes to it, in
// the topic's region, with attributes that a filter policy can ask for.
func TestPublishToAnEmulator(t *testing.T) {
	cfg := awstest.Config(t)
	topic := awstest.Topic(t, cfg)
	all, allARN := awstest.Queue(t, cfg)
	awstest.Subscribe(t, cfg, topic, allARN, nil)
	none, noneARN := awstest.Queue(t, cfg)
	awstest.Subscribe(t, cfg, topic, noneARN, map[string]string{"FilterPolicy": `{"severity":["low"]}`})
	elsewhere := cfg.Copy()
	elsewhere.Region = "ap-southeast-2" // the ARN's region wins
	s := must(t, sns.Config{Topic: topic}, sns.Deps{AWS: elsewhere})
	m := messagetest.Opened()
	o := s.Deliver(context.Background(), sink.Notification{Message: m})
	if o.Class != alert.OK || len(o.Receipt) == 0 {
		t.Fatalf("%+v", o)
	}
	got := awstest.Receive(t, cfg, all)
	if len(got) != 1 || aws.ToString(got[0].Body) != parts(t, s, m)["message"] {
		t.Fatalf("received %d messages, or another text", len(got))
	}
	for name, want := range map[string]string{"severity": "high", "account": "111122223333", "region": "eu-west-1", "kind": "opened", "key": m.Key} {
		if v := aws.ToString(got[0].MessageAttributes[name].StringValue); v != want {
			t.Errorf("attribute %s = %q, want %q", name, v, want)
		}
	}
	if filtered := awstest.Receive(t, cfg, none); len(filtered) != 0 {
		t.Errorf("%d messages passed a filter for low", len(filtered))
	}
}

// A FIFO topic recognizes a message that is published again.
func TestFIFOTopicsDeduplicate(t *testing.T) {
	cfg := awstest.Config(t)
	topic := awstest.FIFOTopic(t, cfg)
	queue, arn := awstest.FIFOQueue(t, cfg)
	awstest.Subscribe(t, cfg, topic, arn, nil)
	s := must(t, sns.Config{Topic: topic, Style: sns.JSON}, sns.Deps{AWS: cfg})
	if !s.Traits().Idempotent {
		t.Error("a FIFO topic is idempotent")
	}
	next := messagetest.Repeated()
	next.Sequence = 2
	for _, m := range []*message.Message{messagetest.Opened(), messagetest.Opened(), next, next} {
		if o := s.Deliver(context.Background(), sink.Notification{Message: m}); o.Class != alert.OK {
			t.Fatalf("%+v", o)
		}
	}
	if got := awstest.Receive(t, cfg, queue); len(got) != 2 {
		t.Errorf("received %d messages, want 2 of 4", len(got))
	}
}

// A topic that does not exist pauses the sink: the configuration is wrong.
func TestMissingTopic(t *testing.T) {
	cfg := awstest.Config(t)
	s := must(t, sns.Config{Topic: topicARN}, sns.Deps{AWS: cfg})
	if o := s.Deliver(context.Background(), sink.Notification{Message: messagetest.Opened()}); o.Class != alert.Auth {
		t.Errorf("%+v, want auth", o)
	}
}

// The largest message is taken by the emulator, which enforces the limit.
func TestLargestMessageIsTaken(t *testing.T) {
	cfg := awstest.Config(t)
	topic := awstest.Topic(t, cfg)
	for _, style := range []sns.Style{sns.Full, sns.Lines, sns.JSON} {
		s := must(t, sns.Config{Topic: topic, Style: style}, sns.Deps{AWS: cfg})
		for _, c := range messagetest.Large() {
			if o := s.Deliver(context.Background(), sink.Notification{Message: c.Message}); o.Class != alert.OK {
				t.Errorf("%s %s: %+v", style, c.Name, o)
			}
		}
	}
}
