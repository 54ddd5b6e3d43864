//go:build nosimd || !amd64

package pipeline

import "unsafe"

// prefetched keeps prefetch from being optimized away.
var prefetched uint64

// prefetch reads slots, so that the processor waits for all of them at once and not
// for one after the other.
func prefetch(slots *uint64, at *[warmed]int) {
	var sum uint64
	for _, i := range at {
		sum ^= *(*uint64)(unsafe.Add(unsafe.Pointer(slots), i*slotSize))
	}
	if sum == 0 {
		prefetched++
	}
}
