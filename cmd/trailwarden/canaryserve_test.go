package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/assemble/home"
	"github.com/trailwarden/trailwarden/internal/awsx"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/serve"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// lockedBuffer is a log that several goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) bytes() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.b.Bytes())
}

// F76: a server whose configuration has a secret in every setting, with a
// receiver that repeats what it is sent: neither its log, its health, its
// readiness, its metrics nor what a panic would print of all goroutines has one.
func TestServerTellsNoSecret(t *testing.T) {
	t.Chdir(t.TempDir())
	c := &canaries{t: t, dir: t.TempDir()}
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", c.next())
	text := canaryConfig(c, c.echo())
	text = strings.Replace(text, "sources:\n", "serve: {listen: '127.0.0.1:0', log_level: debug}\nsources:\n  logs: {folder: {path: in, every: 100ms, settled: 1ms}}\n", 1)
	text = strings.Replace(text, "{http: {", "{http: {listen: '127.0.0.1:0', ", 1)
	for name, content := range map[string]string{"trailwarden.yaml": text, "rule.yaml": canaryRule, "in/log.json": records(3, nil)} {
		_ = os.MkdirAll("in", 0o700)
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	log, address := new(lockedBuffer), make(chan string, 1)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- serveWith(ctx, log, address) }()
	select {
	case at := <-address:
		c.lookAround(t, at, log)
	case err := <-done:
		t.Fatalf("the server did not start: %v", err)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	c.find("the log", log.bytes())
	c.files(".")
}

func serveWith(ctx context.Context, log *lockedBuffer, address chan string) error {
	l := slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	loader := assemble.NewLoader("trailwarden.yaml", assemble.Options{
		Out: log, Report: func(err error) { l.Warn("trouble", "error", err) },
		LoadAWS: func(ctx context.Context, s awsx.Settings) (aws.Config, error) {
			s.Log = l
			return awsx.Load(ctx, s)
		},
	}, func(diagnostic.List) {})
	return serve.Run(ctx, serve.Options{
		Load: loader.Load, Changed: loader.Changed, Log: l, Ready: func(at string) { address <- at },
		Open: func(ctx context.Context, a *assemble.Assembly, policy func() *alert.Policy) (alert.Store, error) {
			return home.Open(ctx, a, policy)
		},
	})
}

// lookAround waits until the sinks were tried, and looks at all that the server
// tells.
func (c *canaries) lookAround(t *testing.T, at string, log *lockedBuffer) {
	t.Helper()
	ask := func(path string) []byte {
		r, err := http.Get("http://" + at + path)
		if err != nil {
			t.Error(err)
			return nil
		}
		defer func() { _ = r.Body.Close() }()
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		c.find(path, b)
		return b
	}
	deadline := time.Now().Add(time.Minute)
	for c.arrived() < 5 && time.Now().Before(deadline) {
		time.Sleep(50 * time.Millisecond)
	}
	if n := c.arrived(); n < 5 {
		t.Errorf("only %d secrets were ever used: this test shows little; %s", n, log.bytes())
	}
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/debug/pprof/cmdline", "/%2e%2e/", "/"} {
		ask(path)
	}
	for !bytes.Contains(ask("/metrics"), []byte("trailwarden_sink_attempts_total")) {
		if time.Now().After(deadline) {
			t.Fatal("no attempts in the metrics")
		}
		time.Sleep(50 * time.Millisecond)
	}
	stacks := make([]byte, 4<<20)
	c.find("what a panic prints", stacks[:runtime.Stack(stacks, true)])
}
