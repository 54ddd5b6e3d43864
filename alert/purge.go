package alert

import (
	"context"
	"fmt"
	"time"
)

// purgedAt is the position that says up to when a store was purged last.
const purgedAt = "serve/purged"

// catchUp is how many times as fast as the clock purging goes where it is behind.
const catchUp = 4

// PurgeAt is the time by which to purge a store now, and notes it there: now, but
// little beyond the last time, every being how far purges are apart. A clock that is
// years ahead for some hours has little forgotten by that, and after a long rest what
// is old goes bit by bit.
func PurgeAt(ctx context.Context, s Store, every time.Duration, now time.Time) (time.Time, error) {
	old, err := s.Load(ctx, purgedAt)
	if err != nil {
		return now, err
	}
	var last int64
	if _, err := fmt.Sscanf(string(old), "%d", &last); err == nil { // else it was never purged
		if most := time.UnixMilli(last).Add(catchUp * every); now.After(most) {
			now = most
		}
	}
	return now, s.Save(ctx, purgedAt, fmt.Append(nil, now.UnixMilli()))
}
