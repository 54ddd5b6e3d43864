package alert

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

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

// Turn tells one of all who share a store that it is its turn to do something, once
// in an interval. For a store that is no Swapper it is always.
func Turn(ctx context.Context, s Store, name string, every time.Duration, now time.Time) (bool, error) {
	swap, ok := s.(Swapper)
	if !ok {
		return true, nil
	}
	old, err := s.Load(ctx, ClaimPrefix+name)
	if err != nil {
		return false, err
	}
	var last struct {
		At int64 `json:"at"`
	}
	_ = json.Unmarshal(old, &last)                      // what cannot be read was never
	if now.Sub(time.UnixMilli(last.At)).Abs() < every { // or by a clock that is ahead of ours
		return false, nil
	}
	return swap.Swap(ctx, ClaimPrefix+name, old, fmt.Appendf(nil, `{"at":%d}`, now.UnixMilli()))
}
