package deliver_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/sqlite"
	"github.com/trailwarden/trailwarden/alert/storetest"
	"github.com/trailwarden/trailwarden/deliver"
	"github.com/trailwarden/trailwarden/internal/crash"
	"github.com/trailwarden/trailwarden/internal/needs"
	"github.com/trailwarden/trailwarden/internal/seeds"
	"github.com/trailwarden/trailwarden/severity"
	"github.com/trailwarden/trailwarden/sink"
)

var (
	crashEach   = flag.Int("crash.each", 1, "how often to die at each crash point; 20 for the full count")
	crashRandom = flag.Int("crash.random", 5, "how often to die at a random moment; 300 for the full count")
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("TRAILWARDEN_CRASH_CHILD"); dir != "" {
		if err := crashChild(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// What the child works through: batches of findings, in two halves with an hour
// between them, so that first messages and repeats are made.
const (
	crashBatches = 8
	crashBatch   = 5
	crashAlerts  = 6
)

// crashChild reads a source of findings from its position on, delivers what
// follows, and ends.
func crashChild(dir string) error {
	ctx := context.Background()
	var offset atomic.Int64
	begin, err := time.ParseDuration(os.Getenv("TRAILWARDEN_CRASH_CLOCK"))
	if err != nil {
		return err
	}
	offset.Store(int64(begin))
	step, err := time.ParseDuration(os.Getenv("TRAILWARDEN_CRASH_STEP"))
	if err != nil {
		return err
	}
	now := func() time.Time { return storetest.Noon().Add(time.Duration(offset.Load())) }
	policy := crashPolicy()
	s, err := sqlite.Open(ctx, filepath.Join(dir, "alerts.db"), sqlite.Options{Policy: func() *alert.Policy { return policy }})
	if err != nil {
		return err
	}
	if len(s.Notes()) > 0 && os.Getenv(noteExpected) == "" {
		return fmt.Errorf("the journal is called damaged: %v", s.Notes())
	}
	d, err := deliver.New(deliver.Options{
		Store: s, Build: build, Now: now, Poll: time.Millisecond, Jitter: func() float64 { return 0 },
		Targets: []deliver.Target{{Name: "plain", Sink: ledger{dir, "plain"}}, {Name: "keyed", Sink: ledger{dir, "keyed"}}},
	})
	if err != nil {
		return err
	}
	for half := range 2 {
		if err := crashRead(ctx, s, (half+1)*crashBatches/2, now); err != nil {
			return err
		}
		if _, err := d.Drain(ctx, 0); err != nil {
			return err
		}
		offset.Add(int64(step))
	}
	if err := crashAct(ctx, s, now()); err != nil {
		return err
	}
	left, err := d.Drain(ctx, 0)
	if err == nil && len(left) > 0 && step > 0 {
		err = fmt.Errorf("left in the outbox: %v", left)
	}
	return errors.Join(err, s.Check(ctx), s.Close())
}

func crashPolicy() *alert.Policy {
	return &alert.Policy{
		Routes: []alert.Route{{Sinks: []string{"plain", "keyed"}}},
		Sinks:  map[string]alert.SinkPolicy{"plain": {Lifecycle: true}, "keyed": {Lifecycle: true}},
	}
}

// crashRead commits the batches up to one, each with the position after it.
func crashRead(ctx context.Context, s *sqlite.Store, upTo int, now func() time.Time) error {
	for {
		at, err := s.Load(ctx, "source")
		if err != nil {
			return err
		}
		if len(at) >= upTo {
			return nil
		}
		_, err = s.Commit(ctx, alert.Batch{
			Findings: crashFindings(len(at)), Now: now(),
			Positions: []alert.Position{{Name: "source", Data: append(at, 'x')}},
		})
		if err != nil {
			return err
		}
	}
}

func crashFindings(batch int) []alert.Finding {
	fs := make([]alert.Finding, crashBatch)
	for i := range fs {
		n := batch*crashBatch + i
		fs[i] = storetest.Finding(storetest.Rule("r", severity.High), storetest.Event{ID: fmt.Sprint(n), Role: fmt.Sprint("role-", n%crashAlerts)})
	}
	return fs
}

// crashAct acknowledges every alert once.
func crashAct(ctx context.Context, s *sqlite.Store, now time.Time) error {
	all, _, err := s.Alerts(ctx, alert.Query{Status: []alert.Status{alert.Open}})
	for _, a := range all {
		if _, err := s.Act(ctx, a.ID, alert.Action{Did: alert.DidAcknowledge, By: "a", Now: now}); err != nil {
			return err
		}
	}
	return err
}

// ledger is a sink that writes what it got into a file, one line a message.
type ledger struct{ dir, name string }

func (l ledger) Traits() sink.Traits {
	return sink.Traits{Lifecycle: true, Idempotent: l.name == "keyed"}
}
func (l ledger) Preview(sink.Notification) (sink.Preview, error) { return sink.Preview{}, nil }

func (l ledger) Deliver(_ context.Context, n sink.Notification) alert.Outcome {
	f, err := os.OpenFile(filepath.Join(l.dir, l.name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return alert.Outcome{Class: alert.Retry, Reason: err.Error()}
	}
	defer f.Close()
	if _, err := fmt.Fprintf(f, "%s %d %s %d\n", n.Message.Key, n.Message.Sequence, n.Message.Kind, n.Message.Count); err != nil {
		return alert.Outcome{Class: alert.Retry, Unsure: true, Reason: err.Error()}
	}
	return alert.Outcome{Class: alert.OK}
}

// F1, F2: killed at each named point and at random moments, and started again:
// nothing is lost, a sink without idempotency sees one message more at most for
// each kill, the others none.
func TestKilledAtEveryPoint(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a binary with crash points and kills it many times")
	}
	bin := crashBinary(t)
	rng := rand.New(rand.NewPCG(seeds.Of(t), 0))
	kills := 0
	for _, point := range crash.Names() {
		killed := 0
		for range *crashEach {
			killed += killedOnce(t, bin, point, 1+rng.IntN(4), 0)
		}
		if killed == 0 {
			t.Errorf("nothing died at %q: is the point still passed?", point)
		}
		kills += killed
	}
	for range *crashRandom {
		kills += killedOnce(t, bin, "", 0, time.Duration(20+rng.IntN(400))*time.Millisecond)
	}
	t.Logf("%d kills", kills)
}

// crashBinary builds this test with crash points.
func crashBinary(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "crash.test")
	cmd := exec.Command("go", "test", "-c", "-tags", "crashpoints", "-o", bin, ".")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building with crash points: %v\n%s", err, out)
	}
	return bin
}

// killedOnce lets a child die at a visit of a point, or after a time, starts it
// again until it has worked through everything, and checks the ledgers.
func killedOnce(t *testing.T, bin, point string, visit int, after time.Duration) (killed int) {
	t.Helper()
	dir, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	where := fmt.Sprintf("%q, visit %d, after %s", point, visit, after)
	for run := 0; run < 3; run++ {
		died := runChild(t, bin, dir, point, visit, run, after)
		if !died {
			checkLedgers(t, dir, where, killed)
			return killed
		}
		killed++
		point, after = "", 0
	}
	t.Fatalf("%s: the child does not come to an end", where)
	return killed
}

// child has a command run as the child; step is what its clock moves on by after
// each half.
func child(cmd *exec.Cmd, dir, step string, run int) *exec.Cmd {
	cmd.Env = append(os.Environ(), "TRAILWARDEN_CRASH_CHILD="+dir, "TRAILWARDEN_CRASH_STEP="+step,
		fmt.Sprintf("TRAILWARDEN_CRASH_CLOCK=%dh", run*24))
	return cmd
}

func runChild(t *testing.T, bin, dir, point string, visit, run int, after time.Duration) (died bool) {
	t.Helper()
	cmd := child(exec.Command(bin), dir, "2h", run)
	cmd.Env = append(cmd.Env, "TRAILWARDEN_CRASH_POINT="+point, fmt.Sprintf("TRAILWARDEN_CRASH_VISIT=%d", visit))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if after > 0 {
		timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
	}
	err := cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signal() == syscall.SIGKILL {
			return true
		}
	}
	if err != nil {
		t.Fatalf("%q, visit %d, run %d: %v\n%s", point, visit, run, err, stderr.String())
	}
	return false
}

// F11: two processes read the same source into the same file and deliver from
// it, at once: nothing is lost and nothing is sent twice.
func TestTwoProcesses(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		dir := t.TempDir()
		var cmds []*exec.Cmd
		for range 2 {
			cmd := child(exec.Command(self), dir, "0h", 0)
			cmd.Stderr = os.Stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			cmds = append(cmds, cmd)
		}
		for _, cmd := range cmds {
			if err := cmd.Wait(); err != nil {
				t.Fatal(err)
			}
		}
		// What one of them left to the other, which had ended, goes out now.
		if err := child(exec.Command(self), dir, "2h", 1).Run(); err != nil {
			t.Fatal(err)
		}
		checkLedgers(t, dir, "two processes", 0)
	}
}

// noteExpected tells a child that the store may have something to say.
const noteExpected = "CRASH_NOTE_EXPECTED"

// F5: after a failed fsync nothing is acknowledged, the process ends with an
// error, and a new one loses nothing.
func TestFailedSync(t *testing.T) {
	strace := needs.Program(t, "strace") // makes fsync fail
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// The frames of the transaction that failed may be half overwritten, which
	// the next to open the store is told as damage.
	t.Setenv(noteExpected, "yes")
	for _, when := range []int{6, 11, 19} {
		dir := t.TempDir()
		cmd := child(exec.Command(strace, "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync",
			"-e", fmt.Sprintf("inject=fsync,fdatasync:error=EIO:when=%d", when), self), dir, "2h", 0)
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), alert.ErrBroken.Error()) {
			t.Errorf("fsync %d fails: got %v, want the error of a store that cannot write\n%s", when, err, out)
		}
		if runChild(t, self, dir, "", 0, 1, 0) {
			t.Fatal("the second child died")
		}
		checkLedgers(t, dir, fmt.Sprintf("fsync %d", when), 1)
	}
}

// checkLedgers holds what the receivers saw to what they must see.
func checkLedgers(t *testing.T, dir, where string, kills int) {
	t.Helper()
	total := crashBatches * crashBatch
	for _, name := range []string{"plain", "keyed"} {
		lines := readLedger(t, filepath.Join(dir, name))
		seen, opened, acked, told := map[string]int{}, map[string]int{}, map[string]bool{}, map[string]int{}
		for _, l := range lines {
			step := fmt.Sprint(l.key, l.sequence, l.kind)
			if seen[step]++; seen[step] > 1 {
				continue // the same key and sequence: a keyed receiver does not show it
			}
			if l.kind == string(alert.Opened) {
				opened[l.key]++
			}
			acked[l.key] = acked[l.key] || l.kind == string(alert.Acked)
			told[l.key] = max(told[l.key], l.count)
		}
		sum := 0
		for key, n := range told {
			sum += n
			if opened[key] != 1 || !acked[key] {
				t.Errorf("%s: %s: alert %.8s opened %d times, acknowledged %v", where, name, key, opened[key], acked[key])
			}
		}
		if len(told) != crashAlerts || sum != total {
			t.Errorf("%s: %s: %d alerts with %d findings arrived, want %d with %d", where, name, len(told), sum, crashAlerts, total)
		}
		if extra := len(lines) - len(seen); extra > kills {
			t.Errorf("%s: %s: %d messages too many after %d kills", where, name, extra, kills)
		}
	}
}

type line struct {
	key, kind string
	sequence  int
	count     int
}

func readLedger(t *testing.T, path string) (lines []line) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		var l line
		if _, err := fmt.Sscanf(sc.Text(), "%s %d %s %d", &l.key, &l.sequence, &l.kind, &l.count); err != nil {
			t.Fatalf("%s: %q: %v", path, sc.Text(), err)
		}
		lines = append(lines, l)
	}
	return lines
}
