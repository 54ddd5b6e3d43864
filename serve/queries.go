package serve

import (
	"context"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/query/schedule"
	"github.com/trailwarden/trailwarden/severity"
)

// ask runs the scheduled queries that are due, looking once a minute; what was
// missed while nothing ran is made up by the first look.
func (s *Server) ask(ctx context.Context) {
	minute := time.NewTicker(time.Minute)
	defer minute.Stop()
	for {
		s.askOnce(ctx)
		select {
		case <-ctx.Done():
			return
		case <-minute.C:
		}
	}
}

func (s *Server) askOnce(ctx context.Context) {
	p := s.parts.Load()
	if len(p.Queries) == 0 {
		return
	}
	r := &schedule.Runner{Store: waking{s.store, s.deliver}, Mode: s.o.Mode, Now: s.o.Now, Log: s.log,
		Sinks: func(rule *alert.Rule) []string { return s.parts.Load().Policy.SinksOf(&alert.Alert{Rule: rule}) }}
	for _, q := range p.Queries {
		if err := r.Tick(ctx, []*schedule.Query{q}); err != nil && ctx.Err() == nil {
			s.log.Error("a query by the clock failed; the next run makes up for it", "query", q.Rule.ID, "error", err)
			s.health(ctx, queryNotice(q.Rule.ID, err), "")
		}
	}
}

func queryNotice(id string, err error) alert.Notice {
	return alert.Notice{Key: "query " + id, Severity: severity.Medium,
		Headline: "The scheduled query " + id + " failed",
		Summary:  "It runs again at the next minute and makes up for what it missed.",
		Facts:    []alert.Label{{Name: "query", Value: id}, {Name: "error", Value: err.Error()}}}
}
