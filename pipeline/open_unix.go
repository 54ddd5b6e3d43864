//go:build unix

package pipeline

import (
	"io"
	"io/fs"
	"syscall"
)

// opener opens log files for one worker, one after the other. It knows of the last
// one whether it is in a local file system, as then the next one is most likely as
// well.
type opener struct {
	local bool
	way   way
	file  logFile // the last one
}

// logFile is an open file. It makes three system calls where os.File makes ten,
// which counts when a file holds a handful of records: os.File first finds out
// whether the file can be waited for.
type logFile struct {
	fd    int
	by    *opener
	at    int64 // where reading has come to
	waits bool  // it is no file but a pipe, which has no places
}

func (o *opener) open(path string) (*logFile, error) {
	if o.local {
		if fd, ok := o.way.openCached(path); ok {
			return o.opened(fd), nil
		}
	}
	fd, err := retry(func() (int, error) { return syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0) })
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return o.opened(fd), nil
}

func (o *opener) opened(fd int) *logFile {
	o.file = logFile{fd: fd, by: o}
	return &o.file
}

// release gives up what was only kept for the next file.
func (o *opener) release() { o.way.leave() }

// retry repeats a system call that a signal interrupted.
func retry(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if err != syscall.EINTR {
			return n, err
		}
	}
}

// Size is the size in bytes of a regular file, and -1 of anything else.
func (f *logFile) Size() int64 {
	var st syscall.Stat_t
	if err := f.stat(&st); err != nil || st.Mode&syscall.S_IFMT != syscall.S_IFREG {
		return -1
	}
	return st.Size
}

func (f *logFile) stat(st *syscall.Stat_t) error {
	if f.by.local {
		return statLocal(f.fd, st)
	}
	return syscall.Fstat(f.fd, st)
}

// Read says with the last bytes of a file that they are the last ones, where it can
// tell; see readCached.
func (f *logFile) Read(p []byte) (int, error) {
	if f.waits {
		return f.result(retry(func() (int, error) { return syscall.Read(f.fd, p) }))
	}
	n, able := readCached(f.fd, p, f.at)
	if f.by.local = able; n > 0 {
		if f.at += int64(n); n < len(p) && f.at%leastPage != 0 {
			return n, io.EOF
		}
		return n, nil
	}
	n, err := f.ReadAt(p, f.at)
	if err == syscall.ESPIPE {
		f.waits = true
		return f.Read(p)
	}
	f.at += int64(n)
	if n > 0 && n < len(p) && f.at == f.Size() {
		return n, io.EOF
	}
	return n, err
}

func (f *logFile) ReadAt(p []byte, at int64) (int, error) {
	return f.result(retry(func() (int, error) { return syscall.Pread(f.fd, p, at) }))
}

func (f *logFile) result(n int, err error) (int, error) {
	switch {
	case err != nil:
		return 0, err
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

func (f *logFile) Close() error {
	if f.by.local {
		return closeLocal(f.fd)
	}
	return syscall.Close(f.fd)
}
