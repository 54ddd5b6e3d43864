// Package early begins to wait with collecting garbage before most packages make
// their tables.
//
// Go initializes the package that comes first by its path among those whose
// imports are ready (The Go Programming Language Specification, "Program
// initialization"). This one needs a dozen packages of the standard library, so it
// is ready before the clients of AWS are, which wait for net/http; what they and
// others make then sets off no collection.
package early

import "github.com/trailwarden/trailwarden/internal/collect"

// Of what Go manages, in bytes, and in per cent: enough for any short command.
const inUse, percent = 64 << 20, 100

// Wait is the wait of a program that imports this package.
var Wait = collect.Until(inUse, percent)
