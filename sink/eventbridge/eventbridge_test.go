package eventbridge_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	api "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/message/messagetest"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/eventbridge"
)

func must(t testing.TB, cfg eventbridge.Config, aws aws.Config) sink.Sink {
	t.Helper()
	s, err := eventbridge.New(cfg, eventbridge.Deps{AWS: aws})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func notifications(n int) []sink.Notification {
	out := make([]sink.Notification, n)
	for i := range out {
		m := messagetest.Opened()
		m.Sequence = int64(i + 1)
		out[i] = sink.Notification{Message: m}
	}
	return out
}

// bus is a strict stand-in: it counts as PutEvents does and refuses what PutEvents
// refuses; codes are its answers to entries, by sequence.
type bus struct {
	t       *testing.T
	codes   map[int64]string
	calls   []int
	whole   int // status of whole calls with more than one entry, if not 0
	entries []map[string]any
}

func (b *bus) config() aws.Config {
	s := httptest.NewServer(b)
	b.t.Cleanup(s.Close)
	return aws.Config{Region: "eu-west-1", BaseEndpoint: &s.URL, Credentials: credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", "")}
}

func (b *bus) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct{ Entries []map[string]any }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		b.t.Error(err)
	}
	b.calls = append(b.calls, len(in.Entries))
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if b.whole != 0 && len(in.Entries) > 1 {
		w.WriteHeader(b.whole)
		io.WriteString(w, `{"__type":"ValidationException","message":"no"}`)
		return
	}
	total, failed := 0, 0
	answers := []map[string]string{}
	for _, e := range in.Entries {
		n, sequence := b.check(e)
		total += n
		if code := b.codes[sequence]; code != "" {
			failed++
			answers = append(answers, map[string]string{"ErrorCode": code, "ErrorMessage": "no"})
			continue
		}
		b.entries = append(b.entries, e)
		answers = append(answers, map[string]string{"EventId": fmt.Sprint("id-", sequence)})
	}
	if len(in.Entries) > 10 || total > 256<<10 {
		b.t.Errorf("%d entries of %d bytes in one call", len(in.Entries), total)
	}
	json.NewEncoder(w).Encode(map[string]any{"FailedEntryCount": failed, "Entries": answers})
}

func (b *bus) check(e map[string]any) (size int, sequence int64) {
	var detail message.Message
	text := e["Detail"].(string)
	if err := json.Unmarshal([]byte(text), &detail); err != nil {
		b.t.Errorf("detail: %v", err)
	}
	kind, source := e["DetailType"].(string), e["Source"].(string)
	size = len(text) + len(kind) + len(source) + 14
	resources, _ := e["Resources"].([]any)
	for _, r := range resources {
		size += len(r.(string))
	}
	if len(kind) > 128 || detail.Key == "" || size > 256<<10 {
		b.t.Errorf("detail type %q, key %q, %d bytes", kind, detail.Key, size)
	}
	return size, detail.Sequence
}

// Every message, hostile or large, is an entry within the limits.
func TestEntriesAreWithinLimits(t *testing.T) {
	b := &bus{t: t}
	s := must(t, eventbridge.Config{}, b.config()).(sink.Batcher)
	var ns []sink.Notification
	for i, c := range messagetest.All() {
		if !strings.Contains(c.Name, "payload") || i%3 == 0 {
			ns = append(ns, sink.Notification{Message: c.Message})
		}
	}
	for i, o := range s.DeliverBatch(context.Background(), ns) {
		if o.Class != alert.OK {
			t.Errorf("message %d: %+v", i, o)
		}
	}
	if len(b.entries) != len(ns) {
		t.Errorf("%d entries for %d messages", len(b.entries), len(ns))
	}
	for i, e := range b.entries {
		for _, l := range ns[i].Message.Links {
			if detail := e["Detail"].(string); !strings.Contains(detail, strings.ReplaceAll(l.URL, "&", `\u0026`)) {
				t.Errorf("entry %d: link %s is gone", i, l.URL)
			}
		}
	}
}

// HTTP 200 with failed entries is read entry by entry.
func TestPartialFailures(t *testing.T) {
	b := &bus{t: t, codes: map[int64]string{2: "InternalFailure", 3: "ThrottlingException", 4: "AccessDenied", 5: "InvalidArgument",
		6: "MalformedDetail", 7: "InternalException", 8: "NotAuthorizedForSourceException"}}
	want := []alert.Class{alert.OK, alert.Retry, alert.Retry, alert.Reject, alert.Reject, alert.Reject, alert.Retry, alert.Reject,
		alert.OK, alert.OK, alert.OK, alert.OK}
	got := must(t, eventbridge.Config{}, b.config()).(sink.Batcher).DeliverBatch(context.Background(), notifications(12))
	for i, o := range got {
		if o.Class != want[i] || o.Class == alert.OK && string(o.Receipt) != fmt.Sprint("id-", i+1) || o.Class != alert.OK && !strings.Contains(o.Reason, ": no") {
			t.Errorf("entry %d: %+v, want %s", i+1, o, want[i])
		}
	}
	if fmt.Sprint(b.calls) != "[10 2]" {
		t.Errorf("calls of %v entries, want 10 and 2", b.calls)
	}
}

// A call that is refused for the sake of one message does not take the others
// along.
func TestRefusedCallsAreTakenApart(t *testing.T) {
	b := &bus{t: t, whole: 400, codes: map[int64]string{2: "MalformedDetail"}}
	got := must(t, eventbridge.Config{}, b.config()).(sink.Batcher).DeliverBatch(context.Background(), notifications(3))
	for i, want := range []alert.Class{alert.OK, alert.Reject, alert.OK} {
		if got[i].Class != want {
			t.Errorf("message %d: %+v, want %s", i+1, got[i], want)
		}
	}
}

// Each error code of a whole call has its class.
func TestErrorClasses(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		want   alert.Class
	}{
		{400, "ThrottlingException", alert.Retry}, {500, "InternalException", alert.Retry}, {503, "", alert.Retry}, {504, "", alert.Retry},
		{400, "AccessDeniedException", alert.Auth}, {403, "UnrecognizedClientException", alert.Auth}, {400, "ExpiredTokenException", alert.Auth},
		{400, "ResourceNotFoundException", alert.Auth}, {400, "ValidationException", alert.Reject}, {413, "", alert.Reject},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			w.WriteHeader(c.status)
			fmt.Fprintf(w, `{"__type":%q,"message":"no"}`, c.code)
		}))
		cfg := (&bus{t: t}).config()
		cfg.BaseEndpoint = &s.URL
		if o := must(t, eventbridge.Config{}, cfg).Deliver(context.Background(), notifications(1)[0]); o.Class != c.want {
			t.Errorf("%d %s: %+v, want %s", c.status, c.code, o, c.want)
		}
		s.Close()
	}
}

// Records that a bus does not take are left out of the detail; the rest goes.
func TestRecordsThatABusDoesNotTake(t *testing.T) {
	for name, raw := range map[string]string{
		"integer beyond 64 bits": `{"n":9223372036854775808}`,
		"number beyond a double": `{"n":1e999}`,
		"too deep":               `{"a":` + strings.Repeat("[", 950) + strings.Repeat("]", 950) + `}`,
		"no JSON":                `{"a":`,
	} {
		m := messagetest.Opened()
		m.Events[0].Raw = json.RawMessage(raw)
		p, err := must(t, eventbridge.Config{}, aws.Config{}).Preview(sink.Notification{Message: m})
		if err != nil {
			t.Fatal(err)
		}
		detail := string(p.Parts[3].Body)
		if strings.Contains(detail, `"event":`) || !json.Valid([]byte(detail)) || !strings.Contains(detail, m.Key) {
			t.Errorf("%s: %s", name, detail)
		}
	}
	m := messagetest.Opened()
	m.Events[0].Raw = json.RawMessage(`{"n":[-9223372036854775808,1.5e3]}`)
	p, _ := must(t, eventbridge.Config{}, aws.Config{}).Preview(sink.Notification{Message: m})
	if !strings.Contains(string(p.Parts[3].Body), `"event":{"n":[-9223372036854775808,1.5e3]}`) {
		t.Error("a record that a bus takes is left out")
	}
}

// An event that a rule of the bus matches arrives in the rule's queue.
func TestPutToAnEmulator(t *testing.T) {
	cfg := awstest.Config(t)
	name := awstest.Name(t, "bus")
	client := api.NewFromConfig(cfg)
	ctx := context.Background()
	if _, err := client.CreateEventBus(ctx, &api.CreateEventBusInput{Name: &name}); err != nil {
		t.Fatal(err)
	}
	queue, arn := awstest.Queue(t, cfg)
	rule := "alerts"
	if _, err := client.PutRule(ctx, &api.PutRuleInput{Name: &rule, EventBusName: &name, State: types.RuleStateEnabled,
		EventPattern: aws.String(`{"source":["security.alerts"],"detail-type":["Trailwarden Alert Opened"],"detail":{"severity":["high"]}}`)}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutTargets(ctx, &api.PutTargetsInput{Rule: &rule, EventBusName: &name,
		Targets: []types.Target{{Id: aws.String("queue"), Arn: &arn}}}); err != nil {
		t.Fatal(err)
	}
	s := must(t, eventbridge.Config{Bus: name, Source: "security.alerts"}, cfg)
	repeated := messagetest.Repeated()
	for _, o := range s.(sink.Batcher).DeliverBatch(ctx, []sink.Notification{{Message: messagetest.Opened()}, {Message: repeated}}) {
		if o.Class != alert.OK || len(o.Receipt) == 0 {
			t.Fatalf("%+v", o)
		}
	}
	got := awstest.Receive(t, cfg, queue)
	if len(got) != 1 {
		t.Fatalf("%d events arrived, want the one that the rule matches", len(got))
	}
	var event struct {
		Source    string
		Resources []string
		Detail    message.Message
	}
	if err := json.Unmarshal([]byte(aws.ToString(got[0].Body)), &event); err != nil {
		t.Fatal(err)
	}
	if event.Source != "security.alerts" || event.Detail.Key != messagetest.Key || event.Detail.Who.Name != "alice" {
		t.Errorf("got %+v", event)
	}
}

func TestConfigMistakesAreNamed(t *testing.T) {
	for want, cfg := range map[string]eventbridge.Config{
		"AWS's own":           {Source: "aws.trailwarden"},
		"want letters":        {Source: "a b"},
		"want at least 32 Ki": {MaxEntry: 100},
	} {
		if _, err := eventbridge.New(cfg, eventbridge.Deps{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
