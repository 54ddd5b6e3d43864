//go:build unix

package cloudtrail_test

import (
	"syscall"
	"time"
)

// cpuTime is the processor time that the process has used: a busy machine
// disturbs it less than the clock.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
