package rule

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// path reads a file or folder that the user gave.
func (l *loader) path(p string) {
	info, err := os.Stat(p)
	if err != nil {
		l.say(diagnostic.Error, p, 0, CodeRead, "cannot be read: %v", reason(err))
		return
	}
	dir, base := p, "."
	if !info.IsDir() {
		dir, base = filepath.Split(p)
		if dir == "" {
			dir = "."
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		l.say(diagnostic.Error, p, 0, CodeRead, "cannot be read: %v", reason(err))
		return
	}
	l.roots = append(l.roots, root)
	if info.IsDir() {
		l.diskFolder(p, root.FS())
		return
	}
	l.diskFile(&file{name: p, root: root.FS(), path: base, named: true}, p)
}

// reason is the cause of a file error, without the path it repeats.
func reason(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}

// diskFolder walks a folder on disk. Rule files may be symbolic links to
// anywhere: who gave the folder trusts what is linked there. What a rule refers
// to with file: stays inside the folder, links included (os.Root).
func (l *loader) diskFolder(dir string, root fs.FS) {
	l.walk(dir, os.DirFS(dir), func(p string) {
		name := filepath.Join(dir, filepath.FromSlash(p))
		l.diskFile(&file{name: name, root: root, path: p}, name)
	})
}

// folder reads the rule files of a file system that is no disk.
func (l *loader) folder(name string, fsys fs.FS) {
	l.walk(name, fsys, func(p string) {
		f := &file{name: path.Join(name, p), root: fsys, path: p}
		r, err := fsys.Open(p)
		if err != nil {
			l.say(diagnostic.Error, f.name, 0, CodeRead, "cannot be read: %v", reason(err))
			return
		}
		defer r.Close()
		l.read(f, r, 0)
	})
}

func (l *loader) walk(name string, fsys fs.FS, visit func(p string)) {
	files := 0
	_ = fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		full := path.Join(filepath.ToSlash(name), p)
		if err != nil && !utf8.ValidString(p) {
			l.say(diagnostic.Error, full, 0, CodeRead, "cannot be read: the folder's name is not UTF-8; rename it")
			return nil
		}
		if err != nil {
			l.say(diagnostic.Error, full, 0, CodeRead, "cannot be read: %v", reason(err))
			return nil
		}
		if why := aside(p, d); why != "" {
			l.set.Ignored = append(l.set.Ignored, Ignored{full, why})
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return nil
		}
		if files++; files > MaxFiles {
			l.say(diagnostic.Error, name, 0, CodeRead, "more than %d files; give folders that hold rules only", MaxFiles)
			return fs.SkipAll
		}
		if !d.Type().IsRegular() && d.Type()&fs.ModeSymlink == 0 {
			l.set.Ignored = append(l.set.Ignored, Ignored{full, "not a regular file"})
			return nil
		}
		visit(p)
		return nil
	})
	if files == 0 {
		l.say(diagnostic.Warning, name, 0, CodeNoRules, "the folder holds no rule files (.yaml, .yml, .json, .filter)")
	}
}

// aside says why a file or folder found in a walk is no rule file.
func aside(p string, d fs.DirEntry) string {
	base := path.Base(p)
	switch {
	case p == ".":
		return ""
	case strings.HasPrefix(base, "."):
		return "hidden"
	case d.IsDir() && (base == "tests" || base == "testdata"):
		return "a folder of test events"
	case d.IsDir():
		return ""
	}
	switch strings.ToLower(path.Ext(base)) {
	case ".yaml", ".yml", ".json", ".filter":
		return ""
	}
	return "its ending is none of .yaml, .yml, .json, .filter"
}

func (l *loader) diskFile(f *file, p string) {
	if abs, err := filepath.Abs(p); err == nil {
		if l.seen[abs] {
			return // the same file by two of the paths given
		}
		l.seen[abs] = true
	}
	size := int64(0)
	if info, err := os.Stat(p); err == nil {
		if info.IsDir() {
			l.set.Ignored = append(l.set.Ignored, Ignored{f.name, "a link to a folder"})
			return
		}
		if !f.named && !info.Mode().IsRegular() { // a pipe would be waited for
			l.set.Ignored = append(l.set.Ignored, Ignored{f.name, "a link to what is no regular file"})
			return
		}
		size = info.Size()
	}
	r, err := os.Open(p)
	if err != nil {
		l.say(diagnostic.Error, f.name, 0, CodeRead, "cannot be read: %v", reason(err))
		return
	}
	defer r.Close()
	l.read(f, r, size)
}

// read reads one file. It is loaded when all are there: a pipeline in the last
// one holds for rules in the first.
// size is what the file is said to have, in bytes.
func (l *loader) read(f *file, r io.Reader, size int64) {
	text, err := readAll(io.LimitReader(r, MaxFile+1), size)
	switch {
	case err != nil:
		l.say(diagnostic.Error, f.name, 0, CodeRead, "cannot be read: %v", reason(err))
	case len(text) > MaxFile || len(text) > yamldoc.MaxBytes && !severalDocuments(f.path):
		l.say(diagnostic.Error, f.name, 0, CodeSyntax, "%d bytes, more than a rule file may have; split it", len(text))
	case l.bytes+len(text) > MaxBytes:
		l.say(diagnostic.Error, f.name, 0, CodeRead, "not read: the files before it have %d bytes together, nearly the limit of %d", l.bytes, MaxBytes)
	default:
		l.bytes += len(text)
		f.text = trimBOM(text)
		l.files = append(l.files, f)
	}
}

// readAll reads r to its end, into room for what is expected.
func readAll(r io.Reader, size int64) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(int(min(max(size, 0), MaxFile)) + bytes.MinRead)
	_, err := b.ReadFrom(r)
	return b.Bytes(), err
}

// severalDocuments tells whether a file's form splits it into documents, to each
// of which the smaller limit applies.
func severalDocuments(name string) bool {
	ext := strings.ToLower(path.Ext(name))
	return ext != ".json" && ext != ".filter"
}

func trimBOM(text []byte) []byte {
	if len(text) >= 3 && text[0] == 0xEF && text[1] == 0xBB && text[2] == 0xBF {
		return text[3:]
	}
	return text
}
