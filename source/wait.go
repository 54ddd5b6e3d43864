package source

import (
	"context"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

// Clock tells the time and waits. The zero Clock is the real one.
type Clock struct {
	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error
}

// Time is the time now, UTC.
func (c Clock) Time() time.Time {
	if c.Now != nil {
		return c.Now().UTC()
	}
	return time.Now().UTC()
}

// Wait waits for d or until ctx ends, whose error it returns. A negative d is
// none.
func (c Clock) Wait(ctx context.Context, d time.Duration) error {
	if c.Sleep != nil {
		return c.Sleep(ctx, max(0, d))
	}
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Backoff says how long to wait before a try: a random time of at least half of
// Base·2ⁿ, where n is the number of failures before, and of at most Most.
type Backoff struct{ Base, Most time.Duration }

// After is the wait after n failures in a row, n ≥ 1.
func (b Backoff) After(n int) time.Duration {
	d := b.Base
	for range min(n, 40) - 1 {
		if d *= 2; d >= b.Most {
			break
		}
	}
	d = max(min(d, b.Most), 2)
	return d/2 + rand.N(d/2)
}

// Graceful is a context that ends grace after ctx ends, so that work in hand may
// finish when nothing new is to begin. Call end when the work is done.
func Graceful(ctx context.Context, grace time.Duration) (soft context.Context, end func()) {
	soft, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		t := time.NewTimer(grace)
		defer t.Stop()
		select {
		case <-t.C:
			cancel()
		case <-soft.Done():
		}
	})
	return soft, func() {
		stop()
		cancel()
	}
}

// MemoryCursor is a Cursor that forgets everything at the end of the process.
type MemoryCursor struct {
	mu sync.Mutex
	m  map[string][]byte
}

// Load gives what was saved under name.
func (c *MemoryCursor) Load(_ context.Context, name string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.m[name], nil
}

// Save keeps a copy of position.
func (c *MemoryCursor) Save(_ context.Context, name string, position []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.m == nil {
		c.m = map[string][]byte{}
	}
	c.m[name] = append([]byte{}, position...)
	return nil
}

// List yields what was saved under names that begin with prefix.
func (c *MemoryCursor) List(_ context.Context, prefix string, yield func(name string, position []byte)) error {
	c.mu.Lock()
	all := maps.Clone(c.m)
	c.mu.Unlock()
	for name, position := range all {
		if strings.HasPrefix(name, prefix) {
			yield(name, position)
		}
	}
	return nil
}
