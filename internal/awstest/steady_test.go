package awstest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/trailwarden/trailwarden/internal/awstest"
)

// A connection that is lost is no answer: the call is made again. An answer is
// taken as it is, whatever it says.
func TestLostConnection(t *testing.T) {
	cfg := awstest.Config(t)
	emulator, err := url.Parse(awstest.Endpoint(t))
	if err != nil {
		t.Fatal(err)
	}
	var calls atomic.Int64
	var fail func(w http.ResponseWriter) bool
	pass := httputil.NewSingleHostReverseProxy(emulator)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) <= 2 && fail(w) {
			return
		}
		pass.ServeHTTP(w, r)
	}))
	defer srv.Close()
	cfg.BaseEndpoint = aws.String(srv.URL)
	ask := func() error {
		calls.Store(0)
		_, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil)
		return err
	}
	fail = func(w http.ResponseWriter) bool {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			conn.Close()
		}
		return true
	}
	if err := ask(); err != nil || calls.Load() != 3 {
		t.Errorf("two lost connections: %v after %d calls, want an answer to the third", err, calls.Load())
	}
	fail = func(w http.ResponseWriter) bool {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, "<ErrorResponse/>")
		return true
	}
	if err := ask(); err == nil || calls.Load() != 1 {
		t.Errorf("an answer of 503: %v after %d calls, want the first to count", err, calls.Load())
	}
}
