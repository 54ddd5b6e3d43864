// Package ballast lets a program start without collecting garbage.
//
// The clients of AWS and other libraries make some fifteen megabytes of tables
// before main begins, none of which is garbage, and Go's collector, which runs
// whenever the heap has doubled from four megabytes on, would walk through them
// three times: a third of the time that a short command takes. A large object
// that is there first makes the heap look large, so that doubling it takes more
// than starting does. It is never written to, and so takes no memory.
//
// Go initializes packages that import nothing in the order of their paths, and
// before those that import something; so this one must import nothing.
package ballast

var weight = make([]byte, 32<<20)

// Drop gives the ballast up and tells how large it was, in bytes. It is for the
// first thing that main does.
func Drop() int {
	n := len(weight)
	weight = nil
	return n
}
