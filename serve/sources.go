package serve

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/source"
)

// running is a source that runs.
type running struct {
	made   assemble.MadeSource
	stop   context.CancelFunc
	done   chan struct{}
	broken atomic.Pointer[error] // why it cannot work, while it does not
}

// health is how the source is.
func (r *running) health() source.Health {
	h := r.made.Health()
	if err := r.broken.Load(); err != nil && h.Fault == nil {
		h.Fault = *err
	}
	return h
}

// apply starts what is new in the parts, stops what is gone, and leaves alone
// what did not change. A source that stops is known until its last delivery is
// done, for that still needs what opens its objects.
func (s *Server) apply(ctx context.Context, p *assemble.Parts) {
	s.watch(p)
	wanted := map[string]assemble.MadeSource{}
	for _, m := range p.Sources {
		wanted[m.Name()] = m
	}
	s.mu.Lock()
	ending := map[string]*running{}
	for name, r := range s.running {
		if m, ok := wanted[name]; !ok || m.Print != r.made.Print {
			r.stop()
			ending[name] = r
		}
	}
	s.mu.Unlock()
	for _, r := range ending {
		<-r.done
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range ending {
		delete(s.running, name)
	}
	for name, m := range wanted {
		if s.running[name] == nil {
			s.running[name] = s.begin(ctx, m)
		}
	}
}

// A source that cannot work is tried again after so many looks, for somebody may
// have made what it lacks; when it then runs for a look, it counts as one that
// works.
const again = 2

// begin runs one source. One that cannot work until somebody changes something
// is told of and tried again and again, and the others go on.
func (s *Server) begin(ctx context.Context, m assemble.MadeSource) *running {
	ctx, stop := context.WithCancel(ctx)
	r := &running{made: m, stop: stop, done: make(chan struct{})}
	if s.pulse != nil {
		s.pulse.Begin(m.Name(), s.o.Now())
	}
	go func() {
		defer close(r.done)
		for {
			works := time.AfterFunc(s.o.Look, func() { r.broken.Store(nil) })
			err := m.Run(ctx, s.handle)
			works.Stop()
			var c *source.ConfigError
			if !errors.As(err, &c) {
				r.broken.Store(nil)
				s.ended(ctx, m.Name(), err)
				return
			}
			if r.broken.Swap(&err) == nil {
				s.log.Error("a source cannot work", "source", m.Name(), "error", err)
			}
			s.health(ctx, sourceNotice(m.Name(), err), "")
			select {
			case <-ctx.Done():
				return
			case <-time.After(again * s.o.Look):
			}
		}
	}()
	return r
}

func (s *Server) ended(ctx context.Context, name string, err error) {
	switch {
	case err != nil:
		s.fail(err)
	case ctx.Err() == nil:
		s.log.Info("a source has given everything", "source", name)
		if s.pulse != nil {
			s.pulse.Done(name)
		}
	}
}

// handle judges a delivery until the last moment that a stop allows.
func (s *Server) handle(ctx context.Context, d source.Delivery) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.hard, cancel)()
	return s.live.Handle(ctx, d)
}

// stopSources stops all at once and waits for each.
func (s *Server) stopSources() {
	s.mu.Lock()
	all := s.running
	s.mu.Unlock()
	for _, r := range all {
		r.stop()
	}
	for _, r := range all {
		<-r.done
	}
}

// fetcher is what opens the objects of a source.
func (s *Server) fetcher(name string) source.Fetcher {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.running[name]; r != nil && r.made.Fetch != nil {
		return r.made.Fetch
	}
	return source.Fetchers{}
}

// statuses is how each source is, by name.
func (s *Server) statuses() map[string]source.Health {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[string]source.Health, len(s.running))
	for name, r := range s.running {
		all[name] = r.health()
	}
	return all
}
