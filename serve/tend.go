package serve

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/pipeline/live"
	"github.com/trailwarden/trailwarden/severity"
	"github.com/trailwarden/trailwarden/source"
)

const pulseName = "serve/pulse"

// tend looks after what happens by the clock: silences of places that used to
// deliver, sources that cannot reach upstream, and what has outlived its
// keeping.
func (s *Server) tend(ctx context.Context) {
	minute, hour := time.NewTicker(time.Minute), time.NewTicker(time.Hour)
	defer minute.Stop()
	defer hour.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-minute.C:
			s.listenFor(ctx)
			s.lookAtSources(ctx)
			if err := s.savePulse(ctx); err != nil && ctx.Err() == nil {
				s.log.Error("what was heard is not saved", "error", err)
			}
		case <-hour.C:
			if _, err := s.store.Purge(ctx, s.parts.Load().Assembly.Keeping(), s.o.Now()); err != nil && ctx.Err() == nil {
				s.log.Error("old alerts are not purged", "error", err)
			}
		}
	}
}

func (s *Server) loadPulse(ctx context.Context) error {
	data, err := s.store.Load(ctx, pulseName)
	if err != nil || data == nil {
		return err
	}
	if err := s.pulse.Load(data, s.o.Now()); err != nil {
		s.log.Error("what was heard before is not readable and starts anew", "error", err)
	}
	return nil
}

func (s *Server) savePulse(ctx context.Context) error {
	if s.pulse == nil {
		return nil
	}
	data, err := s.pulse.Save()
	if err != nil {
		return err
	}
	return s.store.Save(ctx, pulseName, data)
}

// listenFor tells of places that went quiet.
func (s *Server) listenFor(ctx context.Context) {
	if s.pulse == nil {
		return
	}
	for _, q := range s.pulse.Check(s.o.Now()) {
		s.log.Warn("a place that used to deliver", "quiet", !q.Over, "source", q.Place.Source, "account", q.Place.Account, "region", q.Place.Region)
		s.health(ctx, silenceNotice(q), "")
	}
}

// lookAtSources tells of sources that have not reached upstream for a while.
func (s *Server) lookAtSources(ctx context.Context) {
	for name, h := range s.statuses() {
		if h.Fault != nil && s.o.Now().Sub(h.Since) > time.Minute {
			s.health(ctx, sourceNotice(name, h.Fault), "")
		}
	}
}

// health tells the health sinks; a failure of that can only be logged.
func (s *Server) health(ctx context.Context, n alert.Notice, about string) {
	if err := s.deliver.Health(context.WithoutCancel(ctx), n, about); err != nil {
		s.log.Error("nobody could be told", "notice", n.Headline, "error", err)
	}
}

// trouble tells of faults that hide events.
func (s *Server) trouble(from string, err error) {
	s.metrics.troubles.WithLabelValues(from).Inc()
	s.log.Error("a delivery could not be judged", "source", from, "error", err)
	var denied *source.Denied
	if errors.As(err, &denied) {
		s.health(context.Background(), alert.Notice{
			Key: "denied " + from + " " + denied.Object.Bucket, Severity: severity.High,
			Headline: fmt.Sprintf("Log files in bucket %s may not be read", denied.Object.Bucket),
			Summary:  "Whatever happens meanwhile is not judged. The messages are kept and come again once the permission is given. " + denied.Do,
			Facts: []alert.Label{{Name: "source", Value: from}, {Name: "bucket", Value: denied.Object.Bucket},
				{Name: "key", Value: denied.Object.Key}, {Name: "code", Value: denied.Code}},
		}, "")
	}
}

func reloadNotice(err error) alert.Notice {
	return alert.Notice{Key: "reload " + err.Error(), Severity: severity.Medium,
		Headline: "A new configuration or rule set is refused",
		Summary:  "The old one stays in force. Run trailwarden config check and trailwarden rules lint to see every mistake.",
		Facts:    []alert.Label{{Name: "error", Value: err.Error()}}}
}

func sourceNotice(name string, err error) alert.Notice {
	return alert.Notice{Key: "source " + name, Severity: severity.High,
		Headline: fmt.Sprintf("Source %q does not deliver", name),
		Summary:  "What happens there is not judged until it works again; nothing that upstream keeps is lost.",
		Facts:    []alert.Label{{Name: "source", Value: name}, {Name: "error", Value: err.Error()}}}
}

func silenceNotice(q live.Silence) alert.Notice {
	what := fmt.Sprintf("Source %q", q.Place.Source)
	if q.Place.Account != "" {
		what = "Account " + q.Place.Account
	}
	if q.Place.Region != "" {
		what += " in " + q.Place.Region
	}
	n := alert.Notice{
		Key:      fmt.Sprintf("silence %s %s %s %t %d", q.Place.Source, q.Place.Account, q.Place.Region, q.Over, q.Since.Unix()),
		Headline: what + " has gone quiet", Severity: severity.Medium,
		Summary: "Nothing has come from it for longer than usual. Look whether the trail still logs, and whether the way from it to here still works.",
		Facts: []alert.Label{{Name: "source", Value: q.Place.Source}, {Name: "account", Value: q.Place.Account},
			{Name: "region", Value: q.Place.Region}, {Name: "lastHeard", Value: q.Since.UTC().Format(time.RFC3339)}},
	}
	if q.Over {
		n.Headline, n.Summary, n.Severity = what+" delivers again", "Its silence is over.", severity.Informational
	}
	return n
}
