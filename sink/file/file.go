// Package file appends messages to a file, one line of JSON each: the message
// model, or OCSF Detection Findings. A batch is one write and one fsync; a file
// that has grown to its size is put aside by a rename, so that a reader of lines
// sees every line whole and in order. One process writes one file.
package file

import (
	"bytes"
	"context"
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
	unsure, err := f.write(lines)
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
func (f *file) write(lines []byte) (unsure bool, err error) {
	if len(lines) == 0 {
		return false, nil
	}
	if err := f.rotate(int64(len(lines))); err != nil {
		return false, err
	}
	if err := os.MkdirAll(filepath.Dir(f.cfg.Path), 0o750); err != nil {
		return false, err
	}
	out, err := os.OpenFile(f.cfg.Path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return false, err
	}
	defer out.Close()
	began, unsure, err := appendLines(out, lines)
	if err != nil {
		return unsure, err
	}
	if began == 0 || !f.named { // a new file, or one whose beginning we have not seen
		err = f.syncFolder()
		f.named = err == nil
	}
	return true, err
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

// appendLines writes after the last whole line, which is at began: what a crash
// left of a line was never reported as delivered and is overwritten.
func appendLines(out *os.File, lines []byte) (began int64, unsure bool, err error) {
	end, err := lastLine(out)
	if err != nil {
		return 0, false, err
	}
	if err := out.Truncate(end); err != nil {
		return end, false, err
	}
	if _, err := out.WriteAt(lines, end); err != nil {
		return end, out.Truncate(end) != nil, err
	}
	return end, true, out.Sync()
}

// lastLine is the offset behind the last line break.
func lastLine(f *os.File) (int64, error) {
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	var last [1]byte
	buf := last[:] // mostly the last byte is one
	for end > 0 {
		n := min(end, int64(len(buf)))
		if _, err := f.ReadAt(buf[:n], end-n); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			return end - n + int64(i) + 1, nil
		}
		end -= n
		if len(buf) == 1 {
			buf = make([]byte, 64*1024)
		}
	}
	return 0, nil
}

// rotate puts the file aside when it would outgrow its size.
func (f *file) rotate(more int64) error {
	info, err := os.Stat(f.cfg.Path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file", f.cfg.Path)
	case info.Size() == 0 || info.Size()+more <= f.cfg.Rotate:
		return nil
	}
	older, err := f.asides()
	if err != nil {
		return err
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
