package http

import (
	"sync"
	"time"
)

// memory remembers the messages that were handled, for as long as they could be
// taken for new ones.
type memory struct {
	most int
	keep time.Duration

	mu    sync.Mutex
	till  map[string]time.Time // zero while it is in hand
	order []string             // of those that are done, oldest first
}

func newMemory(most int, keep time.Duration) *memory {
	return &memory{most: most, keep: keep, till: map[string]time.Time{}}
}

// sight is what the memory knows of a message.
type sight uint8

const (
	unseen sight = iota
	seenNow
	seenBefore
)

// begin notes that a message is in hand, unless it was seen already.
func (m *memory) begin(id string, now time.Time) sight {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget(now)
	till, ok := m.till[id]
	switch {
	case !ok:
		m.till[id] = time.Time{}
		return unseen
	case till.IsZero():
		return seenNow
	}
	return seenBefore
}

// end notes whether the message was handled; if not, it may come again.
func (m *memory) end(id string, handled bool, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !handled {
		delete(m.till, id)
		return
	}
	m.till[id] = now.Add(m.keep)
	m.order = append(m.order, id)
}

// forget drops what is too old to be replayed, and the oldest beyond the limit.
func (m *memory) forget(now time.Time) {
	n := 0
	for n < len(m.order) && (len(m.order)-n > m.most || now.After(m.till[m.order[n]])) {
		delete(m.till, m.order[n])
		n++
	}
	m.order = m.order[n:]
}
