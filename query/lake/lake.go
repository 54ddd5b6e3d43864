// Package lake keeps CloudTrail records as Parquet files that answer the same
// questions as the logs, many times faster.
//
//	DIR/data/day=2026-03-14/part-….parquet
//	DIR/manifest/00000001.json …   what was done, in order: files added and
//	                               removed, and the log objects they came from;
//	                               now and then a summary takes their place
//	DIR/staging/                   files that are not part of the lake yet
//	DIR/lock
//
// The folders under data are partitions as Athena reads them; the files hold
// the columns of Athena's CloudTrail table, account and region among them. A day
// is that of the object key, the day of delivery, as in the table over the logs.
// Accounts and regions have no folders of their own: most of those would be
// smaller than what a Parquet file says about itself. Rows are sorted by source,
// name, account and region instead, and the manifest tells which of those, and
// which times, a file holds, so that a question opens no file in vain.
//
// Nothing is ever changed in place. New files are written to staging and synced;
// then a manifest entry that names them is written, synced and renamed: that is
// the moment when they belong to the lake; then they are moved to their places.
// Whoever opens the lake for writing finishes what an interrupted process had
// begun, so no row is lost or doubled wherever it was killed. Entries that a
// summary replaces are removed when it is synced and has its name.
package lake

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/query/schema"
)

// File is a Parquet file of the lake.
type File struct {
	Path    string `json:"path"` // below data, with slashes
	Bytes   int64  `json:"bytes"`
	Holds   *Holds `json:"holds,omitempty"`
	staging string // the folder below staging that it comes from
}

// Object is a log object whose records are in the lake.
type Object struct {
	Name string `json:"name"` // see ObjectName
	Size int64  `json:"size"` // bytes as stored
}

// Lake is an open lake.
type Lake struct {
	dir     string
	files   map[string]File
	objects map[string]int64
	expired map[string]bool // days
	unread  [][]byte        // the objects of entries, as JSON, until somebody asks for one
	reading sync.Once
	damaged bool // some of them could not be read
	rows    int64
	next    int // number of the next manifest entry
	lock    *os.File

	entries                  int // of the manifest, behind its summary
	entryBytes, summaryBytes int64
	begun                    *entry // committed, and not finished
}

// Open reads the lake in dir as it is. A folder without a lake is an empty one.
func Open(dir string) (*Lake, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	l := &Lake{dir: dir, files: map[string]File{}, objects: map[string]int64{}, expired: map[string]bool{}, next: 1}
	if err := l.readManifest(); err != nil {
		return nil, err
	}
	return l, nil
}

// Is tells whether dir is the folder of a lake.
func Is(dir string) bool {
	entries, err := filepath.Glob(filepath.Join(dir, "manifest", "*.json"))
	return Made(dir) && err == nil && len(entries) > 0
}

// Made tells whether somebody has made a lake in dir, though perhaps nothing was
// taken into it yet.
func Made(dir string) bool {
	for _, sub := range []string{"data", "manifest"} {
		if info, err := os.Stat(filepath.Join(dir, sub)); err != nil || !info.IsDir() {
			return false
		}
	}
	return true
}

// OpenForWriting opens the lake in dir, which is made when it is not there, for
// one process at a time, and finishes what an interrupted one had begun. Close
// it.
func OpenForWriting(dir string) (*Lake, error) {
	for _, sub := range []string{"data", "manifest", "staging"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, err
		}
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := lockFile(lock); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: another process writes to this lake: %w", dir, err), lock.Close())
	}
	l, err := Open(dir)
	if err == nil {
		l.lock = lock
		err = l.recover()
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return l, nil
}

// Close lets others write.
func (l *Lake) Close() error {
	if l.lock == nil {
		return nil
	}
	return l.lock.Close()
}

// Dir is the lake's folder.
func (l *Lake) Dir() string { return l.dir }

// Files are the lake's files, sorted by path.
func (l *Lake) Files() []File {
	all := make([]File, 0, len(l.files))
	for _, f := range l.files {
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return all
}

// Answers tells whether the lake has the records of the object, so that a question
// need not read it. A size of -1 is not compared.
func (l *Lake) Answers(name string, size int64) bool {
	if !l.Has(name, size) {
		return false
	}
	at := schema.NewPlace(filepath.ToSlash(name))
	return !l.expired[dayOf(&at)]
}

// Has tells whether the records of the object were taken into the lake, from which
// they may have expired. A size of -1 is not compared.
func (l *Lake) Has(name string, size int64) bool {
	have, ok := l.known()[ObjectName(name)]
	return ok && (size < 0 || have == size)
}

// Stats are what a lake holds.
type Stats struct {
	Files, Partitions int
	Bytes             int64
	Objects           int
	Rows              int64 // that were ever added
	Entries           int   // of the manifest, its summary among them
	ManifestBytes     int64
}

// Stats counts.
func (l *Lake) Stats() Stats {
	s := Stats{Files: len(l.files), Objects: len(l.known()), Rows: l.rows, Entries: l.entries, ManifestBytes: l.entryBytes + l.summaryBytes}
	if l.summaryBytes > 0 {
		s.Entries++
	}
	parts := map[string]bool{}
	for _, f := range l.files {
		s.Bytes += f.Bytes
		parts[partition(f.Path)] = true
	}
	s.Partitions = len(parts)
	return s
}

// Newest is the newest day of which the lake has records; zero when there is
// none.
func (l *Lake) Newest() (day time.Time) {
	for _, f := range l.files {
		if d := f.Place().Key.Date; d.After(day) {
			day = d
		}
	}
	return day
}

// partition is the folder of a file's path.
func partition(path string) string { return path[:strings.LastIndexByte(path, '/')] }

// ObjectName is how the manifest names an object: from AWSLogs on, so that an
// object is known whatever bucket or folder it is copied to; other files have
// their absolute path.
func ObjectName(path string) string {
	path = filepath.ToSlash(path)
	if k, ok := cloudtrail.ParseObjectKey(path); ok && k.File != "" {
		if i := strings.LastIndex(path, "AWSLogs/"); i >= 0 {
			return path[i:]
		}
	}
	if strings.HasPrefix(path, "s3://") {
		return path
	}
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// Path is where a file lies: in its place, or still in staging when the process
// that added it was interrupted.
func (l *Lake) Path(f File) string {
	place := filepath.Join(l.dir, "data", filepath.FromSlash(f.Path))
	if _, err := os.Stat(place); err != nil && f.staging != "" {
		staged := filepath.Join(l.dir, "staging", f.staging, filepath.FromSlash(f.Path))
		if _, err := os.Stat(staged); err == nil {
			return staged
		}
	}
	return place
}

// Place is what a file's path tells of its records.
func (f File) Place() schema.Place {
	var p schema.Place
	for part := range strings.SplitSeq(f.Path, "/") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "account":
			p.Key.Account = value
		case "region":
			p.Key.Region = value
		case "day":
			p.Key.Date, _ = time.Parse(time.DateOnly, value)
		}
	}
	return p
}

// ViewSQL is a query over the files that gives the projection's columns of the
// rows that meet the condition; an empty one is met by all.
func ViewSQL(paths []string, p schema.Projection, condition string) string {
	if condition != "" {
		condition = " WHERE " + condition
	}
	var parts []string
	for _, group := range layouts(paths) {
		parts = append(parts, p.LakeSQL(readSQL(group))+condition)
	}
	return strings.Join(parts, " UNION ALL ")
}

func readSQL(paths []string) string {
	return "read_parquet([" + quoteAll(paths) + "], hive_partitioning = true, hive_types_autocast = false)"
}

// layouts groups files by their folders: lakes of earlier versions have folders
// for accounts and regions, too, which cannot be read together with the others.
func layouts(paths []string) (groups [][]string) {
	var now, before []string
	for _, p := range paths {
		if strings.Contains(filepath.ToSlash(p), "/account=") {
			before = append(before, p)
		} else {
			now = append(now, p)
		}
	}
	for _, g := range [][]string{now, before} {
		if len(g) > 0 {
			groups = append(groups, g)
		}
	}
	return groups
}

func quoteAll(paths []string) string {
	quoted := make([]string, len(paths))
	for i, p := range paths {
		quoted[i] = "'" + strings.ReplaceAll(p, "'", "''") + "'"
	}
	return strings.Join(quoted, ", ")
}
