package http

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/trailwarden/trailwarden/source"
	"github.com/trailwarden/trailwarden/source/envelope"
)

// parcel is what was posted, as it can be kept.
type parcel struct {
	ID      string        `json:"id"`
	Hop     *envelope.Hop `json:"hop,omitempty"` // of Amazon SNS
	Body    []byte        `json:"body"`
	Arrived time.Time     `json:"arrived"`
}

// delivery opens a parcel.
func (s *Source) delivery(p parcel) source.Delivery {
	d := source.Delivery{ID: p.ID, Source: s.o.Name, Arrived: p.Arrived}
	if p.Hop == nil {
		d.Items = envelope.Unwrap(p.Body, s.o.Limits)
		return d
	}
	d.Sent, d.Items = p.Hop.Time, envelope.Via(*p.Hop, p.Body, s.o.Limits)
	return d
}

// held counts the parcels on the shelf: what was posted and could not be handled,
// most often because an object may not be read. SNS tries a push for a minute or
// so and then forgets it, so we keep it and answer that we have it.
type held struct {
	mu           sync.Mutex
	count, bytes int
	last         string // that was tried
}

// What the shelf holds at most; beyond that senders are asked to come again.
const (
	mostHeld      = 5_000
	mostHeldBytes = 64 << 20
)

// room takes room for a parcel, and says how many there are with it.
func (h *held) room(size int) (count int, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.count >= mostHeld || h.bytes+size > mostHeldBytes {
		return h.count, false
	}
	h.count, h.bytes = h.count+1, h.bytes+size
	return h.count, true
}

// counted says what there is on the shelf.
func (h *held) counted(count, bytes int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.count, h.bytes = count, bytes
}

// shelfTime is how long putting a parcel on the shelf may take: SNS waits 15 s for
// its answer, and handling has had most of them.
const shelfTime = time.Second

// hold keeps a parcel that could not be handled, and reports whether it is safe.
func (s *Source) hold(ctx context.Context, p *parcel, cause error) bool {
	if s.o.Shelf == nil || errors.Is(cause, source.ErrOverloaded) || errors.Is(cause, source.ErrEnds) {
		return false
	}
	data, err := json.Marshal(p)
	if err != nil {
		return false
	}
	count, ok := s.held.room(len(data))
	if !ok {
		return false
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shelfTime)
	defer cancel()
	sum := sha256.Sum256([]byte(p.ID))
	name := s.shelf() + p.Arrived.UTC().Format("20060102T150405.000Z-") + hex.EncodeToString(sum[:8])
	if err := s.o.Shelf.Put(ctx, name, data); err != nil {
		s.AckFailed(1)
		return false // its room comes back with the next count
	}
	s.Held(count)
	return true
}

// shelf begins the names of the source's parcels.
func (s *Source) shelf() string { return "http/" + s.o.Name + "/" }

// mostDenied is how many parcels that still cannot be handled are tried at once.
const mostDenied = 20

// retry tries again and again what is on the shelf.
func (s *Source) retry(ctx, soft context.Context, h source.Handler) {
	for ctx.Err() == nil {
		if err := s.turn(ctx, soft, h); ctx.Err() == nil {
			s.went("shelf", err)
		}
		_ = s.o.Clock.Wait(ctx, s.o.Denied)
	}
}

// turn tries what is on the shelf, in the order in which it came, for as long as
// it can be handled; the next turn goes on behind what could not.
func (s *Source) turn(ctx, soft context.Context, h source.Handler) error {
	names, err := s.names(ctx)
	if err != nil {
		return err
	}
	failed := 0
	for _, name := range names {
		if ctx.Err() != nil || failed >= mostDenied {
			break
		}
		done, err := s.again(ctx, soft, h, name)
		if err != nil {
			return err
		}
		if s.held.last = name; !done {
			failed++
		}
	}
	if len(names) > 0 {
		_, err = s.names(ctx)
	}
	return err
}

// names are the parcels on the shelf, those behind the last that was tried first.
func (s *Source) names(ctx context.Context) ([]string, error) {
	var before, behind []string
	bytes := 0
	err := s.o.Shelf.Each(ctx, s.shelf(), func(name string, data []byte) error {
		switch {
		case strings.Contains(name[len(s.shelf()):], "/"): // of a source whose name begins with ours
			return nil
		case name > s.held.last:
			behind = append(behind, name)
		default:
			before = append(before, name)
		}
		bytes += len(data)
		return nil
	})
	if err == nil {
		s.held.counted(len(before)+len(behind), bytes)
		s.Held(len(before) + len(behind))
	}
	return append(behind, before...), err
}

// again tries one parcel. It tells whether that is off the shelf.
func (s *Source) again(ctx, soft context.Context, h source.Handler, name string) (done bool, err error) {
	var text []byte
	err = s.o.Shelf.Each(ctx, name, func(found string, data []byte) error {
		if found == name {
			text = append([]byte{}, data...)
		}
		return nil
	})
	if err != nil || text == nil {
		return err == nil, err // another server has handled it
	}
	var p parcel
	if err := json.Unmarshal(text, &p); err != nil {
		p = parcel{ID: name, Body: text} // whatever it is, it becomes a dead letter
	}
	if s.Deliver(ctx, soft, h, s.delivery(p), source.Retry{Clock: s.o.Clock, Aside: true}) != nil {
		return false, nil
	}
	return true, s.o.Shelf.Put(soft, name, nil)
}
