package folder

import (
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// openBeneath opens a file below a folder in three system calls, where os.Root
// makes two for each folder on the way. The kernel sees to it that the way does
// not lead out (openat2(2), RESOLVE_BENEATH). Where it cannot, or will not, the
// answer is nil: os.Root tries again, and says why.
func openBeneath(dir, name string) *os.File {
	// Without O_NONBLOCK, a named pipe would keep us waiting for a writer.
	return beneath(dir, name, unix.O_RDONLY|unix.O_NONBLOCK)
}

// lookBeneath is os.Root's Lstat of a file below a folder in as few calls, nil where
// os.Root has to be asked.
func lookBeneath(dir, name string) fs.FileInfo {
	file := beneath(dir, name, unix.O_PATH|unix.O_NOFOLLOW)
	if file == nil {
		return nil
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil
	}
	return info
}

func beneath(dir, name string, flags uint64) *os.File {
	at, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer func() { _ = unix.Close(at) }()
	fd, err := unix.Openat2(at, name, &unix.OpenHow{Flags: flags | unix.O_CLOEXEC, Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_MAGICLINKS})
	if err != nil {
		return nil
	}
	return os.NewFile(uintptr(fd), filepath.Join(dir, name))
}
