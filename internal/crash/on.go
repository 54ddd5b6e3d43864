//go:build crashpoints

package crash

import (
	"os"
	"strconv"
	"sync/atomic"
)

// Enabled tells whether points end the process.
const Enabled = true

// The point at which to die, and the visit of it, come from the environment.
var (
	name   = os.Getenv("TRAILWARDEN_CRASH_POINT")
	visit  = number(os.Getenv("TRAILWARDEN_CRASH_VISIT"))
	visits atomic.Int64
)

func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 1
	}
	return n
}

// Point kills the process, without any clean-up, on the visit that the
// environment names.
func Point(point string) {
	if point != name || visits.Add(1) != visit {
		return
	}
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
	select {}
}
