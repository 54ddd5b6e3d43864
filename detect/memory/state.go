package memory

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
)

// State is where an Engine keeps what it remembers: a SQLite or DynamoDB table
// beside the alerts, a file, or memory. An Engine asks for few keys at a time
// and never lists them.
type State interface {
	// Load gives the entries of those keys that are there, in any order.
	Load(ctx context.Context, keys []string) ([]Entry, error)
	// Save writes all entries or none of them. It returns ErrConflict, and
	// writes nothing, when the stored version of some entry is not Version-1.
	Save(ctx context.Context, entries []Entry) error
}

// Entry is one value of a State.
type Entry struct {
	Key  string // at most 64 bytes of letters, digits, '-', '/' and '#'
	Data []byte // at most MaxEntry bytes; nil removes the entry
	// Version grows by one with each Save, from 1 on; a removed entry starts
	// anew. A store with a single writer may ignore it.
	Version int64
}

// MaxEntry is the most bytes in one Entry: what fits into a DynamoDB item.
const MaxEntry = 256 << 10

// ErrConflict is returned by Save when somebody else wrote an entry since it
// was loaded. Engine.Forget and adding the same hits again resolves it.
var ErrConflict = errors.New("another writer has changed the state")

// Volatile is a State that ends with the process. The zero value is empty.
type Volatile struct {
	mu      sync.Mutex
	entries map[string]Entry
}

// Load implements State.
func (m *Volatile) Load(_ context.Context, keys []string) (found []Entry, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range keys {
		if e, ok := m.entries[k]; ok {
			found = append(found, e)
		}
	}
	return found, nil
}

// Save implements State.
func (m *Volatile) Save(_ context.Context, entries []Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.entries == nil {
		m.entries = map[string]Entry{}
	}
	for _, e := range entries {
		if m.entries[e.Key].Version != e.Version-1 {
			return ErrConflict
		}
	}
	for _, e := range entries {
		if e.Data == nil {
			delete(m.entries, e.Key)
			continue
		}
		e.Data = bytes.Clone(e.Data)
		m.entries[e.Key] = e
	}
	return nil
}

// Entries are all entries, by key.
func (m *Volatile) Entries() []Entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []Entry
	for _, k := range slices.Sorted(maps.Keys(m.entries)) {
		all = append(all, m.entries[k])
	}
	return all
}

func (m *Volatile) has(key string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, ok := m.entries[key]
	return ok
}
