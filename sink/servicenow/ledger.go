package servicenow

import (
	"context"
	"sync"
	"time"
)

// Ledger lets workers agree on who opens the incident of a key. All methods may
// be called at once; where workers are processes, the ledger is a shared store.
type Ledger interface {
	// Claim gives the sys_id of the incident that was opened for key, or the
	// right to open one until the lease ends, or neither while another has it.
	Claim(ctx context.Context, key string, lease time.Duration) (record string, mine bool, err error)
	// Opened saves the incident of a claimed key and ends the claim.
	Opened(ctx context.Context, key, record string) error
	// Release ends a claim without an incident.
	Release(ctx context.Context, key string) error
}

// memory is the ledger of one process. It forgets the oldest keys.
type memory struct {
	mu      sync.Mutex
	entries map[string]entry
	order   []string
}

type entry struct {
	record string
	until  time.Time
}

// remembered bounds the keys of a memory.
const remembered = 10000

// NewLedger is a Ledger of one process alone.
func NewLedger() Ledger { return newMemory() }

func newMemory() *memory { return &memory{entries: map[string]entry{}} }

func (l *memory) Claim(_ context.Context, key string, lease time.Duration) (string, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.entries[key]
	if e.record != "" {
		return e.record, false, nil
	}
	if ok && time.Now().Before(e.until) { // monotonic: a lease is real time
		return "", false, nil
	}
	if !ok {
		l.order = append(l.order, key)
	}
	l.entries[key] = entry{until: time.Now().Add(lease)}
	if len(l.order) > remembered {
		delete(l.entries, l.order[0])
		l.order = l.order[1:]
	}
	return "", true, nil
}

func (l *memory) Opened(_ context.Context, key, record string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.entries[key]; ok {
		l.entries[key] = entry{record: record}
	}
	return nil
}

func (l *memory) Release(_ context.Context, key string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, ok := l.entries[key]; ok && e.record == "" {
		l.entries[key] = entry{}
	}
	return nil
}
