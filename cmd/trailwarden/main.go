// Command trailwarden reads AWS CloudTrail logs and says what in them deserves
// attention.
package main

import (
	"os"
	"runtime/debug"

	"github.com/trailwarden/trailwarden/internal/ballast"
)

func main() {
	ballast.Drop()
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// collectEarly is for the time after the rules were read. A scan lives in a few
// large buffers that it uses again and makes little garbage; collecting that
// early costs next to nothing and keeps peak memory near what is in use. With
// rules that remember, what is in use grows all the time, and collecting it early
// would cost an eighth of the time. GOGC in the environment wins.
func collectEarly(remembers bool) {
	const usual, remembering = 40, 60
	percent := usual
	if remembers {
		percent = remembering
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}
