package assemble

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/nearest"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/severity"
	"github.com/trailwarden/trailwarden/sink"
)

// Kinds are the kinds of message, in the order of an alert's life.
func Kinds() []alert.Kind {
	return []alert.Kind{alert.Opened, alert.Repeated, alert.Acked, alert.Closed, alert.Reopened,
		alert.Storm, alert.Report, alert.Health, alert.Test}
}

// ParseKind reads the name of a kind of message.
func ParseKind(s string) (alert.Kind, error) {
	var names []string
	for _, k := range Kinds() {
		if string(k) == s {
			return k, nil
		}
		names = append(names, string(k))
	}
	hint := ""
	if near := nearest.Of(s, names); near != "" {
		hint = "; did you mean " + near + "?"
	}
	return "", fmt.Errorf("%q is no kind of message; want one of %s%s", s, strings.Join(names, ", "), hint)
}

// AlertOf is the alert that findings of one rule and group would open; it is
// kept nowhere.
func (a *Assembly) AlertOf(findings []alert.Finding) (*alert.Alert, error) {
	policy := &alert.Policy{Bucket: a.Config.Alerts.Bucket.Std()}
	now := a.o.Now().UTC()
	in, excepted, _ := alert.Gather(&alert.Batch{Findings: findings, Now: now}, policy)
	switch {
	case len(in) == 0 && excepted > 0:
		return nil, errors.New("an exception of the rule keeps this finding from becoming an alert")
	case len(in) == 0:
		return nil, errors.New("there is no finding to make an alert of")
	}
	made, _, _ := alert.Apply(nil, in[0], &alert.Env{Policy: policy, Now: now, Sinks: map[string]*alert.SinkState{}})
	return made, nil
}

// Message is what a sink would be told of an alert in a message of that kind.
func (a *Assembly) Message(ctx context.Context, b *message.Builder, sinkName string, about *alert.Alert, kind alert.Kind) (*message.Message, error) {
	d := alert.Delivery{ID: "preview", Sink: sinkName, Kind: kind, Sequence: 1, Created: a.o.Now().UTC(), Count: about.Count}
	shown := *about
	if kind != alert.Opened {
		d.Sequence = 2
	}
	switch kind {
	case alert.Storm, alert.Report, alert.Health, alert.Test:
		body := a.example(&shown, kind)
		d.Body, d.Sequence = body, 1
		return a.dressed(b)(ctx, nil, d)
	case alert.Acked:
		a.act(&shown, alert.Acknowledged, alert.DidAcknowledge)
	case alert.Closed:
		a.act(&shown, alert.Resolved, alert.DidResolve)
	case alert.Reopened:
		a.act(&shown, alert.Open, alert.DidReopen)
	}
	return a.dressed(b)(ctx, &shown, d)
}

// act gives a copy of an alert the status that a message tells of.
func (a *Assembly) act(shown *alert.Alert, to alert.Status, did string) {
	if shown.Status == to && to != alert.Open {
		return
	}
	shown.Status = to
	shown.Notes = append(slices.Clone(shown.Notes), alert.Note{Time: a.o.Now().UTC(), By: "preview", Did: did})
}

// example is the body of a message without an alert behind it, made of one.
func (a *Assembly) example(about *alert.Alert, kind alert.Kind) []byte {
	now := a.o.Now().UTC()
	b := message.Body{Severity: about.Rule.Severity, Key: about.ID, From: now.Add(-5 * time.Minute), To: now}
	switch kind {
	case alert.Storm:
		b.Headline = "Many alerts at once"
		b.Totals = []message.Total{{Rule: about.Rule.ID, Title: about.Rule.Title, Severity: about.Rule.Severity, Alerts: 120, Findings: 4096}}
	case alert.Report:
		b.Headline, b.Rule = about.Rule.Title, about.Rule
		b.Columns, b.Rows = reportOf(about)
	case alert.Health:
		b.Severity, b.Headline = severity.High, "A source has gone quiet"
		b.Summary = "This is what trouble of the watcher itself looks like."
		b.Facts = []alert.Label{{Name: "source", Value: "example"}}
	case alert.Test:
		b.Severity, b.Headline = severity.Informational, "Test message"
		b.Summary = "Somebody tried whether messages come through. Nothing has happened."
	}
	text, err := json.Marshal(b)
	if err != nil {
		return nil // no part of it can fail
	}
	return text
}

func reportOf(about *alert.Alert) (columns []string, rows [][]string) {
	row := []string{about.FirstSeen.Format(time.RFC3339)}
	columns = []string{"eventtime"}
	for _, l := range about.Group {
		columns, row = append(columns, l.Name), append(row, l.Value)
	}
	return columns, [][]string{row}
}

// Test sends one test message and tells how that ended.
func (a *Assembly) Test(ctx context.Context, b *message.Builder, name string, s sink.Sink) (alert.Outcome, error) {
	now := a.o.Now().UTC()
	rule := &alert.Rule{ID: "test", Title: "Test", Severity: severity.Informational}
	body := a.example(&alert.Alert{ID: "test-" + now.Format("20060102T150405Z"), Rule: rule}, alert.Test)
	d := alert.Delivery{ID: "test-" + now.Format("20060102T150405.000Z"), Sink: name, Kind: alert.Test, Sequence: 1, Created: now, Body: body}
	m, err := a.dressed(b)(ctx, nil, d)
	if err != nil {
		return alert.Outcome{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, a.Config.Sink(name).Timeout.Std())
	defer cancel()
	return s.Deliver(ctx, sink.Notification{Message: m}), nil
}
