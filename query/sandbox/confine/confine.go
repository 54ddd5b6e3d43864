// Package confine gives up what a process does not need, before it does anything
// with text from others: memory beyond a bound, files outside a list, and the
// network. What is given up stays so for the rest of the process's life and for
// every program that it becomes.
package confine

// Limits are what the process keeps.
type Limits struct {
	// Memory is the most bytes of memory of its own that the process may have.
	Memory uint64
	// AddressSpace is the most bytes of addresses; a Go program reserves far
	// more of them than it uses.
	AddressSpace uint64
	// Read are files and folders that may be read, Write folders that may be
	// written to. Programs and system libraries may always be read.
	Read, Write []string
}

// Report says which of the limits the operating system keeps.
type Report struct {
	Memory  bool `json:"memory"`
	Files   bool `json:"files"`
	Network bool `json:"network"`
}
