package source

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Health is how a source is.
type Health struct {
	// Received = Acknowledged + Poisoned + Returned + InFlight.
	Received     int64 // deliveries handed to the handler
	Acknowledged int64 // handled, and acknowledged upstream or about to be
	Poisoned     int64 // in the dead letter, and acknowledged
	Returned     int64 // to come again, for any reason
	Overloaded   int64 // of the Returned: those for which there was no room
	InFlight     int64
	// Refused counts what never became a delivery: forged, too large, unknown.
	// Refusal is why, of the last of them.
	Refused int64
	Refusal string
	// Held is how many deliveries are kept on the source's Shelf, acknowledged and
	// to be tried again; they are among the Returned.
	Held int
	// AckFaults counts acknowledgements that failed; the delivery comes again.
	AckFaults int64
	// Faults counts failed calls upstream.
	Faults int64

	LastDelivery time.Time // when one was last received; zero for never
	LastSuccess  time.Time // when upstream last answered as it should
	// Fault is the last failure upstream, nil once upstream answers again. Since
	// is when it began.
	Fault error
	Since time.Time
}

// Monitor counts for a source. The zero Monitor with a Now is ready.
type Monitor struct {
	Now func() time.Time // nil means time.Now
	mu  sync.Mutex
	h   Health
}

func (m *Monitor) now() time.Time {
	if m.Now != nil {
		return m.Now()
	}
	return time.Now()
}

func (m *Monitor) change(f func(h *Health)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(&m.h)
}

// Health is the state now.
func (m *Monitor) Health() Health {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.h
}

// Handle calls h as Call does, counts the delivery and says when it arrived.
func (m *Monitor) Handle(ctx context.Context, h Handler, d Delivery) error {
	if d.Arrived.IsZero() {
		d.Arrived = m.now().UTC()
	}
	m.change(func(s *Health) {
		s.Received++
		s.InFlight++
		s.LastDelivery = d.Arrived
	})
	err := Call(ctx, h, d)
	m.change(func(s *Health) { s.ended(err) })
	return err
}

func (s *Health) ended(err error) {
	s.InFlight--
	switch {
	case err == nil:
		s.Acknowledged++
	case Done(err):
		s.Poisoned++
	default:
		s.Returned++
		if errors.Is(err, ErrOverloaded) {
			s.Overloaded++
		}
	}
}

// Reached says that upstream answered as it should.
func (m *Monitor) Reached() {
	now := m.now().UTC()
	m.change(func(s *Health) { s.LastSuccess, s.Fault, s.Since = now, nil, time.Time{} })
}

// Failed says that upstream did not answer as it should. The end of a context is
// no failure.
func (m *Monitor) Failed(err error) {
	if err == nil || errors.Is(err, context.Canceled) {
		return
	}
	now := m.now().UTC()
	m.change(func(s *Health) {
		s.Faults++
		s.Fault = err
		if s.Since.IsZero() {
			s.Since = now
		}
	})
}

// Refuse counts something that did not become a delivery, and keeps why.
func (m *Monitor) Refuse(reason string) {
	m.change(func(s *Health) { s.Refused, s.Refusal = s.Refused+1, reason })
}

// Held says how many deliveries are on the shelf.
func (m *Monitor) Held(n int) { m.change(func(s *Health) { s.Held = n }) }

// AckFailed counts acknowledgements that failed.
func (m *Monitor) AckFailed(n int) { m.change(func(s *Health) { s.AckFaults += int64(n) }) }
