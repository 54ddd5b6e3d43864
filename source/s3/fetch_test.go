package s3_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/internal/faultproxy"
	"github.com/trailwarden/trailwarden/source"
	"github.com/trailwarden/trailwarden/source/s3"
)

func TestMain(m *testing.M) { os.Exit(awstest.MainWithoutLeaks(m)) }

// bench is a bucket on the emulator behind a fault proxy.
type bench struct {
	t      *testing.T
	cfg    aws.Config
	direct *awss3.Client
	bucket string
	proxy  *faultproxy.Proxy
	waits  *waits
	client *s3.Client
}

// waits is a clock whose waits end at once.
type waits struct {
	mu  sync.Mutex
	all []time.Duration
}

func (w *waits) sleep(ctx context.Context, d time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, d)
	return ctx.Err()
}

func newBench(t *testing.T) *bench {
	cfg := awstest.Config(t)
	b := &bench{t: t, cfg: cfg, direct: awstest.S3(cfg), bucket: awstest.Bucket(t, cfg), waits: &waits{}}
	b.proxy = faultproxy.New(t, *cfg.BaseEndpoint, nil)
	b.client = b.make(func(*s3.Options) {})
	return b
}

func (b *bench) make(change func(*s3.Options)) *s3.Client {
	cfg := b.cfg.Copy()
	cfg.BaseEndpoint = &b.proxy.URL
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	b.t.Cleanup(transport.CloseIdleConnections)
	cfg.HTTPClient = &http.Client{Transport: transport}
	o := s3.Options{Config: cfg, PathStyle: true, Stall: time.Minute, Clock: source.Clock{Sleep: b.waits.sleep}}
	change(&o)
	return s3.New(o)
}

func (b *bench) put(key string, body []byte) source.Object {
	b.t.Helper()
	out, err := b.direct.PutObject(b.t.Context(), &awss3.PutObjectInput{Bucket: &b.bucket, Key: &key, Body: bytes.NewReader(body)})
	if err != nil {
		b.t.Fatal(err)
	}
	return source.Object{Bucket: b.bucket, Key: key, ETag: strings.Trim(*out.ETag, `"`), Size: int64(len(body)), VersionID: aws.ToString(out.VersionId)}
}

func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

func read(ctx context.Context, f source.Fetcher, o source.Object) ([]byte, source.Info, error) {
	r, info, err := f.Open(ctx, o)
	if err != nil {
		return nil, info, err
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	return got, info, err
}

// disturbed reads an object while a fault meets the first request, whose number
// it gives.
func (b *bench) disturbed(client *s3.Client, o source.Object, f faultproxy.Fault) (first int, got []byte, info source.Info, err error) {
	first = len(b.proxy.Requests())
	b.proxy.Decide(func(_ *http.Request, n int) faultproxy.Fault {
		if n == first {
			return f
		}
		return faultproxy.Fault{}
	})
	got, info, err = read(b.t.Context(), client, o)
	return first, got, info, err
}

// F41: whatever happens in the middle of a body, all of it arrives once.
func TestBreaksAreReadOver(t *testing.T) {
	b := newBench(t)
	body := noise(300_000)
	o := b.put("AWSLogs/x", body)
	half := int64(100_000)
	stalls := map[string]bool{"stall": true, "stall at once": true, "too slow to be of use": true}
	for name, fault := range map[string]faultproxy.Fault{
		"reset":                  {Then: faultproxy.Reset, After: half},
		"cut":                    {Then: faultproxy.Cut, After: half},
		"stall":                  {Then: faultproxy.Stall, After: half},
		"stall at once":          {Then: faultproxy.Stall, After: 0},
		"reset at once":          {Then: faultproxy.Reset, After: 0},
		"reset at the last byte": {Then: faultproxy.Reset, After: 299_999},
		"longer than it is":      {Longer: 5000, Then: faultproxy.Cut, After: 300_000},
		"slow":                   {Rate: 1_000_000},
		"the answer is lost":     {Lost: true},
		"too slow to be of use":  {Rate: 40},
	} {
		t.Run(name, func(t *testing.T) {
			plain := o
			plain.ETag, plain.Size = "", -1
			client, stall := b.client, time.Duration(0)
			if stalls[name] {
				stall = 300 * time.Millisecond
				client = b.make(func(o *s3.Options) { o.Stall = stall })
			}
			start, got, info, err := b.disturbed(client, plain, fault)
			for err != nil && stall > 0 && stall < time.Minute { // perhaps the machine is slower than that
				stall *= 5
				client = b.make(func(o *s3.Options) { o.Stall = stall })
				start, got, info, err = b.disturbed(client, plain, fault)
			}
			if err != nil || !bytes.Equal(got, body) {
				t.Fatalf("%d of %d bytes, %v", len(got), len(body), err)
			}
			if info.Object.ETag != o.ETag || info.Replaced {
				t.Errorf("info %+v", info)
			}
			for _, r := range b.proxy.Requests()[start:] {
				if r.Range != "" && r.IfMatch != `"`+o.ETag+`"` {
					t.Errorf("taken up again without If-Match: %+v", r)
				}
			}
		})
	}
}

// F41: many breaks in one object, at random places.
func TestManyBreaks(t *testing.T) {
	b := newBench(t)
	body := noise(500_000)
	o := b.put("AWSLogs/y", body)
	b.proxy.Decide(func(_ *http.Request, n int) faultproxy.Fault {
		if n < 30 {
			return faultproxy.Fault{Then: []faultproxy.Then{faultproxy.Reset, faultproxy.Cut}[n%2], After: int64(n*977)%17_000 + 1}
		}
		return faultproxy.Fault{}
	})
	got, _, err := read(t.Context(), b.client, o)
	if err != nil || !bytes.Equal(got, body) {
		t.Fatalf("%d of %d bytes, %v", len(got), len(body), err)
	}
}

// F41: an object that is replaced while it is read is never a mixture.
func TestReplacedWhileRead(t *testing.T) {
	b := newBench(t)
	o, second := b.put("AWSLogs/z", noise(200_000)), noise(200_000)
	start := len(b.proxy.Requests())
	b.proxy.Decide(func(_ *http.Request, n int) faultproxy.Fault {
		switch n {
		case start:
			return faultproxy.Fault{Then: faultproxy.Reset, After: 50_000}
		case start + 1:
			b.put("AWSLogs/z", second)
		}
		return faultproxy.Fault{}
	})
	got, info, err := read(t.Context(), b.client, o)
	var changed *source.Changed
	switch {
	case err == nil && info.Replaced && bytes.Equal(got, second): // the break took all of the first answer with it
	case !errors.As(err, &changed) || !source.Retryable(err):
		t.Fatalf("got %v, want that it was replaced", err)
	}
	if _, info, err := read(t.Context(), b.client, o); err != nil || !info.Replaced {
		t.Errorf("opened anew: %v, replaced %v", err, info.Replaced)
	}
}

// F40: 30% of the answers are 503 or 500; everything arrives with at most 1.6
// requests an object, with waits that differ.
func TestBusyService(t *testing.T) {
	b := newBench(t)
	const objects = 150
	for i := range objects {
		b.put(fmt.Sprintf("AWSLogs/%d", i), noise(1000))
	}
	state := uint64(20260314)
	b.proxy.Decide(func(_ *http.Request, n int) faultproxy.Fault {
		state = state*6364136223846793005 + 1442695040888963407
		switch x := state >> 33 % 100; {
		case x < 20:
			return faultproxy.Fault{Status: 503, Code: "SlowDown"}
		case x < 30:
			return faultproxy.Fault{Status: 500, Code: "InternalError"}
		}
		return faultproxy.Fault{}
	})
	for i := range objects {
		if got, _, err := read(t.Context(), b.client, source.Object{Bucket: b.bucket, Key: fmt.Sprintf("AWSLogs/%d", i), Size: -1}); err != nil || len(got) != 1000 {
			t.Fatalf("object %d: %d bytes, %v", i, len(got), err)
		}
	}
	n := len(b.proxy.Requests())
	t.Logf("%d requests for %d objects (%.2f)", n, objects, float64(n)/objects)
	if float64(n) > 1.6*objects {
		t.Errorf("%d requests for %d objects", n, objects)
	}
	distinct := map[time.Duration]bool{}
	for _, d := range b.waits.all {
		distinct[d] = true
		if d < 100*time.Millisecond || d > 20*time.Second {
			t.Errorf("a wait of %v", d)
		}
	}
	if len(distinct) < len(b.waits.all)*9/10 {
		t.Errorf("%d waits, only %d differ: no jitter", len(b.waits.all), len(distinct))
	}
}

// Section 13 of the sheet: each error of GetObject and what it means.
func TestErrors(t *testing.T) {
	b := newBench(t)
	o := b.put("AWSLogs/e", noise(100))
	type outcome string
	const (
		deleted, denied, parked, refused, passing outcome = "deleted", "denied", "parked", "refused", "passing"
	)
	for _, c := range []struct {
		status   int
		code     string
		header   map[string]string
		want     outcome
		requests int
		wait     time.Duration // in all; 0 is not compared
	}{
		{404, "NoSuchKey", nil, deleted, 4, 30 * time.Second},
		{404, "NoSuchVersion", nil, deleted, 4, 30 * time.Second},
		{404, "NoSuchKey", map[string]string{"x-amz-delete-marker": "true"}, deleted, 1, 0},
		{405, "MethodNotAllowed", map[string]string{"x-amz-delete-marker": "true"}, deleted, 1, 0},
		{404, "NoSuchBucket", nil, denied, 1, 0},
		{403, "AccessDenied", nil, denied, 1, 0},
		{403, "InvalidAccessKeyId", nil, denied, 1, 0},
		{400, "ExpiredToken", nil, denied, 1, 0},
		{403, "RequestTimeTooSkewed", nil, denied, 1, 0},
		{403, "SignatureDoesNotMatch", nil, denied, 1, 0},
		{400, "KMS.DisabledException", nil, denied, 1, 0},
		{400, "KMS.KMSInvalidStateException", nil, denied, 1, 0},
		{400, "KMS.NotFoundException", nil, denied, 1, 0},
		{403, "InvalidObjectState", nil, parked, 1, 0},
		{400, "KeyTooLongError", nil, refused, 1, 0},
		{503, "SlowDown", nil, passing, 8, 0},
		{500, "InternalError", nil, passing, 8, 0},
		{503, "ServiceUnavailable", nil, passing, 8, 0},
		{400, "RequestTimeout", nil, passing, 8, 0},
		{400, "ThrottlingException", nil, passing, 8, 0},
		{400, "KMS.ThrottlingException", nil, passing, 8, 0},
		{400, "TokenRefreshRequired", nil, denied, 1, 0},
		{502, "", nil, passing, 8, 0},
	} {
		t.Run(fmt.Sprint(c.status, c.code, len(c.header)), func(t *testing.T) {
			start := len(b.proxy.Requests())
			b.waits.all = nil
			b.proxy.Decide(func(*http.Request, int) faultproxy.Fault {
				return faultproxy.Fault{Status: c.status, Code: c.code, Header: c.header}
			})
			_, _, err := b.client.Open(t.Context(), o)
			if got := outcome(kindOf(err)); got != c.want {
				t.Errorf("%v is %s, want %s", err, got, c.want)
			}
			if wait := source.Retryable(err); wait != (c.want == denied || c.want == passing) {
				t.Errorf("retryable: %v", wait)
			}
			if n := len(b.proxy.Requests()) - start; n != c.requests {
				t.Errorf("%d requests, want %d", n, c.requests)
			}
			var sum time.Duration
			for _, d := range b.waits.all {
				sum += d
			}
			if c.wait > 0 && sum != c.wait {
				t.Errorf("waited %v, want %v", sum, c.wait)
			}
			// F42: it works again as soon as the cause is gone.
			b.proxy.Decide(nil)
			if got, _, err := read(t.Context(), b.client, o); err != nil || len(got) != 100 {
				t.Errorf("after it: %d bytes, %v", len(got), err)
			}
		})
	}
}

// The wait for an object that was announced goes on over calls that are broken
// off before it is over, as those of a push are: in the end it counts as deleted,
// which is news.
func TestMissingOverSeveralCalls(t *testing.T) {
	b := newBench(t)
	at := time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	var cut context.CancelFunc
	c := b.make(func(o *s3.Options) {
		o.Clock = source.Clock{Now: func() time.Time { return at }, Sleep: func(ctx context.Context, d time.Duration) error {
			if at = at.Add(d); cut != nil && d >= 10*time.Second {
				cut()
			}
			return ctx.Err()
		}}
	})
	gone := source.Object{Bucket: b.bucket, Key: "gone.json.gz", ETag: "x"}
	for try := 1; try <= 2; try++ {
		var ctx context.Context
		ctx, cut = context.WithCancel(t.Context())
		_, _, err := read(ctx, c, gone)
		var deleted *source.Deleted
		if is := errors.As(err, &deleted); is != (try == 2) {
			t.Errorf("try %d: %v", try, err)
		}
		cut()
		at = at.Add(20 * time.Second)
	}
	// It is waited for in one call as ever, and read when it comes.
	late := source.Object{Bucket: b.bucket, Key: "late.json.gz"}
	cut = nil
	began := at
	if _, _, err := read(t.Context(), c, late); err == nil || at.Sub(began) != 30*time.Second {
		t.Errorf("after %v: %v", at.Sub(began), err)
	}
	b.put(late.Key, []byte("x"))
	if got, _, err := read(t.Context(), c, late); err != nil || string(got) != "x" {
		t.Errorf("%q %v", got, err)
	}
}

func kindOf(err error) string {
	var (
		deleted *source.Deleted
		denied  *source.Denied
		parked  *source.Parked
		refused *source.Refused
	)
	switch {
	case errors.As(err, &deleted):
		return "deleted"
	case errors.As(err, &denied):
		return "denied"
	case errors.As(err, &parked):
		return "parked"
	case errors.As(err, &refused):
		return "refused"
	case err == nil:
		return "nothing"
	}
	return "passing"
}

// F42: no credentials are an operational fault, not an attempt.
func TestNoCredentials(t *testing.T) {
	b := newBench(t)
	o := b.put("AWSLogs/c", noise(10))
	c := b.make(func(o *s3.Options) {
		o.Config.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{}, errors.New("the role is gone")
		})
	})
	if _, _, err := c.Open(t.Context(), o); kindOf(err) != "denied" {
		t.Errorf("got %v", err)
	}
}

// F42: a bucket in another region is found once, and remembered.
func TestRegionIsResolvedOnce(t *testing.T) {
	for name, fault := range map[string]faultproxy.Fault{
		"301":                {Status: 301, Code: "PermanentRedirect", Header: map[string]string{"x-amz-bucket-region": "ap-southeast-2"}},
		"400":                {Status: 400, Code: "AuthorizationHeaderMalformed", Header: map[string]string{"x-amz-bucket-region": "ap-southeast-2"}},
		"301 without a word": {Status: 301, Code: "PermanentRedirect"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			o := b.put("AWSLogs/r", noise(100))
			b.proxy.Decide(func(r *http.Request, _ int) faultproxy.Fault {
				switch {
				case r.Method == http.MethodHead:
					return faultproxy.Fault{Status: 301, Header: map[string]string{"x-amz-bucket-region": "ap-southeast-2"}}
				case !strings.Contains(r.Header.Get("Authorization"), "/ap-southeast-2/"):
					return fault
				}
				return faultproxy.Fault{}
			})
			for range 3 {
				got, info, err := read(t.Context(), b.client, o)
				if err != nil || len(got) != 100 || info.Object.Region != "ap-southeast-2" {
					t.Fatalf("%d bytes, %+v, %v", len(got), info, err)
				}
			}
			if n := len(b.proxy.Requests()); n > 5 {
				t.Errorf("%d requests", n)
			}
		})
	}
	b := newBench(t)
	o := b.put("AWSLogs/r", noise(100))
	b.proxy.Decide(func(*http.Request, int) faultproxy.Fault {
		return faultproxy.Fault{Status: 301, Code: "PermanentRedirect", Header: map[string]string{"x-amz-bucket-region": "ap-southeast-2"}}
	})
	if _, _, err := b.client.Open(t.Context(), o); kindOf(err) != "denied" || len(b.proxy.Requests()) != 2 {
		t.Errorf("redirected in a circle: %v after %d requests", err, len(b.proxy.Requests()))
	}
}

// Several files of a bucket that turns out to be elsewhere are all read, also those
// whose answer comes after another one's has told where it is.
func TestSeveralFindOutTheRegion(t *testing.T) {
	b := newBench(t)
	o := b.put("AWSLogs/r", noise(100))
	b.proxy.Decide(func(r *http.Request, _ int) faultproxy.Fault {
		if strings.Contains(r.Header.Get("Authorization"), "/ap-southeast-2/") {
			return faultproxy.Fault{}
		}
		return faultproxy.Fault{Status: 301, Code: "PermanentRedirect", Header: map[string]string{"x-amz-bucket-region": "ap-southeast-2"}}
	})
	const readers = 3
	answers := &rendezvous{of: readers, all: make(chan struct{})}
	c := b.make(func(o *s3.Options) {
		answers.next = o.Config.HTTPClient
		o.Config.HTTPClient = answers
	})
	var all sync.WaitGroup
	for range readers {
		all.Go(func() {
			if got, _, err := read(t.Context(), c, o); err != nil || len(got) != 100 {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
	all.Wait()
}

// rendezvous keeps the first answers back until all of them are there.
type rendezvous struct {
	next aws.HTTPClient
	of   int32
	n    atomic.Int32
	all  chan struct{}
}

func (r *rendezvous) Do(req *http.Request) (*http.Response, error) {
	resp, err := r.next.Do(req)
	if r.n.Add(1) == r.of {
		close(r.all)
	}
	<-r.all
	return resp, err
}

// F41: a server that knows no ranges gives the whole object again; when it stalls
// in what was read before, that too is read over.
func TestStallInWhatWasRead(t *testing.T) {
	t.Parallel()
	body := noise(50_000)
	var requests atomic.Int32
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"e"`)
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		switch requests.Add(1) {
		case 1:
			_, _ = w.Write(body[:40_000])
			panic(http.ErrAbortHandler)
		case 2:
			_, _ = w.Write(body[:10_000])
			_ = http.NewResponseController(w).Flush()
			select {
			case <-r.Context().Done():
			case <-ctx.Done():
			}
		default:
			_, _ = w.Write(body)
		}
	}))
	t.Cleanup(srv.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c := s3.New(s3.Options{PathStyle: true, Stall: time.Second, Clock: source.Clock{Sleep: (&waits{}).sleep},
		Config: aws.Config{Region: "eu-west-1", BaseEndpoint: &srv.URL, HTTPClient: &http.Client{Transport: transport}, Credentials: aws.AnonymousCredentials{}}})
	got, _, err := read(ctx, c, source.Object{Bucket: "trail-logs", Key: "AWSLogs/x", Size: -1})
	if err != nil || !bytes.Equal(got, body) {
		t.Fatalf("%d of %d bytes, %v", len(got), len(body), err)
	}
}

// F35: the object that a notification names is the one that is fetched.
func TestOddKeys(t *testing.T) {
	b := newBench(t)
	for i, key := range []string{"a+b", "a b", "a%2Bb", "a%b", "日本/ü.json.gz", "x/../y", "line\nbreak", "AWSLogs//double", strings.Repeat("k", 1024), "a?b#c&d=e", "tab\tx", "'\"<>"} {
		body := []byte(fmt.Sprint("object ", i))
		if _, err := b.direct.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: &b.bucket, Key: &key, Body: bytes.NewReader(body)}); err != nil {
			t.Logf("the emulator does not take %.20q: %v", key, err)
			continue
		}
		if got, _, err := read(t.Context(), b.client, source.Object{Bucket: b.bucket, Key: key, Size: -1}); err != nil || !bytes.Equal(got, body) {
			t.Errorf("%.20q: %q, %v", key, got, err)
		}
	}
}

// F36: versions that are named are the ones that are read; newer ones are told.
func TestVersions(t *testing.T) {
	b := newBench(t)
	_, err := b.direct.PutBucketVersioning(t.Context(), &awss3.PutBucketVersioningInput{Bucket: &b.bucket,
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
	if err != nil {
		t.Fatal(err)
	}
	first := b.put("k", []byte("first"))
	second := b.put("k", []byte("second"))
	if got, info, err := read(t.Context(), b.client, first); err != nil || string(got) != "first" || info.Replaced {
		t.Errorf("by version: %q, %+v, %v", got, info, err)
	}
	unversioned := first
	unversioned.VersionID = ""
	if got, info, err := read(t.Context(), b.client, unversioned); err != nil || string(got) != "second" || !info.Replaced || info.Object.VersionID != second.VersionID {
		t.Errorf("without: %q, %+v, %v", got, info, err)
	}
	if _, err := b.direct.DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: &b.bucket, Key: aws.String("k")}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := read(t.Context(), b.client, unversioned); kindOf(err) != "deleted" {
		t.Errorf("deleted: %v", err)
	}
}

// Only buckets that the configuration names are read.
func TestBucketsAreAllowed(t *testing.T) {
	b := newBench(t)
	o := b.put("k", []byte("x"))
	c := b.make(func(o *s3.Options) { o.Buckets = []string{"another-bucket"} })
	if _, _, err := c.Open(t.Context(), o); kindOf(err) != "refused" {
		t.Errorf("got %v", err)
	}
	for _, name := range []string{"", "a", "evil.example.com/x", "a@b", "x:1", "..", "a b"} {
		if _, _, err := b.client.Open(t.Context(), source.Object{Bucket: name, Key: "k"}); kindOf(err) != "refused" {
			t.Errorf("bucket %q: %v", name, err)
		}
	}
}

// A hint that names no region does no harm: the bucket's own is found out.
func TestWrongRegionHint(t *testing.T) {
	b := newBench(t)
	o := b.put("k", []byte("x"))
	b.proxy.Decide(func(r *http.Request, _ int) faultproxy.Fault {
		if !strings.Contains(r.Header.Get("Authorization"), "/"+awstest.Region+"/") {
			return faultproxy.Fault{Status: 400, Code: "AuthorizationHeaderMalformed", Header: map[string]string{"x-amz-bucket-region": awstest.Region}}
		}
		return faultproxy.Fault{}
	})
	for i, hint := range []string{"xx-nowhere-9", "evil.example.com/", "us-east-1", "-", strings.Repeat("a-", 40)} {
		c := b.make(func(*s3.Options) {})
		o.Region = hint
		if got, info, err := read(t.Context(), c, o); err != nil || string(got) != "x" || info.Object.Region != awstest.Region {
			t.Errorf("%d %q: %q, %+v, %v", i, hint, got, info, err)
		}
	}
	c := b.make(func(*s3.Options) {})
	for i := range 200 {
		o.Region = fmt.Sprintf("xx-%c%c-1", 'a'+i/26, 'a'+i%26)
		if _, _, err := read(t.Context(), c, o); err != nil {
			t.Fatal(err)
		}
	}
}
