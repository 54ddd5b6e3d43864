package live_test

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/pipeline/live"
	"github.com/trailwarden/trailwarden/source"
)

// The position of a delivery is part of the transaction with what came of it,
// and of none before everything could be judged.
func TestPositionsAreCommittedWithWhatCameOfThem(t *testing.T) {
	all, l := files(t), newLedger()
	keys := slices.Sorted(maps.Keys(all))
	key := keys[0]
	saved := map[string]string{}
	var broken error
	l.fail = func(b alert.Batch) error {
		if broken != nil {
			return broken
		}
		for _, p := range b.Positions {
			if len(b.Findings) == 0 && len(saved) == 0 {
				t.Error("the first position came alone")
			}
			saved[p.Name] = string(p.Data)
		}
		return nil
	}
	p := start(t, l, objects{files: all}, func(o *live.Options) { o.Positions = "source/" })
	d := announce(keys...)
	d.Position = &source.Position{Name: "folder/a", Data: []byte("1")}
	broken = errors.New("no disk")
	if err := p.Handle(t.Context(), d); err == nil || d.Position.Kept {
		t.Errorf("kept %v, %v: nothing was committed", d.Position.Kept, err)
	}
	broken = nil
	unread := announce(key, "missing")
	unread.Items[1].Object.Key = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/x.json.gz"
	unread.Position = &source.Position{Name: "folder/b", Data: []byte("1")}
	q := start(t, l, objects{files: all, fail: func(k string) error {
		if k != key {
			return errors.New("503")
		}
		return nil
	}}, func(o *live.Options) { o.Positions = "source/" })
	if err := p.Handle(t.Context(), d); err != nil || !d.Position.Kept || saved["source/folder/a"] != "1" {
		t.Errorf("saved %v, kept %v, %v", saved, d.Position.Kept, err)
	}
	if err := q.Handle(t.Context(), unread); err == nil || unread.Position.Kept || saved["source/folder/b"] != "" {
		t.Errorf("%v: the position of a delivery that comes again is saved: %v", err, saved)
	}
	unread.Receives = unread.MaxReceives
	if err := q.Handle(t.Context(), unread); !source.Done(err) || !unread.Position.Kept || saved["source/folder/b"] != "1" {
		t.Errorf("%v: the position of a delivery that was given up is not saved: %v", err, saved)
	}
	r := start(t, l, objects{files: all}, nil)
	d = announce(key)
	d.Position = &source.Position{Name: "folder/c", Data: []byte("1")}
	if err := r.Handle(t.Context(), d); err != nil || d.Position.Kept {
		t.Errorf("%v, kept %v: without a place for positions the source keeps them", err, d.Position.Kept)
	}
}
