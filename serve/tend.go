package serve

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/pipeline/live"
	"github.com/trailwarden/trailwarden/severity"
	"github.com/trailwarden/trailwarden/source"
)

const pulseName = "serve/pulse"

// How often what happens by the clock is looked at, and how long a source may
// fail before somebody is told: together less than a minute.
const (
	lookEvery   = 15 * time.Second
	failingLong = 20 * time.Second
	saveEvery   = 10 * time.Minute
)

// tend looks after what happens by the clock: silences of places that used to
// deliver, sources that cannot reach upstream, and what has outlived its
// keeping.
func (s *Server) tend(ctx context.Context) {
	look, save, hour := time.NewTicker(s.o.Look), time.NewTicker(saveEvery), time.NewTicker(time.Hour)
	defer look.Stop()
	defer save.Stop()
	defer hour.Stop()
	clock, failing, refused, untold := watched{s.o.Runs(), s.o.Now()}, map[string]bool{}, map[string]int64{}, map[string]bool{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
			now := s.o.Now() // read once: a clock that is set between two readings would be silence
			s.listenFor(ctx, clock.jump(s.o.Runs(), now), now)
			s.lookAtSources(ctx, failing)
			s.lookAtRefusals(refused)
			s.lookAtSinks(untold)
		case <-save.C:
			if err := s.savePulse(ctx); err != nil && ctx.Err() == nil {
				s.log.Error("what was heard is not saved", "error", err)
			}
		case <-hour.C:
			if err := s.purge(ctx); err != nil && ctx.Err() == nil {
				s.log.Error("old alerts are not purged", "error", err)
			}
		}
	}
}

// purgeEvery is how often one of the servers on a table purges it: it reads all of
// the table for what time to live does not take.
const purgeEvery = 24 * time.Hour

// purge forgets what has outlived its keeping.
func (s *Server) purge(ctx context.Context) error {
	p, now, every := s.parts.Load(), s.o.Now(), time.Hour
	if p.Config.Store.DynamoDB != nil {
		every = purgeEvery
		if mine, err := alert.Turn(ctx, s.store, "purge", every, now); err != nil || !mine {
			return err
		}
	}
	now, err := alert.PurgeAt(ctx, s.store, every, now)
	if err != nil {
		return err
	}
	_, err = s.store.Purge(ctx, p.Assembly.Keeping(), now)
	return err
}

// watched is what two clocks said at once: one that only runs, and the wall's,
// which can be set.
type watched struct{ runs, wall time.Time }

// jump is how far the wall clock moved beyond the time that went by since the
// last call; 0 for less than a minute.
func (w *watched) jump(runs, wall time.Time) time.Duration {
	d := wall.Round(0).Sub(w.wall.Round(0)) - runs.Sub(w.runs)
	*w = watched{runs, wall}
	if d.Abs() < time.Minute {
		return 0
	}
	return d
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

// gap is a time of serve.silence, of which 0 is none.
func gap(d config.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d.Std()
}

// watch says which sources are listened for.
func (s *Server) watch(p *assemble.Parts) {
	if s.pulse == nil {
		return
	}
	sources := make(map[string]time.Duration, len(p.Config.Sources))
	for _, c := range p.Config.Sources {
		if c.Enabled {
			sources[c.Name] = c.Silence.Std()
		}
	}
	s.pulse.Watch(sources, s.o.Now())
}

// listenFor tells of places that went quiet. When the clock was set in between,
// nobody was silent for that long.
func (s *Server) listenFor(ctx context.Context, jump time.Duration, now time.Time) {
	if s.pulse == nil {
		return
	}
	if jump != 0 {
		s.log.Warn("the clock was set, or the machine slept", "by", jump.String())
		s.pulse.Shift(jump)
	}
	for _, q := range s.pulse.Check(now) {
		s.log.Warn("a place that is expected to deliver", "quiet", !q.Over, "source", q.Place.Source, "account", q.Place.Account, "region", q.Place.Region)
		s.health(ctx, silenceNotice(q), "")
	}
}

// lookAtSources tells of sources that have not reached upstream for a while, and
// logs when that begins and ends. failing are those that it has logged.
func (s *Server) lookAtSources(ctx context.Context, failing map[string]bool) {
	all := s.statuses()
	for name, h := range all {
		long := h.Fault != nil && s.o.Now().Sub(h.Since) > failingLong
		if long {
			s.health(ctx, sourceNotice(name, h.Fault), "")
		}
		switch {
		case long && !failing[name]:
			failing[name] = true
			if !h.Since.IsZero() { // begin logs those that cannot work at all
				s.log.Error("a source does not deliver", "source", name, "since", h.Since, "error", h.Fault)
			}
		case h.Fault == nil && failing[name]:
			delete(failing, name)
			s.log.Info("a source delivers again", "source", name)
		}
	}
	maps.DeleteFunc(failing, func(name string, _ bool) bool { _, there := all[name]; return !there })
}

// lookAtRefusals logs what sources did not accept since the last look: the sender
// may take that for the last word, and then it is lost. before is how much that
// was, by source.
func (s *Server) lookAtRefusals(before map[string]int64) {
	for name, h := range s.statuses() {
		if n := h.Refused - before[name]; n > 0 {
			s.log.Warn("requests were refused", "source", name, "count", n, "last", h.Refusal)
		}
		before[name] = h.Refused
	}
}

// lookAtSinks logs when a sink begins to take no messages, and when it takes them
// again: the receiver may be the only one who would have told. failing are those
// that it has logged.
func (s *Server) lookAtSinks(failing map[string]bool) {
	for _, st := range s.deliver.Status() {
		switch long := !st.Failing.IsZero() && s.o.Now().Sub(st.Failing) > failingLong; {
		case long && !failing[st.Sink]:
			failing[st.Sink] = true
			s.log.Error("a sink takes no messages; they are kept and tried again", "sink", st.Sink, "since", st.Failing, "reason", st.Reason)
		case st.Failing.IsZero() && failing[st.Sink]:
			delete(failing, st.Sink)
			s.log.Info("a sink takes messages again", "sink", st.Sink)
		}
	}
}

// upstream tells whether every source reaches what it reads.
func (s *Server) upstream() bool {
	for _, h := range s.statuses() {
		if h.Fault != nil {
			return false
		}
	}
	return true
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

// full tells that the store has no room, and when it has again. The store may
// have none for the notice either: then only the log says so.
func (s *Server) full(now bool) {
	if !now {
		s.log.Info("the store has room again, and intake goes on")
		return
	}
	s.log.Error("the store has no room: nothing more is taken in until it has")
	s.health(context.Background(), alert.Notice{Key: "store full", Severity: severity.High,
		Headline: "Trailwarden has no room to store alerts",
		Summary:  "Nothing more is taken in until there is room on the disk of the store. What was not stored is not acknowledged, so nothing is lost while upstream keeps it."}, "")
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
		Summary: "Nothing has come from it for longer than it may be silent. Look whether the trail still logs, and whether the way from it to here still works.",
		Facts: []alert.Label{{Name: "source", Value: q.Place.Source}, {Name: "account", Value: q.Place.Account},
			{Name: "region", Value: q.Place.Region}, {Name: "lastHeard", Value: q.Since.UTC().Format(time.RFC3339)}},
	}
	if q.Over {
		n.Headline, n.Summary, n.Severity = what+" delivers again", "Its silence is over.", severity.Informational
	}
	return n
}
