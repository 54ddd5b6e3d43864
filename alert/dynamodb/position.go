package dynamodb

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/alert"
)

// saved makes the ops for a position or a piece of state; without data it is
// forgotten. The content begins with the name, of which a key holds not always
// all.
func (s *Store) saved(k key, p alert.Position, now int64) []op {
	o := op{item: item{key: k, rev: rand.Int64N(1 << 52), at: now}}
	switch {
	case p.Version == 1:
		o.rev, o.when = 1, ifAbsent
	case p.Version > 1:
		o.rev, o.when, o.was = p.Version, ifRev, p.Version-1
	}
	if p.Data == nil {
		o.del = true
		return []op{o}
	}
	return s.fill(o, append(fmt.Appendf(nil, "%d:%s", len(p.Name), p.Name), p.Data...))
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
	return alert.Position{Name: string(content[:n]), Data: content[n:], Version: it.rev}, nil
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
	keys, err := s.stateKeys(ctx, prefix)
	if err != nil {
		return err
	}
	slices.SortFunc(keys, func(a, b key) int { return cmp.Compare(a.sk, b.sk) })
	for some := range slices.Chunk(keys, maxGet) {
		if err := s.states(ctx, some, prefix, yield); err != nil {
			return err
		}
	}
	return nil
}

// stateKeys are those of the pieces whose names may begin with prefix, after what
// is still to be written of them is.
func (s *Store) stateKeys(ctx context.Context, prefix string) (keys []key, err error) {
	begin := prefix[:min(len(prefix), 800)] // as much as every key holds
	var unfinished []key
	for n := range stateShards {
		q := query{pk: fmt.Sprintf("state#%x", n), from: cmp.Or(begin, "\x01"), to: begin + last}
		err := s.t.query(ctx, q, func(it item) bool {
			if keys = append(keys, it.key); it.journal() != nil {
				unfinished = append(unfinished, it.key)
			}
			return true
		})
		if err != nil {
			return nil, err
		}
	}
	if len(unfinished) == 0 {
		return keys, nil
	}
	for _, k := range unfinished {
		if err := s.finish(ctx, k, false); err != nil {
			return nil, err
		}
	}
	return s.stateKeys(ctx, prefix)
}

func (s *Store) states(ctx context.Context, keys []key, prefix string, yield func(alert.Position) error) error {
	ps, err := s.positions(ctx, keys)
	for _, p := range ps {
		if strings.HasPrefix(p.Name, prefix) {
			if err := yield(p); err != nil {
				return err
			}
		}
	}
	return err
}

// positions reads those of the keys that are there, in their order.
func (s *Store) positions(ctx context.Context, keys []key) (ps []alert.Position, err error) {
	found, err := s.state(ctx, keys)
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		it, ok := found[k]
		if !ok {
			continue
		}
		p, err := s.position(ctx, it)
		if err != nil {
			return nil, err
		}
		ps = append(ps, p)
	}
	return ps, nil
}

// States gives those of the named pieces of state that are there, in any order.
func (s *Store) States(ctx context.Context, names []string) ([]alert.Position, error) {
	keys := make([]key, len(names))
	for i, name := range names {
		keys[i] = stateKey(name)
	}
	return s.positions(ctx, distinct(keys))
}

var _ alert.Swapper = (*Store)(nil)

// Swap implements alert.Swapper.
func (s *Store) Swap(ctx context.Context, name string, old, data []byte) (bool, error) {
	k := positionKey(name)
	found, err := s.t.get(ctx, []key{k})
	if err != nil {
		return false, err
	}
	it, there := found[k]
	var now alert.Position
	if there {
		if now, err = s.position(ctx, it); err != nil {
			return false, err
		}
	}
	if there != (old != nil) || !bytes.Equal(now.Data, old) {
		return false, nil
	}
	at := claimed(name, data)
	ops := s.saved(k, alert.Position{Name: name, Data: data}, at)
	o := &ops[len(ops)-1]
	if o.when, o.was = ifRev, it.rev; !there {
		o.when = ifAbsent
	}
	if at != 0 {
		o.ttl = until(time.UnixMilli(at), s.keep.findings)
	}
	if data == nil && !there {
		return true, nil
	}
	err = s.t.write(ctx, ops)
	if errors.Is(err, errChanged) {
		return false, nil
	}
	return err == nil, err
}

// claimed is when a claim was changed, as it says itself; 0 of other positions.
func claimed(name string, data []byte) int64 {
	var c struct {
		At int64 `json:"at"`
	}
	if !strings.HasPrefix(name, alert.ClaimPrefix) || json.Unmarshal(data, &c) != nil {
		return 0
	}
	return c.At
}
