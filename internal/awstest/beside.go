package awstest

import (
	"bufio"
	"io"
	"os/exec"
	"testing"
)

// Beside starts a process that a test talks to. It ends with its input, which is
// closed at the end of the test.
func Beside(t testing.TB, cmd *exec.Cmd) (in io.Writer, out *bufio.Reader) {
	t.Helper()
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { input.Close(); _ = cmd.Wait() })
	return input, bufio.NewReader(output)
}
