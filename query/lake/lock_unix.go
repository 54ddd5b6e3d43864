//go:build unix

package lake

import (
	"os"

	"golang.org/x/sys/unix"
)

// lockFile locks the file until it is closed, or its process ends.
func lockFile(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) }
