package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// fullDisk takes nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// Output that cannot be written is told, once, and by the exit code, whatever the
// command: a schedule that keeps what a command prints must not take nothing for
// an answer.
func TestUnwrittenOutputIsTold(t *testing.T) {
	logs := examples(t)
	for _, line := range []string{
		"version", "help", "man", "completion bash", "config schema", "scan " + logs, "scan -f json " + logs, "scan -f csv " + logs,
		"rules list", "query examples", "query examples key-owner", "invoke --sample s3",
		"doctor --list", "backtest " + logs,
	} {
		var said bytes.Buffer
		if code := run(strings.Fields(line), strings.NewReader(""), fullDisk{}, &said); code != exitUsage {
			t.Errorf("%s: exit code %d; want %d: %s", line, code, exitUsage, said.String())
		}
		if n := strings.Count(said.String(), "no space left"); n != 1 {
			t.Errorf("%s: told %d times: %s", line, n, said.String())
		}
	}
}
