package lambda_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/sqlite"
	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/lambda"
	"github.com/trailwarden/trailwarden/lambda/sample"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/source"
)

// heard is a sink that remembers which alerts it was told of.
type heard struct {
	mu   sync.Mutex
	keys map[string]int
}

func (h *heard) Deliver(_ context.Context, n sink.Notification) alert.Outcome {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.keys[n.Message.Key]++
	return alert.Outcome{Class: alert.OK}
}
func (h *heard) Preview(sink.Notification) (sink.Preview, error) { return sink.Preview{}, nil }
func (h *heard) Traits() sink.Traits                             { return sink.Traits{} }

// parts are the starter pack's, with one sink that only remembers.
func parts(t testing.TB, to *heard) func(context.Context) (*assemble.Parts, bool, error) {
	t.Helper()
	cfg, list := config.Decode("test", []byte("sinks: {out: {stdout: {}}}"))
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	return func(ctx context.Context) (*assemble.Parts, bool, error) {
		p, err := assemble.PartsOf(ctx, cfg, assemble.Options{Out: io.Discard})
		if err == nil {
			p.Dispatch.Targets[0].Sink = to
		}
		return p, false, err
	}
}

func options(t testing.TB, to *heard, fetch source.Fetcher) lambda.Options {
	t.Helper()
	path := filepath.Join(t.TempDir(), "alerts.db")
	return lambda.Options{Load: parts(t, to), Fetch: fetch, Log: slog.New(slog.DiscardHandler),
		Open: func(ctx context.Context, _ *assemble.Assembly, policy func() *alert.Policy) (alert.Store, error) {
			return sqlite.Open(ctx, path, sqlite.Options{Policy: policy})
		}}
}

func start(t testing.TB, o lambda.Options) *lambda.Function {
	t.Helper()
	f := lambda.New(o)
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// X1, P3: every trigger that carries the same records opens the same alerts.
func TestEveryTriggerOpensTheSameAlerts(t *testing.T) {
	var want []string
	for _, name := range []string{"s3", "sns", "sqs", "sqs-sns", "eventbridge-s3", "logs", "kinesis", "firehose"} {
		to := &heard{keys: map[string]int{}}
		f := start(t, options(t, to, sample.Files{}))
		event, err := sample.Event(name)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // every trigger delivers at least once
			if _, err := f.Invoke(t.Context(), event); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		got := slices.Sorted(maps.Keys(to.keys))
		if want == nil {
			want = got
		}
		if len(got) == 0 || !slices.Equal(got, want) {
			t.Errorf("%s told %d alerts, s3 told %d", name, len(got), len(want))
		}
		for k, n := range to.keys {
			if n != 1 {
				t.Errorf("%s told alert %s %d times", name, k, n)
			}
		}
	}
}

// An answer tells what its invocation did, and not what those before it did.
func TestAnswersAreOfOneInvocation(t *testing.T) {
	f := start(t, options(t, &heard{keys: map[string]int{}}, sample.Files{}))
	event, err := sample.Event("s3")
	if err != nil {
		t.Fatal(err)
	}
	var got []lambda.Summary
	for _, payload := range [][]byte{event, event, []byte(`{"messageType":"CONTROL_MESSAGE","logEvents":[]}`), []byte(`{}`)} {
		answer, err := f.Invoke(t.Context(), payload)
		if err != nil {
			t.Fatal(err)
		}
		var s lambda.Summary
		if err := json.Unmarshal(answer, &s); err != nil {
			t.Fatal(err)
		}
		got = append(got, s)
	}
	if got[0].Records == 0 || got[0].Alerts == 0 || got[0].Duplicates != 0 {
		t.Errorf("the first time: %+v", got[0])
	}
	if got[1].Records != got[0].Records || got[1].Duplicates != got[0].Records || got[1].Alerts != 0 || got[1].Findings != 0 {
		t.Errorf("the same again: %+v", got[1])
	}
	if got[2].Records != 0 || got[2].Ignored["CONTROL_MESSAGE"] != 1 || got[2].Alerts != 0 {
		t.Errorf("a message without records: %+v", got[2])
	}
	if got[3].Poisoned != 1 || len(got[3].Ignored) != 0 {
		t.Errorf("a message of no known shape: %+v", got[3])
	}
}

// flaky opens objects named "bad" never and others always.
type flaky struct{ sample.Files }

func (f flaky) Open(ctx context.Context, o source.Object) (io.ReadCloser, source.Info, error) {
	if strings.HasPrefix(o.Key, "bad") {
		return nil, source.Info{}, errors.New("503 SlowDown")
	}
	return f.Files.Open(ctx, source.Object{Bucket: sample.Bucket, Key: sample.Key})
}

// F44: the failed items of a batch are reported, all of them and no others.
func TestPartialBatchesAreExact(t *testing.T) {
	f := start(t, options(t, &heard{keys: map[string]int{}}, flaky{}))
	r := rand.New(rand.NewPCG(44, 1))
	for range 500 {
		var records []any
		want := []string{}
		for i := range 1 + r.IntN(10) {
			id := fmt.Sprintf("m%d", i)
			body, bad := someBody(r)
			if bad {
				want = append(want, id)
			}
			records = append(records, map[string]any{"messageId": id, "eventSource": "aws:sqs", "body": body,
				"eventSourceARN": "arn:aws:sqs:us-east-1:111122223333:q", "attributes": map[string]any{"ApproximateReceiveCount": "1"}})
		}
		event, _ := json.Marshal(map[string]any{"Records": records})
		got, err := f.Invoke(t.Context(), event)
		if err != nil {
			t.Fatal(err)
		}
		if failed := failures(t, got); !slices.Equal(failed, want) {
			t.Fatalf("reported %v, want %v", failed, want)
		}
	}
}

// someBody is a message, and whether it must be reported as failed.
func someBody(r *rand.Rand) (body string, bad bool) {
	switch r.IntN(5) {
	case 0:
		return `{"s3Bucket":"trail-logs","s3ObjectKey":["bad/key.json.gz"]}`, true
	case 1:
		return "no JSON, which goes to the dead letter", false
	case 2:
		return `{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"trail-logs"}`, false
	case 3:
		return `{"s3Bucket":"trail-logs","s3ObjectKey":["good/key.json.gz","bad/key.json.gz"]}`, true
	}
	return `{"s3Bucket":"trail-logs","s3ObjectKey":["good/key.json.gz"]}`, false
}

func failures(t *testing.T, answer []byte) []string {
	t.Helper()
	var a struct {
		BatchItemFailures *[]struct{ ItemIdentifier string }
	}
	if err := json.Unmarshal(answer, &a); err != nil || a.BatchItemFailures == nil {
		t.Fatalf("answer %s: %v", answer, err)
	}
	ids := []string{}
	for _, x := range *a.BatchItemFailures {
		ids = append(ids, x.ItemIdentifier)
	}
	slices.Sort(ids)
	return ids
}

// A FIFO queue's order holds: the first failure and all after it are reported.
func TestAFIFOBatchStopsAtItsFirstFailure(t *testing.T) {
	f := start(t, options(t, &heard{keys: map[string]int{}}, flaky{}))
	var records []any
	for i, key := range []string{"good/1.json.gz", "bad/2.json.gz", "good/3.json.gz"} {
		records = append(records, map[string]any{"messageId": fmt.Sprint("m", i), "eventSource": "aws:sqs",
			"body": `{"s3Bucket":"trail-logs","s3ObjectKey":["` + key + `"]}`, "eventSourceARN": "arn:aws:sqs:us-east-1:111122223333:q.fifo"})
	}
	event, _ := json.Marshal(map[string]any{"Records": records})
	got, err := f.Invoke(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	if failed := failures(t, got); !slices.Equal(failed, []string{"m1", "m2"}) {
		t.Errorf("reported %v, want m1 and m2", failed)
	}
}

// An asynchronous trigger is tried again when something could not be handled.
func TestAnAsynchronousFailureIsAnError(t *testing.T) {
	f := start(t, options(t, &heard{keys: map[string]int{}}, flaky{}))
	event, _ := sample.Event("s3")
	event = bytes.Replace(event, []byte(strings.ReplaceAll(sample.Key, "=", "%3D")), []byte("bad/key.json.gz"), 1)
	if _, err := f.Invoke(t.Context(), event); err == nil || !strings.HasPrefix(err.Error(), "s3: ") {
		t.Errorf("got %v of an event whose object could not be read, want an error that names it", err)
	}
}

// F44, F91: a bad configuration at a cold start fails the invocation, so that
// nothing is lost; later the last good one stays in force.
func TestBadConfiguration(t *testing.T) {
	o := options(t, &heard{keys: map[string]int{}}, sample.Files{})
	good, broken := o.Load, true
	o.Load = func(ctx context.Context) (*assemble.Parts, bool, error) {
		if broken {
			return nil, false, errors.New("trailwarden.yaml:3: no such key")
		}
		return good(ctx)
	}
	now := time.Now()
	o.Now = func() time.Time { return now }
	f := start(t, o)
	event, _ := sample.Event("s3")
	if _, err := f.Invoke(t.Context(), event); err == nil || !strings.Contains(err.Error(), "trailwarden.yaml:3") {
		t.Errorf("cold start with a bad configuration: %v", err)
	}
	broken = false
	if _, err := f.Invoke(t.Context(), event); err != nil {
		t.Fatal(err)
	}
	broken, now = true, now.Add(time.Hour)
	if _, err := f.Invoke(t.Context(), event); err != nil {
		t.Errorf("warm with a bad configuration: %v", err)
	}
}

// F44: where the configuration comes from may not answer at all: a warm function
// judges by what it has, and in time.
func TestAConfigurationThatDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := options(t, &heard{keys: map[string]int{}}, sample.Files{})
		load, loads := o.Load, 0
		o.Load = func(ctx context.Context) (*assemble.Parts, bool, error) {
			if loads++; loads == 1 {
				return load(ctx)
			}
			<-ctx.Done()
			return nil, false, ctx.Err()
		}
		o.Refresh = time.Nanosecond
		f := start(t, o)
		event, _ := sample.Event("s3")
		for try := 1; try <= 2; try++ {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			got, err := f.Invoke(ctx, event)
			cancel()
			time.Sleep(time.Second)
			if err != nil || !strings.Contains(string(got), `"records":4`) && try == 1 {
				t.Errorf("invocation %d: %s %v", try, got, err)
			}
		}
		if loads != 2 {
			t.Errorf("asked %d times", loads)
		}
	})
}

// P1: a store that cannot be opened fails the invocation, and the next one tries
// again with the configuration that was read, which did not change since.
func TestAStoreThatOpensLater(t *testing.T) {
	o := options(t, &heard{keys: map[string]int{}}, sample.Files{})
	load, open, loads, opens := o.Load, o.Open, 0, 0
	o.Load = func(ctx context.Context) (*assemble.Parts, bool, error) {
		if loads++; loads > 1 {
			return nil, true, nil
		}
		return load(ctx)
	}
	o.Open = func(ctx context.Context, a *assemble.Assembly, policy func() *alert.Policy) (alert.Store, error) {
		if opens++; opens < 3 {
			return nil, errors.New("table trailwarden-alerts: AccessDeniedException")
		}
		return open(ctx, a, policy)
	}
	f := start(t, o)
	event, _ := sample.Event("s3")
	for try := 1; try < 3; try++ {
		if _, err := f.Invoke(t.Context(), event); err == nil || !strings.Contains(err.Error(), "trailwarden-alerts") {
			t.Errorf("invocation %d without a store: %v", try, err)
		}
	}
	if got, err := f.Invoke(t.Context(), event); err != nil || !strings.Contains(string(got), `"records":4`) {
		t.Errorf("with the store: %s %v", got, err)
	}
}

// deaf takes no message and gives no answer.
type deaf struct{ *heard }

func (deaf) Deliver(ctx context.Context, _ sink.Notification) alert.Outcome {
	<-ctx.Done()
	return alert.Outcome{Class: alert.Retry, Reason: "no answer"}
}

// full counts its outbox for as long as it is let.
type full struct{ alert.Store }

func (full) Backlog(ctx context.Context) (map[string]int64, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// F44: neither a sink that does not answer nor a store that is slow to count what
// waits keeps the answer from coming in time, however much of that there is.
func TestSinksLeaveTimeToAnswer(t *testing.T) {
	event, err := sample.Event("s3")
	if err != nil {
		t.Fatal(err)
	}
	for _, timeout := range []time.Duration{time.Second, 3 * time.Second, 15 * time.Second, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			o := options(t, nil, sample.Files{})
			load, open := o.Load, o.Open
			o.Load = func(ctx context.Context) (*assemble.Parts, bool, error) {
				p, same, err := load(ctx)
				if err == nil {
					p.Dispatch.Targets[0].Sink = deaf{}
				}
				return p, same, err
			}
			o.Open = func(ctx context.Context, a *assemble.Assembly, policy func() *alert.Policy) (alert.Store, error) {
				s, err := open(ctx, a, policy)
				return full{s}, err
			}
			f := start(t, o)
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			defer cancel()
			if _, err := f.Invoke(ctx, event); err != nil || ctx.Err() != nil {
				t.Errorf("with %v: %v, %v", timeout, err, ctx.Err())
			}
		})
	}
}

// slow takes a while for each object.
type slow struct{ sample.Files }

func (s slow) Open(ctx context.Context, o source.Object) (io.ReadCloser, source.Info, error) {
	select {
	case <-time.After(300 * time.Millisecond):
	case <-ctx.Done():
		return nil, source.Info{}, ctx.Err()
	}
	return s.Files.Open(ctx, source.Object{Bucket: sample.Bucket, Key: sample.Key})
}

// F44: what does not fit into the time is reported, and the answer comes in time.
func TestWorkStopsInTimeToAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, options(t, &heard{keys: map[string]int{}}, slow{}))
		var records []any
		for i := range 40 {
			records = append(records, map[string]any{"messageId": fmt.Sprint("m", i), "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-1:1:q",
				"body": fmt.Sprintf(`{"s3Bucket":"trail-logs","s3ObjectKey":["k%d.json.gz"]}`, i)})
		}
		event, _ := json.Marshal(map[string]any{"Records": records})
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		got, err := f.Invoke(ctx, event)
		if err != nil {
			t.Fatal(err)
		}
		if ctx.Err() != nil {
			t.Error("the answer came after the deadline")
		}
		failed := failures(t, got)
		if len(failed) == 0 || len(failed) == 40 {
			t.Errorf("%d of 40 messages reported, want some done and the rest reported", len(failed))
		}
	})
}
