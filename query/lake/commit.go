package lake

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// stage makes an empty folder for files that are to be added.
func (l *Lake) stage() (string, error) {
	return os.MkdirTemp(filepath.Join(l.dir, "staging"), "step-")
}

// staged are the files below a staging folder, synced.
func staged(dir string) (all []File, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if err := syncPath(path); err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		all = append(all, File{Path: filepath.ToSlash(rel), Bytes: info.Size()})
		return err
	})
	return all, err
}

// commit makes the entry part of the lake, and then moves and removes files as
// it says.
func (l *Lake) commit(e *entry) error {
	if err := l.settle(); err != nil {
		return err
	}
	b, err := e.encode()
	if err != nil {
		return err
	}
	if err := writeSynced(l.entryName(l.next), func(w io.Writer) error { _, err := w.Write(b); return err }); err != nil {
		return fmt.Errorf("the lake's manifest could not be written: %w", err)
	}
	l.next++
	l.known() // what was there before comes first
	l.apply(e)
	l.entries, l.entryBytes = l.entries+1, l.entryBytes+int64(len(b))
	l.begun = e
	if err := l.settle(); err != nil || !l.isLong() {
		return err
	}
	_, err = l.Shorten(e.Time)
	return err
}

// settle finishes the last entry. Until that is done no other may follow it, as
// only the last one is looked at when the lake is opened again.
func (l *Lake) settle() error {
	if l.begun == nil {
		return nil
	}
	if err := l.finish(l.begun); err != nil {
		return err
	}
	l.begun = nil
	return nil
}

// encode writes the entry on one line and its objects on the next.
func (e *entry) encode() ([]byte, error) {
	first := *e
	first.Objects = nil
	b, err := json.Marshal(first)
	if err != nil || len(e.Objects) == 0 {
		return b, err
	}
	objects, err := json.Marshal(e.Objects)
	return append(append(b, '\n'), objects...), err
}

// writeSynced writes a file so that it is there whole or not at all, whatever
// happens.
func writeSynced(name string, write func(w io.Writer) error) error {
	tmp := name + ".tmp"
	f, err := os.Create(tmp)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(f)
	err = write(out)
	if err == nil {
		err = out.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(tmp, name)
	}
	if err == nil {
		err = syncPath(filepath.Dir(name))
	}
	return err
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// finish moves the entry's files to their places and removes those that it
// removes. Doing it again does no harm.
func (l *Lake) finish(e *entry) error {
	for _, f := range e.Added {
		from := filepath.Join(l.dir, "staging", e.Staging, filepath.FromSlash(f.Path))
		to := filepath.Join(l.dir, "data", filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.Rename(from, to); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, p := range e.Removed {
		path := l.Path(File{Path: p})
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		_ = os.Remove(filepath.Dir(path)) // only when it is empty
	}
	if e.Staging == "" {
		return nil
	}
	return os.RemoveAll(filepath.Join(l.dir, "staging", e.Staging))
}

// recover finishes what the last entry says, and throws away what no entry
// speaks of and what a summary replaces.
func (l *Lake) recover() error {
	if l.next > 1 {
		last, err := readWritten(l.entryName(l.next - 1))
		if err != nil {
			return err
		}
		l.begun = last.entry
		if err := l.settle(); err != nil {
			return err
		}
	}
	if err := l.forget(l.next - 1 - l.entries); err != nil {
		return err
	}
	left, err := filepath.Glob(filepath.Join(l.dir, "staging", "*"))
	if err != nil {
		return err
	}
	for _, dir := range left {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return nil
}
