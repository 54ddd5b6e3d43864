package query_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/query/sandbox"
)

// hostileBounds are small, so that what is bounded is seen.
const (
	hostileMemory = 512 << 20
	hostileTime   = time.Second
	// What is not ended takes for ever; a busy machine takes seconds to start a
	// process.
	hostileEnd = hostileTime + 20*time.Second
)

// trap is a place where a statement that gets out leaves traces.
type trap struct {
	dir, secret string
	calls       atomic.Int64
	listen      string
}

const canary = "canary-4711-of-nobody"

func newTrap(t *testing.T) *trap {
	p := &trap{dir: t.TempDir()}
	p.secret = filepath.Join(p.dir, "secret.csv")
	if err := os.WriteFile(p.secret, []byte("a,b\n"+canary+",1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	p.listen = l.Addr().String()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.calls.Add(1)
			c.Close()
		}
	}()
	return p
}

func (p *trap) statements(t *testing.T) []string {
	b, err := os.ReadFile("testdata/hostile.sql")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("$SECRET", p.secret, "$DIR", p.dir, "$LISTEN", p.listen).Replace(string(b))
	all := strings.Split(strings.TrimSpace(text), "\n")
	if len(all) < 60 {
		t.Fatalf("%d statements; want 60", len(all))
	}
	return all
}

// untouched checks that nothing was written and nobody called.
func (p *trap) untouched(t *testing.T) {
	t.Helper()
	files, err := os.ReadDir(p.dir)
	if err != nil || len(files) != 1 {
		t.Errorf("files were made: %v %v", files, err)
	}
	if b, err := os.ReadFile(p.secret); err != nil || !strings.Contains(string(b), canary) {
		t.Errorf("the file was changed: %v", err)
	}
	if n := p.calls.Load(); n > 0 {
		t.Errorf("%d connections were made", n)
	}
}

// Through the front door no statement touches a file or the network, and each
// ends by the deadline.
func TestHostileStatementsAreHarmless(t *testing.T) {
	t.Parallel()
	p := newTrap(t)
	l := local(t, "../examples/AWSLogs")
	l.Bounds.Memory, l.Bounds.Time, l.Bounds.Rows = hostileMemory, hostileTime, 100
	for _, sql := range p.statements(t) {
		began := time.Now()
		_, rows, err := run(l, sql)
		if d := time.Since(began); d > hostileEnd {
			t.Errorf("%s: took %v", sql, d)
		}
		for _, row := range rows {
			if strings.Contains(strings.Join(row, " "), canary) {
				t.Errorf("%s: read the file", sql)
			}
		}
		if err != nil && strings.Contains(err.Error(), canary) {
			t.Errorf("%s: the error tells what the file holds: %v", sql, err)
		}
	}
	p.untouched(t)
}

// Even what gets past the translation, as if it had a hole, is held: the engine
// itself, the process and the system refuse.
func TestHostileStatementsPastTheTranslation(t *testing.T) {
	t.Parallel()
	p := newTrap(t)
	program := local(t).Program
	for _, sql := range p.statements(t) {
		direct(t, program, sql)
	}
	p.untouched(t)
}

// direct gives sql to an engine as it is and watches its memory.
func direct(t *testing.T, program, sql string) {
	began := time.Now()
	proc, err := sandbox.Start(context.Background(), program, sandbox.Limits{Memory: hostileMemory, Time: hostileTime})
	if err != nil {
		t.Fatal(err)
	}
	defer proc.Close()
	peak := watch(proc)
	if err := proc.Request(&sandbox.Request{SQL: sql, Memory: hostileMemory / 2, Threads: 2, MaxRows: 100, MaxBytes: 1 << 20, MaxCell: 1 << 10}); err != nil {
		t.Fatal(err)
	}
	if err := proc.End(); err != nil {
		t.Logf("%s: %v", sql, err) // it may have ended before
	}
	for {
		kind, body, err := proc.Receive()
		if strings.Contains(string(body), canary) {
			t.Errorf("%s: read the file", sql)
		}
		if err != nil || kind == sandbox.FrameDone || kind == sandbox.FrameAgain {
			break
		}
	}
	if d := time.Since(began); d > hostileEnd {
		t.Errorf("%s: took %v", sql, d)
	}
	if most := peak(); most > hostileMemory {
		t.Errorf("%s: took %d MiB; the limit is %d", sql, most>>20, hostileMemory>>20)
	}
}

// watch follows the memory of a process, where the system tells.
func watch(proc *sandbox.Process) (peak func() int64) {
	var most atomic.Int64
	done := make(chan struct{})
	ended := make(chan struct{})
	status := filepath.Join("/proc", strconv.Itoa(proc.Pid()), "status")
	go func() {
		defer close(ended)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			b, _ := os.ReadFile(status)
			if _, rest, ok := strings.Cut(string(b), "VmHWM:"); ok {
				if f := strings.Fields(rest); len(f) > 0 {
					n, _ := strconv.ParseInt(f[0], 10, 64)
					most.Store(max(most.Load(), n<<10))
				}
			}
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	}()
	return func() int64 { close(done); <-ended; return most.Load() }
}
