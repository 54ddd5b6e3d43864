package dynamodb

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
)

// memory is a table in the memory of one process.
type memory struct {
	mu    sync.Mutex
	parts map[string]map[string]item // by pk and sk
	lists map[string]map[string]item // by list and order
	bytes int
	most  int // bytes from which on the oldest is forgotten; 0 never
}

func newMemory(most int) *memory {
	return &memory{parts: map[string]map[string]item{}, lists: map[string]map[string]item{}, most: most}
}

func (m *memory) get(_ context.Context, keys []key) (map[key]item, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := make(map[key]item, len(keys))
	for _, k := range keys {
		if it, ok := m.parts[k.pk][k.sk]; ok {
			found[k] = it
		}
	}
	return found, nil
}

func (m *memory) query(_ context.Context, q query, yield func(item) bool) error {
	for _, it := range m.selected(q) {
		if !yield(it) {
			return nil
		}
	}
	return nil
}

func (m *memory) selected(q query) []item {
	m.mu.Lock()
	defer m.mu.Unlock()
	from, sort := m.parts[q.pk], func(i item) string { return i.sk }
	if q.index {
		from, sort = m.lists[q.pk], func(i item) string { return i.order }
	}
	var found []item
	for s, it := range from {
		if s >= q.from && s <= q.to {
			found = append(found, it)
		}
	}
	slices.SortFunc(found, func(a, b item) int {
		if q.down {
			a, b = b, a
		}
		return cmp.Compare(sort(a), sort(b))
	})
	return found
}

func (m *memory) scan(_ context.Context, what []old, yield func(item) bool) error {
	for _, it := range m.aged(what) {
		if !yield(it) {
			return nil
		}
	}
	return nil
}

func (m *memory) aged(what []old) (found []item) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for pk, part := range m.parts {
		for _, w := range what {
			if !strings.HasPrefix(pk, w.prefix) {
				continue
			}
			for _, it := range part {
				if it.at < w.before {
					found = append(found, it)
				}
			}
		}
	}
	return found
}

func (m *memory) write(_ context.Context, ops []op) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range ops {
		o := &ops[i]
		before, there := m.parts[o.pk][o.sk]
		if o.when == ifAbsent && there || o.when == ifRev && (!there || before.rev != o.was) {
			return errChanged
		}
	}
	m.apply(ops)
	return nil
}

func (m *memory) put(_ context.Context, ops []op) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.apply(ops)
	return nil
}

func (m *memory) apply(ops []op) {
	for i := range ops {
		if ops[i].check {
			continue
		}
		m.remove(ops[i].key)
		if !ops[i].del {
			m.insert(ops[i].item)
		}
	}
	if m.most > 0 && m.bytes > m.most {
		m.forget()
	}
}

func (m *memory) insert(it item) {
	if m.parts[it.pk] == nil {
		m.parts[it.pk] = map[string]item{}
	}
	m.parts[it.pk][it.sk] = it
	m.bytes += it.size()
	if it.list == "" {
		return
	}
	if m.lists[it.list] == nil {
		m.lists[it.list] = map[string]item{}
	}
	m.lists[it.list][it.order] = it
}

func (m *memory) remove(k key) {
	it, ok := m.parts[k.pk][k.sk]
	if !ok {
		return
	}
	m.bytes -= it.size()
	if delete(m.parts[k.pk], k.sk); len(m.parts[k.pk]) == 0 {
		delete(m.parts, k.pk)
	}
	delete(m.lists[it.list], it.order)
}

// forget makes room: what a table's time to live would take, the oldest first,
// down to three quarters of the bound. What waits to be delivered has none and
// stays.
func (m *memory) forget() {
	var mortal []item
	for _, part := range m.parts {
		for _, it := range part {
			if it.ttl != 0 {
				mortal = append(mortal, it)
			}
		}
	}
	slices.SortFunc(mortal, func(a, b item) int { return cmp.Compare(a.at, b.at) })
	for _, it := range mortal {
		if m.bytes <= m.most/4*3 {
			return
		}
		m.remove(it.key)
	}
}
