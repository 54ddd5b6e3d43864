package dynamodb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

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
	return len(ops) <= maxTail && sizes(ops) <= maxTailBytes
}

// single tells whether it fits into a transaction of its own.
func (t tail) single() bool {
	ops := t.all()
	return len(ops) <= maxOps && sizes(ops) <= maxBytes
}

// together parts what is written with the last findings from what is after them.
func (t tail) together() (with []op, after tail) {
	switch {
	case t.fits():
		return t.all(), tail{}
	case len(t.state) == 1 && t.state[0].journal() != nil:
		return t.state, tail{letters: t.letters, positions: t.positions}
	}
	return nil, t
}

// conditional tells whether there is state that others may have written meanwhile.
func (t tail) conditional() bool {
	return slices.ContainsFunc(t.state, func(o op) bool { return o.when != always })
}

// write does the tail by itself: positions last, so that a crash makes the
// source repeat and loses nothing.
func (t tail) write(ctx context.Context, s *Store, b *alert.Batch) error {
	ops := t.all()
	switch {
	case len(ops) == 0:
		return nil
	case len(ops) == 1 && ops[0].when == always:
		return s.t.put(ctx, ops)
	case t.single():
		return s.writeState(ctx, b, ops)
	}
	if err := s.t.put(ctx, t.letters); err != nil {
		return err
	}
	for _, some := range pieces(t.state, maxOps) {
		if err := s.writeState(ctx, b, some); err != nil {
			return err
		}
		b = &alert.Batch{Now: b.Now} // what is written now is no longer what was read
	}
	crash.Point("positions written")
	return s.t.put(ctx, t.positions)
}

// writeState writes ops in one transaction, as long as the state is as the
// batch's author has read it.
func (s *Store) writeState(ctx context.Context, b *alert.Batch, ops []op) error {
	err := s.attempt(ctx, b.Now, mostAttempts, func(t *tx) error {
		t.extra = ops
		return s.unchanged(ctx, b.State)
	})
	if errors.Is(err, errChanged) {
		return alert.ErrConflict
	}
	return err
}

// unchanged returns alert.ErrConflict when a piece of state is not of the
// version that was read.
func (s *Store) unchanged(ctx context.Context, state []alert.Position) error {
	var keys []key
	for _, p := range state {
		if p.Version > 0 {
			keys = append(keys, stateKey(p.Name))
		}
	}
	if len(keys) == 0 {
		return nil
	}
	found, err := s.state(ctx, keys)
	if err != nil {
		return err
	}
	for _, p := range state {
		if p.Version > 0 && found[stateKey(p.Name)].rev != p.Version-1 {
			return fmt.Errorf("state %s: %w", p.Name, alert.ErrConflict)
		}
	}
	return nil
}

// pieces cuts ops into what transactions take, each of most ops.
func pieces(ops []op, most int) (out [][]op) {
	n, bytes := 0, 0
	for i := range ops {
		size := ops[i].size()
		if i == 0 || n == most || bytes+size > maxBytes {
			out, n, bytes = append(out, nil), 0, 0
		}
		out[len(out)-1] = append(out[len(out)-1], ops[i])
		n, bytes = n+1, bytes+size
	}
	return out
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
