//go:build unix

package main

import (
	"os"
	"syscall"
)

// hangup asks for a reload.
var hangup = []os.Signal{syscall.SIGHUP}
