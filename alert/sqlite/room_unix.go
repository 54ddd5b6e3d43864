//go:build linux || darwin

package sqlite

import "golang.org/x/sys/unix"

// room is how many bytes may still be written to the disk of a folder; 0 when
// that is not known.
func room(dir string) uint64 {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil || s.Bsize <= 0 {
		return 0
	}
	return s.Bavail * uint64(s.Bsize) //nolint:gosec // it is more than 0
}
