package serve

import (
	"context"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/severity"
)

// lakeEvery is how often the lake is brought up to date.
const lakeEvery = 10 * time.Minute

// keep keeps the lake of the configuration, if it has the server do so. It is
// nobody's business: what goes wrong with it stops nothing else.
func (s *Server) keep(ctx context.Context) {
	turn := time.NewTicker(lakeEvery)
	defer turn.Stop()
	for {
		s.keepOnce(ctx)
		select {
		case <-ctx.Done():
			return
		case <-turn.C:
		}
	}
}

func (s *Server) keepOnce(ctx context.Context) {
	p := s.parts.Load()
	if !p.Assembly.KeepsLake() {
		return
	}
	done, err := p.Assembly.KeepLake(ctx, s.log)
	if done.Rows > 0 {
		s.log.Info("the lake took in", "records", done.Rows, "objects", done.Objects, "bytes", done.WrittenBytes)
	}
	if err != nil && ctx.Err() == nil {
		s.log.Error("the lake is not up to date; the next turn makes up for it", "error", err)
		s.health(ctx, alert.Notice{Key: "lake", Severity: severity.Low, Headline: "The lake is not up to date",
			Summary: "The next turn, in " + lakeEvery.String() + ", makes up for what this one missed.",
			Facts:   []alert.Label{{Name: "error", Value: err.Error()}}}, "")
	}
}
