//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/trailwarden/trailwarden/internal/needs"
	"github.com/trailwarden/trailwarden/query/sandbox"
)

// terminal is a pseudo terminal with a program on its other side.
type terminal struct {
	t    *testing.T
	tty  *os.File
	got  chan []byte
	text string // shown and not yet expected

	before string // shown before what was expected last
}

// openTerminal starts the program at a terminal, as pty(7) says.
func openTerminal(t *testing.T, env []string, args ...string) (*terminal, *exec.Cmd) {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		needs.Missing(t, "terminal", err)
	}
	t.Cleanup(func() { master.Close() })
	fd := int(master.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: 200})
	}
	if err != nil {
		needs.Missing(t, "terminal", err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		needs.Missing(t, "terminal", err)
	}
	defer slave.Close()
	cmd := &exec.Cmd{Path: os.Args[0], Args: append([]string{"trailwarden"}, args...), Env: append(os.Environ(), env...),
		Stdin: slave, Stdout: slave, Stderr: slave, SysProcAttr: &syscall.SysProcAttr{Setsid: true, Setctty: true}}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	x := &terminal{t: t, tty: master, got: make(chan []byte, 64)}
	go x.read()
	return x, cmd
}

func (x *terminal) read() {
	defer close(x.got)
	for {
		b := make([]byte, 4096)
		n, err := x.tty.Read(b)
		if n > 0 {
			x.got <- b[:n]
		}
		if err != nil {
			return
		}
	}
}

// expect waits until the text is shown.
func (x *terminal) expect(text string) {
	x.t.Helper()
	late := time.After(2 * time.Minute)
	for !strings.Contains(x.text, text) {
		select {
		case b, ok := <-x.got:
			if !ok {
				x.t.Fatalf("it ended; want %q in %q", text, x.text)
			}
			x.text += string(b)
		case <-late:
			x.t.Fatalf("want %q; got %q", text, x.text)
		}
	}
	x.before, x.text, _ = strings.Cut(x.text, text)
}

func (x *terminal) enter(keys string) {
	if _, err := x.tty.WriteString(keys); err != nil {
		x.t.Fatal(err)
	}
}

// At a terminal Tab completes a word, a query goes over lines until its
// semicolon, Ctrl-C gives up a query and not the program, the arrow up brings the
// last query back, also in the next session, and Ctrl-D ends.
func TestConversationAtATerminal(t *testing.T) {
	engine, err := sandbox.FindEngine(context.Background(), func(string) {})
	if err != nil {
		needs.Missing(t, "engine", err)
	}
	cache := t.TempDir()
	env := []string{"TERM=xterm", "XDG_CACHE_HOME=" + cache, sandbox.EngineVariable + "=" + engine}
	const up, tab, ctrlC, ctrlD = "\x1b[A", "\t", "\x03", "\x04"
	x, cmd := openTerminal(t, env, "query", "-i", "../../examples/AWSLogs")
	x.expect("end a query with ;")
	x.expect("trail> ")
	x.enter("SELECT DISTINCT 'Zürich' AS z, eventna" + tab + "\r") // the cursor is counted in characters
	x.expect("eventname")
	x.expect("... ")
	x.enter("FROM cloudtrail_logs WHERE eventname = 'StopLogging';\r")
	x.expect("StopLogging\r\n")
	x.expect("1 row from")
	x.expect("trail> ")
	x.enter("SELECT nonsense")
	x.expect("nonsense")
	x.enter(ctrlC)
	x.expect("trail> ")
	x.enter(up + "\r")
	x.expect("StopLogging")
	x.expect("1 row from")
	x.expect("trail> ")
	x.enter(ctrlD)
	if err := cmd.Wait(); err != nil {
		t.Errorf("the end: %v", err)
	}
	info, err := os.Stat(filepath.Join(cache, "trailwarden", "query_history"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("history: %v %v", info, err)
	}
	x, cmd = openTerminal(t, env, "query", "-i", "../../examples/AWSLogs")
	x.expect("trail> ")
	x.enter(up)
	x.expect("StopLogging")
	x.enter("\x15.quit\r") // Ctrl-U empties the line
	if err := cmd.Wait(); err != nil {
		t.Errorf("the end: %v", err)
	}
}

// Whatever the format, what a record holds is only drawn at a terminal.
func TestTimelineAtATerminal(t *testing.T) {
	logs := filepath.Join(t.TempDir(), "a.json")
	record := `{"eventTime":"2026-03-14T02:00:00Z","eventName":"\u001b[2J\u202e","eventSource":"iam.amazonaws.com","userIdentity":{"userName":"\u009b2J"},"sourceIPAddress":"198.51.100.7"}`
	if err := os.WriteFile(logs, []byte(record), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"table", "ndjson", "json", "csv", "html"} {
		x, cmd := openTerminal(t, []string{"TERM=xterm"}, "timeline", logs, "--ip", "198.51.100.7", "--format", format)
		x.expect("1 of 1 records")
		if strings.ContainsAny(x.before, "\x1b\u202e\u009b") || !strings.Contains(x.before, `\u202e`) {
			t.Errorf("%s: %q", format, x.before)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", format, err)
		}
	}
}

// A query that is still being written to the standard input does not hold the
// program when it is told to end.
func TestQueryEndsWhileItsTextIsRead(t *testing.T) {
	cmd := &exec.Cmd{Path: os.Args[0], Args: []string{"trailwarden", "query", "-f", "-", "../../examples"}}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write([]byte(strings.Repeat(" ", 256<<10))); err != nil { // more than a pipe holds: it reads
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	state, err := cmd.Process.Wait()
	if err != nil || state.Success() {
		t.Errorf("%v %v", state, err)
	}
}
