package main

import (
	"errors"
	"fmt"
	"os/user"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/visible"
	"github.com/trailwarden/trailwarden/report"
)

// alertsCommand is about alerts.
type alertsCommand struct {
	List      alertsListCommand      `cmd:"" help:"List alerts, the latest first."`
	Show      alertsShowCommand      `cmd:"" help:"Show an alert with everything that is known of it."`
	Ack       alertsAckCommand       `cmd:"" help:"Say that somebody looks after an alert: no more repeats."`
	Resolve   alertsResolveCommand   `cmd:"" help:"Close an alert."`
	Reopen    alertsReopenCommand    `cmd:"" help:"Open an alert again."`
	Note      alertsNoteCommand      `cmd:"" help:"Write a note to an alert."`
	Silence   alertsSilenceCommand   `cmd:"" help:"Hold back the messages of alerts that match, until a time."`
	Silences  alertsSilencesCommand  `cmd:"" help:"List silences."`
	Unsilence alertsUnsilenceCommand `cmd:"" help:"End a silence now."`
}

// stamp is a time for a table: UTC, to the second.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}

// short is the beginning of an alert's id: enough to name it.
func short(id string) string { return id[:min(len(id), 12)] }

func labelsText(ls []alert.Label) string {
	var out []string
	for _, l := range ls {
		out = append(out, visible.Text(l.Name)+"="+visible.Text(l.Value))
	}
	return strings.Join(out, " ")
}

func writeTable(s *streams, t *report.Table, sum string) error {
	if err := t.Write(s.out); err != nil {
		return err
	}
	_, err := fmt.Fprintln(s.out, sum)
	return err
}

// whoami is who acts: the name given, or the user of this machine.
func whoami(by string) string {
	if by != "" {
		return by
	}
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "unknown"
}

// find is the alert with this id, or the only one whose id begins so.
func (d *desk) find(id string) (*alert.Alert, error) {
	if !alertID.MatchString(id) {
		return nil, fmt.Errorf("%s is no id of an alert; want at least 6 hex digits of it", id)
	}
	a, err := d.store.Alert(d.ctx, id)
	if errors.Is(err, alert.ErrNotFound) {
		return nil, fmt.Errorf("there is no alert %s", id)
	}
	return a, err
}

// alertsListCommand lists alerts.
type alertsListCommand struct {
	deskFlags
	Status []string `enum:"open,acknowledged,resolved" help:"Only these: open, acknowledged, resolved; may be repeated."`
	Rule   string   `placeholder:"ID" help:"Only of this rule."`
	From   string   `placeholder:"TIME" help:"Only with events since: a time, a date or an age such as 24h."`
	To     string   `placeholder:"TIME" help:"Only with events before."`
	Text   string   `placeholder:"TEXT" help:"Only with this text in a value that they are grouped by."`
	Limit  int      `default:"100" help:"At most so many."`
	Format string   `short:"f" default:"table" enum:"table,json,ndjson" help:"table, json or ndjson."`
}

func (c *alertsListCommand) query() (alert.Query, error) {
	w, err := newWindow(c.From, c.To, time.Now())
	if err == nil && c.Limit < 1 {
		err = fmt.Errorf("--limit %d: want a number from 1", c.Limit)
	}
	q := alert.Query{Rule: c.Rule, From: w.from, To: w.to, Text: c.Text}
	for _, s := range c.Status {
		q.Status = append(q.Status, alert.Status(s))
	}
	return q, err
}

// Run prints the alerts.
func (c *alertsListCommand) Run(s *streams) error {
	q, err := c.query()
	if err != nil {
		return err
	}
	return withDesk(&c.deskFlags, s, func(d *desk) error {
		all, more, err := d.alerts(q, c.Limit)
		if err != nil {
			return err
		}
		switch c.Format {
		case "json":
			return writeJSON(s, all)
		case "ndjson":
			return writeLines(s, all)
		}
		silences, err := d.silences()
		if err != nil {
			return err
		}
		now := time.Now()
		t := report.Table{Head: []string{"ALERT", "SEVERITY", "STATUS", "COUNT", "LAST EVENT", "RULE", "GROUP"}, Cut: []int{5}, Layout: layoutOf(s.out)}
		for _, a := range all {
			status := string(a.Status)
			if silences[a.Silence].To.After(now) { // the alert knows of one that has ended
				status += ", silenced"
			}
			t.Rows = append(t.Rows, []string{short(a.ID), a.Rule.Severity.String(), status, fmt.Sprint(a.Count), stamp(a.LastSeen), visible.Text(a.Rule.ID), labelsText(a.Group)})
		}
		sum := counted(len(all), "alert")
		if more {
			sum += ", and more: raise --limit"
		}
		return writeTable(s, &t, sum)
	})
}

// silences are those in force and those that ended of late, by ID.
func (d *desk) silences() (map[string]alert.Silence, error) {
	all, err := d.store.Silences(d.ctx)
	byID := make(map[string]alert.Silence, len(all))
	for _, s := range all {
		byID[s.ID] = s
	}
	return byID, err
}

// alerts pages through the alerts of a query.
func (d *desk) alerts(q alert.Query, limit int) (all []*alert.Alert, more bool, err error) {
	all = []*alert.Alert{}
	for {
		q.Limit = min(1000, limit-len(all))
		page, next, err := d.store.Alerts(d.ctx, q)
		if err != nil {
			return nil, false, err
		}
		all = append(all, page...)
		if next == "" || len(page) == 0 {
			return all, false, nil
		}
		q.After = next
		if len(all) >= limit { // a full page may be the last
			q.Limit = 1
			page, _, err = d.store.Alerts(d.ctx, q)
			return all, len(page) > 0, err
		}
	}
}
