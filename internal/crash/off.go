//go:build !crashpoints

package crash

// Enabled tells whether points end the process.
const Enabled = false

// Point does nothing.
func Point(string) {}
