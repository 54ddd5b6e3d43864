package assemble_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
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
