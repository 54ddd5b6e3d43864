package dynamodb

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/crash"
)

// tail is what a batch adds beside findings. It is written with the last of
// them or after them.
type tail struct{ letters, state, positions []op }

// Most items and bytes that a tail may add to the last transaction.
const (
	maxTail      = 12
	maxTailBytes = 1_000_000
)

func (t tail) all() []op {
	return append(append(append([]op{}, t.letters...), t.state...), t.positions...)
}

func (t tail) fits() bool {
	ops := t.all()
	return len(ops) > 0 && len(ops) <= maxTail && sizes(ops) <= maxTailBytes
}

// write does the tail by itself: positions last, so that a crash makes the
// source repeat and loses nothing.
func (t tail) write(ctx context.Context, s *Store) error {
	ops := t.all()
	if len(ops) == 0 {
		return nil
	}
	if len(ops) <= maxOps && sizes(ops) <= maxBytes {
		if len(ops) == 1 {
			return s.t.put(ctx, ops)
		}
		return s.t.write(ctx, ops)
	}
	if err := s.t.put(ctx, append(t.letters, t.state...)); err != nil {
		return err
	}
	crash.Point("positions written")
	return s.t.put(ctx, t.positions)
}

// tail makes the ops for what a batch adds beside findings.
func (s *Store) tail(ctx context.Context, b *alert.Batch) (t tail, err error) {
	for _, p := range distinctPositions(b.Positions) {
		t.positions = append(t.positions, s.saved(positionKey(p.Name), p, b.Now.UnixMilli())...)
	}
	for _, p := range distinctPositions(b.State) {
		t.state = append(t.state, s.saved(stateKey(p.Name), p, b.Now.UnixMilli())...)
	}
	t.letters, err = s.letterOps(ctx, b)
	return t, err
}

// distinctPositions keeps the last of those with one name: a transaction names
// no item twice.
func distinctPositions(ps []alert.Position) []alert.Position {
	at := make(map[string]int, len(ps))
	var out []alert.Position
	for _, p := range ps {
		if i, ok := at[p.Name]; ok {
			out[i] = p
			continue
		}
		at[p.Name] = len(out)
		out = append(out, p)
	}
	return out
}

// saved makes the ops for a position or a piece of state; without data it is
// forgotten. The content begins with the name, of which a key holds not always
// all.
func (s *Store) saved(k key, p alert.Position, now int64) []op {
	if p.Data == nil {
		return []op{{item: item{key: k}, del: true}}
	}
	content := append(fmt.Appendf(nil, "%d:%s", len(p.Name), p.Name), p.Data...)
	return s.fill(op{item: item{key: k, rev: 1, at: now}}, content)
}

// position reads what saved wrote.
func (s *Store) position(ctx context.Context, it item) (p alert.Position, err error) {
	content, err := s.content(ctx, it)
	if err != nil {
		return p, err
	}
	n, i := 0, 0
	for ; i < len(content) && content[i] >= '0' && content[i] <= '9' && n < len(content); i++ {
		n = n*10 + int(content[i]-'0')
	}
	if i >= len(content) || content[i] != ':' || i+1+n > len(content) {
		return p, fmt.Errorf("item %s, %s: %w: it has no name", it.pk, it.sk, alert.ErrCorrupt)
	}
	content = content[i+1:]
	return alert.Position{Name: string(content[:n]), Data: content[n:]}, nil
}

// Load reads a position, nil when there is none.
func (s *Store) Load(ctx context.Context, name string) ([]byte, error) {
	k := positionKey(name)
	found, err := s.t.get(ctx, []key{k})
	if err != nil {
		return nil, err
	}
	it, ok := found[k]
	if !ok {
		return nil, nil
	}
	p, err := s.position(ctx, it)
	return p.Data, err
}

// Save writes a position.
func (s *Store) Save(ctx context.Context, name string, data []byte) error {
	ops := s.saved(positionKey(name), alert.Position{Name: name, Data: data}, 0)
	if len(ops) > 1 { // its blobs first
		if err := s.t.put(ctx, ops[:len(ops)-1]); err != nil {
			return err
		}
	}
	return s.t.put(ctx, ops[len(ops)-1:])
}

// State reads the states whose names begin with prefix, in the order of their
// names: every piece of the spread is read in its own order, and they are
// merged.
func (s *Store) State(ctx context.Context, prefix string, yield func(alert.Position) error) error {
	begin := prefix[:min(len(prefix), 800)] // as much as every key holds
	var keys []key
	for n := range stateShards {
		q := query{pk: fmt.Sprintf("state#%x", n), from: cmp.Or(begin, "\x01"), to: begin + last}
		err := s.t.query(ctx, q, func(it item) bool {
			keys = append(keys, it.key)
			return true
		})
		if err != nil {
			return err
		}
	}
	slices.SortFunc(keys, func(a, b key) int { return cmp.Compare(a.sk, b.sk) })
	for some := range slices.Chunk(keys, maxGet) {
		if err := s.states(ctx, some, prefix, yield); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) states(ctx context.Context, keys []key, prefix string, yield func(alert.Position) error) error {
	found, err := s.t.get(ctx, keys)
	if err != nil {
		return err
	}
	for _, k := range keys {
		it, ok := found[k]
		if !ok {
			continue // forgotten since
		}
		p, err := s.position(ctx, it)
		if err != nil {
			return err
		}
		if !strings.HasPrefix(p.Name, prefix) {
			continue
		}
		if err := yield(p); err != nil {
			return err
		}
	}
	return nil
}

// letterOps makes the ops for the letters of a batch that the store has not.
func (s *Store) letterOps(ctx context.Context, b *alert.Batch) (ops []op, err error) {
	keys := make([]key, len(b.Letters))
	for i, l := range b.Letters {
		keys[i] = letterKey(l.ID)
	}
	found, err := s.t.get(ctx, keys)
	if err != nil {
		return nil, err
	}
	for i := range b.Letters {
		k := keys[i]
		if _, ok := found[k]; ok {
			continue
		}
		found[k] = item{} // one that is here twice is written once
		content, err := json.Marshal(&b.Letters[i])
		if err != nil {
			return nil, fmt.Errorf("letter %s: %w", b.Letters[i].ID, err)
		}
		o := op{item: item{key: k, rev: 1, at: b.Now.UnixMilli(), ttl: until(b.Now, s.keep.dead)}}
		ops = append(ops, s.fill(o, content)...)
	}
	return ops, nil
}
