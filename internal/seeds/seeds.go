// Package seeds says where tests with random inputs begin.
//
// What a change must pass asks the same questions every time, so that a change
// is refused for what it did. Exploring takes other seeds: TRAILWARDEN_SEED is a
// number, or "clock" for one that was never used before (.ci/explore).
package seeds

import (
	"flag"
	"os"
	"strconv"
	"testing"
	"time"
)

// Variable names the environment variable that chooses the seed.
const Variable = "TRAILWARDEN_SEED"

const (
	fixed = 1       // the seed where nothing is said
	clock = "clock" // the value for a new one each time
)

// Of is the seed of a test, which the test's log names.
func Of(t testing.TB) uint64 {
	t.Helper()
	s, err := parse(os.Getenv(Variable))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("seed %d; repeat with %s=%d", s, Variable, s)
	return s
}

// Rapid has the tests that rapid draws for begin there as well. A package calls
// it before its tests run; -rapid.seed goes before it. By the clock rapid takes
// a seed of its own for each test, and for each of -count, and names it in what
// it reports.
func Rapid() {
	s, err := parse(os.Getenv(Variable))
	if err == nil && os.Getenv(Variable) != clock {
		err = flag.Set("rapid.seed", strconv.FormatUint(s, 10))
	}
	if err != nil {
		panic(err)
	}
}

func parse(value string) (uint64, error) {
	switch value {
	case "":
		return fixed, nil
	case clock:
		return uint64(time.Now().UnixNano()), nil
	}
	return strconv.ParseUint(value, 10, 64)
}
