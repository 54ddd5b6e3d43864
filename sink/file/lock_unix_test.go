//go:build unix

package file_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/sink/file"
)

// Whoever holds the file's lock is waited for, no longer than the delivery may
// take.
func TestAnotherWriterIsWaitedFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.json")
	other, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Flock(int(other.Fd()), unix.LOCK_EX); err != nil {
		t.Skip("no locks here: ", err)
	}
	s := must(t, file.Config{Path: path})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if o := s.Deliver(ctx, numbered(1)); o.Class != alert.Retry || o.Unsure || !strings.Contains(o.Reason, "another program holds the file's lock") {
		t.Errorf("%+v, want a retry that says who is in the way", o)
	}
	time.AfterFunc(30*time.Millisecond, func() { other.Close() })
	if o := s.Deliver(t.Context(), numbered(1)); o.Class != alert.OK {
		t.Errorf("%+v, want the line once the lock is free", o)
	}
}
