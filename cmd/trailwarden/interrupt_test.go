package main

import (
	"bytes"
	"fmt"
	"io"
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
