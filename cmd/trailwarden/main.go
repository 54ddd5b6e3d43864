// Command trailwarden reads AWS CloudTrail logs and says what in them deserves
// attention.
package main

import (
	"os"
	"runtime/debug"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// collectEarly is for the time after the rules were read. A scan lives in a few
// large buffers that it uses again and makes little garbage; collecting that
// early costs next to nothing and keeps peak memory near what is in use. GOGC
// in the environment wins.
func collectEarly() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(20)
	}
}
