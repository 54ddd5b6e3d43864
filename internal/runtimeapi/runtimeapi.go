// Package runtimeapi emulates the Lambda Runtime API for tests, so that the real
// bootstrap binary runs as it does in AWS (Lambda Developer Guide, "Using the
// Lambda runtime API", version 2018-06-01). It enforces the service's limits:
// 6 MB of payload, a deadline for each invocation, one answer each.
package runtimeapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// MaxPayload is the most bytes of a synchronous event or answer.
const MaxPayload = 6 << 20

// Function is a bootstrap process behind an emulated Runtime API.
type Function struct {
	cmd    *exec.Cmd
	server *http.Server
	done   chan struct{} // the process has ended
	next   chan *invocation
	stderr *tail

	mu      sync.Mutex
	open    map[string]*invocation
	started time.Time
	ready   chan struct{} // first call of next
	once    sync.Once
}

type invocation struct {
	id       string
	event    []byte
	deadline time.Time
	answer   chan result
}

type result struct {
	body []byte
	err  error
}

// ErrTimeout is the error of an invocation that did not answer by its deadline;
// the process is killed, as in AWS.
var ErrTimeout = errors.New("the function timed out")

// ErrCrashed is the error of an invocation whose process ended.
var ErrCrashed = errors.New("the function's process ended")

// Start runs the bootstrap binary with env added to the usual variables of a
// function.
func Start(binary string, env []string) (*Function, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &Function{done: make(chan struct{}), next: make(chan *invocation), open: map[string]*invocation{},
		ready: make(chan struct{}), stderr: new(tail)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", f.handNext)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", f.answered(false))
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", f.answered(true))
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) })
	f.server = &http.Server{Handler: mux}
	go func() { _ = f.server.Serve(l) }() // ends with Close
	f.cmd = exec.Command(binary)
	f.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.TempDir(),
		"AWS_LAMBDA_RUNTIME_API=" + l.Addr().String(), "AWS_LAMBDA_FUNCTION_NAME=trailwarden", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256", "_HANDLER=bootstrap", "AWS_REGION=eu-west-1"}, env...)
	f.cmd.Stderr, f.cmd.Stdout = f.stderr, f.stderr
	f.started = time.Now()
	if err := f.cmd.Start(); err != nil {
		return nil, errors.Join(err, f.server.Close())
	}
	go func() { _ = f.cmd.Wait(); close(f.done) }() // how it ended is told by who waits for an answer
	return f, nil
}

// Ready waits until the function asks for its first event and returns how long
// that took: the cold start.
func (f *Function) Ready() (time.Duration, error) {
	select {
	case <-f.ready:
		return time.Since(f.started), nil
	case <-f.done:
		return 0, fmt.Errorf("%w before its first event: %s", ErrCrashed, f.Log())
	case <-time.After(30 * time.Second):
		return 0, errors.New("the function did not ask for an event in 30 s")
	}
}

// Invoke hands one event over and returns the answer. A function's own error is
// an *Error.
func (f *Function) Invoke(event []byte, timeout time.Duration) ([]byte, error) {
	if len(event) > MaxPayload {
		return nil, fmt.Errorf("the event has %d bytes and Lambda takes %d", len(event), MaxPayload)
	}
	in := &invocation{event: event, deadline: time.Now().Add(timeout), answer: make(chan result, 1)}
	ctx, cancel := context.WithDeadline(context.Background(), in.deadline)
	defer cancel()
	select {
	case f.next <- in:
	case <-f.done:
		return nil, fmt.Errorf("%w: %s", ErrCrashed, f.Log())
	case <-ctx.Done():
		return nil, ErrTimeout
	}
	select {
	case r := <-in.answer:
		return r.body, r.err
	case <-f.done:
		return nil, fmt.Errorf("%w: %s", ErrCrashed, f.Log())
	case <-ctx.Done():
		_ = f.cmd.Process.Kill() // as the service does
		<-f.done
		return nil, ErrTimeout
	}
}

// Error is what a function reported as its failure.
type Error struct{ Body string }

func (e *Error) Error() string { return "the function failed: " + e.Body }

func (f *Function) handNext(w http.ResponseWriter, r *http.Request) {
	f.once.Do(func() { close(f.ready) })
	select {
	case in := <-f.next:
		f.mu.Lock()
		in.id = fmt.Sprintf("8476a536-e9f4-11e8-9739-%012d", len(f.open)+1)
		f.open[in.id] = in
		f.mu.Unlock()
		h := w.Header()
		h.Set("Lambda-Runtime-Aws-Request-Id", in.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(in.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:123456789012:function:trailwarden")
		h.Set("Content-Type", "application/json")
		_, _ = w.Write(in.event) // a process that is gone is noticed by Invoke
	case <-r.Context().Done():
	case <-f.done:
	}
}

// answered takes an answer; a second one for the same event, or one that is too
// large, is refused.
func (f *Function) answered(failed bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, MaxPayload+1))
		f.mu.Lock()
		in := f.open[r.PathValue("id")]
		f.open[r.PathValue("id")] = nil
		f.mu.Unlock()
		switch {
		case in == nil || err != nil:
			w.WriteHeader(http.StatusBadRequest)
			return
		case len(body) > MaxPayload:
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			in.answer <- result{err: &Error{"Function.ResponseSizeTooLarge"}}
			return
		}
		w.WriteHeader(http.StatusAccepted)
		if failed {
			in.answer <- result{err: &Error{string(body)}}
			return
		}
		in.answer <- result{body: body}
	}
}

// Kill ends the process at once, as an environment that is reclaimed.
func (f *Function) Kill() {
	_ = f.cmd.Process.Kill()
	<-f.done
}

// Log is the end of what the function wrote.
func (f *Function) Log() string { return strings.TrimSpace(f.stderr.String()) }

// Close ends the function.
func (f *Function) Close() error {
	f.Kill()
	return f.server.Close()
}

// tail keeps the end of a log.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, b...)
	if over := len(t.buf) - 64<<10; over > 0 {
		t.buf = t.buf[over:]
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf)
}
