package memory

import (
	"context"
	"fmt"
	"slices"
	"strconv"
)

// What an Engine keeps in its State: one entry for its clock, one for each
// minute in which groups are due, one for each group. What is larger than an
// entry may be is cut into several: key, key#1, key#2 and so on.

const clockKey = "clock"

func minuteKey(m int64) string { return "due/" + strconv.FormatInt(m, 10) }

// clockwork is what an Engine knows of time, in milliseconds.
type clockwork struct {
	loaded  bool
	latest  int64 // of all records
	settled int64 // nothing up to then changes any more
	active  int64 // minute of the record before
	agenda  map[int64]*minuteList
	stored  blob // of the clock itself
}

// minuteList is the groups that are due in one minute, by their keys in the
// State.
type minuteList struct {
	loaded bool
	keys   []string
	edits  map[string]bool // to add (true) or to take out
	stored blob
}

func newClockwork() clockwork { return clockwork{active: -1, agenda: map[int64]*minuteList{}} }

func (c *codec) clockwork(w *clockwork) {
	c.int(&w.latest)
	c.int(&w.settled)
	minutes := sortedKeys(w.agenda)
	list(c, &minutes, func(m *int64) { c.int(m) })
	if c.reading {
		for _, m := range minutes {
			w.agenda[m] = &minuteList{}
		}
	}
}

// schedule files the group under the minute in which it is due.
func (e *Engine) schedule(g *group, due int64) {
	minute := int64(-1)
	if due < never {
		minute = due / 60_000
	}
	if minute == g.due {
		return
	}
	key := e.keyOf(g)
	for m, add := range map[int64]bool{g.due: false, minute: true} {
		if m >= 0 {
			e.minuteOf(m).edits[key] = add
		}
	}
	g.due = minute
}

func (e *Engine) minuteOf(m int64) *minuteList {
	l := e.time.agenda[m]
	if l == nil {
		l = &minuteList{loaded: true}
		e.time.agenda[m] = l
	}
	if l.edits == nil {
		l.edits = map[string]bool{}
	}
	return l
}

// summon touches the groups that are due at the time given.
func (e *Engine) summon(ctx context.Context, due int64) error {
	var now []int64
	for m := range e.time.agenda {
		if m <= due/60_000 {
			now = append(now, m)
		}
	}
	if err := e.loadMinutes(ctx, now); err != nil {
		return err
	}
	var missing []string
	for _, m := range now {
		for _, key := range e.time.agenda[m].keys {
			if g := e.byState[key]; g != nil {
				e.touched[g] = true
			} else {
				missing = append(missing, key)
			}
		}
	}
	return e.fetch(ctx, missing)
}

// loadMinutes reads the lists of minutes, which are known by number only after
// a start.
func (e *Engine) loadMinutes(ctx context.Context, minutes []int64) error {
	byKey := map[string]*minuteList{}
	var keys []string
	for _, m := range minutes {
		if l := e.time.agenda[m]; !l.loaded {
			byKey[minuteKey(m)] = l
			keys = append(keys, minuteKey(m))
		}
	}
	return e.blobs(ctx, keys, func(key string, data []byte, stored blob) error {
		l := byKey[key]
		c := codec{b: data, reading: true}
		list(&c, &l.keys, func(s *string) { c.text(s) })
		l.loaded, l.stored = true, stored
		return c.fault(key)
	})
}

func (c *codec) fault(key string) error {
	if c.bad {
		return fmt.Errorf("entry %s of the state is damaged, or of a later version", key)
	}
	return nil
}

func (e *Engine) loadClock(ctx context.Context) error {
	return e.blobs(ctx, []string{clockKey}, func(key string, data []byte, stored blob) error {
		c := codec{b: data, reading: true}
		c.clockwork(&e.time)
		e.time.stored = stored
		return c.fault(key)
	})
}

// load reads what the State has of the touched groups.
func (e *Engine) load(ctx context.Context) error {
	var keys []string
	for g := range e.touched {
		if g.loaded {
			continue
		}
		g.loaded = true
		key := e.keyOf(g)
		e.byState[key] = g
		if e.own == nil || e.own.has(key) {
			keys = append(keys, key)
		}
	}
	return e.fetch(ctx, keys)
}

// fetch reads groups and joins them to what came since.
func (e *Engine) fetch(ctx context.Context, keys []string) error {
	slices.Sort(keys)
	return e.blobs(ctx, keys, func(key string, data []byte, stored blob) error {
		var rule string
		was := group{due: -1}
		c := codec{b: data, reading: true}
		if c.group(&was, &rule); c.bad {
			return c.fault(key)
		}
		spec := slices.IndexFunc(e.specs, func(s *Spec) bool { return s.Rule == rule && s.stateKey(was.key, was.late) == key })
		if spec < 0 {
			return nil // of a rule that is gone
		}
		g := e.group(spec, was.key, was.late)
		g.settled, g.told, g.due, g.stored = was.settled, was.told, was.due, stored
		g.pending, g.fresh = append(was.pending, g.pending...), true
		g.arrived, g.loaded = max(g.arrived, was.arrived), true
		e.byState[key] = g
		e.touched[g] = true
		return nil
	})
}

func (e *Engine) keyOf(g *group) string {
	if g.id == "" {
		g.id = e.specs[g.spec].stateKey(g.key, g.late)
	}
	return g.id
}

// changes are the entries that differ from what the State has.
func (e *Engine) changes(ctx context.Context) (all []Entry, err error) {
	for _, specs := range e.levels {
		for _, g := range e.of(specs) {
			var data []byte
			if !g.forgettable() {
				c := codec{}
				c.group(g, &e.specs[g.spec].Rule)
				data = c.b
			}
			all = append(all, g.stored.put(e.keyOf(g), data)...)
		}
	}
	edited, err := e.editMinutes(ctx)
	if err != nil {
		return nil, err
	}
	all = append(all, edited...)
	c := codec{}
	c.clockwork(&e.time)
	return append(all, e.time.stored.put(clockKey, c.b)...), nil
}

// editMinutes brings the lists of minutes up to date.
func (e *Engine) editMinutes(ctx context.Context) (all []Entry, err error) {
	var edited []int64
	for _, m := range sortedKeys(e.time.agenda) {
		if len(e.time.agenda[m].edits) > 0 || m <= e.time.settled/60_000 {
			edited = append(edited, m)
		}
	}
	if err := e.loadMinutes(ctx, edited); err != nil {
		return nil, err
	}
	for _, m := range edited {
		l := e.time.agenda[m]
		l.apply()
		var data []byte
		if len(l.keys) > 0 {
			c := codec{}
			list(&c, &l.keys, func(s *string) { c.text(s) })
			data = c.b
		}
		all = append(all, l.stored.put(minuteKey(m), data)...)
		if data == nil {
			delete(e.time.agenda, m)
		}
	}
	return all, nil
}

func (l *minuteList) apply() {
	for key, add := range l.edits {
		i, has := slices.BinarySearch(l.keys, key)
		switch {
		case add && !has:
			l.keys = slices.Insert(l.keys, i, key)
		case !add && has:
			l.keys = slices.Delete(l.keys, i, i+1)
		}
	}
	l.edits = nil
}
