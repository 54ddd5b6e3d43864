package alert

import "context"

// Swapper is a store whose positions can be changed on condition: workers that
// share it agree by it on what only one of them may do. It is optional; what
// needs it works without, for one process.
//
// Positions whose names begin with ClaimPrefix are short-lived: Purge forgets
// them once they have not changed for as long as identities of findings are
// kept. Their data is a JSON object whose member "at" is the time of the change
// in milliseconds of Unix time.
type Swapper interface {
	// Swap puts data in the place of the position of that name when that is old;
	// nil stands for no position, on both sides. It tells whether it did.
	Swap(ctx context.Context, name string, old, data []byte) (bool, error)
}

// ClaimPrefix begins the names of positions that Purge forgets.
const ClaimPrefix = "claim/"
