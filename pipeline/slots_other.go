//go:build !linux

package pipeline

// makeSlots makes memory for n keys.
func makeSlots(n int) slots { return slots{keys: make([]key, n)} }

func (s *slots) release() { *s = slots{} }

func discard([]key) {}
