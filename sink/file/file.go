// Package file appends messages to a file, one line of JSON each: the message
// model, or OCSF Detection Findings. A batch is one write and one fsync; a file
// that has grown to its size is put aside by a rename, so that a reader of lines
// sees every line whole and in order. Who writes holds the file's lock, so that
// several processes may write one file where the system has such locks.
package file

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/fit"
	"github.com/trailwarden/trailwarden/sink/internal/outcome"
	"github.com/trailwarden/trailwarden/sink/ocsf"
)

// Format is what a line holds.
type Format string

// The formats.
const (
	NDJSON Format = "ndjson" // the message model
	OCSF   Format = "ocsf"   // OCSF Detection Finding, class 2004
)

// MaxLine bounds one line, in bytes without its end.
const MaxLine = 1 << 20

// Config is a file.
type Config struct {
	Path   string
	Format Format // NDJSON when empty
	Rotate int64  // size in bytes at which the file is put aside; 100 MiB when 0
	Keep   int    // files put aside that are kept; older ones are deleted
}

// Deps is what a sink needs from its surroundings.
type Deps struct {
	Now     func() time.Time // time.Now when nil
	Version string           // of Trailwarden, named in OCSF metadata
}

type file struct {
	cfg  Config
	deps Deps

	mu    sync.Mutex // one batch at a time
	lines []byte     // room for a batch
	named bool       // the folder's entry for the file is on disk
}

// New makes a sink, which is a sink.Batcher too. It opens nothing: the folder
// and the file are made with the first message.
func New(cfg Config, deps Deps) (sink.Sink, error) {
	if cfg.Format == "" {
		cfg.Format = NDJSON
	}
	if cfg.Rotate == 0 {
		cfg.Rotate = 100 << 20
	}
	switch {
	case cfg.Path == "":
		return nil, errors.New("file: path is needed")
	case cfg.Format != NDJSON && cfg.Format != OCSF:
		return nil, fmt.Errorf("file: format %q: want ndjson or ocsf", cfg.Format)
	case cfg.Rotate < 1 || cfg.Keep < 0:
		return nil, errors.New("file: rotate must be at least 1 byte and keep not below 0")
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	return &file{cfg: cfg, deps: deps}, nil
}

// Deliver appends one line and waits until it is on disk.
func (f *file) Deliver(ctx context.Context, n sink.Notification) alert.Outcome {
	return f.DeliverBatch(ctx, []sink.Notification{n})[0]
}

// DeliverBatch appends a line for each message and waits until they are on
// disk. Either all are, or none is.
func (f *file) DeliverBatch(ctx context.Context, ns []sink.Notification) []alert.Outcome {
	if err := ctx.Err(); err != nil {
		return outcome.Same(outcome.Ended(err), len(ns))
	}
	out := outcome.Same(alert.Outcome{Class: alert.OK}, len(ns))
	f.mu.Lock()
	defer f.mu.Unlock()
	lines := f.lines[:0]
	for i, n := range ns {
		more, err := f.line(lines, n.Message)
		if err != nil {
			out[i] = outcome.Refused(err)
			continue
		}
		lines = append(more, '\n')
	}
	if cap(lines) <= mostRoom {
		f.lines = lines
	}
	unsure, err := f.write(ctx, lines)
	if err == nil {
		return out
	}
	for i := range out {
		if out[i].Class == alert.OK {
			out[i] = alert.Outcome{Class: alert.Retry, Reason: outcome.Reason(err.Error()), Unsure: unsure}
		}
	}
	return out
}

// mostRoom is how much room for a batch is kept for the next, in bytes.
const mostRoom = 4 << 20

// line appends a message's line without its end; with an error, nothing.
func (f *file) line(to []byte, m *message.Message) ([]byte, error) {
	if f.cfg.Format == OCSF {
		line, err := ocsf.Render(m, ocsf.Options{Now: f.deps.Now(), Version: f.deps.Version, Limit: MaxLine})
		return append(to, line...), err
	}
	return fit.AppendJSON(to, m, MaxLine)
}

// write appends whole lines; unsure tells that they may have stayed in spite
// of an error.
func (f *file) write(ctx context.Context, lines []byte) (unsure bool, err error) {
	if len(lines) == 0 {
		return false, nil
	}
	out, end, err := f.open(ctx)
	if err == nil && end > 0 && end+int64(len(lines)) > f.cfg.Rotate {
		if err := f.putAside(out, end); err != nil {
			return false, err
		}
		out, end, err = f.open(ctx)
	}
	if err != nil {
		return false, err
	}
	defer out.Close()
	unsure, err = appendLines(out, end, lines)
	if err != nil {
		return unsure, err
	}
	if end == 0 || !f.named { // a new file, or one whose beginning we have not seen
		err = f.syncFolder()
		f.named = err == nil
	}
	return true, err
}

// open opens the file, which is made with its folder when it is not there, and
// locks it until it is closed; its whole lines end at end.
func (f *file) open(ctx context.Context) (out *os.File, end int64, err error) {
	if err := f.regular(); err != nil {
		return nil, 0, err
	}
	if err := os.MkdirAll(filepath.Dir(f.cfg.Path), 0o750); err != nil {
		return nil, 0, err
	}
	for ctx.Err() == nil {
		out, err = os.OpenFile(f.cfg.Path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, 0, err
		}
		if err = lock(ctx, out); err == nil && f.holds(out) {
			if end, err = lastLine(out); err == nil {
				return out, end, nil
			}
		}
		out.Close()
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", f.cfg.Path, err)
		}
	}
	return nil, 0, ctx.Err()
}

// regular refuses what is no file of lines: folders, pipes, devices.
func (f *file) regular() error {
	info, err := os.Stat(f.cfg.Path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file", f.cfg.Path)
	}
	return nil
}

// holds tells that out still is the file of the sink's name: whoever held the
// lock before may have put it aside.
func (f *file) holds(out *os.File) bool {
	mine, err := out.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(f.cfg.Path)
	return err == nil && os.SameFile(mine, named)
}

// between is how long to wait for another writer before its lock is asked for
// again; a batch takes about as long.
const between = 5 * time.Millisecond

// lock waits for the file's lock, at most until ctx ends.
func lock(ctx context.Context, out *os.File) error {
	for {
		held, err := tryLock(out)
		if held || err != nil {
			return err
		}
		timer := time.NewTimer(between)
		select {
		case <-ctx.Done():
			timer.Stop()
			return errors.New("another program holds the file's lock")
		case <-timer.C:
		}
	}
}

// syncFolder makes the file's name last as its lines do.
func (f *file) syncFolder() error {
	folder, err := os.Open(filepath.Dir(f.cfg.Path))
	if err != nil {
		return err
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, os.ErrInvalid) {
		return err
	}
	return nil
}

// appendLines writes behind the last whole line, which ends at end: what a crash
// left of a line was never reported as delivered and is overwritten.
func appendLines(out *os.File, end int64, lines []byte) (unsure bool, err error) {
	if err := out.Truncate(end); err != nil {
		return false, err
	}
	if _, err := out.WriteAt(lines, end); err != nil {
		return out.Truncate(end) != nil, err
	}
	return true, out.Sync()
}

// errForeign keeps us from cutting what others wrote: a mistaken path may name
// any file.
var errForeign = errors.New("it holds something else than lines of JSON; name another file, or move this one away")

// lastLine is the offset behind the last line break. What follows it is the torn
// line of a crash, or not ours.
func lastLine(f *os.File) (int64, error) {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil || size == 0 {
		return 0, err
	}
	var last [1]byte
	if _, err := f.ReadAt(last[:], 0); err != nil {
		return 0, err
	}
	if !begins(last[0]) {
		return 0, errForeign
	}
	buf := last[:] // mostly the last byte is one
	for end := size; end > 0; {
		n := min(end, int64(len(buf)))
		if _, err := f.ReadAt(buf[:n], end-n); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			return torn(f, end-n+int64(i)+1, size)
		}
		end -= n
		if len(buf) == 1 {
			buf = make([]byte, 64*1024)
		}
	}
	return torn(f, 0, size)
}

// begins tells how a line of ours begins; the zeros are those of a file whose
// size outlived a loss of power, and its bytes did not.
func begins(b byte) bool { return b == '{' || b == 0 }

// torn is begin when what follows it, up to size, is what a crash leaves of a
// batch of lines. A whole object is none: somebody took its line break away.
func torn(f *os.File, begin, size int64) (int64, error) {
	if begin == size {
		return begin, nil
	}
	rest := make([]byte, min(size-begin, MaxLine+1))
	if _, err := f.ReadAt(rest, begin); err != nil {
		return 0, err
	}
	switch {
	case !begins(rest[0]):
		return 0, errForeign
	case size-begin <= MaxLine && json.Valid(rest):
		_, err := f.WriteAt([]byte{'\n'}, size)
		return size + 1, err
	}
	return begin, nil
}

// putAside renames the file, whose whole lines end at end, and deletes the oldest
// of those put aside before.
func (f *file) putAside(out *os.File, end int64) error {
	defer out.Close()
	if err := out.Truncate(end); err != nil {
		return err
	}
	older, err := f.asides()
	if err != nil {
		return err
	}
	if !renamesOpen {
		out.Close()
	}
	name := f.next(older)
	if err := os.Rename(f.cfg.Path, name); err != nil {
		return err
	}
	return f.prune(append(older, name))
}

// stamp is the time in the name of a file put aside.
const stamp = "20060102T150405.000000000Z"

// asides are the files put aside, oldest first.
func (f *file) asides() ([]string, error) {
	folder, base := filepath.Split(f.cfg.Path)
	entries, err := os.ReadDir(filepath.Clean(folder))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), base+".")
		if when, number, found := strings.Cut(rest, "-"); ok && found && len(number) == 6 {
			if _, err := time.Parse(stamp, when); err == nil {
				names = append(names, filepath.Join(folder, e.Name()))
			}
		}
	}
	slices.Sort(names)
	return names, nil
}

// next is a name that sorts behind all older ones, whatever the clock does.
func (f *file) next(older []string) string {
	name := fmt.Sprintf("%s.%s-%06d", f.cfg.Path, f.deps.Now().UTC().Format(stamp), 0)
	if len(older) == 0 || filepath.Clean(name) > older[len(older)-1] {
		return name
	}
	last := older[len(older)-1]
	number, _ := strconv.Atoi(last[len(last)-6:])
	return fmt.Sprintf("%s%06d", last[:len(last)-6], number+1)
}

// prune deletes the oldest of names.
func (f *file) prune(names []string) error {
	for _, name := range names[:max(0, len(names)-f.cfg.Keep)] {
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	return nil
}

// Preview shows the line.
func (f *file) Preview(n sink.Notification) (sink.Preview, error) {
	line, err := f.line(nil, n.Message)
	if err != nil {
		return sink.Preview{}, err
	}
	return sink.Preview{Parts: []sink.Part{{Name: "body", ContentType: "application/json", Body: line}}}, nil
}

// Traits: 250 lines share one fsync, and their deliveries two transactions.
func (f *file) Traits() sink.Traits { return sink.Traits{Batch: 250, Lifecycle: true} }
