package assemble_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/source"
)

// The endpoint of a queue is spoken to about the queue only: a VPC endpoint of SQS
// has no buckets and assumes no roles.
func TestTheEndpointOfAQueueIsTheQueuesOnly(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	var mu sync.Mutex
	asked := map[string]map[string]bool{"queue": {}, "others": {}}
	received := make(chan bool, 1)
	answer := func(name string) *httptest.Server {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			what := r.Method + " " + r.URL.Path
			if target := r.Header.Get("X-Amz-Target"); target != "" {
				what = target
			} else if strings.Contains(string(body), "Action=AssumeRole") {
				what = "AssumeRole"
			}
			mu.Lock()
			asked[name][what] = true
			mu.Unlock()
			switch what {
			case "AmazonSQS.ReceiveMessage":
				select {
				case received <- true:
				default:
				}
				<-r.Context().Done()
			case "AssumeRole":
				fmt.Fprint(w, `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2199-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`)
			}
		}))
		t.Cleanup(s.Close)
		return s
	}
	queue, others := answer("queue"), answer("others")
	cfg, list := config.Decode("trailwarden.yaml", fmt.Appendf(nil, `
aws: {endpoint: %q, region: eu-west-1}
sources:
  trail: {sqs: {queue: "https://sqs.eu-west-1.amazonaws.com/111122223333/trail", endpoint: %q, role: "arn:aws:iam::111122223333:role/reader"}}
`, others.URL, queue.URL))
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	made, err := assemble.New(cfg, assemble.Options{}).Sources(t.Context(), &source.MemoryCursor{})
	if err != nil || len(made) != 1 {
		t.Fatal(made, err)
	}
	if body, _, err := made[0].Fetch.Open(t.Context(), source.Object{Bucket: "trail", Key: "log"}); err == nil {
		_ = body.Close() // it was only to be asked for
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	done := make(chan error)
	go func() { done <- made[0].Run(ctx, func(context.Context, source.Delivery) error { return nil }) }()
	select {
	case <-received:
	case <-ctx.Done():
		t.Error("the queue was not asked at its endpoint")
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if got := fmt.Sprint(asked); got != "map[others:map[AssumeRole:true GET /trail/log:true] queue:map[AmazonSQS.GetQueueAttributes:true AmazonSQS.ReceiveMessage:true]]" {
		t.Errorf("asked %s", got)
	}
}

// A server that starts before its network does asks again who it is, for its own
// calls are no news; once it knows, nothing is loaded again.
func TestWhoWeAreIsAskedAgain(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	var asked, reported int
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked == 1 {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		fmt.Fprint(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/watch</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`)
	}))
	defer server.Close()
	file, now := filepath.Join(t.TempDir(), "trailwarden.yaml"), time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	text := fmt.Sprintf("aws: {endpoint: %q}\nsources: {trail: {sqs: {queue: 'https://sqs.eu-west-1.amazonaws.com/111122223333/trail'}}}\n", server.URL)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	l := assemble.NewLoader(file, assemble.Options{Now: func() time.Time { return now }, Report: func(error) { reported++ }}, nil)
	load := func() {
		t.Helper()
		if _, err := l.Load(t.Context(), &source.MemoryCursor{}); err != nil {
			t.Fatal(err)
		}
	}
	if load(); asked != 1 || reported != 1 || l.Changed() {
		t.Fatalf("asked %d times, reported %d, changed %v", asked, reported, l.Changed())
	}
	if now = now.Add(time.Minute); !l.Changed() {
		t.Fatal("it is not asked again")
	}
	load()
	if now = now.Add(24 * time.Hour); asked != 2 || reported != 1 || l.Changed() {
		t.Errorf("asked %d times, reported %d, changed %v", asked, reported, l.Changed())
	}
}
