//go:build unix

package pipeline

import (
	"io"
	"io/fs"
	"syscall"
)

// logFile is an open file. It makes five system calls where os.File makes ten,
// which counts when a file holds a handful of records: os.File first finds out
// whether the file can be waited for.
type logFile struct{ fd int }

func openLog(path string) (*logFile, error) {
	fd, err := retry(func() (int, error) { return syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0) })
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return &logFile{fd}, nil
}

// retry repeats a system call that a signal interrupted.
func retry(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if err != syscall.EINTR {
			return n, err
		}
	}
}

// size is the size in bytes of a regular file, and -1 of anything else.
func (f *logFile) size() int64 {
	var st syscall.Stat_t
	if err := syscall.Fstat(f.fd, &st); err != nil || st.Mode&syscall.S_IFMT != syscall.S_IFREG {
		return -1
	}
	return st.Size
}

func (f *logFile) Read(p []byte) (int, error) {
	return f.result(retry(func() (int, error) { return syscall.Read(f.fd, p) }))
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

func (f *logFile) Close() error { return syscall.Close(f.fd) }
