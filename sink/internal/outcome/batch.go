package outcome

import (
	"github.com/trailwarden/trailwarden/alert"
)

// Batch delivers n messages through call, which takes the positions of some of
// them and returns their outcomes. A whole call that is rejected for the sake
// of one message is taken apart: each of its messages is tried alone, so that
// none is lost for another.
func Batch(positions [][]int, n int, call func(positions []int) []alert.Outcome) []alert.Outcome {
	out := make([]alert.Outcome, n)
	for _, some := range positions {
		got := call(some)
		if len(some) > 1 && allRejected(got) {
			got = got[:0]
			for _, one := range some {
				got = append(got, call([]int{one})...)
			}
		}
		for i, at := range some {
			out[at] = got[i]
		}
	}
	return out
}

func allRejected(os []alert.Outcome) bool {
	for _, o := range os {
		if o.Class != alert.Reject {
			return false
		}
	}
	return true
}

// Same is the outcome of every one of n messages.
func Same(o alert.Outcome, n int) []alert.Outcome {
	out := make([]alert.Outcome, n)
	for i := range out {
		out[i] = o
	}
	return out
}
