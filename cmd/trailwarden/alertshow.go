package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/visible"
	"github.com/trailwarden/trailwarden/report"
)

func writeLines(s *streams, all []*alert.Alert) error {
	e := json.NewEncoder(report.TerminalJSON(s.out))
	e.SetEscapeHTML(false)
	for _, a := range all {
		if err := e.Encode(a); err != nil {
			return err
		}
	}
	return nil
}

// alertsShowCommand shows one alert.
type alertsShowCommand struct {
	deskFlags
	Format string `short:"f" default:"text" enum:"text,json" help:"text or json."`
	ID     string `arg:"" name:"id" help:"The alert's id, or its first digits."`
}

// Run prints the alert.
func (c *alertsShowCommand) Run(s *streams) error {
	return withDesk(&c.deskFlags, s, func(d *desk) error {
		a, err := d.find(c.ID)
		if err != nil {
			return err
		}
		if c.Format == "json" {
			return writeJSON(s, a)
		}
		silences, err := d.silences()
		if err != nil {
			return err
		}
		return showAlert(s.out, a, d.summary(a), silenceText(a.Silence, silences, time.Now()))
	})
}

// silenceText says until when a silence holds an alert's messages back, or that it
// has ended: the alert knows the one that was in force when something was last found.
func silenceText(id string, silences map[string]alert.Silence, now time.Time) string {
	switch s, known := silences[id]; {
	case id == "":
		return ""
	case !known:
		return id + ", which has ended"
	case s.To.After(now):
		return id + " until " + stamp(s.To)
	default:
		return id + ", which ended " + stamp(s.To)
	}
}

// summary is what happened in one sentence, as messages say it.
func (d *desk) summary(a *alert.Alert) string {
	m, err := d.builder.Build(d.ctx, a, alert.Delivery{Kind: alert.Opened, Alert: a.ID, Created: a.Created})
	if err != nil {
		return "" // the facts below say it as well
	}
	return m.Summary
}

// showAlert writes an alert for a person; text from records is shown, not
// obeyed.
func showAlert(w io.Writer, a *alert.Alert, summary, silence string) error {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		text := fmt.Sprintf(format, args...)
		if text != "" {
			fmt.Fprintf(&b, "%-16s  %s\n", visible.Text(name), visible.Text(text))
		}
	}
	line("alert", "%s", a.ID)
	name := a.Rule.ID
	if a.Rule.Title != "" && a.Rule.Title != a.Rule.ID {
		name += ": " + a.Rule.Title
	}
	line("rule", "%s (%s)", name, a.Rule.Severity)
	line("summary", "%s", summary)
	line("status", "%s", a.Status)
	line("owner", "%s", a.Owner)
	line("silence", "%s", silence)
	for _, l := range a.Group {
		line(l.Name, "%s", l.Value)
	}
	line("count", "%s", counted(int(a.Count), "finding"))
	line("events", "%s to %s", stamp(a.FirstSeen), stamp(a.LastSeen))
	line("judged by", "%s", a.Mode)
	line("arrived", "%s, last change %s", stamp(a.Created), stamp(a.Updated))
	for _, t := range a.Tallies {
		if len(t.Values) != 1 || t.Values[0].Count != a.Count {
			line("by "+t.Field, "%s", tallyText(t)) // what all have in common is said above
		}
	}
	for _, t := range a.Told {
		line("told", "%s: %s up to %s", t.Sink, counted(int(t.Count), "finding"), first(stamp(t.At), "now nothing"))
	}
	for _, s := range a.Samples {
		line("record", "%s %s", stamp(s.Time), strings.TrimSpace(recordPlace(s.Evidence.File, s.Evidence.Record)+" "+s.Evidence.EventID))
		if s.Detection != nil {
			for _, e := range s.Detection.Related {
				line("behind it", "%s", strings.TrimSpace(recordPlace(e.File, e.Record)+" "+e.EventID))
			}
		}
	}
	for _, n := range a.Notes {
		line("note", "%s %s %s: %s", stamp(n.Time), n.By, n.Did, n.Text)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// maxTallied bounds the values of one field that are shown.
const maxTallied = 5

func tallyText(t alert.Tally) string {
	var parts []string
	others := t.Others
	for i, v := range t.Values {
		if i >= maxTallied {
			others += v.Count
			continue
		}
		parts = append(parts, fmt.Sprintf("%s (%d)", v.Text, v.Count))
	}
	if others > 0 {
		parts = append(parts, fmt.Sprintf("others (%d)", others))
	}
	return strings.Join(parts, ", ")
}
