package folder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/trailwarden/trailwarden/source"
	"github.com/trailwarden/trailwarden/source/envelope"
)

// Options say which folder is watched and how.
type Options struct {
	Name string // the source's name; empty means the folder's path
	Path string
	// Every is how often the folder is listed; 0 means 10 s. Notices of change
	// by the operating system only make it sooner.
	Every time.Duration
	// Settled is how long a file must be unchanged before it is read; 0 means
	// 2 s. A file that grows after that is read again as a whole.
	Settled time.Duration
	// Workers is the most files that are read at once; 0 means 2. Some more may
	// wait until what came of them is durable, which they then are together.
	Workers int
	// Lined is the most files that one listing hands over, the earliest of those
	// that are there; 0 means 50,000.
	Lined int
	// Grace is how long handlers may go on after the end; 0 means 8 s.
	Grace time.Duration
	// Cursor keeps which files are done; nil forgets them at the end.
	Cursor source.Cursor
	Retry  source.Retry
	Clock  source.Clock
}

// Source watches a folder and its subfolders. Each version of a file is one
// delivery with one object, which Files opens.
type Source struct {
	source.Monitor
	o      Options
	bucket string
	done   map[string]string // by path below the folder: the stamp of what was handled
	saved  map[string]string // the stamps that the cursor had before the first listing, by path; nil when each is to be asked for
	seen   map[string]sighting
	busy   map[string]*place    // files in hand
	later  map[string]time.Time // files put aside for want of a permission
	mu     sync.Mutex           // of done, busy and later
	gate   chan struct{}        // one for each place
}

// perWorker is how many files are in hand for each that is read. Those that wait
// for their commit hold little but what was found in them, and the more of them
// share one, the less each costs; and as long as others are left to be read while
// a commit goes on, no processor waits for the disk.
const perWorker = 64

// sighting is a file as it was last seen, and since when it looks like that.
type sighting struct {
	stamp string
	since time.Time
}

var _ source.Source = (*Source)(nil)

// New makes a Source.
func New(o Options) *Source {
	if o.Name == "" {
		o.Name = o.Path
	}
	if o.Every <= 0 {
		o.Every = 10 * time.Second
	}
	if o.Settled <= 0 {
		o.Settled = 2 * time.Second
	}
	if o.Workers <= 0 {
		o.Workers = 2
	}
	if o.Lined <= 0 {
		o.Lined = mostLined
	}
	if o.Grace <= 0 {
		o.Grace = 8 * time.Second
	}
	if o.Cursor == nil {
		o.Cursor = &source.MemoryCursor{}
	}
	o.Retry.Clock, o.Retry.Aside = o.Clock, true
	s := &Source{o: o, bucket: BucketOf(o.Path), gate: make(chan struct{}, o.Workers), done: map[string]string{}, seen: map[string]sighting{}, busy: map[string]*place{}, later: map[string]time.Time{}}
	s.Now = o.Clock.Time
	return s
}

// Name is the source's name.
func (s *Source) Name() string { return s.o.Name }

// Fetcher opens the files that the source delivers.
func (s *Source) Fetcher() source.Fetcher {
	return reader{Files{Folders: map[string]string{s.bucket: s.o.Path}}, s}
}

// Run watches until ctx ends. The error is a *source.ConfigError when the folder
// is not there at the start.
func (s *Source) Run(ctx context.Context, h source.Handler) error {
	if info, err := os.Stat(s.o.Path); err != nil || !info.IsDir() {
		return &source.ConfigError{Source: s.o.Name, What: "the folder " + s.o.Path + " cannot be watched", Do: "make it, or name another one", Err: err}
	}
	soft, end := source.Graceful(ctx, s.o.Grace)
	defer end()
	notices := watch()
	defer notices.close()
	work := make(chan found)
	var workers sync.WaitGroup
	for range s.o.Workers * perWorker {
		workers.Go(func() {
			for f := range work {
				s.handle(ctx, soft, h, f)
			}
		})
	}
	s.remembered(ctx)
	for ctx.Err() == nil {
		unsettled, more := s.scan(ctx, work, notices)
		if !more {
			s.saved = nil
			s.wait(ctx, notices, unsettled)
		}
	}
	close(work)
	workers.Wait()
	return nil
}

// remembered reads what the cursor knows at once for the first listing, which finds
// all files: asking for each takes as long as opening it.
func (s *Source) remembered(ctx context.Context) {
	all, ok := s.o.Cursor.(source.Lister)
	if !ok {
		return
	}
	saved, prefix := map[string]string{}, s.cursorName("")
	err := all.List(ctx, prefix, func(name string, position []byte) {
		saved[strings.TrimPrefix(name, prefix)] = string(position)
	})
	if err == nil {
		s.saved = saved
	}
}

// wait waits until the folder should be listed again: at a notice, when files
// may have settled, or after Every.
func (s *Source) wait(ctx context.Context, n *notices, unsettled bool) {
	d := s.o.Every
	if unsettled {
		d = min(d, s.o.Settled)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if !unsettled { // while files settle, each write to them is a notice
		stop := context.AfterFunc(n.next(), cancel)
		defer stop()
	}
	_ = s.o.Clock.Wait(ctx, d)
}

// scan lists the folder once, hands over what is complete and new, the earliest
// first, and reports whether something is about to be, and whether there is more
// than one listing hands over.
func (s *Source) scan(ctx context.Context, work chan<- found, n *notices) (unsettled, more bool) {
	n.reset()
	root, err := os.OpenRoot(s.o.Path)
	if err != nil {
		s.Failed(err)
		return false, false
	}
	defer root.Close()
	ready := line{room: s.o.Lined}
	now := s.o.Clock.Time()
	present, whole := map[string]bool{}, true
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if name != "." && d != nil && leftAlone(d) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if err != nil || ctx.Err() != nil {
			whole = s.passOver(name, err) && whole
			return ctx.Err()
		}
		if d.IsDir() {
			n.add(s.o.Path, name)
			return nil
		}
		if !d.Type().IsRegular() || !isLog(name) {
			return nil
		}
		present[name] = true
		f, state := s.look(name, d, now)
		unsettled = unsettled || state == settling
		if state == complete {
			ready.add(f)
		}
		return nil
	})
	if err == nil && whole { // else nobody knows what is there
		s.Reached()
		s.forget(ctx, present)
	}
	for _, f := range ready.sort() {
		if s.o.Clock.Time().Sub(now) > justNow { // others went first, which may have taken hours
			if !s.asListed(root, f) {
				unsettled = true
				continue
			}
		}
		s.offer(ctx, work, f)
	}
	return unsettled, ready.more
}

// justNow is how long a file is taken to be as it was listed.
const justNow = time.Second

// asListed looks at a file again.
func (s *Source) asListed(root *os.Root, f found) bool {
	name := filepath.FromSlash(f.name)
	info := lookBeneath(s.o.Path, name)
	if info == nil {
		var err error
		if info, err = root.Lstat(name); err != nil {
			return false
		}
	}
	return stampOf(info) == f.stamp
}

// leftAlone tells whether a file or folder is none of ours: a hidden one, or what a
// file system keeps for its own repair, which only root may list.
func leftAlone(d fs.DirEntry) bool {
	return strings.HasPrefix(d.Name(), ".") || d.IsDir() && d.Name() == "lost+found"
}

// passOver tells of a folder or file that cannot be listed; the others are. One
// that is gone by now is no fault.
func (s *Source) passOver(name string, err error) (fine bool) {
	if err == nil || errors.Is(err, fs.ErrNotExist) && name != "." {
		return true
	}
	s.Failed(fmt.Errorf("%s cannot be listed, so nothing in it is judged: let the program read it: %w", path.Join(s.o.Path, name), err))
	return false
}

// state is what a file is good for now.
type state uint8

const (
	known state = iota
	settling
	complete
)

// look judges a file. One that was written long ago is complete at first sight,
// as are those that were moved in; any other has to look the same for a while.
func (s *Source) look(name string, d fs.DirEntry, now time.Time) (found, state) {
	info, err := d.Info()
	if err != nil {
		return found{}, known
	}
	f := newFound(name, info)
	if s.handled(f) {
		return f, known
	}
	if now.Sub(f.modified) >= s.o.Settled {
		return f, complete
	}
	before := s.seen[name]
	if before.stamp != f.stamp {
		before = sighting{f.stamp, now}
		s.seen[name] = before
	}
	if now.Sub(before.since) >= s.o.Settled {
		return f, complete
	}
	return f, settling
}

// cursorName is the name of a file's position.
func (s *Source) cursorName(name string) string { return "folder/" + s.o.Name + "/" + name }

// handled tells whether this version of the file is in hand, or done as far as is
// remembered.
func (s *Source) handled(f found) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	stamp, ok := s.done[f.name]
	if saved, was := s.saved[f.name]; was && !ok {
		stamp, ok, s.done[f.name] = saved, true, saved
	}
	return ok && stamp == f.stamp || s.busy[f.name] != nil || s.o.Clock.Time().Before(s.later[f.name])
}

// finished tells whether this version of the file was done before the process
// began. Only files that are about to be handed over are looked up: others are
// judged meanwhile.
func (s *Source) finished(ctx context.Context, f found) bool {
	s.mu.Lock()
	_, ok := s.done[f.name]
	s.mu.Unlock()
	if ok {
		return false // it looks otherwise now
	}
	if s.saved != nil {
		s.mark(f.name, "") // had it been done, this would be known
		return false
	}
	saved, err := s.o.Cursor.Load(ctx, s.cursorName(f.name))
	if err != nil {
		s.Failed(err)
		return true // not now: it cannot be told
	}
	s.mark(f.name, string(saved))
	return string(saved) == f.stamp
}

// known tells whether an earlier version of the file was handled.
func (s *Source) known(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.done[name] != ""
}

func (s *Source) mark(name, stamp string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done[name] = stamp
}

// offer gives a file to a worker, unless it is done already.
func (s *Source) offer(ctx context.Context, work chan<- found, f found) {
	if s.finished(ctx, f) || !s.enter(ctx, f.name) {
		return
	}
	select {
	case work <- f:
		delete(s.seen, f.name)
	case <-ctx.Done():
		s.free(f.name)
	}
}

// free says that a file is no longer in hand.
func (s *Source) free(name string) {
	s.leave(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.busy, name)
}

// handle delivers a file until it is done, and notes that it is.
func (s *Source) handle(ctx, soft context.Context, h source.Handler, f found) {
	defer s.free(f.name)
	o := source.Object{Bucket: s.bucket, Key: f.name, ETag: f.stamp, Size: f.size, Time: f.modified}
	d := source.Delivery{ID: f.name + " " + f.stamp, Source: s.o.Name, Sent: o.Time, Subject: f.name, Again: s.known(f.name),
		Items:    []envelope.Item{{Kind: envelope.Created, Object: o, What: "file"}},
		Position: &source.Position{Name: s.cursorName(f.name), Data: []byte(f.stamp)}}
	try := func(ctx context.Context, d source.Delivery) error {
		defer s.leave(f.name) // a handler need not read it, and may come to fail before
		return h(ctx, d)
	}
	if err := s.Deliver(ctx, soft, try, d, s.o.Retry); err != nil {
		var gone *source.Gone
		if !errors.As(err, &gone) { // if it is there again, it is looked at again
			s.aside(f.name)
		}
		return
	}
	for n := 1; ; n++ {
		err := s.keep(soft, d.Position)
		if err == nil {
			s.mark(f.name, f.stamp)
			return
		}
		s.AckFailed(1)
		s.Failed(err)
		if s.o.Clock.Wait(ctx, source.Backoff{Base: time.Second, Most: 30 * time.Second}.After(n)) != nil {
			return
		}
	}
}

// keep saves a position that the handler did not.
func (s *Source) keep(ctx context.Context, at *source.Position) error {
	if at.Kept {
		return nil
	}
	return s.o.Cursor.Save(ctx, at.Name, at.Data)
}

// aside leaves a file alone for a while.
func (s *Source) aside(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.later[name] = s.o.Clock.Time().Add(30 * time.Second)
}

// forget drops what is known of files that are gone.
func (s *Source) forget(ctx context.Context, present map[string]bool) {
	s.mu.Lock()
	var gone []string
	for name, stamp := range s.done {
		if !present[name] && s.busy[name] == nil {
			delete(s.done, name)
			delete(s.later, name)
			if stamp != "" {
				gone = append(gone, name)
			}
		}
	}
	s.mu.Unlock()
	for name := range s.seen {
		if !present[name] {
			delete(s.seen, name)
		}
	}
	for _, name := range gone {
		if err := s.o.Cursor.Save(ctx, s.cursorName(name), nil); err != nil {
			s.Failed(err)
		}
	}
}

// isLog tells by a file's name whether it may be a log: people keep them under
// these endings or none, and write files that are not complete under others. What
// is packed in a way that is not read here becomes a dead letter that says so.
func isLog(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case "", ".json", ".gz", ".jsonl", ".ndjson", ".csv", ".log", ".txt", ".gzip",
		".zip", ".zst", ".bz2", ".xz", ".parquet", ".orc", ".avro":
		return !strings.HasSuffix(name, "~")
	}
	return false
}
