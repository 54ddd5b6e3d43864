package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/assemble/home"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/deliver"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/sink"
)

// deskFlags say where a command about alerts finds configuration and store.
type deskFlags struct {
	Config string `placeholder:"FILE" help:"Configuration file. Default: trailwarden.yaml in this folder."`
	Store  string `placeholder:"FILE" help:"SQLite file with the alerts, in place of the configuration's store."`
}

// load reads the configuration; with --store there need not be one.
func (f *deskFlags) load() (*config.Config, error) {
	cfg, err := needed(f.Config)
	if err != nil && f.Store != "" && f.Config == "" && !there(defaultConfig) {
		cfg, err = config.Default(), nil
	}
	if err != nil {
		return nil, err
	}
	storeAt(cfg, f.Store)
	return cfg, nil
}

// storeAt puts the file of --store in place of the configuration's store.
func storeAt(cfg *config.Config, file string) {
	if file != "" {
		cfg.Store = config.Store{SQLite: &config.SQLite{Path: file}}
	}
}

// desk is what commands about alerts and messages work with.
type desk struct {
	*streams
	*assemble.Assembly
	ctx     context.Context
	sinks   map[string]sink.Sink
	unmade  error // why the other sinks cannot be made
	builder *message.Builder
	store   alert.Store
}

// newDesk makes sinks and messages; a sink that cannot be made is left out.
func newDesk(ctx context.Context, s *streams, cfg *config.Config) (*desk, error) {
	d := &desk{streams: s, ctx: ctx, Assembly: assemble.New(cfg, assemble.Options{
		Out: &guarded{w: unwatched(s.out)}, Version: versionName(), Report: func(err error) { s.say("%v", err) },
	})}
	var err error
	if d.builder, err = d.Builder(ctx); err != nil {
		return nil, err
	}
	d.sinks, d.unmade = d.Sinks(ctx)
	return d, nil
}

// sayUnmade says which sinks cannot be made: to commands that deliver.
func (d *desk) sayUnmade() {
	if d.unmade != nil {
		for line := range strings.Lines(d.unmade.Error()) {
			d.say("%s", strings.TrimSuffix(line, "\n"))
		}
	}
}

// guarded lets several sinks write one output.
type guarded struct {
	mu sync.Mutex
	w  interface{ Write([]byte) (int, error) }
}

func (g *guarded) Write(b []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.w.Write(b)
}

// openDesk is newDesk with an open store, see open.
func openDesk(ctx context.Context, s *streams, cfg *config.Config, mustExist bool) (*desk, error) {
	d, err := newDesk(ctx, s, cfg)
	if err != nil {
		return nil, err
	}
	return d, d.open(mustExist)
}

// open opens the store. With mustExist a SQLite file is not made.
func (d *desk) open(mustExist bool) error {
	if c := d.Config.Store.SQLite; mustExist && c != nil {
		if _, err := os.Stat(c.Path); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("store %s: there is no such file; scan --notify and serve make it", c.Path)
		}
	}
	policy := d.Policy(d.sinks)
	store, err := home.Open(d.ctx, d.Assembly, func() *alert.Policy { return policy })
	if err != nil {
		return err
	}
	d.store = store
	return nil
}

func (d *desk) close() {
	if d.store == nil {
		return
	}
	if err := d.store.Close(); err != nil {
		d.say("the store could not be closed: %v", err)
	}
}

// drain delivers what is due, for at most wait, and says what is left.
func (d *desk) drain(wait time.Duration) (failed bool, err error) {
	d.sayUnmade()
	var mu sync.Mutex
	o := d.Dispatcher(d.sinks, d.builder)
	o.Store = d.store
	o.Log = quietLog()
	o.Observe = func(a deliver.Attempt) {
		if a.Class == alert.OK && a.Reason == "" {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if a.Class == alert.OK {
			d.say("sink %s: taken in part: %s", a.Sink, a.Reason)
			return
		}
		failed = true
		d.say("sink %s: %s: %s", a.Sink, a.Class, a.Reason)
	}
	if _, err := d.store.Reschedule(d.ctx, time.Now()); err != nil { // a clock that was ahead may have put messages off
		return false, err
	}
	dispatcher, err := deliver.New(o)
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(d.ctx, wait)
	defer cancel()
	left, err := dispatcher.Drain(ctx, 0)
	var waiting []string
	for _, name := range d.Config.SinkNames() {
		if n := left[name]; n > 0 {
			waiting = append(waiting, fmt.Sprintf("%s: %d", name, n))
		}
	}
	if len(waiting) > 0 {
		d.say("still to be delivered: %s; trailwarden notify flush or serve goes on", strings.Join(waiting, ", "))
	}
	return failed, err
}
