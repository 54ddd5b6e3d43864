//go:build amd64 || arm64

package pipeline

import (
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What the system has in memory is opened and read without telling Go's scheduler
// that the thread may have to wait, because it will not. Go watches threads that
// made calls of the usual kind, and where these are many and short it takes the
// processor away from one that is in a call and hands it to another, some thousand
// times a second: that took a tenth of a scan of small files. Where the kernel says
// no, for whatever reason, the usual call follows and decides.

// resolveCached is RESOLVE_CACHED of openat2(2): the way to the file is in memory,
// or the call fails.
const resolveCached = 0x20

// way is the way to a file. Neighbours in a listing have most of theirs in common,
// ten folders of eleven in a log bucket's layout, and the system would walk all of
// it for each. So the folder two above a file is held open where the next file
// comes from below it as well, and its way begins there. It is two because there
// are buckets with a file or two in the folder of a day.
type way struct {
	from string // the folder's path, with a slash behind
	fd   int    // of the folder, when held
	held bool
	name []byte // what follows, for the system
}

// openCached opens a file for reading if the way to it is in memory.
func (w *way) openCached(path string) (fd int, ok bool) {
	at, rest := w.start(path)
	if strings.IndexByte(rest, 0) >= 0 {
		return -1, false
	}
	w.name = append(append(w.name[:0], rest...), 0)
	return open2(at, w.name, syscall.O_RDONLY)
}

// start is where the way begins, and what is left of the path from there on.
func (w *way) start(path string) (at int, rest string) {
	n := strings.LastIndexByte(path[:max(0, strings.LastIndexByte(path, '/'))], '/') + 1
	from, rest := path[:n], path[n:]
	switch {
	case from == "" || strings.HasPrefix(rest, "/"):
		return unix.AT_FDCWD, path
	case from != w.from:
		w.leave()
		w.from = from
		return unix.AT_FDCWD, path
	case !w.held && strings.IndexByte(from, 0) < 0:
		w.name = append(append(w.name[:0], from...), 0)
		w.fd, w.held = open2(unix.AT_FDCWD, w.name, unix.O_PATH|syscall.O_DIRECTORY)
	}
	if !w.held {
		return unix.AT_FDCWD, path
	}
	return w.fd, rest
}

// leave closes the folder.
func (w *way) leave() {
	if w.held {
		_ = closeLocal(w.fd) // nothing was written to it
	}
	w.from, w.held = "", false
}

// open2 is openat2(2) of a name, which ends with a zero, if the way is in memory.
func open2(at int, name []byte, flags uint64) (fd int, ok bool) {
	how := unix.OpenHow{Flags: flags | syscall.O_CLOEXEC, Resolve: resolveCached}
	n, _, errno := syscall.RawSyscall6(unix.SYS_OPENAT2, uintptr(at), uintptr(unsafe.Pointer(&name[0])), uintptr(unsafe.Pointer(&how)), unix.SizeofOpenHow, 0, 0)
	return int(n), errno == 0
}

// leastPage divides the size of every page and of every larger piece in which files
// are held in memory.
const leastPage = 4 << 10

// readCached reads from a file, from at on, what is in memory; n is 0 when nothing
// is, at the end, and of a pipe. able tells whether the file system can promise at
// all not to wait (preadv2(2), RWF_NOWAIT), as local ones do and those of the network
// do not. Fewer bytes than asked for are read up to where memory holds no more, which
// is between two pages, or up to the end of the file. So where they end within a
// page, that is the end.
func readCached(fd int, b []byte, at int64) (n int, able bool) {
	if len(b) == 0 {
		return 0, false
	}
	v := syscall.Iovec{Base: &b[0]}
	v.SetLen(len(b))
	got, _, errno := syscall.RawSyscall6(unix.SYS_PREADV2, uintptr(fd), uintptr(unsafe.Pointer(&v)), 1, uintptr(at), 0, unix.RWF_NOWAIT)
	if errno != 0 {
		return 0, errno == syscall.EAGAIN
	}
	return int(got), true
}

// statLocal is fstat(2) and closeLocal close(2) for files that were opened to be
// read and lie in a local file system.
func statLocal(fd int, st *syscall.Stat_t) error {
	_, _, errno := syscall.RawSyscall(syscall.SYS_FSTAT, uintptr(fd), uintptr(unsafe.Pointer(st)), 0)
	if errno != 0 {
		return errno
	}
	return nil
}

func closeLocal(fd int) error {
	_, _, errno := syscall.RawSyscall(syscall.SYS_CLOSE, uintptr(fd), 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
