package doctor_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/dynamodb"
	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/doctor"
	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/internal/awsx"
	"github.com/trailwarden/trailwarden/lambda"
)

// flight is an account with a function that knows the canary's rule, on which
// time goes on only when the canary waits.
type flight struct {
	*account
	clock   atomic.Int64 // nanoseconds since 1970
	waits   int
	store   alert.Store
	watcher *lambda.Function
	canary  *doctor.Canary
	file    string // key of the file that CloudTrail delivered
}

func (f *flight) now() time.Time { return time.Unix(0, f.clock.Load()) }

const marker = "0123456789abcdef0123456789abcdef"

// newFlight makes everything ready; each wait of the canary calls step with the
// number of the wait.
func newFlight(t *testing.T, step func(f *flight, wait int), more ...string) *flight {
	t.Helper()
	f := &flight{account: healthy(t)}
	f.clock.Store(time.Now().UnixNano())
	rule := filepath.Join(t.TempDir(), "canary.yaml")
	f.must(os.WriteFile(rule, []byte(doctor.CanaryRuleText), 0o600))
	f.configure(strings.Replace(f.yaml, "rules: {packs: [starter]}", "rules: ["+rule+"]", 1))
	small, list := config.Decode("watcher", []byte(fmt.Sprintf("rules: [%q]\nsinks: {soc: {sns: {topic: %q}}}\n", rule, f.alerts)+strings.Join(more, "")))
	f.must(list.Err())
	f.watcher = lambda.New(lambda.Options{Log: slog.New(slog.DiscardHandler), Now: f.now,
		Load: func(ctx context.Context) (*assemble.Parts, bool, error) {
			p, err := assemble.PartsOf(ctx, small, assemble.Options{LoadAWS: func(context.Context, awsx.Settings) (aws.Config, error) { return f.cfg, nil }})
			return p, false, err
		},
		Open: func(_ context.Context, _ *assemble.Assembly, policy func() *alert.Policy) (alert.Store, error) {
			f.store = dynamodb.NewMemory(dynamodb.Options{Policy: policy})
			return f.store, nil
		}})
	f.scheduled()
	t.Cleanup(func() { _ = f.watcher.Close() })
	cfg := f.cfg.Copy()
	cfg.APIOptions = append(cfg.APIOptions, f.calls.between)
	env := doctor.New(f.target, doctor.Options{AWS: cfg, Now: f.now})
	f.canary = &doctor.Canary{Env: env, Store: f.store, Marker: marker, Every: time.Minute, Timeout: 10 * time.Minute,
		Sleep: func(_ context.Context, d time.Duration) error {
			f.clock.Add(int64(d))
			f.waits++
			step(f, f.waits)
			return nil
		}}
	return f
}

func (f *flight) invoke(event string) {
	f.t.Helper()
	if _, err := f.watcher.Invoke(f.t.Context(), []byte(event)); err != nil {
		f.t.Fatal(err)
	}
}

// scheduled has the function deliver what waits, as its schedule does.
func (f *flight) scheduled() {
	f.t.Helper()
	f.invoke(`{"source":"aws.events","detail-type":"Scheduled Event","detail":{}}`)
}

// deliver does what CloudTrail does: it writes the file with the call's record.
func (f *flight) deliver() {
	record := map[string]any{"eventVersion": "1.11", "eventTime": f.began.UTC().Format(time.RFC3339), "eventSource": "logs.amazonaws.com", "eventName": "DeleteLogGroup",
		"awsRegion": f.cfg.Region, "sourceIPAddress": "203.0.113.7", "userAgent": "aws-sdk-go-v2/1.47 md/Go trailwarden-canary/" + marker, "errorCode": "ResourceNotFoundException",
		"requestParameters": map[string]any{"logGroupName": "trailwarden-canary-" + marker}, "userIdentity": map[string]any{"type": "AssumedRole", "arn": "arn:aws:sts::" + f.id + ":assumed-role/test/test"},
		"eventID": "6e6c0b6e-0000-4000-8000-000000000001", "eventType": "AwsApiCall", "readOnly": false, "managementEvent": true, "eventCategory": "Management", "recipientAccountId": f.id}
	text, err := json.Marshal(map[string]any{"Records": []any{record}})
	f.must(err)
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(text)
	_ = z.Close()
	f.account.file(f.id, f.began) // the folder is there already; this one holds nothing of ours
	f.file = fmt.Sprintf("AWSLogs/%s/%s/CloudTrail/%s/%s/%s_CloudTrail_%s_%s_canarycanarycana.json.gz", f.org, f.id, f.cfg.Region, f.now().UTC().Format("2006/01/02"), f.id, f.cfg.Region, f.now().UTC().Format("20060102T1504Z"))
	_, err = awstest.S3(f.cfg).PutObject(f.t.Context(), &s3.PutObjectInput{Bucket: &f.bucket, Key: &f.file, Body: bytes.NewReader(b.Bytes())})
	f.must(err)
}

// broken writes a file that is no log file before all others of the day's folder.
func (f *flight) broken() {
	key := fmt.Sprintf("AWSLogs/%s/%s/CloudTrail/%s/%s/%s_CloudTrail_%s_%s_aaaaaaaaaaaaaaaa.json.gz", f.org, f.id, f.cfg.Region, f.now().UTC().Format("2006/01/02"), f.id, f.cfg.Region, f.now().UTC().Format("20060102T1504Z"))
	_, err := awstest.S3(f.cfg).PutObject(f.t.Context(), &s3.PutObjectInput{Bucket: &f.bucket, Key: &key, Body: strings.NewReader("\x1f\x8bno log file")})
	f.must(err)
}

// notified hands the function what the bucket's notification brought into its
// queue.
func (f *flight) notified() {
	for _, m := range awstest.Receive(f.t, f.cfg, f.queueURL) {
		body, err := json.Marshal(aws.ToString(m.Body))
		f.must(err)
		f.invoke(fmt.Sprintf(`{"Records":[{"messageId":%q,"body":%s,"eventSource":"aws:sqs","eventSourceARN":%q,"attributes":{"ApproximateReceiveCount":"1"}}]}`, aws.ToString(m.MessageId), body, f.queue))
	}
}

func names(f doctor.Flight) (all []string) {
	for _, h := range f.Hops {
		all = append(all, h.Name)
	}
	return all
}

// The canary's event is followed from the call to the sink's receipt, with the
// time of each hop.
func TestCanary(t *testing.T) {
	t.Parallel()
	f := newFlight(t, func(f *flight, wait int) {
		switch wait {
		case 2:
			f.deliver()
		case 3:
			f.notified()
		default:
			f.scheduled() // a message that did not get through at once
		}
	})
	got, err := f.canary.Fly(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"call", "file", "alert", "sink soc"}; !slices.Equal(names(got), want) || got.Stuck != "" || len(got.Unfollowed) > 0 {
		t.Errorf("got %+v, want the hops %v", got, want)
	}
	for _, h := range got.Hops {
		if h.At.IsZero() || h.Name != "call" && h.Detail == "" {
			t.Errorf("hop %+v", h)
		}
	}
	if !strings.Contains(got.Hops[1].Detail, f.file) || !strings.Contains(got.Hops[1].Detail, "6e6c0b6e-0000-4000-8000-000000000001") {
		t.Errorf("the file's hop says %s", got.Hops[1].Detail)
	}
}

// Where the event got stuck is said, with what the checks say about it.
func TestCanaryStuck(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		harm  func(f *flight)
		step  func(f *flight, wait int)
		stuck string
		cause string // check
	}{
		{"no file", func(f *flight) {
			_, err := cloudtrail.NewFromConfig(f.cfg).StopLogging(f.t.Context(), &cloudtrail.StopLoggingInput{Name: &f.trail})
			f.must(err)
		}, func(*flight, int) {}, "file", "trail-logging"},
		{"nobody judges", func(f *flight) { f.mapping() }, func(f *flight, wait int) {
			if wait == 1 {
				f.deliver()
			}
		}, "alert", "queue-mapping"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFlight(t, c.step)
			c.harm(f)
			got, err := f.canary.Fly(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got.Stuck != c.stuck {
				t.Errorf("stuck at %q, want %q: %+v", got.Stuck, c.stuck, got)
			}
			if len(got.Causes) == 0 || got.Causes[0].Check != c.cause {
				t.Errorf("causes %s, want %s first", show(got.Causes), c.cause)
			}
		})
	}
}

// What passes ends nothing: a call that is throttled, a service that fails for a
// while, a file beside the canary's that is none. A file is read once.
func TestCanaryOutlastsFaults(t *testing.T) {
	t.Parallel()
	f := newFlight(t, func(f *flight, wait int) {
		switch wait {
		case 1:
			f.calls.well("STS.GetCallerIdentity")
			f.calls.answer("S3.ListObjectsV2", nil, &smithy.GenericAPIError{Code: "SlowDown", Message: "reduce your request rate"})
		case 2:
			f.calls.well("S3.ListObjectsV2")
			f.broken()
			f.account.file(f.id, f.began.Add(time.Minute))
		case 6:
			f.deliver()
		}
	})
	f.canary.Store = nil
	f.calls.answer("STS.GetCallerIdentity", nil, &smithy.GenericAPIError{Code: "ServiceUnavailable", Message: "try again"})
	got, err := f.canary.Fly(t.Context())
	if err != nil || got.Stuck != "" || !slices.Equal(names(got), []string{"call", "file"}) || len(got.Unfollowed) != 1 {
		t.Errorf("got %+v, %v", got, err)
	}
	// the broken one at five looks, the others once
	if n := f.calls.bodies; n > 9 {
		t.Errorf("%d objects were read", n)
	}
}

// Without a store, or without its rule, the canary is followed to its file and
// says what it could not follow.
func TestCanaryWithoutStore(t *testing.T) {
	t.Parallel()
	f := newFlight(t, func(f *flight, wait int) {
		if wait == 1 {
			f.deliver()
		}
	})
	f.canary.Store = nil
	got, err := f.canary.Fly(t.Context())
	if err != nil || !slices.Equal(names(got), []string{"call", "file"}) || len(got.Unfollowed) != 1 || !strings.Contains(got.Unfollowed[0], "no store") {
		t.Errorf("got %+v, %v", got, err)
	}
}

// A canary of which no route tells anybody is followed to its alert.
func TestCanaryWithoutRoute(t *testing.T) {
	t.Parallel()
	f := newFlight(t, func(f *flight, wait int) {
		if wait == 1 {
			f.deliver()
			f.notified()
		}
	}, "routes: [{match: {min_severity: high}, sinks: [soc]}]\n")
	got, err := f.canary.Fly(t.Context())
	if err != nil || got.Stuck != "" || !slices.Equal(names(got), []string{"call", "file", "alert"}) || len(got.Unfollowed) != 1 || !strings.Contains(got.Unfollowed[0], "no route") {
		t.Errorf("got %+v, %v", got, err)
	}
}

// A canary that cannot be sent is an error.
func TestCanaryCallFails(t *testing.T) {
	t.Parallel()
	f := newFlight(t, func(*flight, int) {})
	f.calls.answer("CloudWatch Logs.DeleteLogGroup", nil, fmt.Errorf("no route to host"))
	if _, err := f.canary.Fly(t.Context()); err == nil || !strings.Contains(err.Error(), "the canary's call was not made") {
		t.Errorf("got %v", err)
	}
}
