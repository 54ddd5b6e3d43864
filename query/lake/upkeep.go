package lake

import (
	"context"
	"path/filepath"
	"time"

	"github.com/trailwarden/trailwarden/query/sandbox"
)

// compactBytes is how many bytes of files one step of Compact puts together.
const compactBytes = 128 << 20

// Compact makes one file of each partition that has several, so that questions
// open fewer files.
func (l *Lake) Compact(ctx context.Context, o Options) (p Progress, err error) {
	if o.Memory <= 0 {
		o.Memory = 2 << 30
	}
	groups := map[string][]File{}
	for _, f := range l.Files() {
		groups[partition(f.Path)] = append(groups[partition(f.Path)], f)
	}
	var batch []File
	var bytes int64
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		err := l.merge(ctx, &o, batch, &p)
		batch, bytes = nil, 0
		return err
	}
	last := ""
	for _, f := range l.Files() {
		dir := partition(f.Path)
		if len(groups[dir]) < 2 {
			continue
		}
		if dir != last && bytes >= compactBytes { // never a part of a partition
			if err := flush(); err != nil {
				return p, err
			}
		}
		last, batch, bytes = dir, append(batch, f), bytes+f.Bytes
	}
	return p, flush()
}

// merge writes the rows of files anew, one file for each partition.
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
	data, err := filepath.Abs(filepath.Join(l.dir, "data"))
	if err != nil {
		return err
	}
	w, err := startWriter(ctx, o, dir, &sandbox.Request{
		SQL:   "SELECT * FROM read_parquet([" + quoteAll(paths) + "], hive_partitioning = true, hive_types_autocast = false) ORDER BY account, region, day, eventtime",
		Write: &sandbox.ParquetFile{Path: dir, RowGroup: 122_880, Partition: []string{"account", "region", "day"}},
	}, []string{data})
	if err != nil {
		return err
	}
	defer w.Close()
	rows, err := w.finish()
	if err != nil {
		return err
	}
	added, err := staged(dir)
	if err != nil {
		return err
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
