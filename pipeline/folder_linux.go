//go:build amd64 || arm64

package pipeline

import (
	"bytes"
	"encoding/binary"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// The layout of what getdents64(2) gives for each member of a folder: its inode,
// a position, the length of all this, its type, and its name with a zero behind.
const (
	direntLength = 16
	direntType   = 18
	direntName   = 19
)

// read adds the members of the folder dir to l.members, sorted by name, each with
// prefix before its name. They are those of os.ReadDir; but their paths lie in one
// piece of memory, where that makes three pieces for each member and the path is a
// fourth. In a scan of small files that was half of all garbage.
func (l *Listing) read(dir, prefix string) error {
	fd, err := l.open(dir)
	if err != nil {
		return &fs.PathError{Op: "open", Path: dir, Err: err}
	}
	defer func() { _ = closeLocal(fd) }() // nothing was written to it
	if l.buffer == nil {
		l.buffer = make([]byte, 32<<10)
	}
	first := len(l.members)
	l.paths = l.paths[:0]
	for err == nil {
		var n int
		if n, err = retry(func() (int, error) { return syscall.ReadDirent(fd, l.buffer) }); n <= 0 {
			break
		}
		err = l.parse(l.buffer[:n], prefix)
	}
	if err != nil {
		err = &fs.PathError{Op: "readdirent", Path: dir, Err: err}
	}
	found, paths := l.members[first:], string(l.paths)
	for i := range found {
		m := &found[i]
		m.path, paths = paths[:m.length], paths[m.length:]
	}
	slices.SortFunc(found, func(a, b member) int { return strings.Compare(a.path[len(prefix):], b.path[len(prefix):]) })
	return err
}

// open opens a folder to be listed.
func (l *Listing) open(dir string) (int, error) {
	if strings.IndexByte(dir, 0) < 0 {
		l.paths = append(append(l.paths[:0], dir...), 0)
		if fd, ok := open2(unix.AT_FDCWD, l.paths, syscall.O_RDONLY|syscall.O_DIRECTORY); ok {
			return fd, nil
		}
	}
	return retry(func() (int, error) {
		return syscall.Open(dir, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	})
}

// parse adds the members in b, and their paths to l.paths.
func (l *Listing) parse(b []byte, prefix string) error {
	for len(b) > direntName {
		size := int(binary.NativeEndian.Uint16(b[direntLength:]))
		if size <= direntName || size > len(b) {
			return syscall.EIO
		}
		one := b[:size]
		b = b[size:]
		name := one[direntName:]
		if end := bytes.IndexByte(name, 0); end >= 0 {
			name = name[:end]
		}
		if binary.NativeEndian.Uint64(one) == 0 || len(name) == 0 || string(name) == "." || string(name) == ".." {
			continue // of inode 0 is what was removed meanwhile
		}
		mode, err := modeOf(one[direntType], prefix, name)
		switch {
		case os.IsNotExist(err):
			continue
		case err != nil:
			return err
		}
		l.paths = append(append(l.paths, prefix...), name...)
		l.members = append(l.members, member{length: len(prefix) + len(name), mode: mode})
	}
	return nil
}

// modeOf is what kind of file a member is; some file systems do not say.
func modeOf(kind byte, prefix string, name []byte) (fs.FileMode, error) {
	switch kind {
	case syscall.DT_REG:
		return 0, nil
	case syscall.DT_DIR:
		return fs.ModeDir, nil
	case syscall.DT_LNK:
		return fs.ModeSymlink, nil
	case syscall.DT_UNKNOWN:
		info, err := os.Lstat(prefix + string(name))
		if err != nil {
			return 0, err
		}
		return info.Mode().Type(), nil
	}
	return fs.ModeIrregular, nil // a pipe, a socket or a device: none of them is read
}
