package sqlite_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/alert/sqlite"
	"github.com/trailwarden/trailwarden/alert/storetest"
	"github.com/trailwarden/trailwarden/internal/needs"
	"github.com/trailwarden/trailwarden/internal/seeds"
	"github.com/trailwarden/trailwarden/severity"
)

var flips = flag.Int("flips", 60, "bytes to flip in a store, one at a time; 500 for the full count")

func random(t *testing.T) *rand.Rand {
	t.Helper()
	s := seeds.Of(t)
	return rand.New(rand.NewPCG(s, 0))
}

func paging() *alert.Policy { return &alert.Policy{Routes: []alert.Route{{Sinks: []string{"pager"}}}} }

// filled makes a store with a bit of everything in it, and closes it.
func filled(t *testing.T, path string) {
	t.Helper()
	s := open(t, path, sqlite.Options{Policy: paging})
	_, err := s.Commit(t.Context(), alert.Batch{
		Findings: storetest.Many(storetest.Rule("r", severity.High), 200, 40), Now: storetest.Noon(),
		Positions: []alert.Position{{Name: "s3", Data: []byte("here")}}, State: []alert.Position{{Name: "w", Data: bytes.Repeat([]byte("x"), 9000)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Silence(t.Context(), alert.Silence{
		Match: []alert.Label{{Name: "rule", Value: "none"}}, Owner: "a", Reason: "b", From: storetest.Noon(), To: storetest.Noon().Add(time.Hour),
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// contents reads all that a store tells.
func contents(ctx context.Context, s *sqlite.Store) (string, error) {
	all, _, err := s.Alerts(ctx, alert.Query{Limit: 1000})
	if err != nil {
		return "", err
	}
	silences, err := s.Silences(ctx)
	if err != nil {
		return "", err
	}
	position, err := s.Load(ctx, "s3")
	if err != nil {
		return "", err
	}
	var state []byte
	if err := s.State(ctx, "", func(p alert.Position) error { state = p.Data; return nil }); err != nil {
		return "", err
	}
	ds, err := s.Claim(ctx, "pager", 100, storetest.Noon(), time.Minute)
	if err != nil {
		return "", err
	}
	for i := range ds {
		ds[i].Lease = ""
	}
	c, err := s.Commit(ctx, alert.Batch{Findings: storetest.Many(storetest.Rule("r", severity.High), 200, 40), Now: storetest.Noon()})
	if err != nil {
		return "", err
	}
	text, err := json.Marshal([]any{all, silences, position, state, ds, c})
	return string(text), err
}

// F6: a damaged file is found out, or the damage lies where nothing is: never
// does a store tell something else than was written.
func TestFlippedBytes(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "alerts.db")
	filled(t, path)
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, path, sqlite.Options{Policy: paging})
	want, err := contents(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	rng, found := random(t), 0
	for range *flips {
		at := rng.IntN(len(sound))
		damaged := bytes.Clone(sound)
		damaged[at] ^= byte(1 + rng.IntN(255))
		copied := filepath.Join(dir, "damaged.db")
		for _, end := range []string{"", "-wal", "-shm"} {
			_ = os.Remove(copied + end)
		}
		if err := os.WriteFile(copied, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if foundOut(t, copied, want, at) {
			found++
		}
	}
	t.Logf("%d of %d flips found out; the others change nothing that is told", found, *flips)
}

// foundOut tells whether opening or reading reports damage; else the contents
// must be as they were.
func foundOut(t *testing.T, path, want string, at int) bool {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, sqlite.Options{Policy: paging})
	if errors.Is(err, alert.ErrCorrupt) || errors.Is(err, alert.ErrNewer) {
		return true
	}
	if err != nil {
		t.Errorf("offset %d: opening: got %v, want ErrCorrupt", at, err)
		return true
	}
	defer func() { _ = s.Close() }()
	got, err := contents(t.Context(), s)
	switch {
	case errors.Is(err, alert.ErrCorrupt):
		return true
	case err != nil:
		t.Errorf("offset %d: reading: got %v, want ErrCorrupt", at, err)
	case got != want:
		t.Errorf("offset %d: the store tells something else than was written", at)
	}
	return false
}

// F6: what the tables are made of is checked as their rows are, and so is what
// the file says of itself.
func TestDamagedTables(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "alerts.db")
	filled(t, path)
	sound := readFile(t, path)
	for _, c := range []struct{ name, from, to string }{
		{"another name of a column", "id TEXT PRIMARY KEY, ends INTEGER", "ie TEXT PRIMARY KEY, ends INTEGER"},
		{"another default", "told INTEGER NOT NULL DEFAULT 0", "told INTEGER NOT NULL DEFAULT 1"},
		{"another condition", "WHEN old.told > 0", "WHEN old.told < 0"},
		{"another order", "ON outbox (alert, sink, sequence)", "ON outbox (alert, kind, sequence)"},
		{"another name of a table", "tablesilencesilence", "tablesilenceSilence"},
		{"an earlier version", string(sound[40:64]), string(sound[40:63]) + "\x01"},
		{"for reading only", string(sound[16:20]), string(sound[16:18]) + "\x03\x02"},
		{"a later format", string(sound[40:48]), string(sound[40:47]) + "\x09"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if bytes.Count(sound, []byte(c.from)) != 1 {
				t.Fatalf("%q is %d times in the file", c.from, bytes.Count(sound, []byte(c.from)))
			}
			file := filepath.Join(t.TempDir(), "x.db")
			write(t, file, bytes.Replace(sound, []byte(c.from), []byte(c.to), 1))
			if _, err := sqlite.Open(t.Context(), file, sqlite.Options{VerifyBytes: -1}); !errors.Is(err, alert.ErrCorrupt) {
				t.Errorf("got %v, want ErrCorrupt", err)
			}
		})
	}
}

// A damaged write-ahead log is told of: SQLite would drop what comes after the
// damage without a word. A log that a power cut tore is no damage.
func TestDamagedJournal(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "alerts.db")
	s := open(t, path, sqlite.Options{Policy: paging})
	defer func() { _ = s.Close() }()
	for i := range 20 {
		f := storetest.Finding(storetest.Rule("r", severity.High), storetest.Event{ID: fmt.Sprint(i), Role: fmt.Sprint(i)})
		if _, err := s.Commit(t.Context(), alert.Batch{Findings: []alert.Finding{f}, Now: storetest.Noon()}); err != nil {
			t.Fatal(err)
		}
	}
	db, wal := readFile(t, path), readFile(t, path+"-wal")
	for _, c := range []struct {
		name   string
		change func([]byte) []byte
		notes  int
	}{
		{"sound", func(b []byte) []byte { return b }, 0},
		{"torn", func(b []byte) []byte { return b[:len(b)-2000] }, 0},
		{"damaged in the middle", func(b []byte) []byte { b[len(b)/2] ^= 1; return b }, 1},
		{"damaged salt", func(b []byte) []byte { b[32+10*(24+4096)+9] ^= 1; return b }, 1},
		{"damaged header", func(b []byte) []byte { b[13] ^= 1; return b }, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			copied := filepath.Join(t.TempDir(), "copy.db")
			write(t, copied, db)
			write(t, copied+"-wal", c.change(bytes.Clone(wal)))
			s := open(t, copied, sqlite.Options{Policy: paging})
			defer func() { _ = s.Close() }()
			if got := s.Notes(); len(got) != c.notes {
				t.Errorf("got notes %q, want %d", got, c.notes)
			}
		})
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// F12: a file of a later version, or of another program, is refused with a clear
// message and left as it is.
func TestRefusedFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "alerts.db")
	filled(t, path)
	sound := readFile(t, path)
	later := bytes.Clone(sound)
	binary.BigEndian.PutUint32(later[60:], 99)
	foreign := bytes.Clone(sound)
	binary.BigEndian.PutUint32(foreign[68:], 7)
	for _, c := range []struct {
		name  string
		bytes []byte
		want  error
		says  string
	}{
		{"later version", later, alert.ErrNewer, "version 99"},
		{"another program's", foreign, alert.ErrCorrupt, "another program"},
		{"no database", []byte("hello, this is a diary"), alert.ErrCorrupt, "no store of Trailwarden"},
		{"cut off", sound[:len(sound)/2], alert.ErrCorrupt, "restore the file from a copy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "x.db")
			write(t, file, c.bytes)
			_, err := sqlite.Open(t.Context(), file, sqlite.Options{})
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), file) {
				t.Errorf("got %v, want %v that says %q and the file", err, c.want, c.says)
			}
			if !bytes.Equal(readFile(t, file), c.bytes) {
				t.Error("the file was changed")
			}
			if left, _ := filepath.Glob(file + "-*"); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// The file and what SQLite puts beside it are their owner's only.
func TestPermissions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "alerts.db")
	s := open(t, path, sqlite.Options{})
	defer func() { _ = s.Close() }()
	if err := s.Save(t.Context(), "a", []byte("b")); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]os.FileMode{
		filepath.Dir(path): 0o700, path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600,
	} {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: got %v, %v, want %o", filepath.Base(file), info.Mode(), err, want)
		}
	}
}

// Nothing is acknowledged that went into a file which nobody will open again:
// whoever moves, removes or replaces the store under a running program is told.
func TestFilesThatGoAstray(t *testing.T) {
	for name, lead := range map[string]func(path string) error{
		"the file is removed":    os.Remove,
		"the file is moved":      func(path string) error { return os.Rename(path, path+".away") },
		"the journal is removed": func(path string) error { return os.Remove(path + "-wal") },
		"the file is replaced": func(path string) error {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if err := os.WriteFile(path+".copy", data, 0o600); err != nil {
				return err
			}
			return os.Rename(path+".copy", path)
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "alerts.db")
			s := open(t, path, sqlite.Options{Policy: paging})
			if err := s.Save(t.Context(), "a", []byte("b")); err != nil {
				t.Fatal(err)
			}
			if err := lead(path); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				_, err := s.Commit(t.Context(), alert.Batch{Findings: storetest.Many(storetest.Rule("r", severity.High), 1, 1), Now: storetest.Noon()})
				if !errors.Is(err, alert.ErrBroken) {
					t.Errorf("committing: got %v, want ErrBroken", err)
				}
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// F4: without room nothing is acknowledged and reads go on; with room again the
// same call works, and nothing is lost.
func TestFull(t *testing.T) {
	for _, c := range []struct {
		name string
		full func(t *testing.T) (path string, o sqlite.Options, room func())
	}{
		{"bound of the file", fullByBound},
		{"disk", fullDisk},
	} {
		t.Run(c.name, func(t *testing.T) {
			path, o, room := c.full(t)
			s := open(t, path, o)
			done, batch := fillUp(t, s)
			if all, _, err := s.Alerts(t.Context(), alert.Query{Limit: 10_000}); err != nil || len(all) != done {
				t.Fatalf("%d alerts can be read, %v, want %d", len(all), err, done)
			}
			if room == nil {
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				s = open(t, path, sqlite.Options{Policy: paging})
			} else {
				room()
			}
			defer func() { _ = s.Close() }()
			if got, err := s.Commit(t.Context(), batch); err != nil || got.New != 50 {
				t.Fatalf("with room again: got %+v, %v", got, err)
			}
			if err := s.Check(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// fillUp commits until there is no room; it gives how many alerts were taken,
// and the batch that was not.
func fillUp(t *testing.T, s *sqlite.Store) (done int, batch alert.Batch) {
	t.Helper()
	for i := range 1000 {
		batch = alert.Batch{Findings: storetest.Many(storetest.Rule(fmt.Sprint("r", i), severity.High), 50, 50), Now: storetest.Noon()}
		_, err := s.Commit(t.Context(), batch)
		if errors.Is(err, alert.ErrFull) {
			return done, batch
		}
		if err != nil {
			t.Fatalf("got %v, want ErrFull", err)
		}
		done += 50
	}
	t.Fatal("the store is never full")
	return 0, batch
}

// calledOff is a context that is called off when it is asked for the nth time; it
// counts how often it was.
type calledOff struct {
	context.Context
	asked, n int
}

func (c *calledOff) Err() error {
	if c.asked++; c.asked >= c.n {
		return context.Canceled
	}
	return c.Context.Err()
}

// A commit that is called off between any two of its statements leaves nothing
// behind, and the store works on.
func TestCancelled(t *testing.T) {
	batch := alert.Batch{Findings: storetest.Many(storetest.Rule("r", severity.High), 2000, 500), Now: storetest.Noon()}
	whole := &calledOff{Context: t.Context(), n: math.MaxInt}
	first := open(t, filepath.Join(t.TempDir(), "alerts.db"), sqlite.Options{Policy: paging})
	defer func() { _ = first.Close() }()
	if _, err := first.Commit(whole, batch); err != nil || whole.asked < 2000 {
		t.Fatalf("asked %d times, %v", whole.asked, err)
	}
	s := open(t, filepath.Join(t.TempDir(), "alerts.db"), sqlite.Options{Policy: paging})
	defer func() { _ = s.Close() }()
	for _, n := range []int{1, 2, 3, whole.asked / 4, whole.asked / 2, whole.asked - 1, whole.asked} {
		if c, err := s.Commit(&calledOff{Context: t.Context(), n: n}, batch); !errors.Is(err, context.Canceled) {
			t.Fatalf("called off at %d of %d: got %+v, %v", n, whole.asked, c, err)
		}
		if all, _, err := s.Alerts(t.Context(), alert.Query{}); err != nil || len(all) != 0 {
			t.Fatalf("called off at %d of %d: %d alerts are left, %v", n, whole.asked, len(all), err)
		}
	}
	if c, err := s.Commit(t.Context(), batch); err != nil || c.New != 500 || c.Repeated != 1500 {
		t.Errorf("afterwards: got %+v, %v", c, err)
	}
}

// lateCall is a context that is called off when its channel is asked for for the
// nth time, and gives those who wait for it a moment to act on it.
type lateCall struct {
	context.Context
	asked atomic.Int64
	n     int64
	off   context.CancelFunc
}

func (c *lateCall) Done() <-chan struct{} {
	if c.asked.Add(1) == c.n {
		c.off()
		time.Sleep(20 * time.Millisecond)
	}
	return c.Context.Done()
}

// A transaction that is called off in the moment when it has begun is not left
// open: the store would write no more.
func TestCalledOffWhileItBegins(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "alerts.db"), sqlite.Options{})
	defer func() { _ = s.Close() }()
	called := 0
	for n := range int64(15) {
		ctx, off := context.WithCancel(t.Context())
		err := s.Save(&lateCall{Context: ctx, n: n, off: off}, "a", []byte("b"))
		off()
		if errors.Is(err, context.Canceled) {
			called++
		} else if err != nil {
			t.Errorf("called off at %d: %v", n, err)
		}
		if err := s.Save(t.Context(), "a", []byte("c")); err != nil {
			t.Fatalf("after one that was called off at %d: %v", n, err)
		}
	}
	if called < 3 {
		t.Errorf("only %d were called off", called)
	}
}

func fullByBound(t *testing.T) (string, sqlite.Options, func()) {
	return filepath.Join(t.TempDir(), "alerts.db"), sqlite.Options{Policy: paging, MaxBytes: 2 << 20}, nil
}

func fullDisk(t *testing.T) (string, sqlite.Options, func()) {
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", dir).CombinedOutput(); err != nil {
		needs.Missing(t, "mount", err, ": ", string(out))
	}
	t.Cleanup(func() { _ = exec.Command("umount", dir).Run() })
	return filepath.Join(dir, "alerts.db"), sqlite.Options{Policy: paging}, func() {
		if out, err := exec.Command("mount", "-o", "remount,size=64m", dir).CombinedOutput(); err != nil {
			t.Fatalf("remount: %v: %s", err, out)
		}
	}
}
