package logs_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/internal/faultproxy"
	"github.com/trailwarden/trailwarden/source"
	"github.com/trailwarden/trailwarden/source/envelope"
	"github.com/trailwarden/trailwarden/source/logs"
)

func TestMain(m *testing.M) { os.Exit(awstest.MainWithoutLeaks(m)) }

const stream = "111122223333_CloudTrail_eu-west-1"

// bench is a log group on the emulator behind a fault proxy.
type bench struct {
	t      *testing.T
	direct *cloudwatchlogs.Client
	proxy  *faultproxy.Proxy
	o      logs.Options
	start  time.Time

	mu   sync.Mutex
	got  map[string]int // by event's text
	dead int
	fail func() error
}

func newBench(t *testing.T) *bench {
	t.Parallel()
	cfg := awstest.Config(t)
	b := &bench{t: t, direct: cloudwatchlogs.NewFromConfig(cfg), got: map[string]int{}, start: time.Now().Add(-3 * time.Hour).UTC()}
	group := awstest.Name(t, "trail")
	_, err := b.direct.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &group})
	if err == nil {
		_, err = b.direct.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: aws.String(stream)})
	}
	if err != nil {
		t.Fatal(err)
	}
	b.proxy = faultproxy.New(t, *cfg.BaseEndpoint, nil)
	through := cfg.Copy()
	through.BaseEndpoint = &b.proxy.URL
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	through.HTTPClient = &http.Client{Transport: transport}
	b.o = logs.Options{Config: through, Group: group, From: b.start, Every: 50 * time.Millisecond, Cursor: &source.MemoryCursor{},
		Retry: source.Retry{Backoff: source.Backoff{Base: time.Millisecond, Most: time.Millisecond}},
		// Waits are a hundredth of what they would be.
		Clock: source.Clock{Sleep: func(ctx context.Context, d time.Duration) error { return (source.Clock{}).Wait(ctx, d/100) }}}
	return b
}

func record(i int) string {
	return fmt.Sprintf(`{"eventVersion":"1.11","eventSource":"iam.amazonaws.com","eventID":"%d"}`, i)
}

func (b *bench) put(at time.Time, texts ...string) {
	b.t.Helper()
	in := &cloudwatchlogs.PutLogEventsInput{LogGroupName: &b.o.Group, LogStreamName: aws.String(stream)}
	for i, text := range texts {
		in.LogEvents = append(in.LogEvents, types.InputLogEvent{Message: &text, Timestamp: aws.Int64(at.UnixMilli() + int64(i))})
	}
	if _, err := b.direct.PutLogEvents(b.t.Context(), in); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) handle(_ context.Context, d source.Delivery) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		if err := b.fail(); err != nil {
			return err
		}
	}
	for _, it := range d.Items {
		switch it.Kind {
		case envelope.Record:
			b.got[string(it.Record)]++
		case envelope.Poison:
			b.dead++
		}
		if h := it.Path[0]; h.Shape != envelope.ShapeLogs || h.ID == "" || !strings.HasSuffix(h.Origin, stream) {
			b.t.Errorf("path %+v", it.Path)
		}
	}
	return nil
}

// run runs the source until enough came.
func (b *bench) run(want int) *logs.Source {
	b.t.Helper()
	s := logs.New(b.o)
	ctx, cancel := context.WithCancel(b.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, b.handle) }()
	for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		b.mu.Lock()
		n := len(b.got)
		b.mu.Unlock()
		if n >= want && s.Health().InFlight == 0 && s.Health().LastSuccess != (time.Time{}) {
			break
		}
		if time.Now().After(end) {
			b.t.Errorf("%d of %d events: %+v", n, want, s.Health())
			break
		}
	}
	cancel()
	if err := <-ended; err != nil {
		b.t.Error(err)
	}
	return s
}

func (b *bench) check(want int) {
	b.t.Helper()
	if len(b.got) != want {
		b.t.Errorf("%d events, want %d", len(b.got), want)
	}
	for text, n := range b.got {
		if n != 1 {
			b.t.Errorf("%s came %d times", text, n)
		}
	}
}

// Events come once, also those that are ingested late and those with the time of
// others; what is no record is poison; a restart goes on where it stopped.
func TestPull(t *testing.T) {
	b := newBench(t)
	var texts []string
	for i := range 300 {
		texts = append(texts, record(i))
	}
	b.put(b.start.Add(time.Minute), texts[:100]...)
	b.put(b.start.Add(100*time.Minute), texts[100:]...)
	b.put(b.start.Add(101*time.Minute), "START RequestId: 1")
	b.run(300)
	now := time.Now()
	b.put(now.Add(-5*time.Minute), record(1000))
	b.run(301)
	b.put(now.Add(-6*time.Minute), record(1001)) // late
	b.put(now, record(1002))
	b.run(303)
	b.check(303)
	if b.dead != 1 {
		t.Errorf("%d poison", b.dead)
	}
}

// F9: after a clock was ahead and is set back, events are read on at once.
func TestClockSetBack(t *testing.T) {
	b := newBench(t)
	b.o.Step = 48 * time.Hour
	b.put(b.start.Add(time.Minute), record(1))
	b.o.Clock.Now = func() time.Time { return time.Now().Add(24 * time.Hour) }
	b.run(1)
	b.put(time.Now().Add(-time.Minute), record(2))
	b.o.Clock.Now = nil
	b.run(2)
	b.check(2)
}

// F40, F42: throttling, failures and a missing permission are waited for and
// told; a handler that fails is asked again.
func TestFaults(t *testing.T) {
	b := newBench(t)
	b.put(b.start.Add(time.Minute), record(1), record(2))
	b.proxy.Decide(func(_ *http.Request, n int) faultproxy.Fault {
		switch {
		case n < 2:
			return faultproxy.Fault{Status: 400, Code: "ThrottlingException", JSON: true}
		case n < 4:
			return faultproxy.Fault{Status: 500, Code: "InternalFailure", JSON: true}
		case n < 8:
			return faultproxy.Fault{Status: 400, Code: "AccessDeniedException", JSON: true}
		case n == 9:
			return faultproxy.Fault{Lost: true}
		}
		return faultproxy.Fault{}
	})
	fails := 0
	b.fail = func() error {
		if fails++; fails < 3 {
			return errors.New("not now")
		}
		return nil
	}
	h := b.run(2).Health()
	b.check(2)
	if h.Faults == 0 || h.Received != h.Acknowledged+h.Returned {
		t.Errorf("health %+v", h)
	}
}

// F42: what came while the group could not be read from the first start on is read
// when it can be, also by a later start.
func TestNothingIsPassedOverBeforeThePermissionIsThere(t *testing.T) {
	b := newBench(t)
	b.o.From = time.Time{}
	b.o.Clock.Now = func() time.Time { return b.start }
	refused := make(chan struct{}, 1000)
	b.proxy.Decide(func(*http.Request, int) faultproxy.Fault {
		select {
		case refused <- struct{}{}:
		default:
		}
		return faultproxy.Fault{Status: 400, Code: "AccessDeniedException", JSON: true}
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- logs.New(b.o).Run(ctx, b.handle) }()
	<-refused
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	b.put(b.start.Add(time.Minute), record(1))
	b.proxy.Decide(func(*http.Request, int) faultproxy.Fault { return faultproxy.Fault{} })
	b.o.Clock.Now = nil
	b.run(1)
	b.check(1)
}

// A group may be named by its ARN, with the star at its end that the console and
// IAM give it and logGroupIdentifier may not have (CloudWatch Logs API reference,
// LogGroup). The emulator knows groups by their names only.
func TestGroupByARN(t *testing.T) {
	const arn = "arn:aws:logs:eu-west-1:111122223333:log-group:trail"
	for _, group := range []string{arn, arn + ":*"} {
		asked := make(chan string, 100)
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var in struct{ LogGroupIdentifier string }
			_ = json.NewDecoder(r.Body).Decode(&in)
			asked <- in.LogGroupIdentifier
			_, _ = io.WriteString(w, `{"events":[]}`)
		}))
		transport := &http.Transport{}
		cfg := aws.Config{Region: "eu-west-1", BaseEndpoint: &srv.URL, HTTPClient: &http.Client{Transport: transport}, Credentials: credentials.NewStaticCredentialsProvider("AKID", "x", "")}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() {
			ended <- logs.New(logs.Options{Config: cfg, Group: group}).Run(ctx, func(context.Context, source.Delivery) error { return nil })
		}()
		if got := <-asked; got != arn {
			t.Errorf("%s: asked for %q", group, got)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		transport.CloseIdleConnections()
		srv.Close()
	}
}

// A group that is not there is for people to mend.
func TestNoGroup(t *testing.T) {
	b := newBench(t)
	b.o.Group += "-not-there"
	var config *source.ConfigError
	if err := logs.New(b.o).Run(t.Context(), b.handle); !errors.As(err, &config) {
		t.Errorf("got %v", err)
	}
}
