package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// describeMachine says what the figures were measured on.
func describeMachine(ctx context.Context) string {
	return fmt.Sprintf("Measured %s UTC on %s, %d cores, %s memory, %s/%s, %s, commit %s.\n",
		time.Now().UTC().Format("2006-01-02 15:04"), firstOf("/proc/cpuinfo", "model name"), runtime.NumCPU(),
		firstOf("/proc/meminfo", "MemTotal"), runtime.GOOS, runtime.GOARCH, runtime.Version(), commit(ctx))
}

// firstOf is the value of the first line with a key in one of Linux's files of
// keys and values.
func firstOf(path, key string) string {
	text, _ := os.ReadFile(path)
	for line := range strings.Lines(string(text)) {
		k, v, _ := strings.Cut(line, ":")
		if strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return "unknown " + key
}

func commit(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}
