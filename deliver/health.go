package deliver

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/severity"
)

// failingTooLong is after how long a sink that takes nothing is told of.
const failingTooLong = 10 * time.Minute

// Health tells the health sinks of trouble, all but the one that the trouble is
// with; about is empty when it is with none. The same notice is told once a day.
func (d *Dispatcher) Health(ctx context.Context, n alert.Notice, about string) error {
	var firstErr error
	told := 0
	for _, name := range d.healthSinks() {
		if name == about {
			continue
		}
		told++
		if err := d.o.Store.Put(ctx, n.Delivery(name, d.o.Now())); err != nil && firstErr == nil {
			firstErr = fmt.Errorf("health: sink %s: %w", name, err)
		}
		d.hears(name)
	}
	if told == 0 && d.firstToday(n.Key+" "+about) {
		d.o.Log.Error(n.Headline, "summary", n.Summary, "sink", about)
	}
	d.Wake()
	return firstErr
}

// hears remembers that a sink was given something to tell.
func (d *Dispatcher) hears(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.heard[name] = true
}

// firstToday tells whether something is said for the first time today.
func (d *Dispatcher) firstToday(what string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	today := d.o.Now().UTC().Format(time.DateOnly)
	if d.said[what] == today {
		return false
	}
	d.said[what] = today
	return true
}

// healthSinks are the names of the sinks that hear of trouble.
func (d *Dispatcher) healthSinks() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var names []string
	for _, t := range d.targets {
		if len(d.o.Health) == 0 || slices.Contains(d.o.Health, t.Name) {
			names = append(names, t.Name)
		}
	}
	return names
}

// report tells of what a person has to see to.
func (w *worker) report(ctx context.Context, d alert.Delivery, o alert.Outcome, now time.Time) error {
	switch o.Class {
	case alert.OK:
		return w.remark(ctx, d, o)
	case alert.Auth:
		return w.d.Health(ctx, alert.Notice{
			Key:      "auth " + w.t.Name,
			Headline: fmt.Sprintf("Sink %q refuses our credentials and is paused", w.t.Name),
			Summary:  "Its messages are kept. Put the credentials right: a new secret counts within five minutes, other changes after a reload.",
			Severity: severity.High,
			Facts:    facts(w.t.Name, o.Reason),
		}, w.t.Name)
	case alert.Reject:
		if d.Kind == alert.Health {
			w.d.o.Log.Error("a health message cannot be delivered", "sink", w.t.Name, "reason", o.Reason)
			return nil // news of it would be the next such message
		}
		w.d.o.Log.Error("a message is in the dead letters", "sink", w.t.Name, "delivery", d.ID, "reason", o.Reason)
		return w.d.Health(ctx, alert.Notice{
			Key:      "dead " + w.t.Name,
			Headline: fmt.Sprintf("Sink %q did not take a message", w.t.Name),
			Summary:  "The message rests in the dead letters: trailwarden notify deadletter list. This is said once a day, whatever their number.",
			Severity: severity.Medium,
			Facts:    append(facts(w.t.Name, o.Reason), alert.Label{Name: "alert", Value: d.Alert}, alert.Label{Name: "delivery", Value: d.ID}),
		}, w.t.Name)
	}
	if st := w.status(); o.Class == alert.Retry && now.Sub(st.Failing) >= failingTooLong {
		return w.d.Health(ctx, alert.Notice{
			Key:      "failing " + w.t.Name,
			Headline: fmt.Sprintf("Sink %q takes no messages", w.t.Name),
			Summary:  "They are kept and tried again. What was tried for as long as alerts.give_up says becomes a dead letter.",
			Severity: severity.Medium,
			Facts:    append(facts(w.t.Name, o.Reason), alert.Label{Name: "since", Value: st.Failing.UTC().Format(time.RFC3339)}),
		}, w.t.Name)
	}
	return nil
}

// remark tells of a message that was taken in part: a recipient who was refused,
// a field that was stored empty.
func (w *worker) remark(ctx context.Context, d alert.Delivery, o alert.Outcome) error {
	if o.Reason == "" {
		return nil
	}
	w.d.o.Log.Warn("a message was taken in part", "sink", w.t.Name, "delivery", d.ID, "reason", o.Reason)
	if d.Kind == alert.Health {
		return nil // news of it may end the same way
	}
	return w.d.Health(ctx, alert.Notice{
		Key:      "part " + w.t.Name,
		Headline: fmt.Sprintf("Sink %q took a message in part", w.t.Name),
		Summary:  "It was delivered, but not as it should be. Put its settings right. This is said once a day, whatever the number of messages.",
		Severity: severity.Medium,
		Facts:    append(facts(w.t.Name, o.Reason), alert.Label{Name: "alert", Value: d.Alert}, alert.Label{Name: "delivery", Value: d.ID}),
	}, w.t.Name)
}

func facts(sink, reason string) []alert.Label {
	return []alert.Label{{Name: "sink", Value: sink}, {Name: "reason", Value: reason}}
}

// watch looks after what no single attempt shows.
func (d *Dispatcher) watch(ctx context.Context) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for last := d.o.Now(); ; {
		last = d.rewind(ctx, last)
		if err := d.look(ctx); err != nil && ctx.Err() == nil {
			d.o.Log.Error("the state of the outbox is unknown", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// rewind has times counted anew when the clock was set back since it was last looked
// at: what it put off while it was ahead would wait until then.
func (d *Dispatcher) rewind(ctx context.Context, last time.Time) (now time.Time) {
	if now = d.o.Now().Round(0); !now.Before(last.Round(0)) { // by the wall
		return now
	}
	n, err := d.o.Store.Reschedule(ctx, now)
	if err != nil && ctx.Err() == nil {
		d.o.Log.Error("what was put off while the clock was ahead waits on", "error", err)
		return last
	}
	if n > 0 {
		d.o.Log.Info("the clock was set back; what it had put off is due anew", "messages", n)
		d.Wake()
	}
	return now
}

func (d *Dispatcher) look(ctx context.Context) error {
	counts, err := d.o.Store.Backlog(ctx)
	if err != nil {
		return err
	}
	targets := d.names()
	for name, n := range counts {
		var about alert.Notice
		switch {
		case n > 0 && !slices.Contains(targets, name):
			about = orphanNotice(name, n)
		case n >= d.o.Backlog:
			about = backlogNotice(name, n)
		default:
			continue
		}
		if err := d.Health(ctx, about, name); err != nil {
			return err
		}
	}
	if d.o.Rules == nil {
		return nil
	}
	for _, n := range alert.Expiring(d.o.Rules(), d.o.Now(), d.o.Ahead) {
		if err := d.Health(ctx, n, ""); err != nil {
			return err
		}
	}
	return nil
}

// names are those of the present targets.
func (d *Dispatcher) names() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	names := make([]string, 0, len(d.targets))
	for _, t := range d.targets {
		names = append(names, t.Name)
	}
	return names
}

// orphanNotice tells of messages that nobody will ever send: their sink was
// renamed, switched off or taken out of the configuration.
func orphanNotice(name string, n int64) alert.Notice {
	return alert.Notice{
		Key:      "orphans " + name,
		Headline: fmt.Sprintf("Messages wait for sink %q, which is not configured", name),
		Summary:  "Nothing is dropped, and nobody sends them. Switch the sink on again, or give its name to another, be it a file, for as long as it takes to send them.",
		Severity: severity.Medium,
		Facts:    []alert.Label{{Name: "sink", Value: name}, {Name: "waiting", Value: strconv.FormatInt(n, 10)}},
	}
}

func backlogNotice(name string, n int64) alert.Notice {
	return alert.Notice{
		Key:      "backlog " + name,
		Headline: fmt.Sprintf("%d messages wait for sink %q", n, name),
		Summary:  "Nothing is dropped. Look whether the sink is slow or paused.",
		Severity: severity.Medium,
		Facts:    []alert.Label{{Name: "sink", Value: name}, {Name: "waiting", Value: strconv.FormatInt(n, 10)}},
	}
}
