package folder

import (
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// found is a file that is to be handled.
type found struct {
	name      string // below the folder, with slashes
	stamp     string
	size      int64
	modified  time.Time
	delivered time.Time // of what stands in line; see line.add
}

func newFound(name string, info fs.FileInfo) found {
	return found{name: name, stamp: stampOf(info), size: info.Size(), modified: info.ModTime().UTC()}
}

// deliveredAt is when the file was delivered: by its name, or else when it was
// written.
func (f found) deliveredAt() time.Time {
	if k, ok := cloudtrail.ParseObjectKey(f.name); ok && !k.Delivered.IsZero() {
		return k.Delivered
	}
	return f.modified
}

// mostLined is the most files that one listing hands over.
const mostLined = 50_000

// line is what a listing found to be complete, in the order of delivery over all
// accounts and regions: rules that remember count what comes in its time, and a
// folder's own order is that of accounts. It holds the earliest files; those that
// had no room are for the next listing.
type line struct {
	files []found
	more  bool // some had no room
	room  int
}

// add puts a file in line. Names are read here and not when files are listed, for
// most of those are done.
func (l *line) add(f found) {
	f.delivered = f.deliveredAt()
	l.files = append(l.files, f)
	if len(l.files) >= 2*l.room {
		l.sort()
	}
}

// sort puts the files in order and keeps those for which there is room.
func (l *line) sort() []found {
	slices.SortFunc(l.files, func(a, b found) int {
		if c := a.delivered.Compare(b.delivered); c != 0 {
			return c
		}
		return strings.Compare(a.name, b.name)
	})
	if len(l.files) > l.room {
		clear(l.files[l.room:])
		l.files, l.more = l.files[:l.room], true
	}
	return l.files
}
