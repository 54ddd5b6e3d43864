//go:build unix

package config

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// private refuses a secret's file that others may read, or that belongs to
// somebody else: who can write it chooses the secret.
func private(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return bare(err)
	}
	if !info.Mode().IsRegular() {
		return errors.New("not a regular file")
	}
	if mode := info.Mode().Perm(); mode&0o177 != 0 {
		return fmt.Errorf("its mode is %04o, so others may read it: chmod 600 it", mode)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		if me := os.Geteuid(); int64(st.Uid) != int64(me) && st.Uid != 0 {
			return fmt.Errorf("it belongs to user %d, and this program runs as user %d: chown it", st.Uid, me)
		}
	}
	return nil
}
