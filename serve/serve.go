// Package serve runs Trailwarden continuously: sources → judging → alerts →
// sinks, with health, metrics and reload. It wires parts that others make and
// owns every goroutine that it starts.
package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/deliver"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/pipeline/intake"
	"github.com/trailwarden/trailwarden/pipeline/live"
	"github.com/trailwarden/trailwarden/source"
)

// Options of a Server.
type Options struct {
	// Load makes the parts from the configuration as it is now. An error names
	// everything that is wrong with it; at a reload the old parts then stay.
	Load func(ctx context.Context, cursor source.Cursor) (*assemble.Parts, error)
	// Open opens the store under a policy that may change.
	Open func(ctx context.Context, a *assemble.Assembly, policy func() *alert.Policy) (alert.Store, error)
	// Reload asks for a reload each time something is received; nil leaves it to
	// Changed.
	Reload <-chan struct{}
	// Changed tells whether files of the configuration changed since the last
	// reload; it is asked at the configuration's interval. It may be nil.
	Changed func() bool
	Mode    string // in alerts; empty means serve
	Now     func() time.Time
	// Runs is a clock that cannot be set, by which a clock that was set is told
	// from time that went by; nil means time.Now, which carries one.
	Runs func() time.Time
	Log  *slog.Logger
	// Ready, when set, is called once with the address of the health endpoint.
	Ready func(address string)
	// Look is how often silences and failing sources are looked for; 0 means 15 s.
	Look time.Duration
}

// Server is one running Trailwarden.
type Server struct {
	o        Options
	log      *slog.Logger
	parts    atomic.Pointer[assemble.Parts]
	store    alert.Store
	live     *live.Pipeline
	deliver  *deliver.Dispatcher
	pulse    *live.Pulse
	metrics  *metrics
	registry *prometheus.Registry

	hard    context.Context // ends when handlers must have ended
	endHard context.CancelFunc

	mu      sync.Mutex
	running map[string]*running // sources, by name
	broken  string              // why the last reload was refused
	first   map[string]string   // what is read at the start only
	restart []string            // of that, what is otherwise by now
	stopped atomic.Bool
	faults  chan error
}

// Run runs until ctx ends, then stops within the configured time: nothing new is
// taken in, what is in hand is finished and committed, messages under way end.
// The error is one that keeps the program from going on.
func Run(ctx context.Context, o Options) error {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Runs == nil {
		o.Runs = time.Now
	}
	if o.Look <= 0 {
		o.Look = lookEvery
	}
	if o.Mode == "" {
		o.Mode = "serve"
	}
	s := &Server{o: o, log: o.Log, running: map[string]*running{}, faults: make(chan error, 1)}
	s.hard, s.endHard = context.WithCancel(context.WithoutCancel(ctx))
	defer s.endHard()
	if err := s.start(ctx); err != nil {
		return err
	}
	return s.run(ctx)
}

// cursor keeps the positions of sources in the store, which is opened after the
// first parts are made.
type cursor struct{ s *Server }

// cursorPrefix begins the names of their positions.
const cursorPrefix = "source/"

func (c cursor) Load(ctx context.Context, name string) ([]byte, error) {
	return c.s.store.Load(ctx, cursorPrefix+name)
}

func (c cursor) Save(ctx context.Context, name string, b []byte) error {
	return c.s.store.Save(ctx, cursorPrefix+name, b)
}

// shelfPrefix begins the names of what sources have acknowledged and must handle
// yet.
const shelfPrefix = "shelf/"

// Put implements source.Shelf.
func (c cursor) Put(ctx context.Context, name string, data []byte) error {
	_, err := c.s.store.Commit(ctx, alert.Batch{State: []alert.Position{{Name: shelfPrefix + name, Data: data}}, Now: c.s.o.Now().UTC()})
	return err
}

// Each implements source.Shelf.
func (c cursor) Each(ctx context.Context, prefix string, yield func(name string, data []byte) error) error {
	return c.s.store.State(ctx, shelfPrefix+prefix, func(p alert.Position) error {
		return yield(strings.TrimPrefix(p.Name, shelfPrefix), p.Data)
	})
}

// positions is what a store may offer, to make a source.Lister of the cursor.
type positions interface {
	Positions(ctx context.Context, prefix string, yield func(alert.Position) error) error
}

// List yields positions where the store can read many at once.
func (c cursor) List(ctx context.Context, prefix string, yield func(name string, position []byte)) error {
	store, ok := c.s.store.(positions)
	if !ok {
		return errors.ErrUnsupported
	}
	return store.Positions(ctx, cursorPrefix+prefix, func(p alert.Position) error {
		yield(strings.TrimPrefix(p.Name, cursorPrefix), p.Data)
		return nil
	})
}

// start makes all parts; nothing runs yet but the committer.
func (s *Server) start(ctx context.Context) error {
	p, err := s.o.Load(ctx, cursor{s})
	if err != nil {
		return err
	}
	if len(p.Sources)+len(p.Queries) == 0 {
		return fmt.Errorf("%s: no source is configured, so there is nothing to watch: give sources", p.Config.File)
	}
	s.parts.Store(p)
	s.first = atStart(p)
	s.store, err = s.o.Open(ctx, p.Assembly, func() *alert.Policy { return s.parts.Load().Policy })
	if err != nil {
		return err
	}
	if err := s.wire(ctx, p); err != nil {
		return errors.Join(err, s.store.Close())
	}
	return nil
}

func (s *Server) wire(ctx context.Context, p *assemble.Parts) (err error) {
	c := p.Config.Serve.Silence
	if c.Enabled {
		s.pulse = &live.Pulse{Source: gap(c.Source), Account: gap(c.Account), Region: gap(c.Region)}
		if err := s.loadPulse(ctx); err != nil {
			return err
		}
	}
	s.metrics = newMetrics(s)
	o := p.Dispatch
	o.Store, o.Log, o.Observe = s.store, s.log, s.metrics.attempt
	o.Lease = lease(o.Targets)
	o.Grace = p.Config.Serve.Stop.Std() * shareOfSinks / wholeStop
	o.Build = func(ctx context.Context, a *alert.Alert, d alert.Delivery) (*message.Message, error) {
		return s.parts.Load().Dispatch.Build(ctx, a, d)
	}
	o.Rules = func() []*alert.Rule { return s.parts.Load().Rules.Facts() }
	s.deliver, err = deliver.New(o)
	if err != nil {
		return err
	}
	s.live = live.New(live.Options{
		Store: woken(s.store, s.deliver), Fetch: s.fetcher, Rules: func() *intake.Rules { return s.parts.Load().Rules },
		Mode: s.o.Mode, Limits: assemble.Limits(p.Config), Pulse: s.pulse, Trouble: s.trouble, Letters: live.LogLetters(s.log), Delay: s.metrics.delay, Now: s.o.Now,
		Lateness: p.Config.Limits.Lateness.Std(), Groups: p.Config.Limits.Groups, Shared: p.Config.Store.DynamoDB != nil,
		Patience: patience, Full: s.full, Positions: cursorPrefix, Upstream: s.upstream,
	})
	s.metrics.register(s)
	return nil
}

// lease is how long a claimed message is nobody else's: a little longer than the
// longest attempt. After a crash messages that were under way wait for its end.
func lease(targets []deliver.Target) time.Duration {
	longest := time.Second
	for _, t := range targets {
		if t.Timeout <= 0 {
			t.Timeout = 45 * time.Second
		}
		longest = max(longest, t.Timeout)
	}
	return longest + 10*time.Second
}

// waking has the dispatcher look into the outbox as soon as there is something
// in it.
type waking struct {
	alert.Store
	d *deliver.Dispatcher
}

// woken wraps a store; what it offers beside alert.Store that the pipeline asks
// for stays to be had.
func woken(s alert.Store, d *deliver.Dispatcher) live.Store {
	w := waking{s, d}
	if many, ok := s.(live.States); ok {
		return wakingMany{w, many}
	}
	return w
}

// wakingMany is waking of a store that gives several pieces of state at once. It
// says so itself: live.States embedded would be a field of the method's own name,
// and hide the method.
type wakingMany struct {
	waking
	many live.States
}

var _ live.States = wakingMany{}

// States implements live.States.
func (w wakingMany) States(ctx context.Context, names []string) ([]alert.Position, error) {
	return w.many.States(ctx, names)
}

func (w waking) Commit(ctx context.Context, b alert.Batch) (alert.Committed, error) {
	c, err := w.Store.Commit(ctx, b)
	if err == nil && c.Queued > 0 {
		w.d.Wake()
	}
	return c, err
}

// run runs everything until ctx ends or something cannot go on. Sources stop
// first, then what they delivered is committed, then the sinks stop.
func (s *Server) run(ctx context.Context) error {
	endpoints, err := s.listen()
	if err != nil {
		s.live.Close()
		return errors.Join(err, s.store.Close())
	}
	delivering, endDelivering := context.WithCancel(context.WithoutCancel(ctx))
	defer endDelivering()
	var background sync.WaitGroup
	background.Go(func() {
		if err := s.deliver.Run(delivering); err != nil {
			s.fail(err)
		}
	})
	tending, endTending := context.WithCancel(ctx)
	background.Go(func() { s.tend(tending) })
	background.Go(func() { s.ask(tending) })
	background.Go(func() { s.keep(tending) })
	s.apply(ctx, s.parts.Load())
	s.log.Info("watching", "config", s.parts.Load().Config.File, "rules", s.parts.Load().Rules.Len(),
		"sources", len(s.parts.Load().Sources), "sinks", len(s.parts.Load().Dispatch.Targets), "health", endpoints.address)
	if s.o.Ready != nil {
		s.o.Ready(endpoints.address)
	}
	err = s.wait(ctx)

	s.stopped.Store(true)
	s.log.Info("stopping")
	stop := s.parts.Load().Config.Serve.Stop.Std()
	defer time.AfterFunc(stop*shareOfSources/wholeStop, s.endHard).Stop()
	endTending()
	s.live.Hurry()
	s.stopSources()
	s.live.Close()
	endDelivering()
	background.Wait()
	err = errors.Join(err, s.savePulse(context.WithoutCancel(ctx)), endpoints.close(), s.store.Close())
	s.log.Info("stopped", "received", s.live.Received.Load(), "alerts", s.live.Alerts.Load())
	return err
}

// How the time for a stop is shared: between handlers in hand, messages under
// way, and what is left to close.
const (
	shareOfSources = 5
	shareOfSinks   = 4
	wholeStop      = 10
)

// patience is how long a delivery is kept in hand while the store has no room;
// its queue keeps it for 12 hours at most.
const patience = time.Hour

// wait serves reloads until ctx ends.
func (s *Server) wait(ctx context.Context) error {
	for {
		every := s.parts.Load().Config.Serve.Reload.Std()
		var look <-chan time.Time
		if every > 0 && s.o.Changed != nil {
			look = time.After(every)
		}
		select {
		case <-ctx.Done():
			return nil
		case err := <-s.faults:
			return err
		case <-s.o.Reload:
			s.reload(ctx)
		case <-look:
			if s.o.Changed() {
				s.reload(ctx)
			}
		}
	}
}

// fail ends the server.
func (s *Server) fail(err error) {
	select {
	case s.faults <- err:
	default:
	}
}

// reload puts new parts in place of the old ones, or says why not: a broken
// configuration changes nothing. Each record is judged by one complete set of
// rules, the old or the new.
func (s *Server) reload(ctx context.Context) {
	p, err := s.o.Load(ctx, cursor{s})
	if err == nil && len(p.Sources)+len(p.Queries) == 0 {
		err = errors.New("no source is configured")
	}
	if err == nil {
		err = s.deliver.Reload(p.Dispatch.Targets)
	}
	s.mu.Lock()
	s.broken = ""
	if err != nil {
		s.broken = err.Error()
	}
	s.mu.Unlock()
	if err != nil {
		s.metrics.reloads.WithLabelValues("refused").Inc()
		s.log.Error("the new configuration is refused and the old one stays", "error", err)
		s.health(ctx, reloadNotice(err), "")
		return
	}
	s.parts.Store(p)
	s.metrics.reloads.WithLabelValues("done").Inc()
	s.apply(ctx, p)
	s.leftOut(p)
	s.log.Info("reloaded", "rules", p.Rules.Len(), "version", p.Rules.Version, "sources", len(p.Sources), "sinks", len(p.Dispatch.Targets))
}

// atStart is what of the configuration is read at the start only, as text by its
// name.
func atStart(p *assemble.Parts) map[string]string {
	c := p.Config
	all := map[string]string{"serve.listen": c.Serve.Listen, "serve.pprof": fmt.Sprint(c.Serve.Pprof), "serve.silence": fmt.Sprint(c.Serve.Silence), "limits": fmt.Sprint(c.Limits)}
	if store, err := json.Marshal(c.Store); err == nil {
		all["store"] = string(store)
	}
	for _, m := range p.Sources {
		if e := m.Endpoint; e != nil {
			all["sources."+m.Name()+".http"] = strings.Join([]string{e.Listen, e.Path, e.Certificate, e.Key}, "\n")
		}
	}
	return all
}

// leftOut says which changes a reload cannot put in force: nobody should wait for
// them.
func (s *Server) leftOut(p *assemble.Parts) {
	var names []string
	for name, text := range atStart(p) {
		if s.first[name] != text {
			names = append(names, name)
			s.log.Warn("a change takes effect at the next start only", "setting", name)
		}
	}
	slices.Sort(names)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.restart = names
}
