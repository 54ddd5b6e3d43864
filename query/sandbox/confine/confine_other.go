//go:build !linux

package confine

// Apply does nothing here: this system has no way for a process to give up files
// or the network by itself. What the engine itself refuses still holds.
func Apply(Limits) (Report, error) { return Report{}, nil }
