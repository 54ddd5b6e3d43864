// Command trailwarden reads AWS CloudTrail logs and says what in them deserves
// attention.
package main

import (
	"os"

	"github.com/trailwarden/trailwarden/internal/collect/early"
	"github.com/trailwarden/trailwarden/internal/resident"
)

func main() {
	os.Exit(start(&streams{os.Stdin, os.Stdout, os.Stderr, early.Wait}, os.Args[1:]))
}

// collectLate is for the time in which rules are read and made ready. Nearly all
// that they are made of stays, so collecting then finds little and costs, with
// tens of thousands of rules, as much as reading them.
func (s *streams) collectLate() {
	const inUse, percent = 192 << 20, 400
	s.garbage.Until(inUse, percent)
}

// manyRules is the number of rules from which they are most of what is in use.
const manyRules = 5000

// collectEarly is for the time after the rules were read. A scan lives in a few
// large buffers that it uses again and makes little garbage; collecting that
// early costs next to nothing and keeps peak memory near what is in use. With
// rules that remember, what is in use grows all the time, and collecting it early
// would cost an eighth of the time; with many rules, looking at all of them again
// would: with the former twice as much comes together before the first time. What only
// the start needed of the program's own file is given back in the
// same moment, some 20 MiB: so much may come in their place before memory is at its
// peak, and a scan of some hundred megabytes of logs ends before it has come to that.
func (s *streams) collectEarly(remembers bool, rules int) {
	go resident.Release() // a millisecond that nobody needs to wait for
	const (
		least, perRule           = 28 << 20, 3 << 10 // bytes: what is made of a rule is 1.5 to 2 KiB
		usual, remembering, many = 10, 60, 100       // per cent
	)
	first, percent := int64(least), usual
	switch {
	case rules >= manyRules:
		percent = many
	case remembers:
		first, percent = 2*least, remembering
	}
	s.garbage.Until(first+int64(rules)*perRule, percent)
}
