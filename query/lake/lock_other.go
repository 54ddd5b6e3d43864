//go:build !unix

package lake

import "os"

// lockFile does nothing here; do not write to a lake twice at a time.
func lockFile(*os.File) error { return nil }
