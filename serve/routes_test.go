package serve_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/sqlite"
	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/internal/awsx"
	"github.com/trailwarden/trailwarden/internal/faultproxy"
	"github.com/trailwarden/trailwarden/lambda"
	"github.com/trailwarden/trailwarden/serve"
	"github.com/trailwarden/trailwarden/sink/sinktest"
)

// emulated leads to an account of the emulator.
func emulated(cfg aws.Config) assemble.Options {
	return assemble.Options{LoadAWS: func(context.Context, awsx.Settings) (aws.Config, error) { return cfg, nil }}
}

// route has a bucket announce its new files to a queue, and names the queue.
func route(t *testing.T, cfg aws.Config, bucket, how string) (queue string) {
	t.Helper()
	queue, arn := awstest.Queue(t, cfg)
	events := []s3types.Event{"s3:ObjectCreated:*"}
	var n s3types.NotificationConfiguration
	switch how {
	case "bare":
		n.QueueConfigurations = []s3types.QueueConfiguration{{QueueArn: &arn, Events: events}}
	case "SNS", "SNS raw":
		topic := awstest.Topic(t, cfg)
		_, err := sns.NewFromConfig(cfg).Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: &topic, Protocol: aws.String("sqs"), Endpoint: &arn,
			Attributes: map[string]string{"RawMessageDelivery": fmt.Sprint(how == "SNS raw")}})
		if err != nil {
			t.Fatal(err)
		}
		n.TopicConfigurations = []s3types.TopicConfiguration{{TopicArn: &topic, Events: events}}
	case "EventBridge":
		toQueue(t, cfg, `{"source":["aws.s3"]}`, arn)
		n.EventBridgeConfiguration = &s3types.EventBridgeConfiguration{}
	}
	_, err := awstest.S3(cfg).PutBucketNotificationConfiguration(t.Context(), &s3.PutBucketNotificationConfigurationInput{Bucket: &bucket, NotificationConfiguration: &n})
	if err != nil {
		t.Fatal(err)
	}
	return queue
}

// toQueue has the default event bus send matching events to a queue.
func toQueue(t *testing.T, cfg aws.Config, pattern, arn string) {
	t.Helper()
	client := eventbridge.NewFromConfig(cfg)
	_, err := client.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: aws.String("logs"), EventPattern: &pattern})
	if err == nil {
		_, err = client.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: aws.String("logs"), Targets: []ebtypes.Target{{Id: aws.String("q"), Arn: &arn}}})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func upload(t *testing.T, cfg aws.Config, bucket string, files map[string][]byte) {
	t.Helper()
	for key, body := range files {
		if _, err := awstest.S3(cfg).PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: aws.String(key), Body: bytes.NewReader(body)}); err != nil {
			t.Fatal(err)
		}
	}
}

// X1: on each route from the bucket to the queue, a server and the Lambda
// function open the alerts that a folder of the same files opens.
func TestEveryRouteOpensTheSameAlerts(t *testing.T) {
	want := fromFolder(t)
	for _, how := range []string{"bare", "SNS", "SNS raw", "EventBridge"} {
		t.Run(how, func(t *testing.T) {
			cfg := awstest.Config(t)
			bucket := awstest.Bucket(t, cfg)
			queue := route(t, cfg, bucket, how)
			r := run(t, t.TempDir(), "sources: {q: {sqs: {queue: \""+queue+"\"}}}", emulated(cfg))
			upload(t, cfg, bucket, logFiles(t))
			r.settle(t, len(want), total(want))
			equal(t, "served", r.alerts(t), want)

			// A queue of its own for the function: the stopped server's last poll
			// may still take messages from the first one.
			bucket = awstest.Bucket(t, cfg)
			queue = route(t, cfg, bucket, how)
			upload(t, cfg, bucket, logFiles(t))
			equal(t, "in Lambda", invoked(t, cfg, announced(t, cfg, queue, logFiles(t))), want)
		})
	}
}

// announced takes messages from a queue until each of the files was named by one:
// those of an answer that got lost come again after a while.
func announced(t *testing.T, cfg aws.Config, queue string, files map[string][]byte) (all []sqstypes.Message) {
	t.Helper()
	missing := maps.Clone(files)
	soon(t, "a message about each file", func() bool {
		all = append(all, awstest.Receive(t, cfg, queue)...)
		maps.DeleteFunc(missing, func(key string, _ []byte) bool {
			return slices.ContainsFunc(all, func(m sqstypes.Message) bool { return strings.Contains(*m.Body, path.Base(key)) })
		})
		return len(missing) == 0
	})
	return all
}

// invoked hands messages to the function, as a queue's poller would, and gives the
// alerts that it opens.
func invoked(t *testing.T, cfg aws.Config, messages []sqstypes.Message) map[string]int64 {
	t.Helper()
	c, list := config.Decode("test", []byte("sinks: {out: {stdout: {}}}"))
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "alerts.db")
	f := lambda.New(lambda.Options{Log: slog.New(slog.DiscardHandler),
		Load: func(ctx context.Context) (*assemble.Parts, bool, error) {
			o := emulated(cfg)
			o.Out = io.Discard
			p, err := assemble.PartsOf(ctx, c, o)
			return p, false, err
		},
		Open: func(ctx context.Context, _ *assemble.Assembly, policy func() *alert.Policy) (alert.Store, error) {
			return sqlite.Open(ctx, path, sqlite.Options{Policy: policy})
		}})
	var records []any
	for _, m := range messages {
		records = append(records, map[string]any{"messageId": *m.MessageId, "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:eu-west-1:111122223333:q", "body": *m.Body})
	}
	event, err := json.Marshal(map[string]any{"Records": records})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := f.Invoke(t.Context(), event)
	if err != nil || string(answer) != `{"batchItemFailures":[]}` {
		t.Fatalf("%d messages: answer %s, %v", len(records), answer, err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return stored(t, path)
}

// soon waits for something that comes in a moment.
func soon(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !so(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("in vain: ", what)
		}
	}
}

func logFile(record string) map[string][]byte {
	return map[string][]byte{"AWSLogs/111122223333/CloudTrail/eu-central-1/2026/03/14/111122223333_CloudTrail_eu-central-1_20260314T0905Z_abcdefghijklmnop.json": []byte(`{"Records":[` + record + `]}`)}
}

const started = `{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","principalId":"AIDAEXAMPLE","arn":"arn:aws:iam::111122223333:user/mallory","accountId":"111122223333","userName":"mallory"},"eventTime":"2026-03-14T09:00:00Z","eventSource":"ec2.amazonaws.com","eventName":"RunInstances","awsRegion":"eu-central-1","sourceIPAddress":"203.0.113.9","userAgent":"aws-cli","requestParameters":{"instanceType":"p5.48xlarge"},"eventID":"5f3c1b1e-0000-4000-8000-000000000001","readOnly":false,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management"}`

// The walk-through "unapproved regions → ticket", from the file in the bucket to
// the incident.
func TestUnapprovedRegionBecomesAnIncident(t *testing.T) {
	cfg := awstest.Config(t)
	now := sinktest.NewServiceNow(t)
	t.Setenv("TEST_NOW_PASSWORD", now.Password)
	bucket := awstest.Bucket(t, cfg)
	queue := route(t, cfg, bucket, "bare")
	run(t, t.TempDir(), `approved_regions: [us-*]
sources: {q: {sqs: {queue: "`+queue+`"}}}
sinks: {tickets: {servicenow: {instance: "`+now.URL+`", username: trailwarden, password: "env:TEST_NOW_PASSWORD", allow_private: [127.0.0.0/8]}}}
routes: [{match: {rule: ["unapproved-region-*"]}, sinks: [tickets]}]`, emulated(cfg))
	upload(t, cfg, bucket, logFile(started))
	soon(t, "an incident", func() bool { return len(now.Incidents("")) > 0 })
	got := now.Incidents("")
	text := fmt.Sprint(got[0].Fields)
	if len(got) != 1 || !strings.Contains(text, "eu-central-1") || !strings.Contains(text, "mallory") {
		t.Errorf("%d incidents: %s", len(got), text)
	}
}

// The walk-through "EventBridge → function → Slack", from the event on the bus to
// the message in the channel.
func TestEventOnTheBusIsToldInSlack(t *testing.T) {
	cfg := awstest.Config(t)
	slack := sinktest.NewSlack(t)
	t.Setenv("TEST_SLACK_HOOK", slack.Hook)
	queue, arn := awstest.Queue(t, cfg)
	toQueue(t, cfg, `{"source":["test.ec2"]}`, arn)
	dir := t.TempDir()
	rule := "id: started\ntitle: An instance was started\nmatch:\n  eventbridge: {source: [aws.ec2], detail: {eventName: [RunInstances]}}\n"
	if err := os.WriteFile(filepath.Join(dir, "rule.yaml"), []byte(rule), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, dir, `rules: [rule.yaml]
sources: {q: {sqs: {queue: "`+queue+`"}}}
sinks: {soc: {slack: {webhook: "env:TEST_SLACK_HOOK", style: yaml, allow_private: [127.0.0.0/8]}}}`, emulated(cfg))
	_, err := eventbridge.NewFromConfig(cfg).PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{{
		Source: aws.String("test.ec2"), DetailType: aws.String("AWS API Call via CloudTrail"), Detail: aws.String(started)}}})
	if err != nil {
		t.Fatal(err)
	}
	soon(t, "a post", func() bool { return len(slack.Posts()) > 0 })
	post := slack.Posts()[0]
	if text := post.Text + string(post.Blocks); !strings.Contains(text, "RunInstances") || !strings.Contains(text, "mallory") {
		t.Errorf("the post says %s", text)
	}
}

// The walk-through "chosen APIs → topic": its own configuration object, the file
// in the bucket, the message at a subscriber of the topic, and a mail by SES
// beside it.
func TestChosenCallsAreTold(t *testing.T) {
	cfg := awstest.Config(t)
	topic := awstest.Topic(t, cfg)
	subscriber, arn := awstest.Queue(t, cfg)
	awstest.Subscribe(t, cfg, topic, arn, nil)
	for _, address := range []string{"soc@example.com", "trailwarden@example.com"} {
		if _, err := sesv2.NewFromConfig(cfg).CreateEmailIdentity(t.Context(), &sesv2.CreateEmailIdentityInput{EmailIdentity: &address}); err != nil {
			t.Fatal(err)
		}
	}
	bucket := awstest.Bucket(t, cfg)
	queue := route(t, cfg, bucket, "bare")
	dir := t.TempDir()
	object := `{"source":"ec2","regexp":"RunInstances|Terminate"}`
	if err := os.WriteFile(filepath.Join(dir, "filter.json"), []byte(object), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, dir, `rules: [filter.json]
sources: {q: {sqs: {queue: "`+queue+`"}}}
sinks:
  topic: {sns: {topic: "`+topic+`", style: lines}}
  mail: {ses: {from: trailwarden@example.com, to: [soc@example.com]}}`, emulated(cfg))
	upload(t, cfg, bucket, logFile(started))
	var text string
	soon(t, "a message of the topic", func() bool {
		for _, m := range awstest.Receive(t, cfg, subscriber) {
			text += *m.Body
		}
		return text != ""
	})
	for _, want := range []string{"Event", "RunInstances", "Source", "ec2.amazonaws.com", "Params", "p5.48xlarge", "Region", "eu-central-1"} {
		if !strings.Contains(text, want) {
			t.Errorf("the message has no %s:\n%s", want, text)
		}
	}
	soon(t, "a mail", func() bool { return len(awstest.SentMail(t, cfg)) > 0 })
}

// F42, P1, P6: while objects may not be read, the health sinks are told at once
// and the message is kept; it is judged when the permission is there.
func TestAPermissionThatIsMissing(t *testing.T) {
	cfg := awstest.Config(t)
	bucket := awstest.Bucket(t, cfg)
	queue := route(t, cfg, bucket, "bare")
	var allowed atomic.Bool
	proxy := faultproxy.New(t, *cfg.BaseEndpoint, func(r *http.Request, _ int) faultproxy.Fault {
		if !allowed.Load() && r.Method == http.MethodGet && strings.Contains(r.URL.Path, "AWSLogs") {
			return faultproxy.Fault{Status: http.StatusForbidden, Code: "AccessDenied"}
		}
		return faultproxy.Fault{}
	})
	through := cfg.Copy()
	through.BaseEndpoint = &proxy.URL
	r := run(t, t.TempDir(), "sources: {q: {sqs: {queue: \""+queue+"\"}}}", emulated(through))
	began := time.Now()
	upload(t, cfg, bucket, logFile(started))
	text := func() string {
		b, _ := os.ReadFile(filepath.Join(r.dir, "told.ndjson"))
		return string(b)
	}
	soon(t, "a word to the health sinks", func() bool { return strings.Contains(text(), "may not be read") })
	if d := time.Since(began); d > time.Minute {
		t.Errorf("told after %s", d)
	}
	if strings.Contains(text(), "mallory") {
		t.Error("judged without the permission to read")
	}
	allowed.Store(true)
	fixed := time.Now()
	soon(t, "the alert", func() bool { return strings.Contains(text(), "mallory") })
	if d := time.Since(fixed); d > time.Minute {
		t.Errorf("went on after %s", d)
	}
}

// P5: a copy into a watched folder that stands still for so long that its file is
// read in part leaves a dead letter; when the file is whole it is judged, and the
// dead letter of its half is withdrawn.
func TestACopyThatStandsStill(t *testing.T) {
	dir := t.TempDir()
	logs := filepath.Join(dir, "logs")
	if err := os.Mkdir(logs, 0o755); err != nil {
		t.Fatal(err)
	}
	const watched = "sources: {logs: {folder: {path: DIR/logs, settled: 10ms, every: 50ms}}}"
	lettered := func(n int) func() bool {
		return func() bool {
			s, err := sqlite.Open(t.Context(), filepath.Join(dir, "state", "alerts.db"), sqlite.Options{})
			if err != nil {
				return false
			}
			defer s.Close()
			all, _, err := s.Letters(t.Context(), 10, "")
			return err == nil && len(all) == n
		}
	}
	whole := []byte(`{"Records":[` + started + `,` + strings.Replace(strings.Replace(started, "000000000001", "000000000002", 1), "RunInstances", "Chatter", 1) + `]}`)
	file := filepath.Join(logs, "copied.json")
	write := func(text []byte) {
		t.Helper()
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := run(t, dir, watched, assemble.Options{})
	write(whole[:len(whole)/4])
	soon(t, "dead letters of the file and of its record", lettered(2))
	write(whole[:len(whole)/2+40])
	soon(t, "the first record", func() bool {
		_, body := r.get(t, "/metrics")
		return strings.Contains(body, "trailwarden_records_total{outcome=\"judged\"} 1\n")
	})
	soon(t, "only those of what is there now", lettered(2))
	if err := r.stop(); err != nil { // what is known of the file is not forgotten meanwhile
		t.Fatal(err)
	}
	write(whole)
	r = run(t, dir, watched, assemble.Options{})
	soon(t, "no dead letter", lettered(0))
	if told, _ := os.ReadFile(filepath.Join(dir, "told.ndjson")); !strings.Contains(string(told), "mallory") {
		t.Error("the whole file was not judged")
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
}

// P1, F42: what is pushed and announces an object that may not be read is kept in
// the store, over a restart too: its sender would not send it for long. It is told,
// and judged when the permission is there.
func TestAPushOfWhatMayNotBeRead(t *testing.T) {
	cfg := awstest.Config(t)
	bucket := awstest.Bucket(t, cfg)
	var allowed atomic.Bool
	proxy := faultproxy.New(t, *cfg.BaseEndpoint, func(r *http.Request, _ int) faultproxy.Fault {
		if !allowed.Load() && strings.Contains(r.URL.Path, "AWSLogs") {
			return faultproxy.Fault{Status: http.StatusForbidden, Code: "AccessDenied"}
		}
		return faultproxy.Fault{}
	})
	through := cfg.Copy()
	through.BaseEndpoint = &proxy.URL
	upload(t, cfg, bucket, logFile(started))
	t.Setenv("TEST_INTAKE_KEY", "sesame")
	const push = `sources: {push: {http: {listen: "127.0.0.1:18233", url_path: /, eventbridge_api_key: "env:TEST_INTAKE_KEY"}}}`
	r := run(t, t.TempDir(), push, emulated(through))
	told := func(dir string) string {
		b, _ := os.ReadFile(filepath.Join(dir, "told.ndjson"))
		return string(b)
	}
	for key := range logFile(started) {
		req, _ := http.NewRequest("POST", "http://127.0.0.1:18233/", strings.NewReader(`{"s3Bucket":"`+bucket+`","s3ObjectKey":["`+key+`"]}`))
		req.Header.Set("X-Api-Key", "sesame")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if resp.Body.Close(); resp.StatusCode != http.StatusOK {
			t.Fatalf("answer %s, although it is kept", resp.Status)
		}
	}
	soon(t, "a word to the health sinks", func() bool { return strings.Contains(told(r.dir), "may not be read") })
	if _, body := r.get(t, "/readyz"); !strings.Contains(body, `"held":1`) {
		t.Errorf("readyz does not say what is kept: %s", body)
	}
	if err := r.stop(); err != nil || strings.Contains(told(r.dir), "mallory") {
		t.Fatalf("judged without the permission to read, or %v", err)
	}
	allowed.Store(true)
	again := run(t, r.dir, push, emulated(through))
	soon(t, "the alert", func() bool { return strings.Contains(told(again.dir), "mallory") })
	soon(t, "nothing to be kept", func() bool { _, body := again.get(t, "/readyz"); return !strings.Contains(body, `"held"`) })
}

// written is a log that can be read while it is written.
type written struct {
	mu sync.Mutex
	b  strings.Builder
}

func (w *written) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(p)
}

func (w *written) has(text string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Contains(w.b.String(), text)
}

// P6: a source that does not reach what it reads is in the log as well, once, and
// so is the end of that.
func TestASourceThatFailsIsLogged(t *testing.T) {
	dir := t.TempDir()
	logs := filepath.Join(dir, "logs")
	if err := os.Mkdir(logs, 0o755); err != nil {
		t.Fatal(err)
	}
	var passed atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(passed.Load())) }
	log := &written{}
	r := runWith(t, dir, "sources: {logs: {folder: {path: DIR/logs, settled: 10ms, every: 50ms}}}", assemble.Options{}, func(o *serve.Options) {
		o.Now, o.Look, o.Log = now, 20*time.Millisecond, slog.New(slog.NewTextHandler(log, nil))
	})
	if err := os.WriteFile(filepath.Join(logs, "1.json"), []byte(`{"Records":[`+started+`]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	soon(t, "a file to be judged", func() bool {
		_, body := r.get(t, "/metrics")
		return strings.Contains(body, "trailwarden_records_total{outcome=\"judged\"} 1\n")
	})
	if err := os.Rename(logs, logs+"-gone"); err != nil {
		t.Fatal(err)
	}
	passed.Store(int64(time.Minute))
	soon(t, "the failure to be logged", func() bool { return log.has("a source does not deliver") })
	if !log.has("source=logs") || !log.has("no such file") {
		t.Error("the log does not say which source and why")
	}
	if err := os.Rename(logs+"-gone", logs); err != nil {
		t.Fatal(err)
	}
	soon(t, "the end to be logged", func() bool { return log.has("a source delivers again") })
	log.mu.Lock()
	defer log.mu.Unlock()
	if n := strings.Count(log.b.String(), "a source does not deliver"); n != 1 {
		t.Errorf("logged %d times", n)
	}
}

// A source that cannot work at all, for its folder was never made, is logged once
// however often it is tried, and works without a restart once the folder is there;
// that is logged, too.
func TestASourceThatLacksSomethingWorksOnceItIsThere(t *testing.T) {
	dir := t.TempDir()
	log := &written{}
	r := runWith(t, dir, "sources: {logs: {folder: {path: DIR/logs, settled: 10ms, every: 50ms}}}", assemble.Options{}, func(o *serve.Options) {
		o.Look, o.Log = 20*time.Millisecond, slog.New(slog.NewTextHandler(log, nil))
	})
	soon(t, "the failure to be logged", func() bool { return log.has("a source cannot work") })
	soon(t, "several tries", func() bool {
		_, body := r.get(t, "/readyz")
		return strings.Contains(body, "no such file")
	})
	logs := filepath.Join(dir, "logs")
	if err := os.Mkdir(logs, 0o755); err != nil {
		t.Fatal(err)
	}
	soon(t, "the end to be logged", func() bool { return log.has("a source delivers again") })
	if err := os.WriteFile(filepath.Join(logs, "1.json"), []byte(`{"Records":[`+started+`]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	soon(t, "a file to be judged", func() bool {
		_, body := r.get(t, "/metrics")
		return strings.Contains(body, "trailwarden_records_total{outcome=\"judged\"} 1\n")
	})
	log.mu.Lock()
	defer log.mu.Unlock()
	for _, line := range []string{"a source cannot work", "a source delivers again"} {
		if n := strings.Count(log.b.String(), line); n != 1 {
			t.Errorf("%q is logged %d times", line, n)
		}
	}
}

// A sink that takes no messages is in the log, once, and so is the end of that:
// health sinks may be the same receiver.
func TestASinkThatFailsIsLogged(t *testing.T) {
	dir := t.TempDir()
	logs := filepath.Join(dir, "logs")
	if err := os.Mkdir(logs, 0o700); err != nil {
		t.Fatal(err)
	}
	var passed atomic.Int64
	var well atomic.Bool
	receiver := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !well.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(receiver.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: receiver.Certificate().Raw})
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), ca, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOOK_URL", receiver.URL)
	now := func() time.Time { return time.Now().Add(time.Duration(passed.Load())) }
	log := &written{}
	r := runWith(t, dir, "sources: {logs: {folder: {path: DIR/logs, settled: 10ms, every: 50ms}}}\n"+
		"sinks: {all: {webhook: {url: env:HOOK_URL, ca: DIR/ca.pem, allow_private: [127.0.0.1/32]}}}", assemble.Options{}, func(o *serve.Options) {
		o.Now, o.Look, o.Log = now, 20*time.Millisecond, slog.New(slog.NewTextHandler(log, nil))
	})
	if err := os.WriteFile(filepath.Join(logs, "1.json"), []byte(`{"Records":[`+started+`]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	soon(t, "a message to fail", func() bool {
		_, body := r.get(t, "/readyz")
		return strings.Contains(body, "503")
	})
	passed.Store(int64(time.Minute))
	soon(t, "the failure to be logged", func() bool { return log.has("a sink takes no messages") })
	if !log.has("sink=all") || !log.has("503") {
		t.Errorf("the log does not say which sink and why: %s", log.b.String())
	}
	well.Store(true)
	soon(t, "the end to be logged", func() bool { return log.has("a sink takes messages again") })
	log.mu.Lock()
	defer log.mu.Unlock()
	if n := strings.Count(log.b.String(), "a sink takes no messages"); n != 1 {
		t.Errorf("logged %d times", n)
	}
}

// heardBefore has a store remember that the source logs delivered in many hours.
func heardBefore(t *testing.T, path string) {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	state := fmt.Sprintf(`[{"source":"logs","account":"","region":"","heard":%q,"hours":9}]`, time.Now().UTC().Format(time.RFC3339))
	if err := s.Save(t.Context(), "serve/pulse", []byte(state)); err != nil {
		t.Fatal(err)
	}
}

// A source with a silence of its own is told of though nothing ever came from it,
// beside one of which nothing is expected yet.
func TestASilenceOfItsOwn(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"new", "old"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var passed atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(passed.Load())) }
	runWith(t, dir, `sources: {new: {folder: {path: DIR/new}, silence: 1h}, old: {folder: {path: DIR/old}}}
serve: {listen: "127.0.0.1:0", reload: 0s, silence: {source: 30m}}`, assemble.Options{Now: now},
		func(o *serve.Options) { o.Now, o.Runs, o.Look = now, now, 20*time.Millisecond })
	passed.Store(int64(61 * time.Minute))
	soon(t, "the silence to be told", func() bool {
		b, _ := os.ReadFile(filepath.Join(dir, "told.ndjson"))
		if strings.Contains(string(b), `Source \"old\"`) {
			t.Fatal("a source of which nothing is expected is told")
		}
		return strings.Contains(string(b), `Source \"new\" has gone quiet`)
	})
}

// F46, P6: a source that used to deliver and is silent is told of, once, and so
// is its return. A clock that is set is no silence.
func TestSilence(t *testing.T) {
	dir := t.TempDir()
	logs := filepath.Join(dir, "logs")
	if err := os.Mkdir(logs, 0o755); err != nil {
		t.Fatal(err)
	}
	heardBefore(t, filepath.Join(dir, "state", "alerts.db"))
	var set, passed, looks atomic.Int64 // by how much the clock was set, and how much time went by
	runs := func() time.Time { looks.Add(1); return time.Now().Add(time.Duration(passed.Load())) }
	now := func() time.Time { return time.Now().Add(time.Duration(passed.Load() + set.Load())) }
	r := runWith(t, dir, `sources: {logs: {folder: {path: DIR/logs, settled: 10ms, every: 100ms}}}
serve: {listen: "127.0.0.1:0", reload: 0s, silence: {source: 30m, account: 24h, region: 168h}}`, assemble.Options{Now: now},
		func(o *serve.Options) { o.Now, o.Runs, o.Look = now, runs, 20*time.Millisecond })
	deliver := func(n int) {
		text := strings.Replace(started, "000000000001", fmt.Sprintf("%012d", n), 1)
		if err := os.WriteFile(filepath.Join(logs, fmt.Sprint(n, ".json")), []byte(`{"Records":[`+text+`]}`), 0o600); err != nil {
			t.Fatal(err)
		}
		soon(t, "a file to be handled, after which its source counts as heard", func() bool {
			_, body := r.get(t, "/metrics")
			return strings.Contains(body, fmt.Sprintf("trailwarden_messages_total{outcome=\"acknowledged\",source=\"logs\"} %d\n", n))
		})
	}
	text := func() string {
		b, _ := os.ReadFile(filepath.Join(dir, "told.ndjson"))
		return string(b)
	}
	deliver(1)
	for range 3 {
		set.Add(int64(time.Hour))
		before := looks.Load()
		soon(t, "a whole look at the clock that was set", func() bool { return looks.Load() > before+2 })
	}
	if strings.Contains(text(), "gone quiet") {
		t.Error("a clock that was set is told as silence")
	}
	passed.Add(int64(31 * time.Minute))
	soon(t, "the silence to be told", func() bool { return strings.Contains(text(), "gone quiet") })
	deliver(2)
	soon(t, "the return to be told", func() bool { return strings.Contains(text(), "delivers again") })
	if n := strings.Count(text(), "gone quiet"); n != 1 {
		t.Errorf("told %d times", n)
	}
}
