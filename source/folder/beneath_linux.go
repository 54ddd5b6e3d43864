package folder

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// openBeneath opens a file below a folder in three system calls, where os.Root
// makes two for each folder on the way. The kernel sees to it that the way does
// not lead out (openat2(2), RESOLVE_BENEATH). Where it cannot, or will not, the
// answer is nil: os.Root tries again, and says why.
func openBeneath(dir, name string) *os.File {
	at, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer func() { _ = unix.Close(at) }()
	// Without O_NONBLOCK, a named pipe would keep us waiting for a writer.
	fd, err := unix.Openat2(at, name, &unix.OpenHow{
		Flags: unix.O_RDONLY | unix.O_NONBLOCK | unix.O_CLOEXEC, Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_MAGICLINKS,
	})
	if err != nil {
		return nil
	}
	return os.NewFile(uintptr(fd), filepath.Join(dir, name))
}
