//go:build !linux

package folder

import (
	"io/fs"
	"os"
)

// openBeneath leaves it to os.Root.
func openBeneath(string, string) *os.File { return nil }

// lookBeneath leaves it to os.Root.
func lookBeneath(_, _ string) fs.FileInfo { return nil }
