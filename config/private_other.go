//go:build !unix

package config

import (
	"errors"
	"os"
)

// private has no modes to look at on this system: the folder's access list is
// what protects the file.
func private(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return bare(err)
	}
	if !info.Mode().IsRegular() {
		return errors.New("not a regular file")
	}
	return nil
}
