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
	walk  int // bytes from which on there may be something to forget
}

func newMemory(most int) *memory {
	return &memory{parts: map[string]map[string]item{}, lists: map[string]map[string]item{}, most: most, walk: most}
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
	if m.most > 0 && m.bytes > m.walk {
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

// forget makes room: identities and alerts that a table's time to live would
// take, the least lately changed first, down to three quarters of the bound. What
// waits to be delivered has none and stays; what belongs to an alert, its samples
// and blobs, goes with it and never before. When all that may go is not enough,
// nothing is looked for again before a quarter of the bound has been added.
func (m *memory) forget() {
	mortal := m.mortal()
	slices.SortFunc(mortal, func(a, b item) int { return cmp.Compare(a.at, b.at) })
	for _, it := range mortal {
		if m.bytes <= m.most/4*3 {
			break
		}
		for _, k := range m.parcel(it) {
			m.remove(k)
		}
	}
	m.walk = max(m.most, m.bytes+m.most/4)
}

// mortal are the items that may be forgotten by themselves.
func (m *memory) mortal() (all []item) {
	for _, part := range m.parts {
		for _, it := range part {
			owner, isBlob := it.owner()
			switch {
			case isSample(it.key):
			case isBlob && slices.Contains(m.item(owner).apart(), it.key):
			case isBlob || it.ttl != 0:
				all = append(all, it)
			}
		}
	}
	return all
}

func (m *memory) item(k key) *item {
	it := m.parts[k.pk][k.sk]
	return &it
}

// parcel is an item with what is only there for it.
func (m *memory) parcel(it item) []key {
	keys := append([]key{it.key}, it.blobs()...)
	if it.list == "" { // no alert
		return keys
	}
	for sk, sample := range m.parts[it.pk] {
		if id, _, _ := strings.Cut(sk, "#"); id == it.sk && sk != it.sk {
			keys = append(append(keys, sample.key), sample.blobs()...)
		}
	}
	return keys
}
