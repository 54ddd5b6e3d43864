package awstest

import (
	"bufio"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

//go:embed server.py
var program string

// server is a running emulator.
type server struct {
	endpoint string
	cmd      *exec.Cmd
	lifeLine io.Closer // the server ends when it is closed
	output   *os.File
}

// unavailableError says that this machine cannot run the emulator.
type unavailableError struct{ err error }

func (e *unavailableError) Error() string { return e.err.Error() }
func (e *unavailableError) Unwrap() error { return e.err }

func start() (*server, error) {
	python, err := environment()
	if err != nil {
		return nil, &unavailableError{err}
	}
	s := &server{cmd: exec.Command(python, "-c", program)}
	s.cmd.Env = serverEnv()
	if err := s.run(); err != nil {
		return nil, err
	}
	return s, nil
}

// serverEnv keeps the caller's AWS settings away from the emulator.
func serverEnv() []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "AWS_") && !strings.HasPrefix(kv, "MOTO_") {
			env = append(env, kv)
		}
	}
	return append(env, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "PYTHONUNBUFFERED=1")
}

// run starts the server and waits for the line with its port. Its errors go to
// a file and not a pipe, so that no goroutine has to read them.
func (s *server) run() error {
	output, err := os.CreateTemp("", "moto-*.log")
	if err != nil {
		return err
	}
	os.Remove(output.Name()) // the open file is enough
	s.output, s.cmd.Stderr = output, output
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if s.lifeLine, err = s.cmd.StdinPipe(); err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		s.stop()
		return fmt.Errorf("the server ended before it listened: %w\n%s", err, s.errors())
	}
	s.endpoint = "http://127.0.0.1:" + strings.TrimSpace(line)
	return nil
}

func (s *server) errors() string {
	text, err := io.ReadAll(io.NewSectionReader(s.output, 0, 1<<20))
	if err != nil && !errors.Is(err, io.EOF) {
		return err.Error()
	}
	return string(text)
}

func (s *server) stop() {
	s.lifeLine.Close()
	s.cmd.Wait() //nolint:errcheck // it is told to go; how it goes is all the same
}
