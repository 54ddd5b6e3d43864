package dynamodb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/crash"
)

// tx is one attempt: what was read, and what is to be written if it is still
// so.
type tx struct {
	ctx     context.Context
	s       *Store
	env     *alert.Env
	holders map[key]*holder
	order   []*holder
	revs    map[string]int64 // of the sinks' states
	extra   []op
}

// Most times that a transaction is tried while others change the same items.
// Many alerts together give up early and are tried apart.
const (
	mostAttempts      = 40
	mostAttemptsMany  = 4
	mostPauseAttempts = 6 // the pause grows no more after as many
)

// errTooLarge is returned for a transaction that DynamoDB would not take.
var errTooLarge = errors.New("it does not fit into one transaction")

// attempt runs f and writes what it changed, anew as often as somebody else was
// faster.
func (s *Store) attempt(ctx context.Context, now time.Time, tries int, f func(*tx) error) error {
	for n := 1; ; n++ {
		t := &tx{ctx: ctx, s: s, holders: map[key]*holder{}, revs: map[string]int64{},
			env: &alert.Env{Policy: s.policy(), Now: now.UTC(), Sinks: map[string]*alert.SinkState{}}}
		err := f(t)
		if err == nil {
			err = t.write()
		}
		if !errors.Is(err, errChanged) {
			return err
		}
		if n >= tries {
			return fmt.Errorf("%w, %d times in a row", errChanged, n)
		}
		if err := pause(ctx, min(n, mostPauseAttempts)); err != nil {
			return err
		}
	}
}

func (t *tx) write() error {
	var ops []op
	for _, h := range t.order {
		if !h.dirty {
			continue
		}
		if err := t.refresh(h); err != nil {
			return err
		}
		more, err := t.holderOps(h)
		if err != nil {
			return err
		}
		ops = append(ops, more...)
	}
	sinks, err := t.sinkOps()
	if err != nil {
		return err
	}
	ops = append(append(ops, sinks...), t.extra...)
	if len(ops) == 0 {
		return nil
	}
	if len(ops) > maxOps || sizes(ops) > maxBytes {
		return fmt.Errorf("%w: %d items, %d bytes", errTooLarge, len(ops), sizes(ops))
	}
	if err := t.list(); err != nil {
		return err
	}
	crash.Point("before commit")
	return t.s.t.write(t.ctx, ops)
}

// list names the sinks that get deliveries in the list of sinks, once in the life
// of a process and before there is any: in the transaction there may be no room.
func (t *tx) list() error {
	names := t.unlisted()
	if len(names) == 0 {
		return nil
	}
	ops := make([]op, len(names))
	for i, name := range names {
		ops[i] = op{item: item{key: sinkListed(name), rev: 1, at: t.env.Now.UnixMilli(), data: append([]byte{plain}, name...)}}
	}
	if err := t.s.t.put(t.ctx, ops); err != nil {
		return err
	}
	t.s.mu.Lock()
	defer t.s.mu.Unlock()
	for _, name := range names {
		t.s.sinks[name] = true
	}
	return nil
}

func (t *tx) unlisted() (names []string) {
	t.s.mu.Lock()
	defer t.s.mu.Unlock()
	for _, h := range t.order {
		if !h.dirty {
			continue
		}
		for sink := range h.pointers() {
			if !t.s.sinks[sink] && !slices.Contains(names, sink) {
				names = append(names, sink)
			}
		}
	}
	return names
}

// load reads holders, those that are not there as empty ones.
func (t *tx) load(keys ...key) error {
	var unknown []key
	for _, k := range keys {
		if t.holders[k] == nil {
			unknown = append(unknown, k)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	found, err := t.s.t.get(t.ctx, unknown)
	if err != nil {
		return err
	}
	for _, k := range unknown {
		if t.holders[k] != nil {
			continue
		}
		h := &holder{key: k, refs: map[string]string{}}
		if it, ok := found[k]; ok {
			if h, err = t.decode(it); err != nil {
				return err
			}
		}
		t.holders[k] = h
		t.order = append(t.order, h)
	}
	return nil
}

func (t *tx) holder(k key) (*holder, error) {
	err := t.load(k)
	return t.holders[k], err
}

// read reads what decisions depend on: the states of sinks, and silences.
func (t *tx) read(sinks ...string) (err error) {
	keys := make([]key, len(sinks))
	for i, name := range sinks {
		keys[i] = sinkKey(name)
	}
	found, err := t.s.t.get(t.ctx, keys)
	if err != nil {
		return err
	}
	for i, name := range sinks {
		state := &alert.SinkState{Name: name}
		if it, ok := found[keys[i]]; ok {
			content, err := t.s.content(t.ctx, it)
			if err != nil {
				return err
			}
			if err := json.Unmarshal(content, state); err != nil {
				return fmt.Errorf("sink %s: %w: %w", name, alert.ErrCorrupt, err)
			}
			t.revs[name] = it.rev
		}
		t.env.Sinks[name] = state
	}
	t.env.Silences, err = t.s.silences(t.ctx, t.env.Now.UnixMilli())
	return err
}

func (t *tx) sinkOps() (ops []op, err error) {
	for name, state := range t.env.Sinks {
		if !state.Changed() {
			continue
		}
		content, err := json.Marshal(state)
		if err != nil {
			return nil, fmt.Errorf("sink %s: %w", name, err)
		}
		o := op{item: item{key: sinkKey(name), rev: t.revs[name] + 1, at: t.env.Now.UnixMilli()}, when: ifRev, was: t.revs[name]}
		if o.was == 0 {
			o.when = ifAbsent
		}
		ops = append(ops, t.s.fill(o, content)...)
	}
	return ops, nil
}

// add puts deliveries into the outbox.
func (t *tx) add(ds []alert.Delivery) error {
	for _, d := range ds {
		k := ownKey(d.ID)
		if d.Alert != "" {
			k = alertKey(d.Alert)
		}
		h, err := t.holder(k)
		if err != nil {
			return err
		}
		h.add(row{Delivery: d})
	}
	crash.Point("outbox written")
	return nil
}
