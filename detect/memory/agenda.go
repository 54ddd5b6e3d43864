package memory

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// An Engine's State has one entry for its clock, one for each group with what
// belongs to it, and an agenda of the times at which groups are due: lists of
// groups by minute, or by hour where it is far away. Nothing is taken out of a
// list before its time: a group that turns out to be due later is filed again.

const (
	clockKey  = "clock"
	agendaKey = "agenda"
)

// clockwork is what an Engine knows of time, in milliseconds.
type clockwork struct {
	loaded   bool
	latest   int64 // of all records
	settled  int64 // nothing up to then changes any more
	active   int64 // minute of the record before
	summoned int64 // minute up to which groups were summoned
	version  int64 // of the entry

	slots   map[int64]*slot // by their first minute
	over    []Entry         // chunks that are to go
	changed bool            // the slots are others than those of the State
	stored  blob            // of the agenda
}

// slot is the groups that are due in a minute or an hour, in chunks.
type slot struct {
	first   int64 // number of the first chunk
	full    int64 // and of the last one
	count   int64 // groups in the last one
	loaded  bool
	last    []string // groups in the last chunk, once loaded
	version int64    // of the last chunk
	add     []string // to file
}

func newClockwork() clockwork { return clockwork{active: -1, slots: map[int64]*slot{}} }

const (
	chunkKeys = 64
	// Slots further away than nearby minutes are hours.
	nearby, hour = 180, 60
	day          = 24 * hour
)

func chunkKey(slot, n int64) string {
	return "due/" + strconv.FormatInt(slot, 10) + "/" + strconv.FormatInt(n, 10)
}

// slotOf is the slot of the agenda for a time: one that is not over yet, or, if
// the group has to be looked at as soon as the time comes, not past.
func (w *clockwork) slotOf(due int64, exact bool) int64 {
	n := max(due/60_000, w.summoned)
	if n == w.summoned && !exact {
		n++
	}
	if n-w.summoned > nearby {
		n -= n % hour
	}
	return n
}

// schedule files the group for the time at which it is due, unless it will be
// looked at before that.
func (e *Engine) schedule(g *group, due int64) {
	if due >= never {
		return
	}
	n := e.time.slotOf(due, e.exact(g.spec))
	if g.filed < 0 || n < g.filed {
		g.filed = n
		e.time.file(n, e.keyOf(g))
	}
}

// exact tells whether time alone makes the Spec say something, or others wait
// for what it says.
func (e *Engine) exact(spec int) bool {
	return e.feeds[spec] || e.specs[spec].AtClose() || e.specs[spec].Kind == Alarm
}

func (w *clockwork) file(n int64, key string) {
	s := w.slots[n]
	if s == nil {
		s = &slot{loaded: true}
		w.slots[n] = s
	}
	s.add = append(s.add, key)
}

// summon touches the groups that are due at the time given.
func (e *Engine) summon(ctx context.Context, due int64) error {
	w := &e.time
	w.summoned = max(w.summoned, due/60_000)
	var keys []string
	for n, s := range w.slots {
		if n > w.summoned {
			continue
		}
		for i := s.first; i < s.end(); i++ {
			keys = append(keys, chunkKey(n, i))
		}
		w.slots[n] = &slot{first: s.end(), full: s.end(), loaded: true}
		if n < w.summoned {
			delete(w.slots, n)
		}
		w.changed = true
	}
	missing := map[string]bool{}
	err := e.entries(ctx, keys, func(x Entry) error {
		w.over = append(w.over, Entry{Key: x.Key, Version: x.Version + 1})
		for _, key := range groupsIn(x.Data) {
			g := e.byState[key]
			switch {
			case g == nil:
				missing[key] = true
			case g.filed >= 0 && g.filed <= w.summoned:
				g.filed = -1
				e.touched[g] = true
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return e.fetch(ctx, sortedKeys(missing), true)
}

// end is the number after that of the last chunk.
func (s *slot) end() int64 {
	if s.count > 0 {
		return s.full + 1
	}
	return s.full
}

// Groups in a chunk, by the hash in their keys.
const hashBytes = 20

func groupsIn(chunk []byte) (keys []string) {
	for ; len(chunk) >= hashBytes; chunk = chunk[hashBytes:] {
		keys = append(keys, groupPrefix+hex.EncodeToString(chunk[:hashBytes]))
	}
	return keys
}

func chunkOf(keys []string) (b []byte) {
	for _, key := range keys {
		b, _ = hex.AppendDecode(b, []byte(strings.TrimPrefix(key, groupPrefix))) // keys are hex
	}
	return b
}

// filings are the entries that file what is to be filed.
func (e *Engine) filings(ctx context.Context) (all []Entry, err error) {
	w := &e.time
	all, w.over = w.over, nil
	for _, n := range sortedKeys(w.slots) {
		s := w.slots[n]
		if len(s.add) == 0 {
			continue
		}
		if err := e.loadLast(ctx, n, s); err != nil {
			return nil, err
		}
		all = append(all, s.fill(n)...)
		w.changed = true
	}
	if w.changed {
		c := codec{}
		c.slots(w)
		all = append(all, w.stored.put(agendaKey, c.b)...)
		w.changed = false
	}
	return all, nil
}

// loadLast reads the chunk of the slot that has room.
func (e *Engine) loadLast(ctx context.Context, n int64, s *slot) error {
	if s.loaded || s.count == 0 {
		s.loaded = true
		return nil
	}
	return e.entries(ctx, []string{chunkKey(n, s.full)}, func(x Entry) error {
		s.last, s.version, s.loaded = groupsIn(x.Data), x.Version, true
		return nil
	})
}

// fill puts groups into the last chunk, and into further ones.
func (s *slot) fill(n int64) (all []Entry) {
	for len(s.add) > 0 {
		room := min(chunkKeys-len(s.last), len(s.add))
		s.last, s.add = append(s.last, s.add[:room]...), s.add[room:]
		s.version++
		all = append(all, Entry{chunkKey(n, s.full), chunkOf(s.last), s.version})
		if s.count = int64(len(s.last)); s.count == chunkKeys {
			s.full, s.count, s.version, s.last = s.full+1, 0, 0, nil
		}
	}
	s.add = nil
	return all
}

func (c *codec) slots(w *clockwork) {
	all, before := sortedKeys(w.slots), int64(0)
	list(c, &all, func(n *int64) {
		since := *n - before
		c.int(&since)
		*n = before + since
		before = *n
		s := w.slots[*n]
		if c.reading {
			s = new(slot)
			w.slots[*n] = s
		}
		c.int(&s.first)
		c.int(&s.full)
		c.int(&s.count)
	})
}

func (c *codec) clockwork(w *clockwork) {
	c.int(&w.latest)
	c.int(&w.settled)
	c.int(&w.summoned)
}

func (c *codec) fault(key string) error {
	if c.bad {
		return fmt.Errorf("entry %s of the state is damaged, or of another version", key)
	}
	return nil
}

func (e *Engine) loadClock(ctx context.Context) error {
	err := e.entries(ctx, []string{clockKey}, func(x Entry) error {
		c := codec{b: x.Data, reading: true}
		c.clockwork(&e.time)
		e.time.version = x.Version
		return c.fault(x.Key)
	})
	if err != nil || e.time.version == 0 {
		return err
	}
	return e.blobs(ctx, []string{agendaKey}, func(key string, data []byte, stored blob) error {
		c := codec{b: data, reading: true}
		c.slots(&e.time)
		e.time.stored = stored
		return c.fault(key)
	})
}
