package assemble

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/sink/servicenow"
)

// Shared is what the assemblies of one process share: it outlives reloads.
type Shared struct {
	claims       atomic.Pointer[claims]
	own          atomic.Pointer[own]
	organization atomic.Pointer[organization]
}

// Share tells the assembly and those that share with it of the store, so that
// workers on one store agree on what only one of them may do. A store that is no
// alert.Swapper changes nothing.
func (a *Assembly) Share(store alert.Store) {
	if s, ok := store.(alert.Swapper); ok {
		a.o.Shared.claims.Store(&claims{swap: s, load: store, now: a.o.Now})
	}
}

// claims are made in a store.
type claims struct {
	swap alert.Swapper
	load alert.Positions
	now  func() time.Time
}

// ledger is the servicenow.Ledger of one sink: a claim is a position of the
// store, which whoever has the right to open an incident puts there first.
// Without a shared store, incidents are healed by looking again.
type ledger struct {
	shared *Shared
	sink   string
	alone  servicenow.Ledger // while there is no store

	mu   sync.Mutex
	mine map[string][]byte // our claims as they stand in the store, by key
}

// Ledger is by which the ServiceNow sinks of that name agree, in all workers on
// the store.
func (a *Assembly) Ledger(sink string) servicenow.Ledger { return newLedger(a.o.Shared, sink) }

func newLedger(s *Shared, sink string) *ledger {
	return &ledger{shared: s, sink: sink, alone: servicenow.NewLedger(), mine: map[string][]byte{}}
}

// entry is a claim, or the incident that was opened under it. Times are
// milliseconds of Unix time.
type entry struct {
	At     int64  `json:"at"`
	Until  int64  `json:"until,omitempty"`
	Record string `json:"record,omitempty"`
}

var _ servicenow.Ledger = (*ledger)(nil)

func (l *ledger) name(key string) string {
	return alert.ClaimPrefix + "servicenow/" + l.sink + "/" + key
}

// Claim implements servicenow.Ledger.
func (l *ledger) Claim(ctx context.Context, key string, lease time.Duration) (record string, mine bool, err error) {
	c := l.shared.claims.Load()
	if c == nil {
		return l.alone.Claim(ctx, key, lease)
	}
	old, err := c.load.Load(ctx, l.name(key))
	if err != nil {
		return "", false, err
	}
	var e entry
	if old != nil {
		if err := json.Unmarshal(old, &e); err != nil {
			return "", false, fmt.Errorf("position %s: %w", l.name(key), alert.ErrCorrupt)
		}
	}
	now := c.now()
	if e.Record != "" || e.Until > now.UnixMilli() {
		return e.Record, false, nil
	}
	data := encoded(entry{At: now.UnixMilli(), Until: now.Add(lease).UnixMilli()})
	if mine, err = c.swap.Swap(ctx, l.name(key), old, data); mine {
		l.keep(key, data)
	}
	return "", mine, err
}

// encoded is e as JSON; two numbers and a text always have a form.
func encoded(e entry) []byte {
	b, _ := json.Marshal(e)
	return b
}

func (l *ledger) keep(key string, data []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mine[key] = data
}

// taken is our claim of a key, which is ours no more.
func (l *ledger) taken(key string) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	data := l.mine[key]
	delete(l.mine, key)
	return data
}

// Opened implements servicenow.Ledger.
func (l *ledger) Opened(ctx context.Context, key, record string) error {
	c, old := l.shared.claims.Load(), l.taken(key)
	if old == nil {
		return l.alone.Opened(ctx, key, record)
	}
	done, err := c.swap.Swap(ctx, l.name(key), old, encoded(entry{At: c.now().UnixMilli(), Record: record}))
	if err == nil && !done {
		err = errors.New("the claim has ended and is another worker's by now")
	}
	return err
}

// Release implements servicenow.Ledger.
func (l *ledger) Release(ctx context.Context, key string) error {
	c, old := l.shared.claims.Load(), l.taken(key)
	if old == nil {
		return l.alone.Release(ctx, key)
	}
	_, err := c.swap.Swap(ctx, l.name(key), old, nil)
	return err
}
