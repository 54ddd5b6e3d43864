package sqlite

import (
	"slices"

	"github.com/trailwarden/trailwarden/alert"
)

// kept are alerts as the file has them, for the one who writes: an alert is read
// again when it is claimed, when it is settled and with each finding that joins
// it, and reading it anew each time would cost as much as all else.
//
// Two sets take turns, and the older is forgotten when the younger is full. Those
// that wait to be told have one of their own: when more is found than sinks take,
// each is asked for when all that came after it had its turn.
type kept struct {
	young, old   map[string]*alert.Alert
	bytes        int // of the younger, about
	waiting      map[string]waiting
	waitingBytes int // about

	places   map[string]int64 // of alerts by ID: the rows of told that say what sinks were told
	lastTold int64            // the last of them that is used, 0 when it is not known
}

// mostPlaces bounds the places that are known.
const mostPlaces = 100_000

// place remembers where it is said what sinks were told of an alert.
func (k *kept) place(id string, n int64) {
	if k.places == nil || len(k.places) >= mostPlaces {
		k.places = map[string]int64{}
	}
	k.places[id] = n
}

// waiting is an alert that waits to be told, and how many bytes it was counted
// with.
type waiting struct {
	*alert.Alert
	bytes int
}

// mostKept bounds each of the two sets, mostWaiting that of those that wait, in
// bytes.
const (
	mostKept    = 8 << 20
	mostWaiting = 24 << 20
)

// alert is the alert with that ID, nil when it is not kept.
func (k *kept) alert(id string) *alert.Alert {
	if w, ok := k.waiting[id]; ok {
		return w.Alert
	}
	if a := k.young[id]; a != nil {
		return a
	}
	a := k.old[id]
	if a != nil {
		k.keep(a)
	}
	return a
}

// await keeps an alert that is about to be told until it is claimed, as long as
// there is room.
func (k *kept) await(id string) {
	a := k.alert(id)
	if a == nil {
		return
	}
	bytes := about(a)
	if more := bytes - k.waiting[id].bytes; k.waitingBytes+more <= mostWaiting { // it may have grown since
		if k.waiting == nil {
			k.waiting = map[string]waiting{}
		}
		k.waiting[id] = waiting{a, bytes}
		k.waitingBytes += more
	}
}

// claimed ends the wait of an alert, which is kept as others are: it is settled
// soon.
func (k *kept) claimed(id string) {
	w, ok := k.waiting[id]
	if !ok {
		return
	}
	delete(k.waiting, id)
	k.waitingBytes -= w.bytes
	k.keep(w.Alert)
}

// keep keeps an alert whole, with its samples.
func (k *kept) keep(a *alert.Alert) {
	if w, ok := k.waiting[a.ID]; ok {
		k.waiting[a.ID] = waiting{a, w.bytes}
	}
	if k.young[a.ID] == nil {
		k.bytes += about(a)
	}
	if k.bytes > mostKept {
		k.old, k.young, k.bytes = k.young, nil, about(a)
	}
	if k.young == nil {
		k.young = map[string]*alert.Alert{}
	}
	k.young[a.ID] = a
}

// about is how much room an alert takes, in bytes. Its rule is that of many.
func about(a *alert.Alert) int {
	n := 1024
	for i := range a.Tallies {
		n += 64
		for j := range a.Tallies[i].Values {
			n += 40 + len(a.Tallies[i].Values[j].Text)
		}
	}
	for i := range a.Samples {
		n += 512 + len(a.Samples[i].Record)
	}
	return n
}

// copied is an alert that may be changed, or given away, while a stays as it is.
// What only ever changes as a whole is shared.
func copied(a *alert.Alert) *alert.Alert {
	c := *a
	c.Samples, c.Told, c.Notes, c.Tallies = slices.Clone(a.Samples), slices.Clone(a.Told), slices.Clone(a.Notes), slices.Clone(a.Tallies)
	for i := range c.Tallies {
		c.Tallies[i].Values = slices.Clone(c.Tallies[i].Values)
	}
	return &c
}

// alert is an alert with its samples, nil when there is none. Whoever changes it
// saves it in the same transaction.
func (t *tx) alert(id string) (*alert.Alert, error) {
	if a := t.w.kept.alert(id); a != nil {
		return a, nil
	}
	// Most are new when they are asked for, and asking for all that there is of an
	// alert costs three times as much as asking whether there is one.
	_, found, err := t.toldOf(id)
	if err != nil {
		return nil, err
	}
	if !found {
		t.w.kept.place(id, 0) // so that nobody has to look for it when it is made
		return nil, nil
	}
	return t.made(id)
}

// made is alert of one that was made before; it may be purged since.
func (t *tx) made(id string) (*alert.Alert, error) {
	if a := t.w.kept.alert(id); a != nil {
		return a, nil
	}
	a, err := loadAlert(t, id)
	if err == nil && a != nil {
		t.w.kept.keep(a)
	}
	return a, err
}

// bare is an alert of which the samples do not matter, nil when there is none.
func (t *tx) bare(id string) (*alert.Alert, error) {
	if a := t.w.kept.alert(id); a != nil {
		return a, nil
	}
	return loadBare(t, id)
}
