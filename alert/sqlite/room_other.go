//go:build !linux && !darwin

package sqlite

// room is how many bytes may still be written to the disk of a folder: not
// known.
func room(string) uint64 { return 0 }
