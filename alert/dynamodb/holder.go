package dynamodb

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/trailwarden/trailwarden/alert"
)

// holding is the content of an item that holds rows of the outbox: an alert
// with its rows, or one row that no alert is behind.
type holding struct {
	// Alert's samples are without records, which have items of their own; Refs
	// are their hashes, in the same order.
	Alert *alert.Alert `json:"alert,omitempty"`
	Refs  []string     `json:"refs,omitempty"`
	Rows  []row        `json:"rows,omitempty"`
	// Kept is until when the samples are, seconds; 0 for ever.
	Kept int64 `json:"kept,omitempty"`
}

// row is a delivery that waits.
type row struct {
	alert.Delivery
	Holder string `json:"holder,omitempty"` // Delivery.Lease
	Until  int64  `json:"until,omitempty"`  // when the lease ends, milliseconds; 0 when nobody has it
}

// delivery is the row's delivery with its lease.
func (r *row) delivery() alert.Delivery {
	d := r.Delivery
	d.Lease = r.Holder
	return d
}

// due is when the row may be handed out, milliseconds.
func (r *row) due() int64 { return max(millis(r.NotUntil), r.Until) }

// holder is a holding under change.
type holder struct {
	key
	rev    int64 // 0: not in the table
	doc    holding
	dirty  bool
	before map[string]pointer // by sink
	refs   map[string]string  // the samples before: hash by identity
}

// pointer is where a holder's next delivery to a sink stands, and how many of
// them wait.
type pointer struct {
	at key
	n  int64
}

func (h *holder) pointers() map[string]pointer {
	ps := map[string]pointer{}
	for _, r := range h.doc.Rows {
		p := ps[r.Sink]
		if p.n++; p.n == 1 { // rows are in the order of their sequence
			p.at = dueKey(r.Sink, r.due(), r.Sequence, h.key)
		}
		ps[r.Sink] = p
	}
	return ps
}

// head is the next row for a sink.
func (h *holder) head(sink string) *row {
	for i := range h.doc.Rows {
		if h.doc.Rows[i].Sink == sink {
			return &h.doc.Rows[i]
		}
	}
	return nil
}

func (h *holder) row(id string) *row {
	for i := range h.doc.Rows {
		if h.doc.Rows[i].ID == id {
			return &h.doc.Rows[i]
		}
	}
	return nil
}

// add puts rows into their order.
func (h *holder) add(rs ...row) {
	h.dirty = true
	h.doc.Rows = append(h.doc.Rows, rs...)
	slices.SortStableFunc(h.doc.Rows, func(a, b row) int { return cmp.Compare(a.Sequence, b.Sequence) })
}

func (h *holder) remove(id string) {
	h.dirty = true
	h.doc.Rows = slices.DeleteFunc(h.doc.Rows, func(r row) bool { return r.ID == id })
}

// decode reads a holder's item.
func (t *tx) decode(it item) (*holder, error) {
	h := &holder{key: it.key, rev: it.rev, refs: map[string]string{}}
	content, err := t.s.content(t.ctx, it)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(content, &h.doc); err != nil {
		return nil, fmt.Errorf("item %s, %s: %w: %w", it.pk, it.sk, alert.ErrCorrupt, err)
	}
	if a := h.doc.Alert; a != nil {
		if len(a.Samples) != len(h.doc.Refs) || a.Rule == nil {
			return nil, fmt.Errorf("item %s, %s: %w: it lacks its rule or samples", it.pk, it.sk, alert.ErrCorrupt)
		}
		for i := range a.Samples {
			a.Samples[i].Record = nil // not "null"
			h.refs[a.Samples[i].Identity] = h.doc.Refs[i]
		}
	}
	h.before = h.pointers()
	return h, nil
}

// ops are what makes a changed holder durable.
func (t *tx) holderOps(h *holder) ([]op, error) {
	now := t.env.Now
	it := item{key: h.key, rev: h.rev + 1, at: now.UnixMilli()}
	o := op{item: it, when: ifRev, was: h.rev}
	if h.rev == 0 {
		o.when = ifAbsent
	}
	pointers, ops := h.pointerOps(now), []op(nil)
	if h.doc.Alert == nil && len(h.doc.Rows) == 0 {
		if o.del = true; h.rev == 0 {
			return nil, nil // it came and went in one transaction
		}
		return append(pointers, o), nil
	}
	doc := h.doc
	if a := doc.Alert; a != nil {
		samples, err := t.sampleOps(h)
		if err != nil {
			return nil, err
		}
		ops = append(ops, samples...)
		doc = h.doc
		doc.Alert = bare(a)
		o.at = millis(a.Updated)
		o.list, o.order, o.words = "alerts#"+shard(a.ID, listShards), orderKey(a.LastSeen, a.ID), wordsOf(a)
		if len(doc.Rows) == 0 {
			o.ttl = until(a.Updated, t.s.keep.alerts)
		}
	}
	content, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("item %s, %s: %w", h.pk, h.sk, err)
	}
	return slices.Concat(ops, t.s.fill(o, content), pointers), nil
}

// bare is an alert with no more of its samples than tells them apart.
func bare(a *alert.Alert) *alert.Alert {
	b := *a
	b.Samples = make([]alert.Sample, len(a.Samples))
	for i, s := range a.Samples {
		b.Samples[i] = alert.Sample{Identity: s.Identity, Time: s.Time, Evidence: s.Evidence}
	}
	return &b
}

// pointerOps move the pointers that changed.
func (h *holder) pointerOps(now time.Time) (ops []op) {
	after := h.pointers()
	for sink, p := range h.before {
		if after[sink].at != p.at {
			ops = append(ops, op{item: item{key: p.at}, del: true})
		}
	}
	for sink, p := range after {
		if h.before[sink] != p {
			ops = append(ops, op{item: item{key: p.at, rev: p.n, at: now.UnixMilli()}})
		}
	}
	return ops
}
