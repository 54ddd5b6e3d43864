package pipeline

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// Stdin is the path that names the standard input.
const Stdin = "-"

// entry is one input of a scan: a file to read, or what is wrong with a path.
type entry struct {
	path  string
	size  int64 // bytes; -1 unknown
	waits bool  // it is no file but a pipe or a device
	found bool  // in a folder, not named by the user
	warm  bool  // only for what rules remember
	sniff bool  // the name does not say whether it is a log: look inside
	fault string
	fetch Fetch // of an input that is no file here
}

// Fetch opens an input that lies elsewhere.
type Fetch func(ctx context.Context) (io.ReadCloser, error)

// AddRemote adds an input that lies elsewhere, of so many bytes. Its path is how
// it is named; an object of a log bucket is passed over by its key as a file
// would be.
func (l *Listing) AddRemote(path string, size int64, fetch Fetch) {
	l.entries = append(l.entries, entry{path: path, size: size, found: true, fetch: fetch})
}

// stream tells an input that cannot be read a second time.
func (e *entry) stream() bool { return e.waits || e.path == Stdin }

// Listing is the inputs of a scan, in the order in which they are reported:
// paths as given, the files of a folder sorted by name, folder by folder.
type Listing struct {
	entries []entry
	sizes   bool

	// What listing folders needs: the members of those in hand, the last ones of
	// the innermost; what the system gave; and paths.
	members       []member
	buffer, paths []byte
}

// member is a member of a folder.
type member struct {
	path   string
	length int         // of path
	mode   fs.FileMode // its type
}

// Files is the number of inputs, unreadable paths included.
func (l *Listing) Files() int { return len(l.entries) }

// Bytes is the sum of the sizes that are known.
func (l *Listing) Bytes() int64 {
	var n int64
	for _, e := range l.entries {
		n += max(0, e.size)
	}
	return n
}

// List finds the inputs below paths. A file that is named is always read. In a
// folder, whatever its depth, the rules are: hidden files and folders (.name)
// are passed over; files whose ending says that they hold logs are read; files
// whose ending says that they cannot (.md, .py, .yaml …) are passed over; ZIP
// archives (.zip) are looked into like folders, but not into those in them; any
// other file is read if it begins like gzip or JSON. Symbolic links are
// followed, except into a folder above them. Sizes, which Bytes needs, cost
// a system call for each file and are found on request.
func List(paths []string, sizes bool) *Listing {
	l := &Listing{sizes: sizes}
	for _, p := range paths {
		l.path(p)
	}
	l.members, l.buffer, l.paths = nil, nil, nil
	return l
}

func (l *Listing) path(p string) {
	if p == Stdin {
		l.entries = append(l.entries, entry{path: p, size: -1})
		return
	}
	info, err := os.Stat(p)
	switch {
	case err != nil:
		l.fault(p, err)
	case info.IsDir():
		l.folder(p, inside(p), nil)
	case info.Mode().IsRegular() && judgeName(p) != isLog && isArchive(p):
		l.archive(p)
	case info.Mode().IsRegular():
		l.entries = append(l.entries, entry{path: p, size: info.Size()})
	default: // a pipe or a device that somebody named
		l.entries = append(l.entries, entry{path: p, size: -1, waits: true})
	}
}

func (l *Listing) fault(p string, err error) {
	l.entries = append(l.entries, entry{path: p, size: -1, fault: reason(err)})
}

// folder lists dir, before the names of whose members stands prefix. links are the
// real folders in which the symbolic links stand that led here.
func (l *Listing) folder(dir, prefix string, links []string) {
	first := len(l.members)
	if err := l.read(dir, prefix); err != nil {
		l.fault(dir, err)
	}
	for i := first; i < len(l.members); i++ {
		if m := l.members[i]; m.path[len(prefix)] != '.' {
			l.member(dir, m.path, m.path[len(prefix):], m.mode, links)
		}
	}
	l.members = l.members[:first]
}

// inside is what filepath.Join puts before the names of the members of a folder.
// It looks at all of the path; what it gave, and a name, need only a separator.
func inside(dir string) string { return strings.TrimSuffix(filepath.Join(dir, "x"), "x") }

func (l *Listing) member(dir, p, name string, mode fs.FileMode, links []string) {
	known := judgeName(name)
	if mode&fs.ModeSymlink != 0 {
		info, err := os.Stat(p)
		if err != nil {
			if known != notLog {
				l.fault(p, err)
			}
			return
		}
		if mode = info.Mode().Type(); mode.IsDir() {
			l.follow(dir, p, links)
			return
		}
	}
	switch {
	case mode.IsDir():
		l.folder(p, p+string(filepath.Separator), links)
	case mode.IsRegular() && known == packed:
		l.archive(p)
	case mode.IsRegular() && known != notLog:
		l.file(p, known)
	}
}

func (l *Listing) file(p string, known nameVerdict) {
	e := entry{path: p, size: -1, found: true, sniff: known == maybeLog}
	if l.sizes {
		if info, err := os.Stat(p); err == nil {
			e.size = info.Size()
		}
	}
	if len(l.entries) == cap(l.entries) { // append alone would copy all of it more often
		l.entries = slices.Grow(l.entries, max(64, len(l.entries)))
	}
	l.entries = append(l.entries, e)
}

// follow lists the folder that a link in dir leads to, unless that is the way
// we came from.
func (l *Listing) follow(dir, link string, links []string) {
	here, err := filepath.EvalSymlinks(dir)
	var to string
	if err == nil {
		to, err = filepath.EvalSymlinks(link)
	}
	if err != nil {
		l.fault(link, err)
		return
	}
	links = append(links[:len(links):len(links)], here)
	for _, x := range links {
		if rel, err := filepath.Rel(to, x); err == nil && filepath.IsLocal(rel) {
			return
		}
	}
	l.folder(link, link+string(filepath.Separator), links)
}

// LeaveOut takes the file path out of the folders of the listing: what a scan
// writes is none of its inputs.
func (l *Listing) LeaveOut(path string) {
	info, err := os.Stat(path)
	if err != nil {
		return
	}
	l.entries = slices.DeleteFunc(l.entries, func(e entry) bool {
		if !e.found || filepath.Base(e.path) != filepath.Base(path) {
			return false
		}
		other, err := os.Stat(e.path)
		return err == nil && os.SameFile(info, other)
	})
}

// nameVerdict is what a file's name says about its content.
type nameVerdict uint8

const (
	maybeLog nameVerdict = iota
	isLog
	notLog
	packed // a ZIP archive
)

// logEndings and otherEndings are file name endings, lower-case. AWS delivers
// .json.gz; the rest is what exports and tools make of it.
const (
	logEndings   = " .gz .gzip .json .jsonl .ndjson .csv "
	otherEndings = " .md .html .htm .pdf .png .jpg .jpeg .svg .gif .yaml .yml .toml .ini .xml " +
		".go .py .js .ts .sh .sql .tf .filter .parquet .tar .tgz .bz2 .xz .zst .sha256 .sig .pem .key .crt .db .sqlite "
)

func judgeName(name string) nameVerdict {
	if strings.HasSuffix(name, ".json.gz") {
		return isLog // as nearly always
	}
	ending := " " + strings.ToLower(filepath.Ext(name)) + " "
	switch {
	case ending == "  ":
		return maybeLog
	case strings.Contains(logEndings, ending):
		return isLog
	case ending == " .zip ":
		return packed
	case strings.Contains(otherEndings, ending):
		return notLog
	}
	return maybeLog
}

// looksLikeLog tells whether the file begins as gzip or JSON do. Its place in
// the file does not change.
func looksLikeLog(f io.ReaderAt) bool {
	var buf [512]byte
	n, _ := f.ReadAt(buf[:], 0)
	b := buf[:n]
	if bytes.HasPrefix(b, []byte{0x1f, 0x8b}) {
		return true
	}
	b = bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), " \t\r\n")
	return len(b) > 0 && (b[0] == '{' || b[0] == '[')
}

// reason is what went wrong with a file, without the path that the message
// names anyway.
func reason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// fileFault is a fault of a whole file.
func fileFault(path, reason string) cloudtrail.Fault {
	return cloudtrail.Fault{File: path, Offset: -1, Record: -1, Reason: reason}
}
