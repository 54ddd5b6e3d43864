package dynamodb

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/alert"
)

// Purge forgets what has outlived its keeping. A table whose time to live is
// turned on does most of it by itself; this reads the keys of the whole table.
func (s *Store) Purge(ctx context.Context, k alert.Keeping, now time.Time) (p alert.Purged, err error) {
	keep := keepingOf(k)
	w := &purge{s: s, now: now, done: &p, limits: map[string]int64{
		"finding#": before(now, keep.findings), "dead#": before(now, keep.dead), "letter#": before(now, keep.dead),
		"silence": before(now, keep.silences), "put#": before(now, keep.put), "alert#": before(now, keep.alerts), "blob#": before(now, day),
		"position#" + alert.ClaimPrefix: before(now, keep.findings),
	}}
	var what []old
	for prefix, at := range w.limits {
		if at > 0 {
			what = append(what, old{prefix, at})
		}
	}
	err = s.t.scan(ctx, what, func(it item) bool {
		w.err = w.one(ctx, it)
		return w.err == nil
	})
	if err == nil {
		err = w.err
	}
	if err == nil {
		err = w.flush(ctx)
	}
	return p, err
}

// before is the time in milliseconds before which things are forgotten; 0 never.
func before(now time.Time, keep time.Duration) int64 {
	if keep < 0 {
		return 0
	}
	return now.Add(-keep).UnixMilli()
}

// purge is a Purge on its way.
type purge struct {
	s      *Store
	now    time.Time
	limits map[string]int64
	done   *alert.Purged
	gone   []op
	err    error
}

// one forgets one old item.
func (w *purge) one(ctx context.Context, it item) error {
	kind, _, _ := strings.Cut(it.pk, "#")
	switch kind {
	case "finding":
		w.done.Findings++
	case "dead", "letter":
		w.done.Dead++
	case "silence":
		w.done.Silences++
	case "alert":
		if isSample(it.key) {
			return nil // a sample goes with its alert
		}
		return w.alert(ctx, it.key)
	case "blob":
		if owned, err := w.s.owned(ctx, it); err != nil || owned {
			return err
		}
	}
	if w.gone = append(w.gone, op{item: item{key: it.key}, del: true}); len(w.gone) >= maxPut {
		return w.flush(ctx)
	}
	return nil
}

func (w *purge) flush(ctx context.Context) error {
	ops := w.gone
	w.gone = nil
	return w.s.t.put(ctx, ops)
}

// alert forgets an alert with its samples, unless something of it waits.
func (w *purge) alert(ctx context.Context, k key) error {
	gone := false
	err := w.s.attempt(ctx, w.now, mostAttempts, func(t *tx) error {
		h, err := t.holder(k)
		gone = err == nil && h.doc.Alert != nil && len(h.doc.Rows) == 0 && millis(h.doc.Alert.Updated) < w.limits["alert#"]
		if !gone {
			return err
		}
		t.extra = append(t.extra, op{item: item{key: k}, del: true, when: ifRev, was: h.rev})
		for _, sample := range h.doc.sampleKeys() {
			t.extra = append(t.extra, op{item: item{key: sample}, del: true})
		}
		return nil
	})
	if err == nil && gone {
		w.done.Alerts++
	}
	return err
}

// owned tells whether what a blob was written for still names it.
func (s *Store) owned(ctx context.Context, blob item) (bool, error) {
	k, _ := blob.owner()
	if k.pk == "" {
		return false, nil
	}
	found, err := s.t.get(ctx, []key{k})
	if err != nil {
		return false, err
	}
	it, ok := found[k]
	return ok && slices.Contains(it.apart(), blob.key), nil
}
