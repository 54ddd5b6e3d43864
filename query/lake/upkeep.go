package lake

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/query/sandbox"
)

// Compaction puts files together up to mergedBytes, a size that the engine can
// sort in its memory; files of wholeBytes and more, such as a full step of an
// intake makes, are left alone.
const (
	mergedBytes = 24 << 20
	wholeBytes  = 8 << 20
)

// Compact puts the small files of each day together and sorts them, so that
// questions open fewer files.
func (l *Lake) Compact(ctx context.Context, o Options) (p Progress, err error) {
	if o.Memory <= 0 {
		o.Memory = 2 << 30
	}
	days := map[string][]File{}
	var order []string
	for _, f := range l.Files() {
		if f.Bytes >= wholeBytes && !f.byAccount() {
			continue
		}
		if len(days[f.day()]) == 0 {
			order = append(order, f.day())
		}
		days[f.day()] = append(days[f.day()], f)
	}
	for _, day := range order {
		for _, group := range mergeable(days[day]) {
			if err := l.mergeWithin(ctx, &o, group, &p); err != nil {
				return p, err
			}
		}
	}
	return p, nil
}

// byAccount tells that a file lies in a folder of its account, as earlier
// versions had it.
func (f File) byAccount() bool { return strings.HasPrefix(f.Path, "account=") }

// mergeable groups files that become one; a file alone stays as it is.
func mergeable(files []File) (groups [][]File) {
	var group []File
	var bytes int64
	end := func() {
		if len(group) > 1 || len(group) == 1 && group[0].byAccount() {
			groups = append(groups, group)
		}
		group, bytes = nil, 0
	}
	for _, f := range files {
		if bytes+f.Bytes > mergedBytes {
			end()
		}
		group, bytes = append(group, f), bytes+f.Bytes
	}
	end()
	return groups
}

// mergeWithin merges files, or each half of them where all together need more
// memory than there is: how much text a file packs cannot be seen from its size.
// Two that do not fit stay as they are.
func (l *Lake) mergeWithin(ctx context.Context, o *Options, files []File, p *Progress) error {
	err := l.merge(ctx, o, files, p)
	if !errors.Is(err, sandbox.ErrMemory) {
		return err
	}
	if len(files) < 3 {
		return nil
	}
	half := len(files) / 2
	for _, part := range [][]File{files[:half], files[half:]} {
		if len(part) > 1 {
			if err := l.mergeWithin(ctx, o, part, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// merge writes the rows of files of one day anew.
func (l *Lake) merge(ctx context.Context, o *Options, files []File, p *Progress) error {
	dir, err := l.stage()
	if err != nil {
		return err
	}
	paths, removed := make([]string, len(files)), make([]string, len(files))
	for i, f := range files {
		if paths[i], err = filepath.Abs(l.Path(f)); err != nil {
			return err
		}
		removed[i] = f.Path
	}
	rows, added, err := l.mergeInto(ctx, o, dir, paths)
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	for i := range added {
		added[i].Holds = union(files)
	}
	e := &entry{Time: o.now().UTC(), Why: "compact", Rows: rows, Staging: filepath.Base(dir), Added: added, Removed: removed}
	if err := l.commit(e); err != nil {
		return err
	}
	p.Rows += rows
	p.WrittenFiles += len(added)
	p.Removed += len(removed)
	return nil
}

func (l *Lake) mergeInto(ctx context.Context, o *Options, dir string, paths []string) (rows int64, added []File, err error) {
	data, err := filepath.Abs(filepath.Join(l.dir, "data"))
	if err != nil {
		return 0, nil, err
	}
	w, err := startWriter(ctx, o, dir, &sandbox.Request{
		SQL:   mergeSQL(paths),
		Write: &sandbox.ParquetFile{Path: dir, RowGroup: rowGroup, Partition: []string{"day"}},
	}, []string{data})
	if err != nil {
		return 0, nil, err
	}
	defer w.Close()
	if rows, err = w.finish(); err != nil {
		return 0, nil, err
	}
	added, err = staged(dir)
	return rows, added, err
}

// mergeSQL gives the rows of files in order, whatever folders they lie in.
func mergeSQL(paths []string) string {
	var parts []string
	for _, group := range layouts(paths) {
		parts = append(parts, "SELECT * FROM "+readSQL(group))
	}
	return "SELECT * REPLACE (nullif(account, 'unknown') AS account, nullif(region, 'unknown') AS region) FROM (" +
		strings.Join(parts, " UNION ALL BY NAME ") + ") ORDER BY " + fileOrder
}

// Expire removes the partitions of days before the given one. Their objects stay
// known, so that they are not taken in again.
func (l *Lake) Expire(before time.Time, now time.Time) (p Progress, err error) {
	e := &entry{Time: now.UTC(), Why: "expire"}
	for _, f := range l.Files() {
		if day := f.Place().Key.Date; !day.IsZero() && day.Before(before.UTC().Truncate(24*time.Hour)) {
			e.Removed = append(e.Removed, f.Path)
		}
	}
	if len(e.Removed) == 0 {
		return p, nil
	}
	p.Removed = len(e.Removed)
	return p, l.commit(e)
}
