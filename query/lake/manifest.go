package lake

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// entry is one entry of the manifest.
type entry struct {
	Time    time.Time `json:"time"`
	Why     string    `json:"why"` // ingest, compact, expire
	Rows    int64     `json:"rows,omitempty"`
	Staging string    `json:"staging,omitempty"` // folder below staging that the added files come from
	Added   []File    `json:"added,omitempty"`
	Removed []string  `json:"removed,omitempty"` // paths of files
	// Objects are written after the rest, as a value of their own: they are most of
	// an entry, and a question does not look at them.
	Objects []Object `json:"objects,omitempty"`
}

// summary is what all entries before it come to, which are not needed any more. It
// has a number as entries have; on its first line it is the one element of an
// array, so that programs that know entries only refuse it instead of taking the
// lake for an empty one. Objects follow, one a line, packed by gzip.
type summary struct {
	Time    time.Time `json:"time"`
	Rows    int64     `json:"rows"`
	Expired []string  `json:"expired,omitempty"` // days
	Files   []File    `json:"files,omitempty"`
}

// written is a file of the manifest as read: an entry or a summary.
type written struct {
	entry   *entry
	summary *summary
	objects []byte // what follows the first line, as it is
	bytes   int64
}

// readWritten reads a file of the manifest, and leaves the objects that follow it as
// they are. Entries of earlier versions have their objects inside.
func readWritten(name string) (w written, err error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return w, err
	}
	first, rest, _ := bytes.Cut(b, []byte("\n"))
	w.objects, w.bytes = rest, int64(len(b))
	if bytes.HasPrefix(first, []byte("[")) {
		var one []*summary
		if err = json.Unmarshal(first, &one); err == nil && (len(one) != 1 || one[0] == nil) {
			err = fmt.Errorf("an array of %d, want one summary", len(one))
		} else if err == nil {
			w.summary = one[0]
		}
	} else {
		w.entry = new(entry)
		err = json.Unmarshal(first, w.entry)
	}
	if err != nil {
		return w, fmt.Errorf("%s: not an entry of a lake's manifest: %w", name, err)
	}
	return w, nil
}

// errShortened says that the manifest was shortened while it was read.
var errShortened = errors.New("an entry of the manifest is missing; make the lake anew from its logs")

// readManifest reads the manifest from its last summary on. Whoever shortens it
// writes the summary before it removes what that replaces: a reader who misses an
// entry finds the summary when it looks again.
func (l *Lake) readManifest() error {
	const tries = 10
	for n := 1; ; n++ {
		all, err := l.look()
		if err == nil {
			l.applyAll(all)
			return nil
		}
		if n == tries || !errors.Is(err, errShortened) && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
}

// look reads the entries from the last one back to a summary or the first, and
// gives them in order.
func (l *Lake) look() (all []written, err error) {
	numbers, err := l.numbers()
	if err != nil {
		return nil, err
	}
	l.next, l.entries = 1, 0
	if len(numbers) > 0 {
		l.next = numbers[len(numbers)-1] + 1
	}
	for i, want := len(numbers)-1, l.next-1; want > 0; i, want = i-1, want-1 {
		if i < 0 || numbers[i] != want {
			return nil, fmt.Errorf("%s: %w", l.entryName(want), errShortened)
		}
		w, err := readWritten(l.entryName(want))
		if err != nil {
			return nil, err
		}
		all = append(all, w)
		if w.summary != nil {
			break
		}
	}
	slices.Reverse(all)
	return all, nil
}

func (l *Lake) applyAll(all []written) {
	for _, w := range all {
		if w.summary != nil {
			l.begin(w.summary, w.bytes)
		} else {
			l.apply(w.entry)
			l.entries, l.entryBytes = l.entries+1, l.entryBytes+w.bytes
		}
		if len(w.objects) > 0 {
			l.unread = append(l.unread, w.objects)
		}
	}
}

// begin notes what a summary says.
func (l *Lake) begin(s *summary, bytes int64) {
	l.rows, l.summaryBytes = s.Rows, bytes
	for _, f := range s.Files {
		l.files[f.Path] = f
	}
	for _, day := range s.Expired {
		l.expired[day] = true
	}
}

func (l *Lake) apply(e *entry) {
	for _, f := range e.Added {
		f.staging = e.Staging
		l.files[f.Path] = f
	}
	for _, p := range e.Removed {
		delete(l.files, p)
		if e.Why == "expire" {
			l.expired[File{Path: p}.day()] = true
		}
	}
	for _, o := range e.Objects {
		l.objects[o.Name] = o.Size
	}
	if e.Why == "ingest" {
		l.rows += e.Rows
	}
}

// numbers are those of the manifest's files, in order.
func (l *Lake) numbers() (all []int, err error) {
	names, err := filepath.Glob(filepath.Join(l.dir, "manifest", "*.json"))
	for _, name := range names {
		if n, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(name), ".json")); err == nil && n > 0 {
			all = append(all, n)
		}
	}
	slices.Sort(all)
	return all, err
}

func (l *Lake) entryName(number int) string {
	return filepath.Join(l.dir, "manifest", fmt.Sprintf("%08d.json", number))
}

// known are the objects whose records are in the lake.
func (l *Lake) known() map[string]int64 {
	l.reading.Do(l.readObjects)
	return l.objects
}

func (l *Lake) readObjects() {
	for _, b := range l.unread {
		if err := l.readSome(b); err != nil {
			l.damaged = true // what is not known is read again, and found to be in the lake
		}
	}
	l.unread = nil
}

// readSome reads the objects of an entry, which are an array, or of a summary.
func (l *Lake) readSome(b []byte) error {
	if bytes.HasPrefix(b, []byte("[")) {
		var some []Object
		err := json.Unmarshal(b, &some)
		for _, o := range some {
			l.objects[o.Name] = o.Size
		}
		return err
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return err
	}
	for lines := json.NewDecoder(z); ; {
		var o Object
		if err := lines.Decode(&o); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		l.objects[o.Name] = o.Size
	}
}

// A manifest is shortened when as many entries follow its summary as a question
// reads without being slower for it. As the summary repeats what was there, they
// must also be something beside it, or be very many.
const (
	someEntries = 100
	manyEntries = 1000
)

func (l *Lake) isLong() bool {
	return l.entries >= someEntries && (l.entryBytes >= l.summaryBytes/4 || l.entries >= manyEntries)
}

// Shorten puts one summary in the place of the manifest's entries, and tells how
// many those were. Those who read the lake or begin to are not disturbed.
func (l *Lake) Shorten(now time.Time) (entries int, err error) {
	l.known()
	if l.entries == 0 || l.damaged {
		return 0, nil
	}
	if err := l.settle(); err != nil {
		return 0, err
	}
	s := summary{Time: now.UTC(), Rows: l.rows, Expired: slices.Sorted(maps.Keys(l.expired)), Files: l.Files()}
	if err := writeSynced(l.entryName(l.next), func(w io.Writer) error { return l.writeSummary(w, &s) }); err != nil {
		return 0, fmt.Errorf("the lake's manifest could not be written: %w", err)
	}
	entries = l.entries
	l.next++
	l.entries, l.entryBytes = 0, 0
	if info, err := os.Stat(l.entryName(l.next - 1)); err == nil {
		l.summaryBytes = info.Size()
	}
	return entries, l.forget(l.next - 1)
}

func (l *Lake) writeSummary(w io.Writer, s *summary) error {
	if err := json.NewEncoder(w).Encode([]*summary{s}); err != nil { // and a line's end
		return err
	}
	z := gzip.NewWriter(w)
	lines := json.NewEncoder(z)
	for _, name := range slices.Sorted(maps.Keys(l.objects)) {
		if err := lines.Encode(Object{Name: name, Size: l.objects[name]}); err != nil {
			return err
		}
	}
	return z.Close()
}

// forget removes what a summary replaces.
func (l *Lake) forget(before int) error {
	numbers, err := l.numbers()
	if err != nil {
		return err
	}
	for _, n := range numbers {
		if n >= before {
			break
		}
		if err := os.Remove(l.entryName(n)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
