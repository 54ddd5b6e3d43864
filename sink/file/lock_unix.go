//go:build unix

package file

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// renamesOpen tells that a file may be renamed while it is open, and so while it
// is locked.
const renamesOpen = true

// tryLock locks the file until it is closed, or its process ends; held is false
// while another does. Where a file system has no locks there is one writer.
func tryLock(f *os.File) (held bool, err error) {
	for {
		switch err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); {
		case err == nil, errors.Is(err, unix.ENOTSUP), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.ENOLCK):
			return true, nil
		case errors.Is(err, unix.EWOULDBLOCK):
			return false, nil
		case !errors.Is(err, unix.EINTR):
			return false, err
		}
	}
}
