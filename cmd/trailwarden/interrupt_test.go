package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Ctrl-C while the input gives nothing more: what was found is written, the exit
// code is 130, and nothing is blamed on the input.
func TestScanInterrupted(t *testing.T) {
	rules := filepath.Join(t.TempDir(), "rule.yaml")
	text := "id: created\ntitle: Created\nseverity: high\nmatch: {keyword: {source: iam, regexp: CreateUser}}\n"
	if err := os.WriteFile(rules, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	in, feed := io.Pipe()
	defer feed.Close()
	code := make(chan int)
	var out, errOut bytes.Buffer
	go func() { code <- run([]string{"scan", "--rules", rules, "-f", "ndjson", "-"}, in, &out, &errOut) }()
	for i := range 3 { // each Write returns once the scan has read it
		if _, err := fmt.Fprintf(feed, oneRecord+"\n", i, strings.Repeat(" ", 1<<16)); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if err := self.Signal(os.Interrupt); err != nil {
		t.Skip("no interrupts here:", err)
	}
	if got := <-code; got != exitInterrupted {
		t.Errorf("exit code %d; want %d", got, exitInterrupted)
	}
	if !strings.Contains(errOut.String(), "interrupted") || strings.Contains(errOut.String(), "byte") {
		t.Errorf("messages: %s", errOut.String())
	}
	if n := strings.Count(out.String(), "\n"); n < 2 {
		t.Errorf("%d findings; want those of the records that were read", n)
	}
	for _, l := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		if l != "" && !strings.HasSuffix(l, "}") {
			t.Errorf("a finding is cut: %s", l)
		}
	}
}

// Ctrl-C while the function fetches an object: the exit code is 130, and nothing is
// left behind.
func TestInvokeInterrupted(t *testing.T) {
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	s3 := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := self.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		<-r.Context().Done()
	}))
	defer s3.Close()
	left := t.TempDir()
	event := filepath.Join(t.TempDir(), "event.json")
	text := `{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","eventName":"ObjectCreated:Put","awsRegion":"us-east-1","eventTime":"2026-03-14T09:00:00Z",` +
		`"s3":{"bucket":{"name":"example-logs"},"object":{"key":"AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/14/a.json.gz","size":100}}}]}`
	if err := os.WriteFile(event, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"TMPDIR": left, "AWS_ENDPOINT_URL": s3.URL, "AWS_REGION": "us-east-1",
		"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"} {
		t.Setenv(name, value)
	}
	var out, errOut bytes.Buffer
	if got := run([]string{"invoke", event}, strings.NewReader(""), &out, &errOut); got != exitInterrupted {
		t.Errorf("exit code %d; want %d\n%s%s", got, exitInterrupted, out.String(), errOut.String())
	}
	if entries, err := os.ReadDir(left); err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v %v", entries, err)
	}
}
