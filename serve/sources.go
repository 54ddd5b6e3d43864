package serve

import (
	"context"
	"errors"

	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/source"
)

// running is a source that runs.
type running struct {
	made assemble.MadeSource
	stop context.CancelFunc
	done chan struct{}
}

// apply starts what is new in the parts, stops what is gone, and leaves alone
// what did not change.
func (s *Server) apply(ctx context.Context, p *assemble.Parts) {
	wanted := map[string]assemble.MadeSource{}
	for _, m := range p.Sources {
		wanted[m.Name()] = m
	}
	s.mu.Lock()
	var ending []*running
	for name, r := range s.running {
		if m, ok := wanted[name]; !ok || m.Print != r.made.Print {
			r.stop()
			ending = append(ending, r)
			delete(s.running, name)
		}
	}
	s.mu.Unlock()
	for _, r := range ending {
		<-r.done
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, m := range wanted {
		if s.running[name] == nil {
			s.running[name] = s.begin(ctx, m)
		}
	}
}

// begin runs one source. A source that cannot work until somebody changes
// something is told of, and the others go on.
func (s *Server) begin(ctx context.Context, m assemble.MadeSource) *running {
	ctx, stop := context.WithCancel(ctx)
	r := &running{m, stop, make(chan struct{})}
	go func() {
		defer close(r.done)
		err := m.Run(ctx, s.live.Handle)
		var c *source.ConfigError
		switch {
		case errors.As(err, &c):
			s.log.Error("a source cannot work", "source", m.Name(), "error", err)
			s.health(ctx, sourceNotice(m.Name(), err), "")
		case err != nil:
			s.fail(err)
		case ctx.Err() == nil:
			s.log.Info("a source has given everything", "source", m.Name())
		}
	}()
	return r
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
		all[name] = r.made.Health()
	}
	return all
}
