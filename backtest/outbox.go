package backtest

import (
	"cmp"
	"container/heap"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/alert"
)

// outbox is what waits to be sent: of each alert and sink one delivery after the
// other, so that only the first may go, and of each sink the one that is due first.
// A storm of alerts fills it with thousands, each of which is looked at once.
type outbox struct {
	lines map[lineKey]*line
	first map[string]*firstDue // by sink
}

type lineKey struct{ sink, alert string }

// line is what waits of one alert for one sink, by sequence.
type line struct {
	key   lineKey
	all   []alert.Delivery
	place int // in firstDue
}

func newOutbox() *outbox {
	return &outbox{lines: map[lineKey]*line{}, first: map[string]*firstDue{}}
}

func (o *outbox) empty() bool { return len(o.lines) == 0 }

func (o *outbox) add(all ...alert.Delivery) {
	for _, d := range all {
		key := lineKey{d.Sink, d.Alert}
		if d.Alert == "" { // of no alert: it waits for nothing
			key.alert = "\x00" + d.ID
		}
		if o.first[d.Sink] == nil {
			o.first[d.Sink] = new(firstDue)
		}
		l := o.lines[key]
		if l == nil {
			l = &line{key: key, all: []alert.Delivery{d}}
			o.lines[key] = l
			heap.Push(o.first[d.Sink], l)
			continue
		}
		at, _ := slices.BinarySearchFunc(l.all, d, func(a, b alert.Delivery) int { return cmp.Compare(a.Sequence, b.Sequence) })
		l.all = slices.Insert(l.all, at, d)
		heap.Fix(o.first[d.Sink], l.place)
	}
}

// take takes out the sink's next delivery that may go by now.
func (o *outbox) take(sink string, now time.Time) (d alert.Delivery, ok bool) {
	f := o.first[sink]
	if f == nil || f.Len() == 0 || (*f)[0].all[0].NotUntil.After(now) {
		return d, false
	}
	l := (*f)[0]
	d, l.all = l.all[0], l.all[1:]
	if len(l.all) > 0 {
		heap.Fix(f, 0)
		return d, true
	}
	heap.Pop(f)
	delete(o.lines, l.key)
	return d, true
}

// next is when something may go; zero when nothing waits.
func (o *outbox) next() (at time.Time) {
	for _, f := range o.first {
		if f.Len() == 0 {
			continue
		}
		if due := (*f)[0].all[0].NotUntil; at.IsZero() || due.Before(at) {
			at = due
		}
	}
	return at
}

// firstDue is a heap of lines by when their first delivery is due.
type firstDue []*line

func (f firstDue) Len() int { return len(f) }

func (f firstDue) Less(i, j int) bool {
	a, b := &f[i].all[0], &f[j].all[0]
	return cmp.Or(a.NotUntil.Compare(b.NotUntil), cmp.Compare(a.Sequence, b.Sequence), strings.Compare(a.ID, b.ID)) < 0
}

func (f firstDue) Swap(i, j int) {
	f[i], f[j] = f[j], f[i]
	f[i].place, f[j].place = i, j
}

// Push is for package heap.
func (f *firstDue) Push(x any) {
	l := x.(*line)
	l.place = len(*f)
	*f = append(*f, l)
}

// Pop is for package heap.
func (f *firstDue) Pop() any {
	old := *f
	l := old[len(old)-1]
	*f = old[:len(old)-1]
	return l
}
