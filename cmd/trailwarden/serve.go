package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"runtime"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/assemble/home"
	"github.com/trailwarden/trailwarden/internal/resident"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/serve"
)

type serveCommand struct {
	Config string `placeholder:"FILE" default:"trailwarden.yaml" help:"Configuration file."`
	Log    string `enum:"json,text" default:"json" help:"Form of the log on standard error: json or text."`
}

// Help tells what signals do.
func (serveCommand) Help() string {
	return `Watches the sources of the configuration until it is stopped. SIGTERM or Ctrl-C stops it: what is in hand is finished, committed and acknowledged. SIGHUP, or a change of the configuration or a rule file, reloads; a broken set is refused and the old one stays.

The health endpoint (serve.listen) answers /healthz, /readyz and /metrics.`
}

// Run serves; its error is the exit code or what made it impossible.
func (c *serveCommand) Run(s *streams) error {
	// With little in use, garbage would be collected each time that some ten
	// megabytes of it have come together, dozens of times a second when much is
	// found. This makes more seem to be in use; it is never written to, and so
	// takes no memory.
	ballast := make([]byte, 32<<20)
	defer runtime.KeepAlive(ballast)
	ctx, stop := interruptible()
	defer stop()
	reload := make(chan struct{}, 1)
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, hangup...)
	defer signal.Stop(hup)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-hup:
				select {
				case reload <- struct{}{}:
				default:
				}
			}
		}
	}()
	level := new(slog.LevelVar)
	log := c.logger(s, level)
	o := assemble.Options{Out: &guarded{w: unwatched(s.out)}, Version: versionName(), Report: func(err error) { log.Error("something is amiss that stops nothing", "error", err) }}
	loader := assemble.NewLoader(c.Config, o, func(list diagnostic.List) { diagnose(s, list) })
	loader.Level = level
	err := serve.Run(ctx, serve.Options{
		Load: loader.Load, Changed: loader.Changed, Reload: reload, Log: log,
		Open: func(ctx context.Context, a *assemble.Assembly, policy func() *alert.Policy) (alert.Store, error) {
			return home.Open(ctx, a, policy)
		},
		Ready: func(string) { resident.Release() }, // a start is over
	})
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// logger logs to standard error; standard output belongs to the stdout sink.
func (c *serveCommand) logger(s *streams, level *slog.LevelVar) *slog.Logger {
	o := &slog.HandlerOptions{Level: level}
	if c.Log == "text" {
		return slog.New(slog.NewTextHandler(s.err, o))
	}
	return slog.New(slog.NewJSONHandler(s.err, o))
}
