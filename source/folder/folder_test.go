package folder_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/trailwarden/trailwarden/source"
	"github.com/trailwarden/trailwarden/source/folder"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a watched folder and what came out of it.
type bench struct {
	t      *testing.T
	dir    string
	cursor source.Cursor
	src    *folder.Source
	mu     sync.Mutex
	got    map[string][]string // contents, by name
	fail   func(name string) error

	replaced func() // told of a file that counts as written over
}

func newBench(t *testing.T) *bench {
	return &bench{t: t, dir: t.TempDir(), cursor: &source.MemoryCursor{}, got: map[string][]string{}}
}

// start runs a source; the returned function ends it.
func (b *bench) start() (stop func()) {
	b.src = folder.New(folder.Options{Name: "f", Path: b.dir, Every: 50 * time.Millisecond, Settled: 40 * time.Millisecond, Cursor: b.cursor,
		Retry: source.Retry{Backoff: source.Backoff{Base: time.Millisecond, Most: time.Millisecond}}})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- b.src.Run(ctx, b.handle) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			b.t.Error(err)
		}
	}
}

func (b *bench) handle(ctx context.Context, d source.Delivery) error {
	o := d.Items[0].Object
	if b.fail != nil {
		if err := b.fail(o.Key); err != nil {
			return err
		}
	}
	r, info, err := b.src.Fetcher().Open(ctx, o)
	if err != nil {
		return err
	}
	if info.Replaced && b.replaced != nil {
		b.replaced()
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got[o.Key] = append(b.got[o.Key], string(text))
	return err
}

func (b *bench) write(name, text string) {
	b.t.Helper()
	p := filepath.Join(b.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.WriteFile(p, []byte(text), 0o644)); err != nil {
		b.t.Fatal(err)
	}
}

// until waits for a state of the ledger.
func (b *bench) until(what string, ok func() bool) {
	b.t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		b.mu.Lock()
		done := ok()
		b.mu.Unlock()
		if done {
			return
		}
		if time.Now().After(end) {
			b.t.Fatalf("%s did not happen: %v", what, b.got)
		}
	}
}

// Files that are there, come, are moved in, and are replaced: each version is
// read once, over restarts too. What is no log is left alone.
func TestWatch(t *testing.T) {
	for name, cursor := range map[string]source.Cursor{
		"positions are read at once":       &source.MemoryCursor{},
		"positions are asked for":          struct{ source.Cursor }{&source.MemoryCursor{}},
		"positions cannot be read at once": unlisted{&source.MemoryCursor{}},
	} {
		t.Run(name, func(t *testing.T) { watches(t, cursor) })
	}
}

// unlisted is a cursor that cannot list after all.
type unlisted struct{ *source.MemoryCursor }

func (unlisted) List(context.Context, string, func(string, []byte)) error {
	return errors.ErrUnsupported
}

// asked counts what is asked for one by one.
type asked struct {
	*source.MemoryCursor
	times atomic.Int64
}

func (c *asked) Load(ctx context.Context, name string) ([]byte, error) {
	c.times.Add(1)
	return c.MemoryCursor.Load(ctx, name)
}

// The first listing asks for no file alone where positions can be read at once.
func TestPositionsAreReadAtOnce(t *testing.T) {
	b, cursor := newBench(t), &asked{MemoryCursor: &source.MemoryCursor{}}
	b.cursor = cursor
	for _, names := range [][]string{{"a.json", "deep/b.json"}, {"c.json"}} {
		for _, name := range names {
			b.write(name, "1")
			long := time.Now().Add(-time.Hour) // it has settled when it is listed first
			if err := os.Chtimes(filepath.Join(b.dir, name), long, long); err != nil {
				t.Fatal(err)
			}
		}
		stop := b.start()
		b.until("reading what is there", func() bool { return len(b.got[names[len(names)-1]]) == 1 })
		stop()
	}
	if n := cursor.times.Load(); n > 0 || len(b.got["a.json"]) != 1 || len(b.got["deep/b.json"]) != 1 {
		t.Errorf("asked %d times, and read %v", n, b.got)
	}
}

func watches(t *testing.T, cursor source.Cursor) {
	b := newBench(t)
	b.cursor = cursor
	b.write("a.json", "a1")
	b.write("deep/er/b.json.gz", "b1")
	b.write(".hidden.json", "x")
	b.write("notes.md", "x")
	b.write("half.json.tmp", "x")
	b.write("export.zip", "PK") // its dead letter says what to do with it
	stop := b.start()
	b.until("reading what is there", func() bool { return len(b.got) == 3 })
	b.write("deep/new/c.jsonl", "c1")
	b.until("reading what comes", func() bool { return len(b.got) == 4 })
	outside := filepath.Join(t.TempDir(), "d.json")
	if err := errors.Join(os.WriteFile(outside, []byte("d1"), 0o644), os.Rename(outside, filepath.Join(b.dir, "d.json"))); err != nil {
		t.Fatal(err)
	}
	b.until("reading what is moved in", func() bool { return len(b.got["d.json"]) == 1 })
	b.write("a.json", "a2, longer")
	b.until("reading a new version", func() bool { return len(b.got["a.json"]) == 2 })
	stop()
	b.write("e.json", "e1")
	stop = b.start()
	b.until("reading what came meanwhile", func() bool { return len(b.got["e.json"]) == 1 })
	stop()
	for name, want := range map[string]int{"a.json": 2, "deep/er/b.json.gz": 1, "deep/new/c.jsonl": 1, "d.json": 1, "e.json": 1, "export.zip": 1} {
		if len(b.got[name]) != want {
			t.Errorf("%s was read %d times, want %d", name, len(b.got[name]), want)
		}
	}
	if len(b.got) != 6 {
		t.Errorf("read %v", b.got)
	}
}

// A file that is still being written is not read before it settles.
func TestUnfinishedFile(t *testing.T) {
	b := newBench(t)
	stop := b.start()
	defer stop()
	f, err := os.Create(filepath.Join(b.dir, "slow.json"))
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		_, _ = f.WriteString("0123456789")
		time.Sleep(10 * time.Millisecond)
	}
	f.Close()
	b.until("reading it whole", func() bool {
		all := b.got["slow.json"]
		return len(all) > 0 && len(all[len(all)-1]) == 200
	})
}

// A file that goes on being written between two looks is not one that somebody
// has written over, which would be an alert.
func TestAFileThatGrowsIsNotReplaced(t *testing.T) {
	b := newBench(t)
	const name = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/14/111122223333_CloudTrail_us-east-1_20260314T0900Z_abcdefghijklmnop.json"
	var mu sync.Mutex
	seen := 0
	b.fail = func(string) error {
		mu.Lock()
		defer mu.Unlock()
		if seen++; seen == 1 {
			b.write(name, "the whole of it")
		}
		return nil
	}
	b.write(name, "the half")
	b.replaced = func() { t.Error("it counts as written over") }
	stop := b.start()
	defer stop()
	b.until("reading it whole", func() bool {
		all := b.got[name]
		return len(all) > 0 && all[len(all)-1] == "the whole of it"
	})
}

// Files are offered in the order in which CloudTrail delivered them, over all
// accounts and regions, also where one listing does not hand over all of them;
// others by the time they were written.
func TestFilesComeInTheOrderOfDelivery(t *testing.T) {
	b := newBench(t)
	var want []string
	begin := time.Date(2026, 3, 14, 23, 0, 0, 0, time.UTC)
	for i := range 120 {
		account, region := fmt.Sprintf("%012d", 999999999999-int64(i%3)), []string{"us-east-1", "eu-west-1"}[i%2]
		at := begin.Add(time.Duration(i) * 5 * time.Minute)
		name := fmt.Sprintf("AWSLogs/%s/CloudTrail/%s/%s/%s_CloudTrail_%s_%s_%016d.json.gz", account, region, at.Format("2006/01/02"),
			account, region, at.Format("20060102T1504Z"), 999-i)
		b.write(name, "x")
		want = append(want, name)
	}
	for _, name := range []string{"z.json", "a.json"} { // in the order in which they were written
		b.write(name, "x")
		want = append(want, name)
	}
	for i, name := range want {
		at := time.Now().Add(-time.Hour + time.Duration(i)*time.Second)
		if err := os.Chtimes(filepath.Join(b.dir, name), at, at); err != nil {
			t.Fatal(err)
		}
	}
	for _, lined := range []int{0, 20} {
		var got []string
		src := folder.New(folder.Options{Name: "f", Path: b.dir, Every: 50 * time.Millisecond, Settled: time.Millisecond, Lined: lined, Workers: 1})
		ctx, cancel := context.WithCancel(t.Context())
		err := src.Run(ctx, func(_ context.Context, d source.Delivery) error {
			b.mu.Lock()
			defer b.mu.Unlock()
			if got = append(got, d.Items[0].Object.Key); len(got) == len(want) {
				cancel()
			}
			return nil
		})
		if cancel(); err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("%d at once: file %d was %s, want %s", lined, i, got[i], want[i])
			}
		}
	}
}

// A file that is moved between listing and reading is read under its new name,
// and one that comes back under its old one is read, too.
func TestAFileThatIsMovedMeanwhile(t *testing.T) {
	b := newBench(t)
	b.write("a.json", "a")
	b.write("b.json", "b")
	moved := map[string]bool{}
	var mu sync.Mutex
	b.fail = func(name string) error {
		mu.Lock()
		defer mu.Unlock()
		at := func(name string) string { return filepath.Join(b.dir, name) }
		switch {
		case moved[name]:
		case name == "a.json":
			moved[name] = true
			return os.Rename(at("a.json"), at("c.json"))
		case name == "b.json":
			moved[name] = true
			if err := os.Rename(at("b.json"), at("b.json.away")); err != nil {
				return err
			}
			_, _, err := b.src.Fetcher().Open(context.Background(), source.Object{Bucket: folder.BucketOf(b.dir), Key: name})
			return errors.Join(err, os.Rename(at("b.json.away"), at("b.json")))
		}
		return nil
	}
	stop := b.start()
	defer stop()
	b.until("reading both", func() bool { return len(b.got) == 2 && len(b.got["c.json"]) == 1 && len(b.got["b.json"]) == 1 })
	if f := b.src.Health().Fault; f != nil {
		t.Error(f)
	}
}

// A file that may not be read does not hold up others; a handler that fails is
// asked again.
func TestFailures(t *testing.T) {
	b := newBench(t)
	var mu sync.Mutex
	tries := 0
	b.fail = func(name string) error {
		mu.Lock()
		defer mu.Unlock()
		switch name {
		case "denied1.json", "denied2.json", "denied3.json":
			return &source.Denied{Code: "no"}
		case "flaky.json":
			if tries++; tries < 5 {
				return errors.New("not now")
			}
		}
		return nil
	}
	for _, n := range []string{"denied1.json", "denied2.json", "denied3.json", "flaky.json", "good.json"} {
		b.write(n, n)
	}
	stop := b.start()
	defer stop()
	b.until("reading the others", func() bool { return len(b.got) == 2 })
}

func TestNoFolder(t *testing.T) {
	var config *source.ConfigError
	s := folder.New(folder.Options{Path: filepath.Join(t.TempDir(), "nowhere")})
	if err := s.Run(t.Context(), nil); !errors.As(err, &config) {
		t.Errorf("got %v", err)
	}
}

// F35: a key never leads out of the folder that stands in for its bucket.
func TestKeysStayInside(t *testing.T) {
	outer := t.TempDir()
	inner := filepath.Join(outer, "bucket")
	secret := filepath.Join(outer, "secret.json")
	for _, err := range []error{os.MkdirAll(filepath.Join(inner, "a/b"), 0o755), os.WriteFile(secret, []byte("secret"), 0o644),
		os.WriteFile(filepath.Join(inner, "a/b/x.json"), []byte("inside"), 0o644), os.WriteFile(filepath.Join(inner, "a+b %2B ü.json"), []byte("odd"), 0o644),
		os.WriteFile(filepath.Join(inner, "line\nbreak"), []byte("break"), 0o644), os.WriteFile(filepath.Join(inner, "..x"), []byte("dots"), 0o644),
		os.Symlink(secret, filepath.Join(inner, "link.json")), os.Symlink(outer, filepath.Join(inner, "up")), os.Symlink("a", filepath.Join(inner, "fine")),
		syscall.Mkfifo(filepath.Join(inner, "pipe"), 0o644)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	f := folder.Files{Folders: map[string]string{"logs": inner}}
	for key, want := range map[string]string{"a/b/x.json": "inside", "a+b %2B ü.json": "odd", "line\nbreak": "break", "..x": "dots", "fine/b/x.json": "inside"} {
		r, info, err := f.Open(t.Context(), source.Object{Bucket: "logs", Key: key})
		if err != nil {
			t.Errorf("%q: %v", key, err)
			continue
		}
		text, _ := io.ReadAll(r)
		r.Close()
		if string(text) != want || info.Object.Size != int64(len(want)) {
			t.Errorf("%q: %q, %+v", key, text, info)
		}
	}
	for _, key := range []string{"../secret.json", "a/../../secret.json", "a/../a/b/x.json", "/etc/passwd", "//etc/passwd", "", ".", "..", "./a/b/x.json", "a//b/x.json", "a/b/", "a",
		"link.json", "up/secret.json", "pipe", "a/b/x.json\x00", "..\\secret.json/..", secret, "up/bucket/a/b/x.json", fmt.Sprintf("%0300d", 1)} {
		r, _, err := f.Open(t.Context(), source.Object{Bucket: "logs", Key: key})
		if err == nil {
			text, _ := io.ReadAll(r)
			r.Close()
			t.Errorf("%q was opened: %q", key, text)
		}
		var refused *source.Refused
		var deleted *source.Deleted
		if !errors.As(err, &refused) && !errors.As(err, &deleted) {
			t.Errorf("%q: %v", key, err)
		}
	}
	var refused *source.Refused
	if _, _, err := f.Open(t.Context(), source.Object{Bucket: "other", Key: "a/b/x.json"}); !errors.As(err, &refused) {
		t.Errorf("another bucket: %v", err)
	}
	if _, _, err := (source.Fetchers{Files: f}).Open(t.Context(), source.Object{Bucket: "logs", Key: "k"}); !errors.As(err, &refused) {
		t.Errorf("nothing for buckets: %v", err)
	}
}

// A position that the handler has saved is not saved again, and files that wait
// for their transaction do not keep others from being read: no more of them are
// open at once than there are workers.
func TestPositionsAndOpenFiles(t *testing.T) {
	b := newBench(t)
	for i := range 12 {
		b.write(fmt.Sprintf("%02d.json", i), "x")
	}
	var open, most, in atomic.Int64
	opened := func(n int64) {
		b.mu.Lock()
		defer b.mu.Unlock()
		most.Store(max(most.Load(), open.Add(n)))
	}
	all := make(chan struct{})
	b.src = folder.New(folder.Options{Name: "f", Path: b.dir, Every: 50 * time.Millisecond, Settled: time.Millisecond, Workers: 2, Cursor: b.cursor})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() {
		ended <- b.src.Run(ctx, func(ctx context.Context, d source.Delivery) error {
			r, _, err := b.src.Fetcher().Open(ctx, d.Items[0].Object)
			if err != nil {
				return err
			}
			opened(1)
			runtime.Gosched()
			opened(-1)
			if err := r.Close(); err != nil {
				return err
			}
			if in.Add(1) == 12 {
				close(all)
			}
			<-all // as a transaction does that takes all of them
			d.Position.Kept = d.Items[0].Object.Key != "00.json"
			return nil
		})
	}()
	<-all
	b.until("the position that was not kept", func() bool {
		saved, _ := b.cursor.Load(context.Background(), "folder/f/00.json")
		return len(saved) > 0
	})
	cancel()
	if err := <-ended; err != nil || most.Load() > 2 {
		t.Errorf("%v, %d files open at once", err, most.Load())
	}
	for i := 1; i < 12; i++ {
		if saved, _ := b.cursor.Load(context.Background(), fmt.Sprintf("folder/f/%02d.json", i)); saved != nil {
			t.Errorf("%d was saved twice", i)
		}
	}
}
