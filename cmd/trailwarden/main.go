// Command trailwarden reads AWS CloudTrail logs and says what in them deserves
// attention.
package main

import (
	"os"
	"runtime/debug"
	"slices"

	"github.com/trailwarden/trailwarden/internal/ballast"
	"github.com/trailwarden/trailwarden/internal/resident"
)

func main() {
	// A server keeps it: with little in use, garbage would be collected each time
	// that some ten megabytes of it have come together, dozens of times a second
	// when much is found.
	if !slices.Contains(os.Args[1:], "serve") {
		ballast.Drop()
	}
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// collectLate is for the time in which rules are read and made ready. Nearly all
// that they are made of stays, so collecting then finds little and costs, with
// tens of thousands of rules, as much as reading them. GOGC in the environment
// wins.
func collectLate() {
	const percent = 400
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}

// manyRules is the number of rules from which they are most of what is in use.
const manyRules = 5000

// collectEarly is for the time after the rules were read. A scan lives in a few
// large buffers that it uses again and makes little garbage; collecting that
// early costs next to nothing and keeps peak memory near what is in use. With
// rules that remember, what is in use grows all the time, and collecting it early
// would cost an eighth of the time; with many rules, looking at all of them again
// would. GOGC in the environment wins. What only the start needed of the program's
// own file is given back in the same moment.
func collectEarly(remembers bool, rules int) {
	resident.Release()
	const usual, remembering, many = 40, 60, 100
	percent := usual
	switch {
	case rules >= manyRules:
		percent = many
	case remembers:
		percent = remembering
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}
