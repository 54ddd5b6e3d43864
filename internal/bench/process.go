package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// A command is one side of a comparison.
type command struct {
	name  string // for the table
	args  []string
	stdin string // file to read, if not empty
	out   string // file for the answer; empty: thrown away
}

// A sample is what one run took, children included.
type sample struct {
	wall, cpu time.Duration
	rss       int64 // peak resident memory in bytes, of the largest process
}

// run runs a command once. The caller's own memory must be small, as Linux
// counts it in the peak of a child.
func (c command) run(ctx context.Context) (sample, error) {
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	if c.stdin != "" {
		f, err := os.Open(c.stdin)
		if err != nil {
			return sample{}, err
		}
		defer func() { _ = f.Close() }() // only read
		cmd.Stdin = f
	}
	if c.out != "" {
		f, err := os.Create(c.out)
		if err != nil {
			return sample{}, err
		}
		defer func() { _ = f.Close() }() // the other tool's answer; countLines reads it
		cmd.Stdout = f
	}
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	if err != nil {
		return sample{}, fmt.Errorf("%s: %w: %s", strings.Join(c.args, " "), err, lastLines(complaint.String()))
	}
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return sample{wall: wall, cpu: cpu, rss: peakMemory(cmd.ProcessState)}, nil
}

func lastLines(s string) string {
	s = strings.TrimSpace(s)
	return s[max(0, len(s)-500):]
}

// shell is a pipeline, with $1, $2 … for the arguments.
func shell(name, script string, args ...string) command {
	return command{name: name, args: append([]string{"/bin/sh", "-c", script, "sh"}, args...)}
}
