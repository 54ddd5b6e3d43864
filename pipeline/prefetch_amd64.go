//go:build !nosimd

package pipeline

// prefetch has the processor fetch slots, and goes on without them.
//
//go:noescape
func prefetch(slots *uint64, at *[warmed]int)
